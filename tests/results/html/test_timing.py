"""Whether the replay was faithful."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.timing import happenings_of, timing_of
from replay_users.results.samples import Samples
from tests.results.html.drawn import labels, of_class, titles
from tests.results.html.worlds import samples_like, small, times


@pytest.mark.parametrize(
    ("validity", "begins"),
    [
        ({"valid": True}, "Yes"),
        ({"valid": True, "void": ["latency"]}, "Not for latency"),
        ({"valid": False, "void": ["latency"]}, "No"),
        (None, "No"),
    ],
    ids=["valid", "void", "invalid", "missing"],
)
def test_the_answer(validity: dict[str, Any] | None, begins: str) -> None:
    """Yes, no, or for what not."""
    assert timing_of({"validity": validity}, None).answer.startswith(begins)


@pytest.mark.parametrize(
    ("percent", "told"),
    [(None, ""), (-0.0027, "as long as it should"), (3.2, "3.20 % longer"), (-3.2, "3.20 % less"), ("over", "")],
    ids=str,
)
def test_the_stretch(percent: float | str | None, told: str) -> None:
    """How much longer the sending took; a hair is nothing."""
    assert told in timing_of({"fidelity": {"stretch_percent": percent}}, None).stretch


@pytest.mark.parametrize(
    ("wait", "is_why"),
    [(9_863.9, True), ("over", True), (0.2, False), (None, False)],
    ids=["s", "over", "ms", "unknown"],
)
def test_what_the_target_stretched_is_said_to_be_its_doing(wait: float | str | None, is_why: bool) -> None:
    """Where requests waited for answers for longer than we were late, a run that took longer says so beside its faithfulness."""
    fidelity = {"stretch_percent": 99.95, "wait_ms": {"max": wait}, "lag_ms": {"max": 0.5}}
    told = timing_of({"fidelity": fidelity}, None).stretch
    assert told.startswith("Sending took 99.95 % longer than it should")
    assert ("since requests waited" in told) is is_why


def test_delays_with_samples() -> None:
    """Each delay has a histogram on one axis; only our lag has a limit."""
    result = small()
    lag, wait, hub = timing_of(result, samples_like(result)).delays
    assert labels(lag.chart)[:3] == labels(wait.chart)[:3]
    assert [len(of_class(each.chart, "limit")) for each in (lag, wait, hub)] == [1, 0, 0]


def test_delays_without_samples() -> None:
    """Percentiles are there without a chart, missing and over ones too."""
    lag, wait, hub = timing_of({"fidelity": {"lag_ms": times(1.0, "over"), "wait_ms": None}}, None).delays
    assert (lag.points["p50"], lag.points["p99"], wait.points["p50"], lag.chart) == (1.0, "over", None, "")
    assert set(hub.points.values()) == {None}


def test_the_course_of_the_run() -> None:
    """Planned and sent per second, and below them what went wrong; the run's events stand at their moments."""
    result = small()
    timing = timing_of(result, samples_like(result))
    assert timing.slot_s == 1.0
    named = [label.partition(",")[0] for label in labels(timing.course) if "peak" in label]
    assert named == ["answers that differ", "no answer", "dropped", "mean service time", "largest lag"]
    assert "0:12 the target closes idle connections" in titles(timing.course)
    assert "0:31: planned 17/s, sent 15/s, answers that differ" in " ".join(titles(timing.course))


def test_a_plan_that_is_not_known() -> None:
    """Without a planned curve only what was sent is drawn."""
    result = small()
    samples = samples_like(result)
    course = timing_of(result, Samples(timeline=samples.timeline)).course
    assert len(of_class(course, "rec", "edge")) == 1


@pytest.mark.parametrize("samples", [None, Samples()], ids=["none", "empty"])
def test_no_course(samples: Samples | None) -> None:
    """Without slots there is no chart."""
    assert timing_of(small(), samples).course == ""


def test_events_are_in_order() -> None:
    """Events are numbered by time; one without a time came first."""
    found = happenings_of({"events": [{"at_s": 9, "event": "b"}, {"event": "a"}, {"at_s": "x", "text": "c"}]})
    assert [(each.number, each.at_s, each.event) for each in found] == [(1, 0.0, "a"), (2, 0.0, ""), (3, 9, "b")]
