"""What compares the answers of one run, and how long it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.compare.desk import QUEUE_FULL
from replay_users.plan.host import parse_host
from replay_users.plan.map_rule import parse_maps
from replay_users.plan.route import Router
from replay_users.results.tally import Tally
from replay_users.swarm import judging as module
from replay_users.swarm.judging import Judging, hosts_of
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
        super().__init__(settings, ["GET /a"], self.tally, left_out=(), wake=self._woken, tell=self.told.append)

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
    while now[0] < 100 + 0.9 * limit:
        made.hurry(stopped=stopped)
        now[0] += 0.1
    assert made.wakes == 0
    while now[0] < 100 + 1.1 * limit:
        now[0] += 0.1
        made.hurry(stopped=stopped)
    assert made.wakes > 0
    done = []
    while len(made.desk):
        done += made.desk.work(10**9)
    assert len(done) == 500
    assert made.tally.unchecked_by == {QUEUE_FULL: 500}


@pytest.mark.parametrize("stopped", [False, True])
def test_a_standstill_of_ours_is_no_time_of_judging(
    make: Callable[..., Made], monkeypatch: pytest.MonkeyPatch, *, stopped: bool
) -> None:
    """Verdicts that came while nobody looked are still there to be read: nothing is given up for that."""
    made, now = make(comparers="1"), [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    made.desk.receive(differing(5))
    for passed in (0.0, 0.1, 3_600.0, 3_600.1):
        now[0] = 100 + passed
        made.hurry(stopped=stopped)
    assert made.wakes == 0


def test_a_share_of_nothing_is_told(make: Callable[..., Made]) -> None:
    """A glob that covers no endpoint is most likely mistyped."""
    assert make(compare_sample=["GET /a=10%"]).told == []
    assert make(compare_sample=["GET /aa*=10%"]).told == [
        "--compare-sample 'GET /aa*' matches no endpoint of the recording"
    ]


@pytest.mark.parametrize(
    ("maps", "host", "recorded", "pairs"),
    [
        pytest.param([], "http://s:1", ["shop"], ["shop=s:1", "https://shop=http://s:1"], id="one-target"),
        pytest.param([], "https://s", ["Shop:8443"], ["shop:8443=s"], id="a-target-with-tls-keeps-the-scheme"),
        pytest.param(["a=https://x"], "https://y", ["a", "b"], ["a=x", "b=y"], id="each-its-own"),
        pytest.param(["a=https://x"], None, ["a", "b"], ["a=x"], id="what-goes-nowhere"),
        pytest.param(
            ["https://a=https://x"],
            "https://y",
            ["a", "b"],
            ["http://a=https://y", "https://a=https://x", "b=y"],
            id="by-scheme",
        ),
        pytest.param(["https://a=https://x"], None, ["a"], ["https://a=https://x"], id="one-scheme-goes-nowhere"),
        pytest.param([], "https://b", ["a", "b"], ["a=b"], id="the-target-itself"),
        pytest.param([], "https://s", ["", "no host", "a"], ["a=s"], id="no-hosts"),
        pytest.param([], "https://s", [f"h{nth}" for nth in range(99)], [f"h{nth}=s" for nth in range(32)], id="many"),
    ],
)
def test_recorded_hosts_stand_for_targets(
    maps: list[str], host: str | None, recorded: list[str], pairs: list[str]
) -> None:
    """Each for where its rows go, the most frequent ones first."""
    router = Router(parse_maps(maps), parse_host(host) if host else None, preserve_host=False)
    hosts = hosts_of(router, recorded)
    assert hosts is not None
    assert hosts.texts() == pairs


def test_a_replay_to_where_it_was_recorded_maps_no_hosts() -> None:
    """Nothing has to be looked for in texts then."""
    assert hosts_of(Router((), parse_host("http://shop"), preserve_host=False), ["shop"]) is None
