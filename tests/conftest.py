"""What every test may use: golden files.

Law: fixtures that belong to one stage live in that stage's folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

_GOLDEN = Path(__file__).parent / "golden"


class Golden(Protocol):
    """Compares a text with `tests/golden/<name>`, or writes it there with `--update-golden`."""

    def __call__(self, name: str, text: str) -> None:
        """Fail if the text is not what the golden file says."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing with them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden files; a changed one is a change for a reviewer to read."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}: write it with --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare
