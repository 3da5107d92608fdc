"""The watch over a run: read step by step, stopped once, with the reason."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event

from replay_users.engine.engine import Timeouts
from replay_users.model import Verdict
from replay_users.plan.duration import SECOND
from replay_users.results.autostop_text import parse_autostop
from replay_users.results.tally import Tally
from replay_users.swarm.watch import Watch, counted
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WITHIN = 20.0  # s: only a test that fails waits so long


class Until(Event):
    """The end of a run whose time goes by while somebody waits for its end, and only then."""

    def __init__(self, run: FakeRun) -> None:
        super().__init__()
        self._run = run

    def wait(self, timeout: Any = None) -> Any:
        """Wait so long, which takes no time here; with the run's time its end comes, and what happens in between."""
        gevent.sleep(0)
        self._run.goes_by(round((timeout or 0) * SECOND))
        return self.is_set()


class FakeRun:
    """A run that answers 503 from the start, and ends after seven and a half seconds."""

    def __init__(self, *texts: str, names: Sequence[str] = ("GET /",)) -> None:
        self.criteria = parse_autostop(texts)
        endpoints = [SimpleNamespace(name=name) for name in names]
        self.prepared = SimpleNamespace(
            settings=SimpleNamespace(autostop=self.criteria, timeouts=Timeouts()),
            recording=SimpleNamespace(manifest=SimpleNamespace(endpoints=endpoints)),
        )
        self.tally = Tally(names)
        self.tally.settle([make_flight(answer_status=503, judged=Verdict.MISMATCHED)] * 30)
        self.now = self.elapsed = 0
        self.begins = True
        self.happens: dict[float, Callable[[], None]] = {}
        self.done = Until(self)
        self.stopped_by: str | None = None
        self.autostop: Any = None
        self.readings = 0

    def goes_by(self, ns: int) -> None:
        """So much time; `happens` says what happens when."""
        self.now += ns
        self.elapsed += ns if self.begins else 0
        for at in [at for at in self.happens if at * SECOND <= self.now]:
            self.happens.pop(at)()
        if self.now >= 7.5 * SECOND:
            self.done.set()

    def counted(self, criteria: Any) -> Any:
        """What its tally has."""
        self.readings += 1
        return counted(criteria, list(self.tally.endpoints.items()), 0.0)

    def stop(self, reason: str) -> None:
        """Stop."""
        self.stopped_by = reason


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Watches a run to its end, or until it was stopped."""
    spawned: list[Any] = []
    spawn = gevent.spawn
    monkeypatch.setattr("gevent.spawn", lambda *task: spawned.append(spawn(*task)))

    def watch(run: Any, *, reported: bool = False) -> None:
        Watch(run, lambda: [run.tally.fidelity.hub], reported=reported)
        gevent.joinall(spawned, timeout=_WITHIN, raise_error=True)
        assert all(each.dead for each in spawned)

    return watch


def test_a_run_that_meets_a_criterion_is_stopped_once(
    watch: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason, with its time, stays with the run and is told on stderr; nobody looks any more then."""
    run = FakeRun("http(5xx,10%,2s)", "time(1.5s,2s)")
    watch(run)
    sentence = "http(5xx,10%,2s): within 2 s, 30 of 30 requests were answered with 5xx (100.0 %), 10 % is the limit"
    assert run.stopped_by == "autostop"
    assert (run.autostop.event, run.autostop.text) == ("autostop", sentence)
    assert run.autostop.at_s >= 2
    assert capsys.readouterr().err == (f"replay-users: autostop {sentence}; stopping, answers under way are awaited\n")
    assert run.readings == 2


def test_a_run_that_nobody_could_look_at_is_not_stopped_for_it(watch: Callable[..., None]) -> None:
    """A process that was frozen for a minute does not take what came in it for what came in two seconds."""
    run = FakeRun("http(5xx,40,2s)")

    def freeze() -> None:
        run.tally.settle([make_flight(answer_status=503, judged=Verdict.MISMATCHED)] * 600)
        run.elapsed += 60 * SECOND

    run.happens[3] = freeze
    watch(run)
    assert run.stopped_by is None
    assert run.readings > 3


