"""What a latency check found.

Law: values only. A finding with a probability `p` is a claim: it fails the run if its `verdict` is to fail (all that is asked
for beside significance holds) and `p` stands the correction for all claims of the run; if it does not, the run passes, or is
inconclusive where there is a `doubt`, which says why. One without `p` is as it says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.results.gate.model import Decision

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding; `endpoint` is an endpoint's name, or that of a pool of small ones, or `None` for the whole run."""

    name: str
    endpoint: str | None
    p: float | None
    verdict: Decision
    value: float | None
    limit: float | None
    sentence: str
    advisory: bool
    doubt: str = ""
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)
