"""Every kind of fault, many times: each exchange has exactly one ending, of its kind, and nothing is left behind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import gevent
import pytest

from replay_users.engine.engine import Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.schedule import Limits
from replay_users.engine.tls import Tls, TlsSettings
from replay_users.engine.tunnel import connect_request
from replay_users.model import Fault
from replay_users.testing import FAULT_KINDS, GOOD, TLS_KINDS, TUNNEL_KINDS, UPLOAD_KINDS, FaultTarget, make_flight
from tests.engine.rig import ANY_LAG, ORIGIN, Rig, request, resources
from tests.engine.tls_server import NAME, authority

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.model import Flight
    from replay_users.testing import FaultKind, Faults

MS = 1_000_000
_WITHIN = 30.0  # s: only a test that fails waits so long
_AT_ONCE = 128
_UPLOADS_AT_ONCE = 64  # each fills the buffers of both ends, of 4 MiB
_UPLOAD = request("POST", body=b"x" * (6 << 20)).wire
HURRIED = Timeouts(connect=300 * MS)
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


def timeouts(kinds: Sequence[FaultKind]) -> Timeouts:
    """Little time for what never comes, and enough for what does: 128 handshakes take a third of a second of one core."""
    if any(kind.meets[0] is Fault.CONNECT_TIMEOUT for kind in kinds):
        return HURRIED
    if any(kind.slow for kind in kinds):
        return Timeouts(answer=(100 if len(kinds) == 1 else 300) * MS)
    return PATIENT


def meet(
    target: FaultTarget, kinds: Sequence[FaultKind], flights: Sequence[Flight], at_once: int, origin: Origin = ORIGIN
) -> Faults:
    """Fly to a target that does these kinds, and check what holds whatever they are; gives what the target did."""
    before = resources()
    target.misbehave(*kinds, seed=len(flights))
    live = Rig(
        [target.address],
        origin=origin,
        timeouts=timeouts(kinds),
        limits=Limits(max_lag=ANY_LAG),
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
    return target.faults()


def check_kind(
    target: FaultTarget,
    kind: FaultKind,
    flights: Sequence[Flight],
    *,
    at_once: int = _AT_ONCE,
    origin: Origin = ORIGIN,
) -> None:
    """Exchanges that meet one kind all end as it says."""
    did = meet(target, [kind], flights, at_once, origin)
    ended = Counter(flight.fault for flight in flights)
    assert set(ended) <= set(kind.meets)
    assert did.begun[kind.name] > 0
    resent = sum(flight.resent for flight in flights)
    if kind.meets == (None,):
        assert all(flight.answer_status in {200, 413} for flight in flights)
    elif None not in kind.meets:
        assert resent == 0
        with gevent.Timeout(_WITHIN):  # until the target has accepted those that gave up before it did
            while target.faults().accepted < len(flights):
                gevent.sleep(0.005)
        assert target.faults().accepted == len(flights)
        assert all(flight.answer_body == b"" for flight in flights)
    with gevent.Timeout(_WITHIN):
        while target.faults().open:
            gevent.sleep(0.005)


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
    check_kind(faulty, kind, uploads, at_once=_UPLOADS_AT_ONCE)


@pytest.mark.parametrize("count", [SHORT, LONG])
@pytest.mark.parametrize(("place", "fault"), [("refusing", Fault.CONNECT), ("deaf", Fault.CONNECT_TIMEOUT)])
def test_each_place_that_cannot_be_reached(faulty: FaultTarget, place: str, fault: Fault, count: int) -> None:
    """A port that is closed, and one whose backlog is full, end each exchange once and leave nothing behind."""
    before = resources()
    live = Rig([getattr(faulty, place)], timeouts=HURRIED, limits=Limits(max_lag=ANY_LAG))
    flights = [request() for _ in range(count)]
    ended = fly(live, flights, _AT_ONCE)
    assert set(ended) == set(flights)
    assert Counter(flight.fault for flight in ended) == {fault: count}
    assert all(flight.connect == flight.sent - flight.picked > 0 for flight in ended)
    live.engine.close()
    assert resources() == before


@pytest.fixture(scope="module")
def secure(faulty: FaultTarget, tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """The target with a certificate, and how to verify it."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate = authority().issue_cert(NAME)
    authority().cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    faulty.use_tls(folder / "cert.pem", folder / "key.pem")
    return Origin(name=NAME, port=443, tls=Tls(TlsSettings(server_name=NAME, ca_file=str(folder / "ca.pem"))))


@pytest.mark.parametrize("count", [pytest.param(20, id="20"), LONG])
@pytest.mark.parametrize("kind", TLS_KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_tls(faulty: FaultTarget, secure: Origin, kind: FaultKind, count: int) -> None:
    """Handshakes that are slow or come to nothing, and what happens above them, end each exchange once, without a trace."""
    check_kind(faulty, kind, [request() for _ in range(count)], origin=secure)


@pytest.mark.parametrize("count", [pytest.param(20, id="20"), LONG])
@pytest.mark.parametrize("kind", TUNNEL_KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_tunnel(faulty: FaultTarget, kind: FaultKind, count: int) -> None:
    """A proxy that refuses, stalls or makes no sense ends each exchange once and leaves nothing behind."""
    origin = Origin(name="proxy", port=3128, tunnel=connect_request("target", 80))
    check_kind(faulty, kind, [request() for _ in range(count)], origin=origin)


@pytest.mark.parametrize("count", [pytest.param(500, id="500"), pytest.param(5_000, id="5000", marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_all_kinds_mixed(faulty: FaultTarget, method: str, count: int) -> None:
    """Good answers and all kinds of wrong in any order, on connections that are used again, end each exchange once."""
    flights = [request(method) for _ in range(count)]
    did = meet(faulty, [*[GOOD] * 60, *FAULT_KINDS], flights, _AT_ONCE)
    ended = Counter(flight.fault for flight in flights)
    assert ended[None] > count // 20  # most of them on a quiet machine; each has 0.3 s
    assert len(ended) > 8
    resent = sum(flight.resent for flight in flights)
    assert method != "POST" or not resent
    assert sum(did.begun.values()) >= count
    assert did.whole <= count + resent
    assert ended.keys() <= {None, Fault.LATE_BYTES, *(fault for kind in FAULT_KINDS for fault in kind.meets)}