@pytest.mark.parametrize(
    ("text", "stood_ms", "stopped_by"),
    [
        pytest.param("quantile(95,300ms,2s)", 2_000, None, id="we were late to read them"),
        pytest.param("quantile(95,300ms,2s)", 20, "autostop", id="they were late"),
        pytest.param("time(300ms,2s)", 2_000, None, id="we were, on average"),
        pytest.param("time(300ms,2s)", 20, "autostop", id="they were, on average"),
        pytest.param("http(5xx,60,60s)", 2_000, "autostop", id="what they say is what they say"),
    ],
)
def test_answers_that_were_read_late_stop_nothing(
    watch: Callable[..., None], text: str, stood_ms: int, stopped_by: str | None
) -> None:
    """A hub that stood still for two seconds finds answers that seem to have taken as long."""
    run = FakeRun(text)

    def wake_up() -> None:
        run.tally.hub(stood_ms * SECOND // 1_000)
        run.tally.settle([make_flight(done=2 * SECOND, answer_status=503, judged=Verdict.MISMATCHED)] * 30)

    run.happens[3] = wake_up
    watch(run)
    assert run.stopped_by == stopped_by


def test_a_quiet_run_goes_on(watch: Callable[..., None]) -> None:
    """What is below every limit stops nothing."""
    run = FakeRun("http(5xx,10%,2s)", "http(4xx,1,2s)", "mismatch(100%,2s)", "net(xx,1%,2s)")
    run.tally.settle([make_flight(answer_status=200, judged=Verdict.MATCHED)] * 3000)
    watch(run)
    assert (run.stopped_by, run.autostop) == (None, None)
    assert run.readings >= 2


def test_without_criteria_nobody_looks(watch: Callable[..., None]) -> None:
    """A run without `--autostop` is not read at all."""
    run = FakeRun()
    watch(run)
    assert run.readings == 0


def test_before_its_start_nothing_is_judged(watch: Callable[..., None]) -> None:
    """The window begins when the run does."""
    run = FakeRun("http(5xx,10%,2s)")
    run.begins = False
    watch(run)
    assert (run.readings, run.stopped_by) == (0, None)


def test_a_run_whose_time_begins_anew_is_watched_on(watch: Callable[..., None]) -> None:
    """The second pass of an A/A run is at nothing again, and what is counted goes on."""
    run = FakeRun("http(5xx,61,60s)")

    def begin_anew() -> None:
        run.elapsed = 0
        run.tally.settle([make_flight(answer_status=503, judged=Verdict.MISMATCHED)] * 31)

    run.happens[5] = begin_anew
    watch(run)
    assert run.stopped_by == "autostop"
    assert run.autostop.at_s < 5


def test_who_stopped_it_first_has_stopped_it(watch: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is being stopped already keeps its reason."""
    run = FakeRun("http(5xx,10%,2s)")
    run.stopped_by = "person"
    watch(run)
    assert (run.stopped_by, run.autostop, capsys.readouterr().err) == ("person", None, "")


def test_reports_are_read_as_often_as_they_come(watch: Callable[..., None]) -> None:
    """Where workers report every three seconds, two seconds are rounded up to one step of three."""
    run = FakeRun("http(5xx,10%,2s)")
    watch(run, reported=True)
    assert run.autostop.text.startswith("http(5xx,10%,2s): within 3 s, ")
    assert run.readings == 1


def test_an_endpoint_that_is_not_there_is_told(watch: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """A criterion that covers nothing would never be met, most likely by a slip."""
    names = ["GET /users/{id}", "GET /items/{id}"]
    watch(FakeRun("http(5xx,10%,60s,GET /user/*)", "time(9s,60s,/items/*)", names=names))
    assert capsys.readouterr().err == (
        "replay-users: --autostop http(5xx,10%,60s,GET /user/*) covers no endpoint of the recording:"
        " did you mean GET /users/{id}?\n"
    )


def test_many_endpoints_are_read_in_pieces() -> None:
    """Others have their turn before all of them are read, and none is left out, nor one that is new meanwhile."""
    run = FakeRun("http(5xx,10%,2s,*)", names=[f"GET /{nth}" for nth in range(5)])
    turns: list[int] = []

    def other() -> None:
        for nth in range(3):
            turns.append(nth)
            run.tally.index(f"new {nth}")
            gevent.sleep(0)

    gevent.spawn(other)
    [counts] = run.counted(run.criteria)
    assert list(counts) == [f"GET /{nth}" for nth in range(5)]
    assert counts["GET /0"] == (30, 30)
    assert turns == [0, 1, 2]
