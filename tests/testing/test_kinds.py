"""The kinds of fault, as data; what they do to an engine is in `tests/engine/test_faults.py`."""

from __future__ import annotations

import pytest

from replay_users.model import Fault
from replay_users.testing import FAULT_KINDS, GOOD, TLS_KINDS, TUNNEL_KINDS, UPLOAD_KINDS, FaultKind

ALL = (GOOD, *FAULT_KINDS, *UPLOAD_KINDS, *TLS_KINDS, *TUNNEL_KINDS)


def test_names_are_unique() -> None:
    """A name means one kind, wherever it is listed."""
    names = [kind.name for kind in ALL]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_kind_says_what_may_come_of_it(kind: FaultKind) -> None:
    """It has steps, and what an exchange that meets it may end with."""
    assert kind.steps
    assert kind.meets


def test_every_fault_of_a_peer_is_met() -> None:
    """The kinds together can cause every fault that is a peer's doing."""
    met = {fault for kind in ALL for fault in kind.meets}
    assert set(Fault) - met == {Fault.NO_SOCKET, Fault.STOPPED}


def test_slow_kinds_are_those_that_only_time_ends() -> None:
    """A kind is slow if its exchange ends with a timeout."""
    assert [kind.name for kind in TUNNEL_KINDS if kind.slow] == ["tunnel-stall", "tunnel-stall-in-headers"]
