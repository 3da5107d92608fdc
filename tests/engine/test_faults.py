"""Every kind of fault, many times: each exchange has exactly one ending, of its kind, and nothing is left behind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import gevent
import pytest

from replay_users.engine.engine import Timeouts
from replay_users.engine.schedule import Limits
from replay_users.model import Fault
from replay_users.testing import FAULT_KINDS, GOOD, UPLOAD_KINDS, FaultTarget, make_flight
from tests.engine.rig import Rig, request, resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.model import Flight
    from replay_users.testing import FaultKind, Faults

MS = 1_000_000
_WITHIN = 30.0  # s: only a test that fails waits so long
_AT_ONCE = 128
_UPLOADS_AT_ONCE = 64  # each fills the buffers of both ends, of 4 MiB
_UPLOAD = request("POST", body=b"x" * (6 << 20)).wire
HURRIED = Timeouts(connect=400 * MS, answer=100 * MS)
PATIENT = Timeouts()


@pytest.fixture(scope="module")
def faulty() -> Iterator[FaultTarget]:
    """One process that does all kinds."""
    with FaultTarget() as target:
        yield target


def fly(live: Rig, flights: Sequence[Flight], at_once: int) -> list[Flight]:
    """Keep so many flights under way until all have ended; gives what the engine says has ended, in its order."""
    finished, launched = live.engine.finished, 0
    with gevent.Timeout(_WITHIN):
        while len(finished) < len(flights):
            free = at_once - (launched - len(finished))
            live.launch(*flights[launched : launched + free])
            launched += len(flights[launched : launched + free])
            gevent.sleep(0.001)
    return finished


def meet(target: FaultTarget, kinds: Sequence[FaultKind], flights: Sequence[Flight], at_once: int) -> Faults:
    """Fly to a target that does these kinds, and check what holds whatever they are; gives what the target did."""
    before = resources()
    target.misbehave(*kinds, seed=len(flights))
    live = Rig(
        [target.address],
        timeouts=HURRIED if any(kind.slow for kind in kinds) else PATIENT,
        limits=Limits(max_lag=10**12),
    )
    ended = fly(live, flights, at_once)
    gevent.sleep(0.02)  # whatever would end a flight twice has had its chance
    assert len(ended) == len(flights)
    assert set(ended) == set(flights)
    assert not live.dropped
    assert not live.unsigned
    assert (live.schedule.in_flight, live.schedule.idle) == (0, True)
    assert all(flight.picked <= flight.sent <= flight.done for flight in flights)
    live.engine.close()
    assert resources() == before
    with gevent.Timeout(_WITHIN):
        while (did := target.faults()).open:
            gevent.sleep(0.005)
    return did


def check_kind(target: FaultTarget, kind: FaultKind, flights: Sequence[Flight], at_once: int = _AT_ONCE) -> None:
    """Exchanges that meet one kind all end as it says, most of them as it says first."""
    did = meet(target, [kind], flights, at_once)
    ended = Counter(flight.fault for flight in flights)
    assert set(ended) <= set(kind.meets)
    assert ended[kind.meets[0]] > 0
    assert did.begun[kind.name] >= did.accepted > 0
    resent = sum(flight.resent for flight in flights)
    if kind.meets == (None,):
        assert all(flight.answer_status in {200, 413} for flight in flights)
    elif None not in kind.meets:
        assert resent == 0
        assert len(flights) == did.accepted
        assert all(flight.answer_body == b"" for flight in flights)


SHORT = pytest.param(50, id="50")
LONG = pytest.param(1000, id="1000", marks=[pytest.mark.slow, pytest.mark.timeout(120)])


@pytest.mark.parametrize("count", [SHORT, LONG])
@pytest.mark.parametrize("kind", FAULT_KINDS, ids=lambda kind: kind.name)
def test_each_kind(faulty: FaultTarget, kind: FaultKind, count: int) -> None:
    """Exchanges with a peer that always does the same wrong each end once, as that kind of wrong, and leave nothing behind."""
    check_kind(faulty, kind, [request() for _ in range(count)])


@pytest.mark.parametrize("count", [pytest.param(16, id="16"), LONG])
@pytest.mark.parametrize("kind", UPLOAD_KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_upload(faulty: FaultTarget, kind: FaultKind, count: int) -> None:
    """Uploads that are not read, or late, or answered before, each end once and leave nothing behind."""
    uploads = [make_flight(method="POST", wire=_UPLOAD) for _ in range(count)]  # which is the same bytes for all
    check_kind(faulty, kind, uploads, _UPLOADS_AT_ONCE)


@pytest.mark.parametrize("count", [pytest.param(500, id="500"), pytest.param(5_000, id="5000", marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_all_kinds_mixed(faulty: FaultTarget, method: str, count: int) -> None:
    """Good answers and all kinds of wrong in any order, on connections that are used again, end each exchange once."""
    flights = [request(method) for _ in range(count)]
    did = meet(faulty, [*[GOOD] * 60, *FAULT_KINDS], flights, _AT_ONCE)
    ended = Counter(flight.fault for flight in flights)
    assert ended[None] > count // 4
    assert len(ended) > 8
    resent = sum(flight.resent for flight in flights)
    assert method != "POST" or not resent
    assert sum(did.begun.values()) >= count
    assert did.whole <= count + resent
    assert ended.keys() <= {None, *(fault for kind in FAULT_KINDS for fault in kind.meets), Fault.LATE_BYTES}
