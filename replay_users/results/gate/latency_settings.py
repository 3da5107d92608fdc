"""How much slower a release may be, and how much evidence that takes.

Law: values only. The defaults are what the simulations of `docs/gate-how-good.md` were run with.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LatencySettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySettings:
    """The latency part of a gate.

    `shift`: an endpoint fails whose median request takes more than so many times as long as in the other run, if it is sure
    that it takes more than `shift_bound` times as long, and if it is at least `floor_ms` longer.
    `tail`, `tail_share`: an endpoint fails of whose requests more than this share (beyond those that got faster by as
    much) became at least so many times slower than the endpoint as a whole, or were never answered, if it is sure that it
    is more than `tail_bound_share`.
    `uniform`: all endpoints together may take so many times as long.
    `min_pairs`: endpoints with fewer are pooled by method. `min_sessions` must have seen what fails.
    `warm_up_s`, `warm_up_share`: the smaller of the two is left out at the start of the run.
    `untested_share`: more traffic than this without enough pairs makes the verdict inconclusive.
    `against_recording`: without a baseline run, whether times against the recording decide; they only advise otherwise.
    """

    shift: float = 1.5
    shift_bound: float = 1.2
    floor_ms: float = 5.0
    tail: float = 2.0
    tail_share: float = 0.03
    tail_bound_share: float = 0.005
    uniform: float = 1.5
    min_pairs: int = 20
    min_sessions: int = 3
    warm_up_s: float = 30.0
    warm_up_share: float = 0.1
    untested_share: float = 0.05
    against_recording: bool = False
