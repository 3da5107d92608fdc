"""What differed, made into rules: the decision on each drift, and one rule where one field drifts on many endpoints.

Law: pure; the last day is told. The subtle thing is what a rule must not cover: an endpoint's glob is used only where each
endpoint that it covers was seen to drift, as often as the others, or the rule would hide what did not drift and a rate that
changes on one of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import Class, Kind
from replay_users.compare.noise import Accepted, Drift, Rate, Refused, confidence_text, decide
from replay_users.compare.rules.model import Header, Ignore, IgnoreStatus, Learnt, Trailer, format_place
from replay_users.path import parse_path
from replay_users.plan.selection import Pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from typing import TypeAlias

    from replay_users.compare.noise import Refusal
    from replay_users.compare.rules.model import Place, Rule

    _Field: TypeAlias = tuple[tuple[Place, ...], str, Kind]

__all__ = ["AA", "BASELINE", "Evidence", "Lesson", "in_order", "learn", "together"]

AA: Final = "aa"
BASELINE: Final = "baseline"
_REASONS: Final = {
    AA: "learnt: differs between two answers of the same target",
    BASELINE: "learnt: differs from the recording on a target known to be good",
}
_ALIKE = 0.2  # rates whose difference is less than this part of their sum may share a rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What runs of one sort saw: their drifts, and of each endpoint how much was compared, be it nothing.

    `crowded` are the endpoints that drifted in more places than a run tells apart.
    """

    source: str
    drifts: tuple[Drift, ...]
    measured: Mapping[str, Rate]
    crowded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt: rules, sorted, and what is not taken for noise with the reason."""

    rules: tuple[Rule, ...]
    refused: tuple[tuple[Drift, Refusal], ...]


def together(evidence: Sequence[Evidence]) -> Evidence:
    """Several runs of one sort as one: counts add up, sessions are those of the run with most, as they may be the same ones."""
    measured: dict[str, Rate] = {}
    for name, rate in (each for one in evidence for each in one.measured.items()):
        measured[name] = _added(measured.get(name), rate)
    drifts: dict[tuple[str, str, Kind, Class], Drift] = {}
    for drift in (each for one in evidence for each in one.drifts):
        key = drift.endpoint, drift.path_text, drift.kind, drift.found
        drifts[key] = _merged(drifts.get(key), drift)
    crowded = frozenset().union(*[one.crowded for one in evidence])
    return Evidence(source=evidence[0].source, drifts=tuple(drifts.values()), measured=measured, crowded=crowded)


def _added(one: Rate | None, other: Rate) -> Rate:
    if one is None:
        return other
    return Rate(seen=one.seen + other.seen, total=one.total + other.total, sessions=max(one.sessions, other.sessions))


def _merged(one: Drift | None, other: Drift) -> Drift:
    if one is None:
        return other
    members = one.members | other.members if one.members and other.members else one.members or other.members
    return replace(one, rate=_added(one.rate, other.rate), looks=one.looks | other.looks, members=frozenset(members))


def learn(evidence: Evidence, accepts: Callable[[Drift], bool], *, expires: date | None) -> Lesson:
    """The rules that make the drifts of these runs noise, but for those that nobody should take for it unasked."""
    fields: defaultdict[_Field, list[Drift]] = defaultdict(list)
    refused: list[tuple[Drift, Refusal]] = []
    for drift in sorted(evidence.drifts, key=lambda each: (each.endpoint, each.path_text, each.kind, each.found)):
        drift = replace(drift, rate=_rate(drift, evidence))  # noqa: PLW2901 - the same one, with its total
        decision = decide(drift, accepts)
        if isinstance(decision, Refused):
            refused.append((drift, decision.reason))
        else:
            fields[_where(drift, decision), _label(drift), drift.kind].append(drift)
    rules = [rule for field, drifts in fields.items() for rule in _rules(field, drifts, evidence, expires)]
    return Lesson(tuple(sorted(rules, key=in_order)), tuple(refused))


def _rate(drift: Drift, evidence: Evidence) -> Rate:
    """How often it drifted, of all that was compared of its endpoint in all runs."""
    of = evidence.measured.get(drift.endpoint, drift.rate)
    return Rate(seen=drift.rate.seen, total=max(of.total, drift.rate.seen), sessions=of.sessions)


def _where(drift: Drift, accepted: Accepted) -> tuple[Place, ...]:
    if drift.kind is Kind.STATUS:
        return ()
    if drift.kind in {Kind.HEADER, Kind.TRAILER}:
        name = str(getattr(parse_path(drift.path_text)[0], "name", ""))
        return (Header(name) if drift.kind is Kind.HEADER else Trailer(name),)
    return accepted.paths


def _label(drift: Drift) -> str:
    """What a status has instead of a place."""
    return drift.path_text if drift.kind is Kind.STATUS else ""


def _rules(field: _Field, drifts: Sequence[Drift], evidence: Evidence, expires: date | None) -> Iterator[Rule]:
    of_endpoint = {drift.endpoint: drift for drift in drifts}
    for glob, endpoints in _globs(of_endpoint, evidence.measured):
        yield _rule(field, glob, [of_endpoint[name] for name in endpoints], evidence.source, expires)


def _globs(drifts: Mapping[str, Drift], known: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Globs that cover nothing but endpoints that drift, as wide as can be, and what each covers."""
    left = dict.fromkeys(sorted(drifts))
    for glob in _candidates(left):
        covered = [name for name in {*known, *drifts} if Pattern(glob).matches(name)]
        if len(covered) > 1 and left.keys() >= set(covered) and _is_alike([drifts[name].rate for name in covered]):
            yield glob, sorted(covered)
            for name in covered:
                del left[name]
    yield from [(name, [name]) for name in left]


