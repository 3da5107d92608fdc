"""Rules to YAML, as a person would write and review them.

Law: pure; what is written is read back to equal rules, but for their lines. The subtle thing: paths are written in
DeepDiff's syntax whichever they were read in, as that is what summaries show.
"""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from replay_users.compare.rules.model import (
    ByKey,
    Ignore,
    IgnoreStatus,
    Matching,
    Normalise,
    TypeOnly,
    Within,
    format_place,
)
from replay_users.compare.rules.precedence import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.compare.difference import Kind
    from replay_users.compare.rules.model import How, Learnt, Rule

__all__ = ["write_rules"]

_WIDTH = 120
_Value = TypeVar("_Value", str, int)


def write_rules(rules: Iterable[Rule]) -> str:
    """The text of a rules file."""
    written = [_rule(rule) for rule in rules]
    return yaml.dump(written, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=_WIDTH) if written else ""


class _Plain(yaml.SafeDumper):
    """Writes each value where it belongs, and no anchor where two rules end on the same day."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _rule(rule: Rule) -> dict[str, Any]:
    """One rule as plain values, in the order in which people read."""
    data: dict[str, Any] = {} if rule.endpoint == "*" else {"endpoint": rule.endpoint}
    places = ["status"] if isinstance(rule, IgnoreStatus) else [format_place(place) for place in rule.where]
    data[name_of(rule)] = _one_or_all(places)
    data |= {key: value for key, value in _extras(rule).items() if value is not None}
    data["reason"] = rule.reason
    if rule.expires:
        data["expires"] = rule.expires
    if rule.learnt:
        data["learnt"] = _learnt(rule.learnt)
    return data


def _learnt(learnt: Learnt) -> dict[str, Any]:
    data = asdict(learnt) | {"shapes": list(learnt.shapes)}
    return {key: value for key, value in data.items() if value not in ("", [], 0) or key in {"seen", "total"}}


def _extras(rule: Rule) -> dict[str, Any]:
    """What goes with the kind of rule."""
    extras: dict[str, Any] = {}
    match rule:
        case Ignore() | TypeOnly():
            extras = {"kinds": _sorted(rule.kinds)}
        case IgnoreStatus():
            extras = {"from": _one_or_all(rule.recorded), "to": _one_or_all(rule.replayed)}
        case ByKey():
            extras = {"by": _one_or_all(rule.by)}
        case Within():
            extras = {"absolute": _number(rule.absolute), "relative": _number(rule.relative)}
        case Matching():
            extras = {"shape": rule.shape.name, "kinds": _sorted(rule.kinds)}
        case Normalise():
            extras = {"how": _sorted(rule.how), "host": rule.hosts and _one_or_all(rule.hosts.texts())}
    return extras


def _one_or_all(values: Sequence[_Value]) -> _Value | list[_Value]:
    return values[0] if len(values) == 1 else list(values)


def _sorted(words: frozenset[Kind] | frozenset[How] | None) -> str | list[str] | None:
    return _one_or_all(sorted([word.value for word in words])) if words else None


def _number(value: Decimal | None) -> float | str | None:
    """A number, as a text where YAML's would not be quite it."""
    if value is None:
        return None
    near = float(value)
    return near if Decimal(repr(near)) == value else format(value, "f")
