"""How many sessions saw what: of an endpoint, of a signature, of the whole run, as result.json says it.

Law: pure; sketches in, counts out. A count is exact as long as a sketch holds all it has seen, else an estimate; beside it stands
a fair sample, within which everything is exact. The subtle thing: sessions meet several endpoints, so that those of the run are
the union, not the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.results.sessions import SessionSketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.results.endpoint_tally import EndpointTally
    from replay_users.results.sessions import SessionCount
    from replay_users.results.tally import Tally

__all__ = ["endpoint_sessions", "sampled_sessions", "sessions_of"]


def sampled_sessions(part: SessionSketch, whole: SessionSketch) -> dict[str, int]:
    """Of a fair sample of `whole`: how many were `seen`, and how many of these are in `part` as well."""
    differing, seen = part.share_of(whole)
    return {"seen": seen, "differing": differing}


def endpoint_sessions(mine: EndpointTally) -> dict[str, Any]:
    """Of one endpoint, of sessions of which an answer was compared."""
    return {
        "compared_sessions": mine.compared_sessions.count,
        "differing_sessions": mine.differing.count,
        "sampled_sessions": sampled_sessions(mine.differing, mine.compared_sessions),
        "broken": _turned(mine.broken, mine.compared_sessions),
        "mended": _turned(mine.mended, mine.compared_sessions),
    }


def sessions_of(tally: Tally) -> dict[str, Any]:
    """Of the whole run, in which sessions meet several endpoints."""
    ends = tally.endpoints.values()
    compared, differing = _union(mine.compared_sessions for mine in ends), _union(mine.differing for mine in ends)
    return {
        "sent": _union(mine.sessions for mine in ends).count,
        "compared": compared.count,
        "differing": differing.count,
        "sampled": sampled_sessions(differing, compared),
        "broken": _turned_of([(mine.broken, mine.compared_sessions) for mine in ends], compared),
        "mended": _turned_of([(mine.mended, mine.compared_sessions) for mine in ends], compared),
    }


def _turned(counted: SessionCount, whole: SessionSketch) -> dict[str, int]:
    return {"count": counted.count, "sessions": counted.sessions.count_within(whole)}


def _turned_of(parts: Sequence[tuple[SessionCount, SessionSketch]], whole: SessionSketch) -> int:
    """Of the whole run: no fewer than on any of its endpoints, whose estimates come of another sample."""
    most = max((counted.sessions.count_within(mine) for counted, mine in parts), default=0)
    return max(most, _union(counted.sessions for counted, _ in parts).count_within(whole))


def _union(sketches: Iterable[SessionSketch]) -> SessionSketch:
    """All that any of them has seen; they are of one size."""
    parts = list(sketches)
    found = SessionSketch(parts[0].k) if parts else SessionSketch()
    for each in parts:
        found.merge(each)
    return found
