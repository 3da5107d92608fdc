"""What lies beside result.json for those who judge and draw: the sample of pairs, the histograms, the course of the run.

Law: pure values. Everything here was counted by the tally; nothing is computed anew but the planned curve's slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.histogram import Histogram, RatioHistogram

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.pairs import Pair

__all__ = ["EndpointTimes", "Samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTimes:
    """The histograms of one endpoint, in ns."""

    recorded: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)
    ratio: RatioHistogram = field(default_factory=RatioHistogram)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of a finished run.

    `pairs` are those kept of each endpoint, by id; `seen` is out of how many.
    """

    pairs: Mapping[str, Sequence[Pair]]
    seen: Mapping[str, int]
    times: Mapping[str, EndpointTimes] = field(default_factory=dict)
    lag: Histogram = field(default_factory=Histogram)
    wait: Histogram = field(default_factory=Histogram)
    hub: Histogram = field(default_factory=Histogram)
