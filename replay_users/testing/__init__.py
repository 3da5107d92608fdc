"""Fakes for testing what you build on this package, and for our own tests: values, a virtual run, a scripted target.

Law: nothing here is used by a run. `virtual` needs no clock and no sockets; the scripted target is a process of its
own, so that it neither slows the hub under test nor is slowed by it, and works with and without gevent's
monkey-patching.
"""

from replay_users.testing.fakes import make_exchange, make_flight
from replay_users.testing.script import (
    Step,
    close,
    hold,
    http_answer,
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
    "Received",
    "ScriptedTarget",
    "Step",
    "VirtualClock",
    "VirtualRun",
    "VirtualTarget",
    "close",
    "hold",
    "http_answer",
    "make_exchange",
    "make_flight",
    "pause",
    "receive",
    "reset",
    "send",
    "serve",
    "stall",
]
