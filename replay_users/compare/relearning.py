"""A rules file that learns: what people wrote in it stays as it is, byte for byte; what was learnt is written anew.

Law: pure; texts in, a text out that reads back. A learnt rule is one with a `learnt` block, and who takes that block out makes
the rule his own. The subtle thing: lines are moved, not values, so that comments survive: one above a learnt rule, or in it,
goes where the rule goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from replay_users.compare.learning import in_order
from replay_users.compare.rules.model import IgnoreStatus, covers_endpoint
from replay_users.compare.rules.nodes import Nodes
from replay_users.compare.rules.precedence import topics
from replay_users.compare.rules.read import read_rules
from replay_users.compare.rules.write import write_rules
from replay_users.errors import UsageError
from replay_users.path import Deep, Path, Patterns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from replay_users.compare.rules.model import Rule

__all__ = ["HEADING", "Relearnt", "relearn"]

HEADING: Final = (
    "# Learnt by replay-users learn, and written anew when it learns again. To make a rule your own, take its\n"
    "# `learnt` block out.\n"
)


@dataclass(frozen=True, slots=True)
class Relearnt:
    """The file's new text, and how many learnt rules came `new`, were `renewed`, `kept` as they were or dropped as `over`.

    `yours` are the rules that were not written, because a rule that somebody wrote decides there.
    """

    text: str
    new: int
    renewed: int
    kept: int
    over: int
    yours: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """A learnt rule as it stands in the file, with the comments that go with it."""

    rule: Rule
    comments: tuple[str, ...]


def relearn(text: str, name: str, learnt: Sequence[Rule], today: date) -> Relearnt:
    """A file's text with what was learnt now.

    Raises:
        UsageError: the file is none that can be kept: no rules, or not one to a `- `.
    """
    rest, items, column = _parted(text, name)
    own = [rule for rule in read_rules(text, name) if rule.learnt is None]
    yours = tuple([rule for rule in learnt if any(_covers(mine, rule) for mine in own)])
    now = {_key(rule): rule for rule in learnt if rule not in yours}
    held = [item for item in items if item.rule.expires is None or item.rule.expires >= today]
    old = {_key(item.rule): item for item in held}
    kept = [item for key, item in old.items() if key not in now]
    fresh = [_Item(rule, old[key].comments if key in old else ()) for key, rule in now.items()]
    both = sorted([*kept, *fresh], key=lambda item: in_order(item.rule))
    return Relearnt(
        text=_joined(rest, both, column, name),
        new=sum(key not in old for key in now),
        renewed=sum(key in old for key in now),
        kept=len(kept),
        over=len(items) - len(held),
        yours=yours,
    )


def _key(rule: Rule) -> tuple[object, ...]:
    """What makes two learnt rules the same one."""
    if isinstance(rule, IgnoreStatus):
        return rule.endpoint, rule.recorded, rule.replayed
    return rule.endpoint, rule.where, getattr(rule, "kinds", None)


def _covers(mine: Rule, learnt: Rule) -> bool:
    """Whether a rule of a person's own decides wherever a learnt one would: it is not for a machine to add to that."""
    if not (covers_endpoint(mine, learnt.endpoint) or mine.endpoint == learnt.endpoint):
        return False
    if isinstance(mine, IgnoreStatus) or isinstance(learnt, IgnoreStatus):
        return type(mine) is type(learnt) and _key(mine)[1:] == _key(learnt)[1:]
    if not topics(learnt) <= topics(mine):
        return False
    paths = [place for place in mine.where if isinstance(place, tuple)]
    below = Patterns([(*path, Deep()) for path in paths])
    return all(_holds_at(place, mine.where, below) for place in learnt.where)


def _holds_at(place: object, places: Sequence[object], below: Patterns) -> bool:
    return below.matches(_path(place)) if isinstance(place, tuple) else place in places


def _path(place: tuple[object, ...]) -> Path:
    return place  # type: ignore[return-value]


def _parted(text: str, name: str) -> tuple[str, list[_Item], int]:
    """The file without its learnt rules, those, and the column its rules begin in."""
    root = Nodes(name).compose(text)
    if root is None:
        return text.replace(HEADING, ""), [], 0
    if not isinstance(root, yaml.SequenceNode) or root.flow_style:
        raise UsageError(
            f"{name} is no list of rules with a '- ' each, so it cannot be learnt into: choose another --out"
        )
    lines = text.splitlines(keepends=True)
    starts = [_dash_line(lines, node.start_mark.line) for node in root.value]
    items, taken = [], set[int]()
    for rule, start, end in zip(read_rules(text, name), starts, [*starts[1:], len(lines)], strict=True):
        if rule.learnt is not None:
            mine = _lines_of(lines, start, end)
            comments = tuple([lines[nth].strip() for nth in mine if _is_comment(lines[nth])])
            items.append(_Item(rule, tuple([each for each in comments if f"{each}\n" not in HEADING])))
            taken.update(mine)
    rest = "".join([line for nth, line in enumerate(lines) if nth not in taken])
    return rest.replace(HEADING, ""), items, root.start_mark.column


def _lines_of(lines: Sequence[str], start: int, end: int) -> range:
    """A rule's lines, and the comments right above it."""
    while end > start + 1 and (not lines[end - 1].strip() or _is_comment(lines[end - 1])):
        end -= 1
    while start and _is_comment(lines[start - 1]):
        start -= 1
    return range(start, end)


def _dash_line(lines: Sequence[str], line: int) -> int:
    while line and not lines[line].lstrip().startswith("-"):
        line -= 1
    return line


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _joined(rest: str, items: Sequence[_Item], column: int, name: str) -> str:
    rest = rest.rstrip("\n ") + "\n" if rest.strip() else ""
    if not items:
        return rest
    section = HEADING + "".join([_written(item, column) for item in items])
    text = f"{rest}\n{section}" if rest else section
    read_rules(text, name)  # a contradiction with a rule of somebody's own is told, not written
    return text


def _written(item: _Item, column: int) -> str:
    indent = " " * column
    lines = [*item.comments, *write_rules([item.rule]).splitlines()]
    return "".join([f"{indent}{line}\n" if line else "\n" for line in lines])
