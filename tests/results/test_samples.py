"""The samples of a run: all of the tally's, on the plan's time, and back from histograms.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.plan.rate import RateCurve
from replay_users.results.samples import Samples, histograms_json, samples_from, samples_of, storable
from replay_users.results.tally import Tally
from tests.results.whole import filled, state

if TYPE_CHECKING:
    from tests.results.conftest import Land

SECOND = 1_000_000_000


def curve(*rates: float, step_s: float = 1.0) -> RateCurve:
    """A plan of so many exchanges per second, step by step."""
    return RateCurve(sum(rates) / max(len(rates), 1), max(rates, default=0), step_s, rates)


def whole(samples: Samples) -> Any:
    """All of them, to be compared."""
    timeline = state(samples.timeline)
    return samples.pairs, samples.seen, samples.times, samples.lag, samples.wait, samples.hub, timeline, samples.planned


def test_samples_are_the_tallys(land: Land) -> None:
    """Pairs with how many were seen, histograms and timeline are those of the tally; an endpoint without any end is left out."""
    tally = filled(land)
    samples = samples_of(tally)
    mine = tally.endpoints["GET /a"]
    assert list(samples.pairs) == list(samples.seen) == list(samples.times) == ["GET /a"]
    assert (list(samples.pairs["GET /a"]), samples.seen["GET /a"]) == (mine.pairs.pairs(), mine.paired)
    times = samples.times["GET /a"]
    assert (times.recorded, times.service, times.latency, times.ratio) == (
        mine.recorded,
        mine.service,
        mine.latency,
        mine.ratio,
    )
    assert (samples.lag, samples.wait, samples.hub) == (tally.fidelity.lag, tally.fidelity.wait, tally.fidelity.hub)
    assert (samples.timeline.slots, samples.planned) == (tally.timeline.slots, ())


def test_they_come_back_from_json(land: Land) -> None:
    """What histograms.json holds, with the pairs beside it, is what was written."""
    samples = samples_of(filled(land), curve(1, 2.5))
    data = json.loads(json.dumps(histograms_json(samples)))
    assert whole(samples_from(data, {name: tuple(rows) for name, rows in samples.pairs.items()})) == whole(samples)


def test_planned_rows_stand_in_the_slots_of_what_was_sent(land: Land) -> None:
    """The curve's steps are spread over slots of another width, and slots reach to the planned end of a run that stopped."""
    tally = Tally(["GET /a"])
    tally.settle([land(1, due=2_500)])
    assert samples_of(tally, curve(10, 20, step_s=2.5)).planned == (10, 10, 15, 20, 20)
    assert [slot.sent for slot in samples_of(tally, curve(10, 20, step_s=2.5)).timeline.slots] == [0, 0, 1, 0, 0]
    assert [slot.sent for slot in tally.timeline.slots] == [0, 0, 1]
    assert samples_of(tally, curve(10)).planned == (10, 0, 0)


@settings(max_examples=60)
@given(
    rates=st.lists(st.floats(0, 9_999), min_size=1, max_size=60), step=st.floats(0.3, 90), sent=st.integers(0, 5_000)
)
def test_planned_rows_are_all_there(land: Land, rates: list[float], step: float, sent: int) -> None:
    """However slots and steps lie, the plan's sum stays, one number for each slot."""
    tally = Tally(["GET /a"])
    tally.settle([land(1, due=sent * 1_000)])
    samples = samples_of(tally, curve(*rates, step_s=step))
    assert len(samples.planned) == len(samples.timeline.slots) <= 600
    assert sum(samples.planned) == pytest.approx(sum(rates) * step, rel=1e-6, abs=1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"schema_version": 2}, id="a later version"),
        pytest.param({"schema_version": None}, id="no version"),
        pytest.param({"lag": {}}, id="no histogram"),
        pytest.param({"endpoints": []}, id="no endpoints"),
        pytest.param({"endpoints": {"GET /a": {}}}, id="an endpoint without histograms"),
        pytest.param({"endpoints": {}, "timeline": {"width_ns": 1}}, id="no timeline"),
        pytest.param({"timeline": 7}, id="a number for a timeline"),
    ],
)
def test_what_are_no_samples_is_refused(land: Land, change: dict[str, Any]) -> None:
    """Another version or another file raises instead of being taken for samples."""
    samples = samples_of(filled(land))
    with pytest.raises(ValueError, match=r"\S"):
        samples_from({**histograms_json(samples), **change}, samples.pairs)
    with pytest.raises(ValueError, match=r"\S"):
        samples_from([], samples.pairs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"width_ns": 3 * SECOND}, id="a width"),
        pytest.param({"sent": [-1]}, id="less than nothing"),
        pytest.param({"sent": ["1"]}, id="text"),
        pytest.param({"sent": []}, id="columns of several lengths"),
        pytest.param({"planned": [1, 2]}, id="a plan of another length"),
        pytest.param({"planned": [float("nan")]}, id="a plan that is not a number"),
    ],
)
def test_what_is_no_timeline_is_refused(land: Land, change: dict[str, Any]) -> None:
    """Slots that cannot be are noticed when they are read."""
    samples = samples_of(filled(land))
    data = histograms_json(samples)
    with pytest.raises(ValueError, match=r"\S"):
        samples_from({**data, "timeline": {**data["timeline"], **change}}, samples.pairs)


def test_other_pairs_are_noticed(land: Land) -> None:
    """Pairs of another run do not go with these histograms."""
    samples = samples_of(filled(land))
    with pytest.raises(ValueError, match="other pairs"):
        samples_from(histograms_json(samples), {"GET /a": samples.pairs["GET /a"][1:]})


def test_any_name_can_be_stored() -> None:
    """A name stays as it is, if UTF-8 has it."""
    assert storable("GET /ü😀,\n") == "GET /ü😀,\n"
    assert storable("GET /\udc80") == "GET /\\udc80"
