"""How far a run is, told to who listens: every five seconds, and at the end, whatever a listener does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event

from replay_users.events import events
from replay_users.model import Verdict
from replay_users.plan.duration import SECOND
from replay_users.results.tally import Tally
from replay_users.swarm import ticker as module
from replay_users.swarm.ticker import LOCAL, Ticker, health
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_WITHIN = 20.0  # s: only a test that fails waits so long


class FakeRun:
    """A run under way, at the time (ns) that the test says."""

    def __init__(self) -> None:
        self.id = "r1"
        self.elapsed = 1
        self.asked = 0
        self.counts = True
        self.tally = Tally(["GET /"])
        self.tally.settle([make_flight(answer_status=200, judged=Verdict.MATCHED)] * 3)

    def progress(self) -> Any:
        """What it counted, if that is of the result."""
        self.asked += 1
        return (self.tally, {LOCAL: health(self.tally, 4, 5)}) if self.counts else None


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run, in a world where ticks are looked for every 50 ms and nobody waits longer than that for a listener."""
    monkeypatch.setattr(module, "SECOND", SECOND * 100)
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    return FakeRun()


@pytest.fixture
def listen() -> Iterator[Callable[..., Any]]:
    """Adds listeners, and removes them."""
    before = events.progress.listeners
    yield events.progress.add_listener
    for listener in events.progress.listeners:
        if listener not in before:
            events.progress.remove_listener(listener)


def reach(run: Any, seconds: float, condition: Callable[[], bool]) -> None:
    """Have it come so far, and wait for what comes of that."""
    run.elapsed = round(seconds * SECOND)
    with gevent.Timeout(_WITHIN):
        while not condition():
            gevent.sleep(0.005)


def test_ticks_are_told_with_everything(run: Any, listen: Callable[..., Any]) -> None:
    """Each tick has the run, its time, the tally itself and how the process is doing; the last one is at the end."""
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    ticker = Ticker(run)
    reach(run, 5.1, lambda: len(got) == 1)
    reach(run, 10.2, lambda: len(got) == 2)
    ticker.finish()
    assert len(got) == 3
    last = got[-1]
    assert (last["run_id"], last["tally"] is run.tally) == ("r1", True)
    assert [each["at_s"] for each in got] == [5.1, 10.2, 10.2]
    [(name, doing)] = last["workers"].items()
    assert (name, doing.sent, doing.queued, doing.in_flight) == ("local", 3, 4, 5)
    assert doing.lag is run.tally.fidelity.lag


def test_a_run_nobody_listens_to_is_not_asked(run: Any) -> None:
    """Adding up costs nothing where nobody wants the sum."""
    ticker = Ticker(run)
    run.elapsed = 6 * SECOND
    gevent.sleep(0.06)
    ticker.finish()
    assert run.asked == 0


def test_a_run_that_never_began_has_no_ticks(run: Any, listen: Callable[..., Any]) -> None:
    """While the first rows are read, or workers are gathered, there is nothing to tell; nor if it ends there."""
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    run.elapsed = 0
    ticker = Ticker(run)
    gevent.sleep(0.12)
    ticker.finish()
    assert (got, run.asked) == ([], 0)


def test_adding_up_takes_a_quarter_of_the_time_at_most(
    run: Any, listen: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it takes a second, a tick before the fourth one is left out; the last one never is."""
    monkeypatch.setattr(module, "_SHARE", 100_000)
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    tell = run.progress

    def slowly() -> Any:
        gevent.sleep(0.005)
        return tell()

    run.progress = slowly
    ticker = Ticker(run)
    reach(run, 5, lambda: len(got) == 1)
    run.elapsed = 10 * SECOND
    gevent.sleep(0.12)
    assert len(got) == 1
    ticker.finish()
    assert len(got) == 2


def test_what_is_not_of_the_result_is_not_told(run: Any, listen: Callable[..., Any]) -> None:
    """The first pass of an A/A run has no progress."""
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    run.counts = False
    ticker = Ticker(run)
    reach(run, 5, lambda: run.asked == 1)
    ticker.finish()
    assert (got, run.asked) == ([], 2)


def test_ticks_come_at_full_steps_of_the_run(run: Any, listen: Callable[..., Any]) -> None:
    """However long it took to begin, and when its time begins anew."""
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    run.elapsed = 0
    ticker = Ticker(run)
    for told in (1, 2):
        gevent.sleep(0.01)
        reach(run, 4.9, lambda: True)
        gevent.sleep(0.06)
        reach(run, 5.1, lambda told=told: len(got) == told)  # type: ignore[misc]
        run.elapsed = 0
        gevent.sleep(0.06)
    run.elapsed = 6 * SECOND
    ticker.finish()
    assert [each["at_s"] for each in got] == [5.1, 5.1, 6.0]


def test_a_listener_that_never_comes_back_does_not_keep_the_run(
    run: Any, listen: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The end waits for it a while and says so; the listener itself is gone then."""
    ended: list[str] = []

    def stuck(**_: Any) -> None:
        try:
            Event().wait()
        finally:
            ended.append("gone")

    listen(stuck)
    ticker = Ticker(run)
    reach(run, 5, lambda: ticker._telling_since is not None)
    ticker.finish()
    gevent.sleep(0)
    assert ended == ["gone"]
    assert "a listener of progress takes longer than" in caplog.text


def test_adding_up_at_the_end_may_take_its_time(
    run: Any, listen: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Patience is for listeners: however long the last sum takes, it is told, since it is the result."""
    got: list[Any] = []
    listen(lambda **facts: got.append(facts))
    tell = run.progress

    def slowly() -> Any:
        gevent.sleep(0.12)
        return tell()

    run.progress = slowly
    ticker = Ticker(run)
    gevent.sleep(0.01)
    ticker.finish()
    assert len(got) == 1
    assert not caplog.records


def test_a_listener_that_raises_is_called_again(run: Any, listen: Callable[..., Any]) -> None:
    """It harms neither the ticks nor the listener behind it, and is counted."""
    got: list[float] = []
    failed_before = events.failures

    def broken(**_: Any) -> None:
        raise RuntimeError("no")

    listen(broken)
    listen(lambda at_s, **_: got.append(at_s))
    ticker = Ticker(run)
    reach(run, 5, lambda: len(got) == 1)
    ticker.finish()
    assert (len(got), events.failures - failed_before) == (2, 2)
