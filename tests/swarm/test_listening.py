"""Events and answers: made of flights only while somebody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.events import events
from replay_users.model import Drop, Fate, Fault, Verdict
from replay_users.path import parse_path
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.listening import Listening, tell_start
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from replay_users.testing import make_flight
from tests.swarm.test_hooks import Base, user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.events import EventHook, Mismatch
    from replay_users.model import Answer, Outcome
    from tests.swarm.conftest import MakeOptions

NAMES = ["GET /items/{id}", "GET /users/{id}"]
DIFFERS = Differences((Difference(NAMES[0], parse_path("root['id']"), Kind.VALUE, "7", "8"),))
HEAD = b"HTTP/1.1 200 OK\r\nX-Version: 1\r\n\r\nrest"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Listeners of a test are gone after it."""
    yield
    for hook in events.hooks:
        hook._listeners, hook.report, hook.failures, hook._broken = (), None, 0, []


def listening(**methods: Any) -> Listening:
    """The listeners of a run whose user overrides these methods."""
    return Listening(NAMES, Hooks(user(**methods), Base))


def heard(hook: EventHook, fact: str) -> list[Any]:
    """What a listener of a hook gets from now on."""
    got: list[Any] = []
    hook.add_listener(lambda **facts: got.append(facts[fact]))
    return got


def test_nobody_listens_unless_somebody_does() -> None:
    """It is false until a listener of outcomes or mismatches is added, or the user wants answers."""
    assert not listening()
    assert listening(on_answer=lambda *_: None)
    for hook in (events.outcomes, events.mismatches):
        hook.add_listener(heard)
        assert listening()
        hook.remove_listener(heard)
    events.run_finished.add_listener(heard)
    assert not listening()


def test_the_start_says_what_the_run_is_going_to_be(options: MakeOptions, traffic: str) -> None:
    """`run_started` has the plan's numbers and names, the labels, and whether this process writes the result."""
    got: list[Any] = []
    events.run_started.add_listener(lambda **facts: got.append(facts))
    asked = options(recording=traffic, pace="8x", label=["sha=1a"])
    tell_start("r1", prepare(read_settings(asked, "http://127.0.0.1:9")), 17.5, concludes=True)
    [facts] = got
    assert facts.pop("duration_s") == pytest.approx(0.39 / 8, abs=0.002)
    assert sum(facts.pop("rates")) * facts.pop("rate_step_s") == pytest.approx(30)
    assert facts == {
        "run_id": "r1",
        "started_at": 17.5,
        "recording": traffic,
        "target": "http://127.0.0.1:9",
        "pace": "8x",
        "labels": {"sha": "1a"},
        "planned": 40,
        "to_send": 30,
        "endpoints": ("GET /items/{id}", "GET /users/{id}", "POST /orders/{id}/lines"),
        "concludes": True,
    }


def test_without_a_listener_nothing_is_made_of_the_plan() -> None:
    """What nobody hears is not looked at."""
    prepared: Any = None
    tell_start("r1", prepared, 0.0, concludes=True)


def test_a_batch_of_outcomes_is_one_event() -> None:
    """Flights become outcomes with the endpoint's name and every mark, in one call."""
    got = heard(events.outcomes, "outcomes")
    marks = {"due": 1, "ready": 2, "picked": 3, "sent": 4, "done": 9, "session": b"s"}
    answered = make_flight(**marks, endpoint=1, answer_status=201, judged=Verdict.MISMATCHED, resent=True)
    failed = make_flight(fault=Fault.TIMEOUT)
    listening().ended([answered, failed])
    [[first, second]] = got
    outcome: Outcome = first
    assert {name: getattr(outcome, name) for name in marks} == marks
    assert (outcome.endpoint, outcome.method, outcome.target) == ("GET /users/{id}", "GET", b"/items/7")
    assert (outcome.fate, outcome.reason, outcome.fault, outcome.resent) == (Fate.SENT, "", None, True)
    assert (outcome.recorded_status, outcome.answer_status, outcome.recorded_duration) == (200, 201, 12_000_000)
    assert (outcome.verdict, second.verdict, second.fault) == (Verdict.MISMATCHED, None, Fault.TIMEOUT)


def test_a_drop_is_an_outcome_too() -> None:
    """What our limits kept from being sent is told, with the limit."""
    got = heard(events.outcomes, "outcomes")
    listening().dropped(make_flight(), Drop.LAG)
    [[outcome]] = got
    assert (outcome.fate, outcome.reason) == (Fate.DROPPED, "lag")


def test_mismatches_are_told_with_their_differences() -> None:
    """Only what differs is a mismatch, with how."""
    got = heard(events.mismatches, "mismatches")
    differing = make_flight(judged=Verdict.MISMATCHED, differences=DIFFERS, id="differs")
    listening().ended([make_flight(judged=Verdict.MATCHED), differing])
    [[mismatch]] = got
    told: Mismatch = mismatch
    assert told.outcome.id == "differs"
    assert [(d.kind, d.recorded, d.replayed) for d in told.differences] == [("value", "7", "8")]


def test_no_mismatch_is_no_event() -> None:
    """A batch in which nothing differs is not told."""
    got = heard(events.mismatches, "mismatches")
    listening().ended([make_flight(judged=Verdict.MATCHED)])
    assert got == []


def test_on_answer_gets_every_answer() -> None:
    """Each answered flight is handed to the user, with the header block alone and the body; failed ones are not."""
    got: list[tuple[Outcome, Answer, bytes | None]] = []
    answered = make_flight(answer_status=200, answer_head=HEAD, answer_body=b"{}", session=b"s")
    listening(on_answer=lambda *given: got.append(given)).ended([answered, make_flight(fault=Fault.CONNECT)])
    [(outcome, answer, session)] = got
    assert (outcome.answer_status, session) == (200, b"s")
    assert (answer.status, answer.head, answer.body, answer.trailers) == (200, b"X-Version: 1\r\n", b"{}", b"")


def test_on_answer_gets_trailers() -> None:
    """As a block of their own."""
    got: list[Answer] = []
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n"
    flight = make_flight(answer_status=200, answer_head=head, answer_body=b"{}", session=b"s")
    listening(on_answer=lambda _, answer, __: got.append(answer)).ended([flight])
    assert [(each.body, each.trailers) for each in got] == [(b"{}", b"X-Sum: 1\r\n")]


def test_a_listener_that_raises_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its name, counted every time, and keeps nobody else from hearing."""

    def broken(**_: object) -> None:
        raise ValueError("a bug of the user's")

    earlier = listening()
    events.outcomes.add_listener(broken)
    got = heard(events.outcomes, "outcomes")
    run = listening()
    for _ in range(3):
        run.ended([make_flight()])
    assert len(got) == 3
    [record] = caplog.records
    assert "broken of outcomes raised" in record.getMessage()
    assert (run.failures, earlier.failures) == (3, 3)
    assert listening().failures == 0
