"""What the checks say of answers that fail: 2xx that became 5xx, and requests without an answer.

Law: pure; evidence in, checks and claims out. The subtle thing: errors that come and go on both sides weigh each other up
(McNemar), each session with one vote, so that a flaky service is no regression; but an endpoint of which nothing works any
more is one, however few its sessions are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.results.gate.claims import Claim
from replay_users.results.gate.evidence import Turned
from replay_users.results.gate.hard import FAILED
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.shares import Share, rise_p
from replay_users.results.gate.statistics import mcnemar_p, wilson_p
from replay_users.results.validity import CheckKind
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.results.baseline import Baseline
    from replay_users.results.gate.evidence import EndpointEvidence, Evidence
    from replay_users.results.gate.settings import GateSettings
    from replay_users.results.pairs import Pair

__all__ = ["SERVER_ERRORS", "broken", "broken_by_endpoint", "unanswered_by_endpoint"]

SERVER_ERRORS: Final = "server errors"
_KNOWN = 63
"""Up to so many sessions are counted exactly (`results.sessions`); more are estimated, and weigh no more than so many."""
_DEAD = 2
"""Answers that must all have failed before an endpoint counts as dead: a single one may be bad luck."""
_UNANSWERED_SESSIONS, _MUTE_SESSIONS = 3, 2
"""Who must have gone without an answer: where nobody gets one, two are no matter of one user's connection."""
_FEW = 12
"""So few sessions are hardly ever sure by themselves: 7 of 7 are 2^-7, and 30 % of all their answers would pass."""


def broken_by_endpoint(
    evidence: Evidence, settings: GateSettings, accepted: Baseline | None
) -> Iterator[Check | Claim]:
    """Of each endpoint with such an answer."""
    for each in evidence.endpoints:
        if not each.broken.count:
            continue
        before = None if accepted is None else accepted.broken_share(each.name)
        if _is_dead(each, evidence, settings) and (before is None or not before.differing):
            yield _dead(each)
        else:
            yield _broken(evidence, settings, each.broken, each.mended, endpoint=each, before=before)


def broken(evidence: Evidence, settings: GateSettings, accepted: Baseline | None) -> Check | Claim | None:
    """Of the whole run; endpoints of which a baseline accepts such answers are left to themselves."""
    if not evidence.totals.compared:
        return None
    mine = [each for each in evidence.endpoints if accepted is None or not accepted.is_broken(each.name)]
    worse = _together([each.broken for each in mine], evidence.broken_sessions)
    better = _together([each.mended for each in mine], evidence.mended_sessions)
    if worse.count:
        return _broken(evidence, settings, worse, better)
    return Check(
        name=SERVER_ERRORS,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.PASS,
        sentence="no answer that was 2xx is 5xx" + _beside(evidence, mine),
        value=0,
        numbers={"broken": 0, "mended": better.count},
    )


def unanswered_by_endpoint(
    evidence: Evidence, settings: GateSettings, pairs: Mapping[str, Sequence[Pair]]
) -> Iterator[Claim]:
    """Of each endpoint with requests that got no answer; `pairs` know of how many sessions they were."""
    limit = settings.limits.max_failed_percent / 100
    of_run = max(evidence.sessions.seen, len({pair.session for mine in pairs.values() for pair in mine}))
    for each in evidence.endpoints:
        sessions = {pair.session for pair in pairs.get(each.name, ()) if pair.service is None}
        if not each.failed or not sessions:
            continue
        yield Claim(
            name=FAILED,
            kind=CheckKind.COVERAGE,
            endpoint=each.name,
            sentence=(
                f"{each.failed:,} of {each.sent:,} requests of {each.name} got no answer, in at least"
                f" {_sessions(len(sessions))}; the limit is {100 * limit:g} %"
            ),
            p=wilson_p(each.failed, each.sent, limit),
            holds=len(sessions) >= min(_MUTE_SESSIONS if each.failed == each.sent else _UNANSWERED_SESSIONS, of_run),
            value=each.failed / each.sent,
            limit=limit,
            numbers={"failed": each.failed, "sent": each.sent, "sessions": len(sessions)},
        )


