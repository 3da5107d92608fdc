"""What compares the answers of one run, and how long it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from gevent.hub import get_hub

from replay_users.compare.desk import QUEUE_FULL
from replay_users.results.tally import Tally
from replay_users.swarm import judging as module
from replay_users.swarm.judging import Judging
from replay_users.swarm.settings import read_settings
from tests.swarm.comparing import differing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.swarm.conftest import MakeOptions


class Made(Judging):
    """With all that it was told, and how often the desk was to be woken."""

    def __init__(self, settings: Any) -> None:
        self.told: list[str] = []
        self.wakes = 0
        self.tally = Tally(["GET /a"])
        super().__init__(
            get_hub().loop, settings, ["GET /a"], self.tally, left_out=(), wake=self._woken, tell=self.told.append
        )

    def _woken(self) -> None:
        self.wakes += 1


@pytest.fixture
def make(options: MakeOptions, traffic: str) -> Iterator[Callable[..., Made]]:
    """Makes one by options; closed at the end."""
    made: list[Made] = []

    def begin(**changes: Any) -> Made:
        made.append(Made(read_settings(options(recording=traffic, **changes), "http://127.0.0.1:9", writes=False)))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def test_without_comparers_this_process_judges(make: Callable[..., Made]) -> None:
    """The queue is all there is to tell of it."""
    made = make(comparers="0")
    assert made.desk.receive(differing(3)) == []
    assert len(made.desk.work(10**9)) == 3
    assert list(made.counters()) == ["queue_peak_bytes"]
    assert made.counters()["queue_peak_bytes"] > 0


def test_with_comparers_they_do(make: Callable[..., Made]) -> None:
    """Counted beside the queue."""
    made = make(comparers="2")
    made.desk.receive(differing(3))
    made.desk.work(10**9)
    counters = made.counters()
    assert (counters["processes"], counters["pairs"]) == (1, 3)
    assert counters["queue_peak_bytes"] > 0


@pytest.mark.parametrize("comparers", ["0", "1"])
@pytest.mark.parametrize("stopped", [False, True])
def test_it_ends_in_time(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch, comparers: str, *, stopped: bool
) -> None:
    """After the last answer judging has a minute, or seconds where somebody waits: then the rest is unchecked."""
    made, now = make(comparers=comparers), [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    made.desk.receive(differing(500))
    limit = module._STOPPED_S if stopped else module._JUDGED_S
    for passed in (0.0, 0.9 * limit):
        now[0] = 100 + passed
        made.hurry(stopped=stopped)
    assert made.wakes == 0
    now[0] = 100 + 1.1 * limit
    made.hurry(stopped=stopped)
    assert made.wakes > 0
    done = []
    while len(made.desk):
        done += made.desk.work(10**9)
    assert len(done) == 500
    assert made.tally.unchecked_by == {QUEUE_FULL: 500}


def test_a_share_of_nothing_is_told(make: Callable[..., Made]) -> None:
    """A glob that covers no endpoint is most likely mistyped."""
    assert make(compare_sample=["GET /a=10%"]).told == []
    assert make(compare_sample=["GET /aa*=10%"]).told == [
        "--compare-sample 'GET /aa*' matches no endpoint of the recording"
    ]
