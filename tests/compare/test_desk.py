from __future__ import annotations

import gzip
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare import desk as module
from replay_users.compare.desk import COMPARER, QUEUE_FULL, Desk
from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.compare.frames import CLEAN, NOISY, Crash, Reply, pack_differences
from replay_users.compare.headers import Heads
from replay_users.compare.lift.opaque import body_hash
from replay_users.compare.rules import Ignore, Rules
from replay_users.compare.sampling import SAMPLED, parse_sampling
from replay_users.model import Fault, Verdict
from replay_users.path import parse_path
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.model import Flight

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
RULES = Rules((Ignore(where=(parse_path("root['at']"),), reason="a time"),))


class Notes:
    """A ledger that keeps what it is told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.paths: list[str] = []
        self.seen: list[Flight] = []

    def unchecked(self, flight: Flight, reason: str) -> None:
        """Keep the reason."""
        self.seen.append(flight)
        self.reasons.append(str(reason))

    def ignored(self, differences: Iterable[Difference], capped: int = 0) -> None:
        """Keep the paths."""
        self.paths += [difference.signature.path_text for difference in differences] + ["more"] * capped

    def noise(self, endpoint: str, path: str, kind: str, count: int) -> None:
        """Keep where, as often as it was."""
        self.paths += [f"{endpoint} {path} {kind}"] * count

    def differences(self, flight: Flight, differences: Differences) -> None:
        """Keep the flight."""
        assert differences
        self.seen.append(flight)


def answered(recorded: bytes | None, replayed: bytes, **marks: Any) -> Flight:
    """A flight that got its answer."""
    marks = {"answer_status": 200, "answer_head": HEAD, "answer_body": replayed, **marks}
    return make_flight(status=200, body=recorded, **marks)


def desk(notes: Notes, step: int = 0) -> Desk:
    """A desk whose clock goes on by `step` ns each time it is looked at."""
    ticks = count(0, step) if step else iter(int, 1)
    return Desk(RULES, ["GET /items/{id}"], notes, lambda: next(ticks))


TRAILED = HEAD[:-2] + b"Transfer-Encoding: chunked\r\n"
ANNOUNCED = TRAILED + b"Trailer: X-Sum\r\n"


@pytest.mark.parametrize("first", [False, True], ids=["unknown-heads", "known-heads"])
@pytest.mark.parametrize(
    ("recorded", "received", "verdict"),
    [
        pytest.param(b"\r\nX-Sum: 1\r\n", TRAILED + b"\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", Verdict.MATCHED, id="same"),
        pytest.param(b"\r\nX-Sum: 1\r\n", TRAILED + b"\r\n1\r\nx\r\n0\r\nx-sum:1\r\n\r\n", None, id="read-alike"),
        pytest.param(b"\r\nX-Sum: 1\r\n", TRAILED + b"\r\n1\r\nx\r\n0\r\nX-Sum: 2\r\n\r\n", None, id="changed"),
        pytest.param(b"\r\nX-Sum: 1\r\n", TRAILED + b"\r\n1\r\nx\r\n0\r\n\r\n", None, id="missing"),
        pytest.param(b"", ANNOUNCED + b"\r\n1\r\nx\r\n0\r\nX-Sum: 2\r\n\r\n", None, id="added"),
        pytest.param(b"", TRAILED + b"\r\n1\r\nx\r\n0\r\n\r\n", Verdict.MATCHED, id="none"),
    ],
)
def test_trailers_are_looked_at_where_bytes_are_equal(
    recorded: bytes, received: bytes, verdict: Verdict | None, *, first: bool
) -> None:
    """Equal bodies and heads are no match where trailers differ, whatever was found to agree before."""
    head, notes = b"Content-Type: application/json\r\n", Notes()
    hub = desk(notes)
    if first:
        plain = received[: received.find(b"\r\n\r\n") + 4] + b"1\r\nx\r\n0\r\n\r\n"
        for each in (head, head + recorded):
            hub.receive([answered(b"x", b"x", response_head=each, answer_head=plain)])
            hub.work(1 << 60)
    flight = answered(b"x", bytes(bytearray(b"x")), response_head=head + recorded, answer_head=received)
    assert hub.receive([flight]) == ([flight] if verdict else [])
    assert flight.judged is verdict
    notes.seen.clear()
    judged = hub.work(1 << 60)
    assert judged == ([] if verdict else [flight])
    changed = recorded.strip().lower().replace(b" ", b"") != received[-12:].strip().lower().replace(b" ", b"")
    assert bool(notes.seen) is (not verdict and changed)
    assert {each.kind for each in flight.differences} == ({Kind.TRAILER} if notes.seen else set())


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="no-head-recorded"),
        pytest.param(b"Content-Type: application/json\r\n", id="the-same"),
        pytest.param(b"content-type: Application/JSON\r\nx-request-id: 7\r\n", id="no-id-any-more"),
    ],
)
def test_what_is_equal_on_the_wire_is_done_at_once(head: bytes) -> None:
    """No queue and no judging for the same status, the same bytes, and headers that say the same."""
    notes, at_work = Notes(), desk(Notes())
    flights = [answered(b"x", b"x", response_head=head) for _ in range(2)]
    waits = b"x-request-id" in head
    assert at_work.receive(flights) == ([] if waits else flights)
    assert at_work.work(1) + at_work.work(1) == (flights if waits else [])
    assert {flight.judged for flight in flights} == {Verdict.MISMATCHED if waits else Verdict.MATCHED}
    assert not notes.seen


@pytest.mark.parametrize(
    ("coding", "judged"),
    [
        pytest.param(b"", Verdict.MISMATCHED, id="no-longer-named"),
        pytest.param(b"Content-Encoding: br\r\n", Verdict.MISMATCHED, id="another-one"),
        pytest.param(b"content-encoding: GZIP\r\n", Verdict.MATCHED, id="the-same"),
    ],
)
def test_equal_bytes_under_another_coding_are_no_match(coding: bytes, judged: Verdict) -> None:
    """A client would not read them alike, so they wait to be looked at, and again where such heads were known to agree."""
    at_work = desk(Notes())
    coded, head = gzip.compress(b"[1]"), b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
    answer_head = HEAD[:-2] + coding + b"\r\n"
    for _ in range(2):
        flight = answered(coded, coded, response_head=head, answer_head=answer_head)
        assert len(at_work.receive([flight])) == (judged is Verdict.MATCHED)
        at_work.work(1)
        assert flight.judged is judged
        assert {difference.kind for difference in flight.differences} <= {Kind.ENCODING}


def test_heads_that_agreed_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a pair of heads was compared, it is known by its bytes."""
    at_work = desk(Notes())
    first, second = (answered(b"x", b"x") for _ in range(2))
    at_work.receive([first])
    monkeypatch.setattr(Heads, "compare", None)
    assert at_work.receive([second]) == [second]
    assert second.judged is Verdict.MATCHED


