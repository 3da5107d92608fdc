"""Whether an hour looked like its first minutes: samples of a long run to a verdict.

Law: pure arithmetic over samples; no processes, no clock, no files. The subtle thing: memory is held against itself in
two ways, because each alone can be fooled: a line through the samples sees slow growth that a sawtooth hides, the
medians of the two ends see a step that a line flattens.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import linear_regression, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Flatness", "Sample", "complaints", "flatness"]

_FEWEST = 8
"""Samples below which nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The run at a moment, `at_s` seconds after its start; counts are totals, lags those of the time since the last sample."""

    at_s: float
    rss_mb: float
    descriptors: int
    sent: int
    failed: int
    lost: int
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatness:
    """Of samples in which the run should have stayed the same.

    Attributes:
        start_mb: median memory of their first fifth.
        end_mb: of their last fifth.
        slope_mb: what a straight line through all of them gains from first to last.
        descriptors: by how many more are open in the last fifth than in the first (medians).
    """

    start_mb: float
    end_mb: float
    slope_mb: float
    descriptors: float

    @property
    def growth_mb(self) -> float:
        """The worse of the two ways to see growth."""
        return max(self.end_mb - self.start_mb, self.slope_mb)


def flatness(samples: Sequence[Sample], start_s: float, end_s: float) -> Flatness:
    """How flat the samples between two moments are: after the warm-up, and while there is still something to read.

    Raises:
        ValueError: they are too few.
    """
    kept = [one for one in samples if start_s <= one.at_s <= end_s]
    if len(kept) < _FEWEST:
        raise ValueError(f"{len(kept)} samples say nothing: sample more often, or run longer")
    fifth = max(1, len(kept) // 5)
    first, last = kept[:fifth], kept[-fifth:]
    line = linear_regression([one.at_s for one in kept], [one.rss_mb for one in kept])
    return Flatness(
        start_mb=median(one.rss_mb for one in first),
        end_mb=median(one.rss_mb for one in last),
        slope_mb=line.slope * (kept[-1].at_s - kept[0].at_s),
        descriptors=median(one.descriptors for one in last) - median(one.descriptors for one in first),
    )


def complaints(found: Flatness, last: Sample, *, planned: int, growth_mb: float, descriptors: int) -> list[str]:
    """What is wrong with a run that had to send `planned` rows, one sentence each."""
    said = []
    if found.growth_mb > growth_mb:
        said.append(
            f"memory grew by {found.growth_mb:.1f} MB, from {found.start_mb:.1f} to {found.end_mb:.1f}"
            f" (at most {growth_mb:g} are allowed)"
        )
    if found.descriptors > descriptors:
        said.append(f"{found.descriptors:g} more descriptors were open at the end (at most {descriptors} are allowed)")
    if last.sent != planned or last.lost:
        said.append(f"{last.sent} of {planned} rows were sent, {last.lost} were not")
    if last.failed:
        said.append(f"{last.failed} requests failed")
    return said
