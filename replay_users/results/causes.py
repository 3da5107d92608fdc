"""Signatures that have one cause, as one entry: the same field that changed in the same way, on however many endpoints.

Law: pure; reads a tally, changes nothing. A cause is a guess by likeness: the kind and class of the difference, the name of
the field, and what both values look like. What it groups stays whole in `signatures`.
Two things are one cause beyond likeness (`kin`): members that an object lost or gained together, and all of the markup of
a page that was built anew.
The subtle thing is the order: regressions first, and of these not the most frequent but what weighs most, which is how bad
a difference is times the share of sessions that met it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Class, Kind
from replay_users.compare.status import Severity, severity
from replay_users.results.kin import field_of, together
from replay_users.results.sessions import SessionSketch
from replay_users.results.signatures import SESSIONS, Exemplar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from replay_users.results.signatures import SignatureCount, SignatureKey
    from replay_users.results.tally import Tally

    _Row: TypeAlias = tuple[SignatureKey, SignatureCount]

__all__ = ["Cause", "causes_of", "value_shape"]

_NAMED = 20
"""Endpoints, fields and paths that are named; all are counted."""

_WEIGHTS: Final = {
    Kind.HEADER: 1,
    Kind.TRAILER: 1,
    Kind.REMOVED: 4,
    Kind.TYPE: 4,
    Kind.ENCODING: 4,
}
_USUAL = 2
_STATUSES = re.compile(r"([0-9]{3}) -> ([0-9]{3})\b", re.ASCII)
_STATUS_WEIGHTS: Final = {Severity.WITHIN: 2, Severity.CLASS: 4, Severity.REFUSED: 6, Severity.BROKEN: 8}
_BY_NAME: Final = frozenset({Kind.STATUS, Kind.HEADER, Kind.TRAILER})
"""Kinds whose cause is told by the name alone, whatever the values."""

_SHAPES: Final = (
    ("nothing", re.compile(r"")),
    ("null", re.compile(r"null")),
    ("flag", re.compile(r"true|false")),
    ("number", re.compile(r"-?[0-9][0-9.eE+-]*")),
    ("items", re.compile(r"[0-9]+ items")),
    ("secret", re.compile(r'"?\[redacted:[0-9]+\]"?')),
    ("uuid", re.compile(r'"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"')),
    ("time", re.compile(r'"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,]+(?:Z|[+-][0-9:]+)?)?"')),
    ("url", re.compile(r'"(?:https?:/)?/[^"]*"?')),
    ("number in quotes", re.compile(r'"-?[0-9][0-9.]*"')),
    ("object", re.compile(r"\{.*", re.DOTALL)),
    ("list", re.compile(r"\[.*", re.DOTALL)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: `field` is its name, `fields` are those that it is about.

    `share` is of the run's sessions; `severity` goes from 1 (a header) to 8 (what worked fails).
    """

    field: str
    fields: tuple[str, ...]
    field_count: int
    kind: str
    class_: str
    recorded: str
    replayed: str
    severity: int
    count: int
    sessions: int
    share: float
    endpoint_count: int
    endpoints: tuple[str, ...]
    paths: tuple[str, ...]
    exemplar: Exemplar | None

    def to_dict(self) -> dict[str, Any]:
        """An entry of `causes` in result.json."""
        entry = asdict(self)
        return {name.rstrip("_"): value for name, value in entry.items()}


def causes_of(tally: Tally) -> list[Cause]:
    """All causes of a run, those that weigh most first."""
    groups: defaultdict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for key, counted in tally.signatures.ranked():
        groups[_likeness(key, counted)].append((key, counted))
    everyone, differing = SessionSketch(), SessionSketch()
    for mine in tally.endpoints.values():
        everyone.merge(mine.sessions)
        differing.merge(mine.differing)
    causes = [
        _cause(likeness, rows, everyone, _met(rows, tally, differing, everyone))
        for likeness, rows in together(groups).items()
    ]
    causes.sort(key=_rank)
    return causes


def value_shape(shown: str) -> str:
    """What a value as it is shown looks like: `number`, `time`, `text` and so on."""
    return next((name for name, pattern in _SHAPES if pattern.fullmatch(shown)), "text")


def _likeness(key: SignatureKey, counted: SignatureCount) -> tuple[str, ...]:
    """What signatures of one cause have in common: field, kind, class and the shapes of both values."""
    _, path, kind, found = key
    if kind in _BY_NAME:
        return field_of(path, kind), kind, found, "", ""
    first = next(iter(counted.shown()), None)
    shapes = (value_shape(first.recorded), value_shape(first.replayed)) if first else ("", "")
    return field_of(path, kind), kind, found, *shapes


def _cause(likeness: tuple[str, ...], rows: Sequence[_Row], everyone: SessionSketch, met: int) -> Cause:
    field, kind, found, recorded, replayed = likeness
    endpoints = list(dict.fromkeys(key[0] for key, _ in rows))
    fields = list(dict.fromkeys(field_of(key[1], key[2]) for key, _ in rows))
    return Cause(
        field=field,
        fields=tuple(fields[:_NAMED]),
        field_count=len(fields),
        kind=kind,
        class_=found,
        recorded=recorded,
        replayed=replayed,
        severity=_severity(field, kind),
        count=_count(rows, several=len(fields) > 1),
        sessions=met,
        share=round(min(1.0, met / everyone.count), 6) if everyone.count else 0.0,
        endpoint_count=len(endpoints),
        endpoints=tuple(endpoints[:_NAMED]),
        paths=tuple(dict.fromkeys(key[1] for key, _ in rows))[:_NAMED],
        exemplar=next((shown for _, counted in rows for shown in counted.shown()), None),
    )


def _met(rows: Sequence[_Row], tally: Tally, *wholes: SessionSketch) -> int:
    """Of how many sessions: of one endpoint, whose sessions are these, as its signature says it."""
    sessions = SessionSketch(SESSIONS)
    for _, counted in rows:
        sessions.merge(counted.sessions)
    ends = {key[0] for key, _ in rows}
    mine = tally.endpoints.get(next(iter(ends))) if len(ends) == 1 else None
    return sessions.count_within(*(wholes if mine is None else (mine.differing, mine.compared_sessions)))


def _count(rows: Sequence[_Row], *, several: bool) -> int:
    """How many exchanges show it; of several fields, which most of them show together, that of the most frequent one."""
    if not several:
        return sum(counted.count for _, counted in rows)
    most: dict[str, int] = {}
    for (endpoint, *_), counted in rows:
        most[endpoint] = max(most.get(endpoint, 0), counted.count)
    return sum(most.values())


def _severity(field: str, kind: str) -> int:
    if kind != Kind.STATUS:
        return _WEIGHTS.get(Kind(kind), _USUAL)
    statuses = _STATUSES.match(field)
    return _STATUS_WEIGHTS[severity(int(statuses[1]), int(statuses[2]))] if statuses else _USUAL


def _rank(cause: Cause) -> tuple[bool, float, int, str, str]:
    return cause.class_ != Class.REGRESSION, -cause.severity * cause.share, -cause.count, cause.field, cause.kind
