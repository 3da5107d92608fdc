"""How the parts of a result are put into words, for every text that is made of it.

Law: pure; a part of result.json to one line, nothing computed anew. Names come out of recorded traffic, so what cannot be
printed in them is shown as its code, and a text is cut where it would be too wide. What a mark means to the reader of one
format (Markdown, XML) is that format's own concern.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Kind
from replay_users.errors import UsageError
from replay_users.path import format_path, parse_path
from replay_users.results.kin import MARKUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "VERDICTS",
    "bounds",
    "cut",
    "difference",
    "milliseconds",
    "parted",
    "place",
    "plain",
    "several",
    "tail",
    "times",
    "weighty",
    "where",
]

VERDICTS: Final = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE"}

_CONTEXT: Final = 5
"""Characters that are shown before the place where two long values part."""
_FIELDS: Final = 60
"""Characters of the fields of one cause."""
_REPEATED: Final = 3
"""Endpoints that are named beside a check of the whole run that says the same."""
_ALIKE: Final = {"inconclusive": 3, "pass": 0}
"""Endpoints that stand for all where checks decided in this way."""


def plain(text: str) -> str:
    """A text of one line: what cannot be printed is shown as its code."""
    return text if text.isprintable() else "".join([c if c.isprintable() else _code(c) for c in text])


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode()


def cut(text: str, width: int) -> str:
    """The beginning of a text."""
    shown = plain(text)
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


def tail(path: str, width: int) -> str:
    """The end of a path, which says more than its beginning."""
    shown = plain(path)
    return shown if len(shown) <= width else f"…{shown[1 - width :]}"


def several(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def weighty(checks: Iterable[Mapping[str, Any]], verdict: str, most: int) -> tuple[list[Mapping[str, Any]], int]:
    """Checks that decided in this way, and how many more there are; those of the whole run come first.

    What cannot be told of one endpoint cannot be told of most of them for the same reason, so three stand for all; what passed
    is told of the whole run.
    """
    found = [check for check in checks if not check["advisory"] and check["verdict"] == verdict]
    found.sort(key=lambda check: check.get("endpoint") is not None)
    whole = sum(check.get("endpoint") is None for check in found)
    told = _without_repeats(found)
    shown = told[: min(most, whole + _ALIKE.get(verdict, len(found)))]
    return shown, len(found) - len(shown)


def _without_repeats(found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of endpoints that say what a check of the whole run says already, the first three."""
    summed: set[str] = set()
    times: Counter[str] = Counter()
    told = []
    for check in found:
        if check.get("endpoint") is None:
            summed.add(check["name"])
        else:
            times[check["name"]] += 1
        if check["name"] not in summed or times[check["name"]] <= _REPEATED:
            told.append(check)
    return told


def milliseconds(value: float | str | None) -> str:
    """A duration as it stands in a result: ms, `over`, or `-` for one that was not measured."""
    return "-" if value is None else value if isinstance(value, str) else f"{value:,.1f} ms"


def bounds(ratio: Mapping[str, Any], more: str = "") -> str:
    """Between what a ratio surely is, in brackets; nothing where it has no bounds, or lies beyond everything."""
    told = [f"{times(ratio['lower'])} to {times(ratio['upper'])}"] if isinstance(ratio["lower"], int | float) else []
    told += [more] if more else []
    return f" ({', '.join(told)})" if told else ""


def times(ratio: float | str | None) -> str:
    """A ratio as it stands in a result."""
    return "-" if ratio is None else ratio if isinstance(ratio, str) else f"{ratio:.2f}x"


def parted(recorded: str, replayed: str, width: int) -> tuple[str, str]:
    """Two texts too long to show whole, from shortly before the place where they differ."""
    pairs = enumerate(zip(recorded, replayed, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(recorded), len(replayed)))
    if same > _CONTEXT and max(len(recorded), len(replayed)) > width:
        recorded, replayed = "…" + recorded[same - _CONTEXT :], "…" + replayed[same - _CONTEXT :]
    return cut(recorded, width) or "nothing", cut(replayed, width) or "nothing"


def difference(cause: Mapping[str, Any], *, path: int, value: int) -> str:
    """What a cause is, with an example: paths and values take so many characters at most."""
    told, example = where(cause, path), cause["exemplar"]
    if example is None:
        return told
    found = cut(example["id"], value)
    if cause["field_count"] > 1:
        return f"{told} (in {found})"
    recorded, replayed = parted(example["recorded"], example["replayed"], value)
    return f"{told}: {recorded} -> {replayed} (in {found})"


def place(path: str, kind: str) -> tuple[str, str]:
    """Where a signature lies and its kind, the place as rules and `--accept` write it: a header has its kind in it."""
    if kind not in {Kind.HEADER, Kind.TRAILER}:
        return path, kind
    name = getattr(parse_path(path)[0], "name", "") if path.startswith("root[") else path
    return f"{kind}:{name}", ""


def where(cause: Mapping[str, Any], width: int) -> str:
    """The field and the kind; one path is told whole."""
    kind, paths = cause["kind"], cause["paths"]
    if cause["field_count"] > 1:
        return _fields(cause, width)
    if kind == Kind.STATUS:
        return "status"
    if kind in {Kind.HEADER, Kind.TRAILER}:
        return f"{kind} {cut(cause['field'], width)}"
    return f"{tail(paths[0], width) if len(paths) == 1 else cut(cause['field'], width)} {kind}"


def _fields(cause: Mapping[str, Any], width: int) -> str:
    """What several fields of one cause are: `14 members of root removed (license, source, …)`."""
    if cause["field"] == MARKUP:
        return f"markup, {cause['field_count']:,} sorts of elements and attributes"
    names = cut(", ".join(cause["fields"]), _FIELDS)
    container = tail(_container(cause["paths"][0]), width)
    return f"{cause['field_count']:,} members of {container} {cause['kind']} ({names})"


def _container(path: str) -> str:
    """The object that a member is in."""
    try:
        return format_path(parse_path(path)[:-1])
    except UsageError:  # of a result that somebody else wrote
        return path
