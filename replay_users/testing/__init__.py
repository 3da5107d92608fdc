"""Fakes to test what you build on this package, and for our own tests: values, a virtual run, targets that do as told.

Law: nothing here is used by a run. `virtual` needs no clock and no sockets; a target is a process of its own, so
that it neither slows the hub under test nor is slowed by it, and works with and without gevent's
monkey-patching.
"""

from replay_users.testing.fakes import make_exchange, make_flight
from replay_users.testing.faults import Each, Faults, FaultTarget
from replay_users.testing.kinds import FAULT_KINDS, GOOD, TLS_KINDS, TUNNEL_KINDS, UPLOAD_KINDS, FaultKind
from replay_users.testing.script import (
    Step,
    close,
    handshake,
    hold,
    http_answer,
    noise,
    pause,
    receive,
    reset,
    send,
    serve,
    stall,
)
from replay_users.testing.target import Received, ScriptedTarget
from replay_users.testing.virtual import VirtualClock, VirtualRun, VirtualTarget

__all__ = [
    "FAULT_KINDS",
    "GOOD",
    "TLS_KINDS",
    "TUNNEL_KINDS",
    "UPLOAD_KINDS",
    "Each",
    "FaultKind",
    "FaultTarget",
    "Faults",
    "Received",
    "ScriptedTarget",
    "Step",
    "VirtualClock",
    "VirtualRun",
    "VirtualTarget",
    "close",
    "handshake",
    "hold",
    "http_answer",
    "make_exchange",
    "make_flight",
    "noise",
    "pause",
    "receive",
    "reset",
    "send",
    "serve",
    "stall",
]
