"""The points of the most frequent signatures.

Law: pure; gives its lines in pieces, as `points` does. The subtle thing: a signature has its first point once it is among the
most frequent, and that point has all that was counted of it before, as the rest of one that fell behind comes at the run's
end; so the sum over a run is right.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from replay_users.results.influx_lines import Places
from replay_users.results.influx_schema import DIFF, SIGNATURES_KEPT, SIGNATURES_SHOWN
from replay_users.results.sessions import SessionSketch
from replay_users.results.signatures import SESSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.results.influx_lines import Lines
    from replay_users.results.signatures import SignatureCount, SignatureTable

__all__ = ["SignaturePoints"]

_LOOKED_AT, _WRITTEN = 50, 10
"""Signatures in one piece."""

_Signature: TypeAlias = tuple[str, str, str]
"""Endpoint, kind and path; of one there may be several classes."""


class SignaturePoints:
    """The signatures of one run."""

    def __init__(self, run_id: str, lines: Lines) -> None:
        self._run = run_id
        self._lines = lines
        self._places = Places(SIGNATURES_KEPT)
        self._written: dict[
            _Signature, tuple[int, int]
        ] = {}  # how often, and in how many sessions, by the points so far

    def interval(self, table: SignatureTable, at: int) -> Iterator[str]:
        """What came since the last call."""
        counts: dict[_Signature, int] = {}
        behind: dict[_Signature, list[SignatureCount]] = {}
        entries = iter(list(table.counts.items()))
        while chunk := list(islice(entries, _LOOKED_AT)):
            for (endpoint, path, kind, _), count in chunk:
                key = endpoint, kind, path
                counts[key] = counts.get(key, 0) + count.count
                behind.setdefault(key, []).append(count)
            yield ""
        limit = _limit(list(counts.values()))
        yield ""
        shown = iter(self._most_frequent(counts, limit))
        yield ""
        while part := list(islice(shown, _WRITTEN)):
            yield "".join(self._line(key, counts[key], _sessions(behind[key]), at) for key in part)

    def _most_frequent(self, counts: Mapping[_Signature, int], limit: int) -> list[_Signature]:
        """Of those equally frequent, the ones that had a point before come first."""
        above = [key for key, count in counts.items() if count > limit]
        equal = [key for key, count in counts.items() if count == limit]
        equal.sort(key=lambda key: key not in self._written)
        return [key for key in [*above, *equal][:SIGNATURES_SHOWN] if self._places.has(key)]

    def _line(self, key: _Signature, count: int, sessions: int, at: int) -> str:
        return self._point(key, count, sessions, at) if count > self._written.get(key, (0, 0))[0] else ""

    def _point(self, key: _Signature, count: int, sessions: int, at: int) -> str:
        before, _ = self._written.get(key, (0, 0))
        self._written[key] = max(before, count), sessions
        endpoint, kind, path = key
        new = max(0, count - before)
        return self._lines.of(DIFF, (endpoint, kind, self._run, path), {"count": new, "sessions": sessions}, at)

    def rest(self, signatures: Sequence[Mapping[str, Any]], at: int) -> str:
        """What no point has yet of the signatures that had some; `signatures` are those of result.json."""
        counts: dict[_Signature, tuple[int, int]] = {}
        for each in signatures:
            key = each["endpoint"], each["kind"], each["path"]
            count, sessions = counts.get(key, (0, 0))
            counts[key] = count + each["count"], max(sessions, each["sessions"])
        return "".join(self._last(key, *counts[key], at) for key in list(self._written) if key in counts)

    def _last(self, key: _Signature, count: int, sessions: int, at: int) -> str:
        """Also where nothing is new but how many sessions there were, of which the result knows more than an interval."""
        return "" if self._written[key] == (count, sessions) else self._point(key, count, sessions, at)


def _limit(counts: list[int]) -> int:
    """How frequent the last one is that is shown."""
    counts.sort(reverse=True)
    return counts[:SIGNATURES_SHOWN][-1] if counts else 0


def _sessions(classes: Sequence[SignatureCount]) -> int:
    """Distinct sessions, whatever classes they saw."""
    if len(classes) == 1:
        return classes[0].sessions.count
    together = SessionSketch(SESSIONS)
    for each in classes:
        together.merge(each.sessions)
    return together.count