def _candidates(names: Iterable[str]) -> list[str]:
    """Beginnings of names, up to a slash or the method's end, the shortest first; whole names stand for what lies below."""
    begins = {"": None}
    for name in names:
        begins.update({name[: at + 1]: None for at, char in enumerate(name) if char in " /"})
        begins[name] = None
    return [f"{begin}*" for begin in sorted(begins, key=lambda each: (len(each), each))]


def _is_alike(rates: Sequence[Rate]) -> bool:
    shares = [rate.share for rate in rates]
    return max(shares) - min(shares) <= _ALIKE * (max(shares) + min(shares))


def _rule(field: _Field, glob: str, drifts: Sequence[Drift], source: str, expires: date | None) -> Rule:
    where, label, kind = field
    learnt = _learnt(drifts, source)
    reason = _REASONS[source]
    if kind is Kind.STATUS:
        recorded, replayed = [int(each.split()[0]) for each in label.split(" -> ")]
        return IgnoreStatus(
            recorded=(recorded,), replayed=(replayed,), endpoint=glob, reason=reason, expires=expires, learnt=learnt
        )
    kinds = None if kind in {Kind.HEADER, Kind.TRAILER} else frozenset({kind})
    return Ignore(where=where, kinds=kinds, endpoint=glob, reason=reason, expires=expires, learnt=learnt)


def _learnt(drifts: Sequence[Drift], source: str) -> Learnt:
    total = sum(drift.rate.total for drift in drifts)
    return Learnt(
        source=source,
        seen=sum(drift.rate.seen for drift in drifts),
        total=total,
        sessions=max(drift.rate.sessions for drift in drifts),
        confidence=confidence_text(total),
        shapes=tuple(sorted(frozenset().union(*[drift.looks for drift in drifts]))),
    )


def in_order(rule: Rule) -> tuple[str, str, str]:
    """How learnt rules are sorted: by endpoint, place and kinds."""
    if isinstance(rule, IgnoreStatus):
        return rule.endpoint, "status", f"{rule.recorded} {rule.replayed}"
    kinds = getattr(rule, "kinds", None) or ()
    return rule.endpoint, " ".join([format_place(place) for place in rule.where]), " ".join(sorted(kinds))
