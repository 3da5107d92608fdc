"""Learnt noise in a run: how often each learnt field differed, beside how often it did when it was learnt.

Law: pure; rules and a tally in, rows out. The subtle thing: a rule may stand for many endpoints, and its rate is asked of each
of them by itself, so that an endpoint on which the field now always differs does not hide behind those where it does not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from replay_users.compare.difference import Kind
from replay_users.compare.noise import Rate, rose
from replay_users.compare.rules import Header, Ignore, IgnoreStatus, Trailer, covers_endpoint, format_place
from replay_users.path import Deep, Patterns, parse_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.compare.rules import Learnt, Rule, Rules
    from replay_users.path import Path
    from replay_users.results.tally import Tally

__all__ = ["Noise", "noise_of"]

_Seen: TypeAlias = "Mapping[str, list[tuple[str, str, int]]]"
"""By endpoint: path, kind and count of what rules ignored."""
_STAR = parse_path("root[*]")[0]
_FIELDS = {Kind.HEADER: Header, Kind.TRAILER: Trailer}


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A learnt rule on one endpoint: how often it was learnt to differ, how often it did, and whether that is more."""

    endpoint: str
    path: str
    kind: str
    learnt: Rate
    seen: Rate
    alarm: bool
    line: int

    def to_dict(self) -> dict[str, Any]:
        """An entry of `noise` in result.json."""
        return {
            "endpoint": self.endpoint,
            "path": self.path,
            "kind": self.kind,
            "learnt": _rate(self.learnt),
            "seen": _rate(self.seen),
            "alarm": self.alarm,
            "line": self.line,
        }


def noise_of(rules: Rules, tally: Tally) -> tuple[Noise, ...]:
    """Every learnt rule on every endpoint that it covers and of which anything was compared; what alarms comes first."""
    learnt = [rule for rule in rules.rules if rule.learnt is not None]
    if not learnt:
        return ()
    seen = _seen(tally)
    rows = [
        (rule, name, _now(rule, name, tally, seen))
        for name, mine in sorted(tally.endpoints.items())
        if mine.matched + mine.mismatched
        for rule in learnt
        if covers_endpoint(rule, name)
    ]
    found = [_noise(rule, rule.learnt, name, now, len(rows)) for rule, name, now in rows if rule.learnt is not None]
    return tuple(sorted(found, key=lambda each: (not each.alarm, -each.seen.seen, each.endpoint, each.path)))


def _seen(tally: Tally) -> _Seen:
    by_endpoint: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for key, count in tally.noise_by.items():
        endpoint, _, rest = key.partition("\t")
        path, _, kind = rest.rpartition("\t")
        if kind:  # what found no place of its own has none
            by_endpoint[endpoint].append((path, kind, count))
    return by_endpoint


def _now(rule: Rule, endpoint: str, tally: Tally, seen: _Seen) -> Rate:
    """How often it differed there; of several paths under one rule the one that did most often, as they may meet."""
    mine = tally.endpoints[endpoint]
    counts = [count for path, kind, count in seen.get(endpoint, ()) if _is_of(rule, path, Kind(kind))]
    total = mine.matched + mine.mismatched
    return Rate(seen=min(total, max(counts, default=0)), total=total, sessions=mine.sessions.count)


def _is_of(rule: Rule, path_text: str, kind: Kind) -> bool:
    """Whether what was ignored there is what this rule is about."""
    if isinstance(rule, IgnoreStatus):
        return kind is Kind.STATUS and _is_of_status(rule, path_text)
    if kind is Kind.STATUS:
        return False
    path = parse_path(path_text)
    if field := _FIELDS.get(kind):
        return field(str(getattr(path[0], "name", ""))) in rule.where
    if isinstance(rule, Ignore) and rule.kinds is not None and kind not in rule.kinds:
        return False
    return any(isinstance(place, tuple) and _covers(place, path) for place in rule.where)


def _is_of_status(rule: IgnoreStatus, path_text: str) -> bool:
    """Behind some pairs of statuses it says what they mean."""
    was, _, now, *_ = path_text.split()
    return int(was) in rule.recorded and int(now) in rule.replayed


def _covers(place: Path, path: Path) -> bool:
    """A rule that names items by their places is met by the path that stars them."""
    if Patterns([(*place, Deep())]).matches(path):
        return True
    pairs = zip(place, path, strict=False)
    return len(place) == len(path) and all(other in {one, _STAR} for one, other in pairs)


def _statuses(rule: IgnoreStatus) -> str:
    return f"{rule.recorded[0]} -> {rule.replayed[0]}"


def _noise(rule: Rule, learnt: Learnt, endpoint: str, now: Rate, checks: int) -> Noise:
    was = Rate(seen=learnt.seen, total=learnt.total, sessions=learnt.sessions)
    is_status = isinstance(rule, IgnoreStatus)
    kinds = sorted(getattr(rule, "kinds", None) or ())
    return Noise(
        endpoint=endpoint,
        path=_statuses(rule) if isinstance(rule, IgnoreStatus) else ", ".join(map(format_place, rule.where)),
        kind="status" if is_status else ", ".join(kinds) or "any",
        learnt=was,
        seen=now,
        alarm=rose(was, now, checks=checks),
        line=rule.line,
    )


def _rate(rate: Rate) -> dict[str, Any]:
    return {"count": rate.seen, "of": rate.total, "sessions": rate.sessions, "rate": round(rate.share, 6)}