def _is_dead(each: EndpointEvidence, evidence: Evidence, settings: GateSettings) -> bool:
    """Whether all that worked fails; in a run of one or two sessions a single answer is all there is."""
    least = 1 if evidence.sessions.seen < settings.min_error_sessions else _DEAD
    return each.broken.count == each.succeeded >= least


def _dead(each: EndpointEvidence) -> Check:
    count = each.broken.count
    sentence = f"all {count:,} answers of {each.name} that were 2xx are 5xx"
    if count == 1:
        sentence = f"the only answer of {each.name} that was 2xx is 5xx"
    return Check(
        name=SERVER_ERRORS,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL,
        sentence=sentence,
        value=count,
        limit=0,
        endpoint=each.name,
        numbers={"broken": count, "broken_sessions": each.broken.sessions, "mended": each.mended.count},
    )


def _broken(
    evidence: Evidence,
    settings: GateSettings,
    worse: Turned,
    better: Turned,
    *,
    endpoint: EndpointEvidence | None = None,
    before: Share | None = None,
) -> Claim:
    """Where one or two sessions are all there is, or most of a few saw one, answers are weighed up instead."""
    few = evidence.sessions.seen < settings.min_error_sessions
    few = few or _is_most_of_few(worse, better, endpoint.share.seen if endpoint else evidence.sessions.seen)
    ups, downs = (worse.count, better.count) if few else _within((worse.sessions, better.sessions))
    p, allowed, accepted = mcnemar_p(ups, downs), "", True
    where = f" of {endpoint.name}" if endpoint else ""
    if endpoint is not None and before is not None:
        now = Share(worse.sessions, max(worse.sessions, endpoint.share.seen))
        p, accepted = max(p, rise_p(now, before)), now.low > before.high
        allowed = f"; the baseline has {before.differing:,} of {before.seen:,} sessions"
    return Claim(
        name=SERVER_ERRORS,
        kind=CheckKind.MISMATCHES,
        endpoint=endpoint.name if endpoint else None,
        sentence=(
            f"{several(worse.count, 'answer')}{where} changed from 2xx to 5xx, in {_sessions(worse.sessions)};"
            f" {_mended(better)}{allowed}"
        ),
        p=p,
        holds=accepted and worse.sessions >= min(settings.min_error_sessions, evidence.sessions.seen),
        value=worse.count,
        limit=better.count,
        numbers={
            "broken": worse.count,
            "broken_sessions": worse.sessions,
            "mended": better.count,
            "mended_sessions": better.sessions,
        },
    )


def _is_most_of_few(worse: Turned, better: Turned, seen: int) -> bool:
    """Whether it is no matter of a session or two, though sessions are too few to be weighed up."""
    return seen <= _FEW and 2 * worse.sessions > seen >= 2 * better.sessions


def _within(sessions: tuple[int, int]) -> tuple[int, int]:
    """Both numbers made smaller alike, where one is an estimate: it must not weigh more than what it was estimated from."""
    most = max(sessions)
    if most <= _KNOWN:
        return sessions
    worse, better = sessions
    return worse * _KNOWN // most, -(-better * _KNOWN // most)


def _together(parts: Sequence[Turned], sessions: int) -> Turned:
    """Of several endpoints, which share their sessions: `sessions` are those of all endpoints."""
    return Turned(sum(each.count for each in parts), min(sessions, sum(each.sessions for each in parts)))


def _beside(evidence: Evidence, mine: Sequence[EndpointEvidence]) -> str:
    """What endpoints have of it that are judged by themselves, since a baseline accepts some of it there."""
    left = [each.broken.count for each in evidence.endpoints if each not in mine and each.broken.count]
    return (
        f", but for {sum(left):,} on {several(len(left), 'endpoint')} where the baseline accepts some" if left else ""
    )


def _mended(better: Turned) -> str:
    if not better.count:
        return "none the other way round"
    return f"{better.count:,} the other way round, in {_sessions(better.sessions)}"


def _sessions(count: int) -> str:
    return several(count, "session")
