"""Text that comes out of recorded traffic, so that GitHub and GitLab show it and do nothing else with it.

Law: pure; text to Markdown. Names stand in code spans, in which nothing is a link, a mention or a tag. Sentences stay text: what
would be markup in them is escaped, and what would become a mention, an issue or a link after that (both services look for these
in what they have rendered, where a backslash no longer helps) is broken up by a zero-width space.
The subtle thing: a `|` ends a table's cell even inside a code span, and is the one character that a backslash escapes there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from replay_users.results.wording import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["code", "escaped", "link", "table"]

_BROKEN: Final = "&#8203;"
_MARKS: Final = str.maketrans(
    {
        **{mark: f"\\{mark}" for mark in "\\`*_[]~!"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "|": "&#124;",
        "@": f"@{_BROKEN}",
        "#": f"#{_BROKEN}",
        "$": "<span>$</span>",
    }
)
"""`$` begins a formula on GitHub, which says to write it like this where none is meant."""
_LINKS: Final = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=gh)(?=-[0-9])")
_LISTS: Final = re.compile(r"^(?:(?=[+=-])|([0-9]+)(?=[.)](?: |$)))")
_TICKS: Final = re.compile(r"`+")
_ADDRESS: Final = "/:?&=%~+,;-._!'*#@"


def code(text: str, width: int) -> str:
    """A name as code, so many characters of it at most."""
    shown = cut(text, width) or "(empty)"
    fence = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    pad = " " if "`" in (shown[0], shown[-1]) or shown[0] == shown[-1] == " " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def escaped(text: str, width: int) -> str:
    """A sentence as text, so many characters of it at most."""
    shown = _LISTS.sub(r"\1\\", cut(text, width).strip().translate(_MARKS))
    return _LINKS.sub(_BROKEN, shown)


def link(name: str, place: str) -> str:
    """A link to a file of ours that lies at `place`, an address or a folder; without one beside this text."""
    address = quote(f"{place.rstrip('/')}/{name}" if place else name, safe=_ADDRESS)
    return f"[{name}](<{address}>)"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table's lines; columns whose head ends with a colon stand to the right."""
    marks = ["---:" if name.endswith(":") else "---" for name in head]
    lines = [[name.rstrip(":") for name in head], marks, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines]
