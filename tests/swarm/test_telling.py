"""Lines for the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.swarm.telling import tell

if TYPE_CHECKING:
    import pytest


def test_a_line_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """What is told is a whole line on stderr, and stdout stays empty."""
    tell("stopping")
    assert capsys.readouterr() == ("", "stopping\n")
