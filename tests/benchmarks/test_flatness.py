from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.flatness import Sample, complaints, flatness

AT_REST = Sample(
    at_s=0, rss_mb=200, descriptors=20, sent=0, failed=0, lost=0, lag_p50_ms=0.1, lag_p99_ms=0.2, lag_max_ms=1
)


def samples(*rss_mb: float, descriptors: int = 0) -> list[Sample]:
    """A sample every ten seconds; `descriptors` more are open with each."""
    return [
        replace(AT_REST, at_s=10.0 * nth, rss_mb=rss, descriptors=20 + nth * descriptors, sent=20_000 * nth)
        for nth, rss in enumerate(rss_mb)
    ]


@pytest.mark.parametrize(
    ("rss_mb", "growth_mb"),
    [
        pytest.param([200.0] * 20, 0, id="flat"),
        pytest.param([200 + nth for nth in range(20)], 19, id="a line"),
        pytest.param([200 + nth + 8 * (nth % 2) for nth in range(20)], 18, id="a rising sawtooth"),
        pytest.param([200.0] * 16 + [240.0] * 4, 40, id="a late step"),
        pytest.param([240.0] * 4 + [200.0] * 16, -37, id="falling"),
    ],
)
def test_growth_is_seen_in_a_line_and_in_the_two_ends(rss_mb: list[float], growth_mb: float) -> None:
    """Growth is the worse of what a straight line gains and what lies between the medians of the ends."""
    assert flatness(samples(*rss_mb), 0, 1000).growth_mb == pytest.approx(growth_mb, abs=3)


def test_warm_up_and_the_end_do_not_count() -> None:
    """What happens before the first moment or after the last one changes nothing."""
    rss = [100.0] * 5 + [200.0] * 20 + [50.0] * 5
    assert flatness(samples(*rss), 50, 249).growth_mb == 0


def test_a_few_samples_say_nothing() -> None:
    """Below eight samples there is an error instead of a verdict."""
    with pytest.raises(ValueError, match="7 samples"):
        flatness(samples(*[200.0] * 7), 0, 1000)


def test_a_good_run_has_nothing_said_of_it() -> None:
    """Flat memory and descriptors, everything sent, nothing failed: no complaint."""
    good = samples(*[200.0] * 20)
    assert complaints(flatness(good, 0, 1000), good[-1], planned=380_000, growth_mb=12, descriptors=8) == []


@pytest.mark.parametrize(
    ("run", "last", "said"),
    [
        pytest.param(samples(*range(200, 220)), {}, "memory grew by 19.0 MB, from 201.5 to 217.5", id="memory"),
        pytest.param(samples(*[200.0] * 20, descriptors=1), {}, "16 more descriptors", id="descriptors"),
        pytest.param(samples(*[200.0] * 20), {"sent": 379_999}, "379999 of 380000 rows were sent, 0", id="unsent"),
        pytest.param(samples(*[200.0] * 20), {"lost": 2}, "rows were sent, 2 were not", id="lost"),
        pytest.param(samples(*[200.0] * 20), {"failed": 3}, "3 requests failed", id="failed"),
    ],
)
def test_each_fault_is_named(run: list[Sample], last: dict[str, int], said: str) -> None:
    """Whatever is wrong has its own sentence with its number."""
    found = complaints(flatness(run, 0, 1000), replace(run[-1], **last), planned=380_000, growth_mb=12, descriptors=8)
    assert len(found) == 1
    assert said in found[0]
