"""Whether a release made anything slower: a candidate run set beside a baseline run of the same recording, pair by pair.

Law: pure; two samples of pairs in, findings out. What the runs differ in as a whole is taken off first (`environment`), then
each endpoint is asked twice: did it become slower (`latency_shift`), did a part of it (`latency_tail`). Small endpoints are
pooled by method and the pool is asked. Without a baseline run the recorded times are the other side, and all is advice:
production was measured at another place.
The subtle thing: p-values are handed over as they are; only whoever knows all checks of the run can correct for their number.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from replay_users.results.gate.environment import environment_of, log_ratios
from replay_users.results.gate.latency_blocks import Span, blocks_of
from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.latency_hops import hops_of
from replay_users.results.gate.latency_pairs import match_pairs, pool
from replay_users.results.gate.latency_shift import shift_finding, shift_of
from replay_users.results.gate.latency_stall import stall_finding
from replay_users.results.gate.latency_tail import tail_finding, tail_of
from replay_users.results.gate.latency_uniform import uniform_finding
from replay_users.results.gate.latency_unrest import unrest_of
from replay_users.results.gate.model import Decision
from replay_users.results.gate.statistics import holm
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.results.gate.environment import Environment
    from replay_users.results.gate.latency_pairs import Matched
    from replay_users.results.gate.latency_settings import LatencySettings
    from replay_users.results.pairs import Pair

__all__ = ["Finding", "decide_latency", "latency_checks"]

BASELINE, RECORDED = "in the baseline run", "recorded"
"""The other side, in sentences."""


def latency_checks(
    candidate: Mapping[str, Sequence[Pair]],
    baseline: Mapping[str, Sequence[Pair]] | None,
    *,
    connect_ns: tuple[int | None, int | None],
    duration_ns: int,
    settings: LatencySettings,
    seen: Mapping[str, int] | None = None,
) -> Sequence[Finding]:
    """All that can be said of times, those of the whole run first.

    Args:
        candidate: by endpoint, the pairs of the run that is judged.
        baseline: those of a run of the same recording that was good; `None` sets the recorded times against the run.
        connect_ns: how long opening a connection took in the median, in the run and in the other; `None` is not known.
        duration_ns: how long the run was.
        settings: how much slower it may be.
        seen: of how many exchanges the pairs are a sample, by endpoint, so that each weighs what it carries.
    """
    warm_up = min(settings.warm_up_s * 1e9, settings.warm_up_share * duration_ns)
    span = Span(warm_up, duration_ns)
    hops = hops_of(connect_ns, candidate, baseline, settings.min_pairs)
    matched = match_pairs(candidate, baseline, hops_ns=hops, warm_up_ns=warm_up)
    environment = environment_of(matched, settings.min_pairs, settings.floor_ms * 1e6)
    tested = _tested(matched, settings.min_pairs)
    weights = {each.endpoint: len(candidate[each.endpoint]) for each in matched} if seen is None else seen
    found = [
        _evidence(matched, tested, weights, settings),
        *_judged(tested, span, environment, settings, BASELINE if baseline is not None else RECORDED),
    ]
    decides = baseline is not None or settings.against_recording
    return [finding if decides else replace(finding, advisory=True, doubt="") for finding in found]


def decide_latency(findings: Sequence[Finding], alpha: float = 0.01) -> Decision:
    """The verdict of these findings alone, corrected by Holm for all that decide."""
    deciding = [finding for finding in findings if not finding.advisory]
    claims = [(finding, finding.p) for finding in deciding if finding.p is not None]
    verdicts = {finding.verdict for finding in deciding if finding.p is None}
    corrected = holm([p for _, p in claims])
    verdicts |= {_settled(finding, p, alpha) for (finding, _), p in zip(claims, corrected, strict=True)}
    return next((each for each in (Decision.FAIL, Decision.INCONCLUSIVE) if each in verdicts), Decision.PASS)


def _settled(finding: Finding, p: float, alpha: float) -> Decision:
    if p <= alpha and finding.verdict is Decision.FAIL:
        return Decision.FAIL
    return Decision.INCONCLUSIVE if finding.doubt else Decision.PASS


def _tested(matched: Sequence[Matched], min_pairs: int) -> list[Matched]:
    """Endpoints with enough pairs, and pools of the others that have enough together."""
    small: dict[str, list[Matched]] = defaultdict(list)
    for each in matched:
        if len(each) < min_pairs:
            small[each.endpoint.partition(" ")[0]].append(each)
    pools = [
        pool(f"{method} (pool of {len(parts)} small endpoints)" if len(parts) > 1 else parts[0].endpoint, parts)
        for method, parts in sorted(small.items())
    ]
    return [each for each in (*matched, *pools) if len(each) >= min_pairs]


def _judged(
    tested: Sequence[Matched], span: Span, environment: Environment, settings: LatencySettings, other: str
) -> Iterator[Finding]:
    shifts = [shift_of(each, log_ratios(each, environment), blocks_of(each, span)) for each in tested]
    if not shifts:
        return
    tails = [tail_of(shift, environment, settings) for shift in shifts]
    run_likeness = median(shift.likeness for shift in shifts)
    yield uniform_finding(shifts, environment, settings, run_likeness=run_likeness, other=other)
    if (stall := stall_finding(tails, span)) is not None:
        yield stall
    unrest = unrest_of(shifts, run_likeness)
    for shift in shifts:
        yield shift_finding(shift, span, environment, settings, run_likeness=run_likeness, unrest=unrest, other=other)
    of_tails = median(tail.likeness for tail in tails)
    for tail in tails:
        yield tail_finding(tail, span, settings, run_likeness=of_tails, endpoints=len(tails), other=other)


def _evidence(
    matched: Sequence[Matched], tested: Sequence[Matched], weights: Mapping[str, int], settings: LatencySettings
) -> Finding:
    """How much of the traffic was asked at all; too little makes the verdict inconclusive."""
    asked = {member for each in tested for member in each.members}
    total = sum(weights.get(each.endpoint, 0) for each in matched)
    untested = sum(weights.get(each.endpoint, 0) for each in matched if each.endpoint not in asked)
    share = untested / total if total else 1.0
    pairs, left_out = sum(map(len, matched)), _left_out(matched)
    told = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)
    return Finding(
        name="latency evidence",
        endpoint=None,
        p=None,
        verdict=Decision.PASS if share <= settings.untested_share else Decision.INCONCLUSIVE,
        value=round(share, 6),
        limit=settings.untested_share,
        sentence=f"{several(pairs, 'pair')} set side by side{f' (left out: {told})' if told else ''};"
        f" endpoints with {100 * share:.1f} % of the traffic have too few pairs to judge their times, the limit is"
        f" {100 * settings.untested_share:g} %",
        advisory=False,
        numbers={"pairs": pairs, **{reason.replace(" ", "_"): count for reason, count in left_out.items()}},
    )


def _left_out(matched: Sequence[Matched]) -> dict[str, int]:
    return {
        "in warm up": sum(each.warm_up for each in matched),
        "of another status class": sum(each.other_work for each in matched),
        "not in the other run": sum(each.alone for each in matched),
    }