@pytest.mark.parametrize(
    ("body", "waits"), [pytest.param(b"x", 0, id="equal-bodies"), pytest.param(b"y", 1, id="other-bodies")]
)
def test_a_cookie_for_a_stranger_is_no_difference(body: bytes, waits: int) -> None:
    """The request went out without its redacted cookie, so it was given one; where bodies are equal too, nothing waits."""
    notes = Notes()
    at_work = desk(notes)
    greeting = HEAD[:-2] + b"Set-Cookie: sid=1; Path=/\r\n\r\n"
    flight = answered(b"x", body, answer_head=greeting, wire=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(at_work.receive([flight])) == 1 - waits
    at_work.work(1)
    assert flight.judged is (Verdict.MISMATCHED if waits else Verdict.MATCHED)
    assert "header" not in [difference.kind for difference in flight.differences]
    assert notes.paths == ([] if waits else ["root['set-cookie']"])


def test_a_mismatch_is_classified_as_soon_as_it_is_answered() -> None:
    """An id that is missing explains what its session met while the answer still waited to be judged."""
    at_work = desk(Notes())
    gone = answered(b"{}", b"{}", answer_status=404, session=b"s", target=b"/orders/77", method="GET")
    part = answered(b'{"rows":[1]}', b'{"rows":[]}', session=b"s", target=b"/orders/77/parts", method="GET")
    at_work.receive([gone])
    at_work.receive([part])
    at_work.work(1)
    at_work.work(1)
    assert [set(flight.differences.classes) for flight in (gone, part)] == [{Class.MISSING}] * 2  # type: ignore[attr-defined]


def test_a_write_without_an_answer_is_missed_by_its_session() -> None:
    """What failed, or was not sent, explains what is not there later."""
    at_work = desk(Notes())
    failed = answered(b"", b"", fault=Fault.TIMEOUT, session=b"s", target=b"/cart", method="POST")
    read = answered(b"[1]", b"[]", session=b"s", target=b"/cart", method="GET")
    at_work.receive([failed, read])
    at_work.work(1)
    assert read.differences.main_class is Class.MISSING  # type: ignore[attr-defined]


def test_a_failed_flight_is_never_judged() -> None:
    """There is no answer to compare, even if the recorded body was empty too."""
    flight = answered(b"", b"", fault=Fault.TIMEOUT)
    assert desk(Notes()).receive([flight]) == [flight]
    assert flight.judged is None


@pytest.mark.parametrize(
    ("head", "marks", "verdict", "noted"),
    [
        pytest.param(HEAD, {}, Verdict.UNCHECKED, ["not_recorded"], id="not-recorded"),
        pytest.param(HEAD, {"answer_size": 1 << 30}, Verdict.UNCHECKED, ["not_recorded"], id="cut-answer"),
        pytest.param(b"", {}, Verdict.UNCHECKED, ["status_only"], id="status-only"),
        pytest.param(b"", {"answer_status": 500}, Verdict.MISMATCHED, [], id="another-status"),
    ],
)
def test_where_only_the_status_can_be_compared_nothing_waits(
    head: bytes, marks: dict[str, Any], verdict: Verdict, noted: list[str]
) -> None:
    """Without a recorded body a flight is judged at once, by its status, however far judging is behind."""
    notes, flight = Notes(), answered(None, b"x", response_head=head, **marks)
    at_work = desk(notes)
    assert at_work.receive([flight]) == [flight]
    assert flight.judged is verdict
    assert notes.reasons == noted
    assert len(at_work) == at_work.waiting_bytes == 0


@pytest.mark.parametrize(
    ("recorded", "replayed", "marks", "verdict", "noted"),
    [
        pytest.param(b'{"a":1}', b'{"a": 1}', {}, Verdict.MATCHED, [], id="same-tree"),
        pytest.param(b'{"at":1}', b'{"at":2}', {}, Verdict.MATCHED, ["root['at']"], id="ignored-by-a-rule"),
        pytest.param(b'{"a":1}', b'{"a":2}', {}, Verdict.MISMATCHED, [], id="differs"),
        pytest.param(b"x", b"x", {"answer_status": 500}, Verdict.MISMATCHED, [], id="same-bytes-another-status"),
        pytest.param(None, b"x", {"hash": body_hash(b"x")}, Verdict.MATCHED, [], id="same-hash"),
        pytest.param(None, b"y", {"hash": body_hash(b"x")}, Verdict.UNCHECKED, ["not_recorded"], id="another-hash"),
    ],
)
def test_what_is_not_equal_waits_for_work(
    recorded: bytes | None, replayed: bytes, marks: dict[str, Any], verdict: Verdict, noted: list[str]
) -> None:
    """It comes back from `work`, judged, and what was found is in the ledger."""
    notes, flight = Notes(), answered(recorded, replayed, **marks)
    at_work = desk(notes)
    assert at_work.receive([flight]) == []
    assert len(at_work) == 1
    assert at_work.work(10**9) == [flight]
    assert flight.judged is verdict
    assert [*notes.paths, *notes.reasons] == noted
    assert notes.seen == ([] if verdict is Verdict.MATCHED else [flight])
    assert bool(flight.differences) == (verdict is Verdict.MISMATCHED)


def test_work_ends_when_its_time_is_over() -> None:
    """At least one flight is judged, and none after the time is up."""
    at_work = desk(Notes(), step=100)
    flights = [answered(b"[1]", b"[2]") for _ in range(5)]
    at_work.receive(flights)
    assert at_work.work(250) == flights[:3]
    assert at_work.work(0) == flights[3:4]
    assert len(at_work) == 1


def test_a_full_queue_leaves_the_rest_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load goes on; what is not compared says so; and there is room again after work."""
    monkeypatch.setattr(module, "QUEUE_BYTES", 2 * len(HEAD + b"[2]"))
    notes = Notes()
    at_work = desk(notes)
    first, second, third, fourth = (answered(b"[1]", b"[2]") for _ in range(4))
    assert at_work.receive([first, second, third]) == [third]
    assert third.judged is Verdict.UNCHECKED
    assert notes.reasons == [QUEUE_FULL]
    assert at_work.waiting_bytes == module.QUEUE_BYTES
    assert at_work.work(10**9) == [first, second]
    assert at_work.waiting_bytes == 0
    assert at_work.receive([fourth]) == []


def test_the_recorded_side_and_rows_fill_the_queue_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """They count in the look-ahead, so that many small answers would keep it from loading as few large ones would."""
    notes, flights = Notes(), [answered(b"[1]", b"[2]") for _ in range(4)]
    flights[1].weight = module.QUEUE_BYTES
    at_work = desk(notes)
    assert at_work.receive(flights) == flights[2:]
    assert at_work.work(10**9) == flights[:2]
    monkeypatch.setattr(module, "QUEUE_ROWS", 3)
    assert at_work.receive([answered(b"[1]", b"[2]") for _ in range(5)]) != []
    assert len(at_work) == 3
    assert notes.reasons == [QUEUE_FULL] * 4


BODIES = st.sampled_from([b"", b"x", b"[1]", b"[2]", b'{"a":', b"\x1f\x8b\x08"])
SPANS = st.integers(0, 3)


@given(st.lists(st.tuples(BODIES, BODIES, st.booleans()), max_size=12), SPANS)
@settings(max_examples=60, deadline=None)
def test_each_flight_comes_back_judged_exactly_once(pairs: list[tuple[bytes, bytes, bool]], span: int) -> None:
    """Whatever the bodies and however short the slices of time are, nothing is lost and nothing comes twice."""
    flights = [answered(a, b, fault=Fault.TIMEOUT if failed else None) for a, b, failed in pairs]
    at_work = desk(Notes(), step=1)
    back = at_work.receive(flights)
    while len(at_work):
        back += at_work.work(span)
    assert sorted(map(id, back)) == sorted(map(id, flights))
    assert all((flight.judged is None) == (flight.fault is not None) for flight in back)


def test_an_answer_longer_than_is_kept_is_no_match() -> None:
    """What is kept of a longer answer may equal the recording: it is unchecked, unless the status differs already."""
    notes = Notes()
    longer = answered(b"abc", b"abc", answer_size=4)
    other = answered(b"abc", b"abc", answer_size=4, answer_status=500)
    one = desk(notes)
    assert one.receive([longer, other]) == []
    while one.work(1):
        pass
    assert (longer.judged, other.judged) == (Verdict.UNCHECKED, Verdict.MISMATCHED)
    assert notes.reasons == ["size"]


class Hand:
    """A crew of one, who says what it is told to."""

    def __init__(self, verdicts: list[Any], **reply: Any) -> None:
        self.ready: deque[tuple[Sequence[Flight], Reply]] = deque()
        self.complaints: list[str] = []
        self.given_up = False
        self._verdicts = verdicts
        self._reply = reply
        self._queue: deque[Flight] = deque()

    def serve(self, queue: deque[Flight]) -> None:
        """Take pairs from here."""
        self._queue = queue

    def hand_over(self) -> bool:
        """Judge all at once."""
        if not self._queue:
            return False
        self.ready.append((list(self._queue), Reply(0, self._verdicts, **self._reply)))
        self._queue.clear()
        return True

    def give_up(self) -> None:
        """Note it."""
        self.given_up = True

    def crashed(self, flight: Flight, error: str) -> None:
        """Keep the complaint."""
        self.complaints.append(f"{flight.id} {error}")


def test_what_a_crew_says_is_taken() -> None:
    """Each kind of verdict, the noise of all, and one that makes no sense, which is unchecked as a failure is."""
    differs = pack_differences(Differences([Difference("GET /items/{id}", (), Kind.VALUE, "1", "2")], capped=3))
    verdicts = [CLEAN, NOISY, "json", Crash("no luck"), [1, 2, 3], differs]
    hand = Hand(verdicts, noise={(0, "root['at']", "value"): 2, (9, "root", "value"): 1}, capped=4)
    notes, flights = Notes(), [answered(b"[1]", b"[%d]" % nth, id=f"f{nth}") for nth in range(2, 8)]
    at_work = Desk(RULES, ["GET /items/{id}"], notes, lambda: 0, crew=hand)
    assert at_work.receive(flights) == []
    assert at_work.work(1) == flights
    matched, mismatched, unchecked = Verdict.MATCHED, Verdict.MISMATCHED, Verdict.UNCHECKED
    assert [flight.judged for flight in flights] == [matched, matched, unchecked, unchecked, unchecked, mismatched]
    assert notes.reasons == ["json", COMPARER, COMPARER]
    assert notes.paths == ["GET /items/{id} root['at'] value"] * 2 + ["more"] * 4
    assert [text.split()[0] for text in hand.complaints] == ["f5", "f6"]
    (difference,) = flights[5].differences
    assert (difference.recorded, difference.replayed, flights[5].differences.capped) == ("1", "2", 3)  # type: ignore[attr-defined]
    assert len(at_work) == at_work.waiting_bytes == 0


def test_what_a_crew_says_is_taken_a_little_at_a_time() -> None:
    """A reply of many pairs does not hold the hub; a flight counts in the queue until it is taken."""
    hand, flights = Hand([CLEAN] * 5), [answered(b"[1]", b"[1] ") for _ in range(5)]
    ticks = count(0, 100)
    at_work = Desk(RULES, ["GET /items/{id}"], Notes(), lambda: next(ticks), crew=hand)
    at_work.receive(flights)
    assert at_work.work(250) == flights[:3]
    assert at_work.moved
    assert len(at_work) == 2
    assert at_work.waiting_bytes == 2 * len(HEAD + b"[1] ")
    assert at_work.work(250) == flights[3:]
    assert not at_work.moved


def test_a_waiting_flight_keeps_only_what_is_needed() -> None:
    """No request, no answer twice, and equal bodies once."""
    body = b"x" * 100
    flight = answered(body, bytes(bytearray(body)), answer_head=HEAD + body, answer_status=500, wire=b"GET / HTTP/1.1")
    at_work = desk(Notes())
    at_work.receive([flight])
    assert (flight.wire, flight.answer_head) == (b"", HEAD)
    assert flight.answer_body is flight.body
    assert at_work.peak_bytes == at_work.waiting_bytes == len(HEAD) + 100


def test_giving_up_leaves_the_rest_unchecked() -> None:
    """Whoever judges: here, or a crew, which is told."""
    notes, hand, flights = Notes(), Hand([]), [answered(b"[1]", b"[2]") for _ in range(3)]
    at_work = desk(notes)
    at_work.receive(flights)
    at_work.give_up()
    assert at_work.work(1) == flights
    assert notes.reasons == [QUEUE_FULL] * 3
    Desk(RULES, [], notes, lambda: 0, crew=hand).give_up()
    assert hand.given_up


def test_what_is_not_in_the_sample_is_unchecked_equal_or_not() -> None:
    """Or what differs would look rarer or more frequent than it is."""
    notes = Notes()
    sampling = parse_sampling(["GET /items/*=10%"])
    at_work = Desk(RULES, ["GET /items/{id}", "GET /b"], notes, lambda: 0, sampling=sampling)
    equal = [answered(b"x", b"x", response_head=b"", id=str(nth)) for nth in range(1000)]
    done = at_work.receive(equal)
    differing = [answered(b"x", b"y", response_head=b"", id=str(nth)) for nth in range(1000)]
    done += at_work.receive(differing)
    chosen = [flight.id for flight in equal if flight.judged is Verdict.MATCHED]
    assert 60 < len(chosen) < 140
    assert [flight.id for flight in differing if flight.judged is not Verdict.UNCHECKED] == chosen
    assert notes.reasons == [SAMPLED] * (2000 - 2 * len(chosen))
    assert at_work.receive([answered(b"x", b"x", response_head=b"", endpoint=1)])[0].judged is Verdict.MATCHED
