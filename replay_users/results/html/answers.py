"""Both answers of one exchange, line against line, with what is the same between them left out.

Law: pure. JSON is laid out anew without reading it: numbers and strings stay as they were written. The subtle thing: bounded in
every direction (lines compared, lines shown, characters of a line), since a body may be a megabyte on one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, Literal

from replay_users.results.html.marks import marked
from replay_users.results.html.reading import text
from replay_users.results.html.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markupsafe import Markup

__all__ = ["Answers", "Line", "answers_of", "laid_out"]

_MOST_LINES = 400
"""Lines of each side that are compared: the matcher is quadratic."""
_MOST_ROWS = 60
_MOST_ALONE = 12
"""Lines in a row that only one answer has."""
_CONTEXT = 2
_MOST_CHARS = 240
_DEEPEST = 12
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"', re.DOTALL)
_OPEN, _CLOSE = frozenset("{["), frozenset("}]")

Sort = Literal["same", "changed", "recorded", "replayed", "gap"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of both answers; a `gap` says how many are left out."""

    sort: Sort
    recorded: Markup
    replayed: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Both answers of one exchange: their statuses, and the lines that differ with what stands around them."""

    recorded_status: str
    replayed_status: str
    lines: list[Line]
    cut: bool
    whole: bool


def answers_of(exhibit: Mapping[str, Any]) -> Answers:
    """What a line of exhibits.jsonl shows."""
    body, answer = exhibit.get("body"), exhibit.get("answer_body")
    ours = [*_before(exhibit, ""), *(_lines(body) if isinstance(body, str) else [])]
    theirs = [*_before(exhibit, "answer_"), *(_lines(answer) if isinstance(answer, str) else [])]
    found = list(_compared(ours[:_MOST_LINES], theirs[:_MOST_LINES]))
    return Answers(
        recorded_status=text(exhibit, "status"),
        replayed_status=text(exhibit, "answer_status"),
        lines=found[:_MOST_ROWS],
        cut=len(found) > _MOST_ROWS or max(len(ours), len(theirs)) > _MOST_LINES,
        whole=isinstance(body, str) and isinstance(answer, str),
    )


def _before(exhibit: Mapping[str, Any], side: str) -> list[str]:
    """Headers, and trailers where there are any: before the body, of which only the beginning may be shown."""
    trailers = [f"trailer {line}" for line in _head(text(exhibit, f"{side}trailers"))]
    return [*_head(text(exhibit, f"{side}head")), *trailers, ""]


def _head(block: str) -> list[str]:
    """Header lines by name, as the order of an answer's headers says nothing, and without the time of day."""
    lines = block.replace("\r\n", "\n").strip("\n").split("\n") if block else []
    return sorted(line for line in lines if not line.lower().startswith("date:"))


def _lines(body: str) -> list[str]:
    stripped = body.strip()
    if stripped[:1] in _OPEN and stripped[-1:] in _CLOSE:
        return laid_out(stripped)
    return body.replace("><", ">\n<").splitlines()


def laid_out(source: str) -> list[str]:
    """JSON with a line for each member, its tokens as they were written; what only looks like JSON comes out whole too."""
    tokens = _TOKENS.findall(source)
    lines: list[str] = []
    depth, now, before = 0, "", ""
    for piece, after in zip(tokens, [*tokens[1:], ""], strict=False):
        opens, closes = piece in _OPEN, piece in _CLOSE
        is_empty = (opens and after in _CLOSE) or (closes and before in _OPEN)
        if closes and not is_empty:
            depth = max(0, depth - 1)
            now = _ended(lines, now, depth)
        now += ": " if piece == ":" else piece
        if piece == "," or (opens and not is_empty):
            depth += opens
            now = _ended(lines, now, depth)
        before = piece
    _ended(lines, now, 0)
    return lines


def _ended(lines: list[str], line: str, depth: int) -> str:
    """Keep a line, unless there is nothing on it; how the next one begins."""
    if line.strip():
        lines.append(line)
    return "  " * min(depth, _DEEPEST)


def _compared(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Line]:
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        if first := group[0][1]:
            yield _gap(f"from line {first + 1:,}")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from [Line("same", _shown(line), _shown(line)) for line in ours[a:b]]
            else:
                yield from _changed(ours[a:b], theirs[c:d])


def _gap(told: str) -> Line:
    return Line("gap", visible(told), visible(""))


def _changed(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Line]:
    """Lines against lines; of many that only one answer has, the first."""
    both = min(len(ours), len(theirs))
    yield from [
        Line("changed", *marked(left[:_MOST_CHARS], right[:_MOST_CHARS]))
        for left, right in zip(ours, theirs, strict=False)
    ]
    yield from [Line("recorded", _shown(line), visible("")) for line in ours[both:][:_MOST_ALONE]]
    yield from [Line("replayed", visible(""), _shown(line)) for line in theirs[both:][:_MOST_ALONE]]
    if (more := max(len(ours), len(theirs)) - both - _MOST_ALONE) > 0:
        yield _gap(
            f"and {more:,} lines more that only the {'recorded' if len(ours) > len(theirs) else 'replayed'} answer has"
        )


def _shown(line: str) -> Markup:
    return visible(line, _MOST_CHARS)
