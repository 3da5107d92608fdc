"""The documentation as the tests see it: pages, fenced blocks, and the comment above a block.

Law: reading only, no assertions. A comment directly above a block says what a test has to do with it: `not run: REASON`,
`file: NAME` (the block is the content of that file), `output: COMMAND` (the block is what the command prints).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "Page"]

ROOT = Path(__file__).parents[2]

_COMMENT = r"(?:^<!-- (?P<key>[a-z ]+): (?P<note>[^\n]+?) -->\n)?"
_BLOCK = re.compile(_COMMENT + r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the comment above it as key and note."""

    kind: str
    text: str
    key: str
    note: str
    line: int

    @property
    def is_commands(self) -> bool:
        """Whether it is there to be typed."""
        return self.kind in {"sh", "console", "bash", "shell"}

    @property
    def is_run(self) -> bool:
        """Whether a test runs it."""
        return self.is_commands and self.key != "not run"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of documentation."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root of the repository."""
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        text = self.text
        return [
            Block(m["kind"], m["text"], m["key"] or "", m["note"] or "", text.count("\n", 0, m.start("text")))
            for m in _BLOCK.finditer(text)
        ]


PAGES = [
    Page(path)
    for path in sorted(
        [
            ROOT / "README.md",
            ROOT / "CONTRIBUTING.md",
            ROOT / "CHANGELOG.md",
            ROOT / "k8s" / "README.md",
            *(ROOT / "docs").rglob("*.md"),
        ]
    )
]
