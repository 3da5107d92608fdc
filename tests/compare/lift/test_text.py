from __future__ import annotations

import pytest

from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.lift.text import read_lines
from replay_users.compare.limits import LIMITS, Limits


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("a\r\nb\rc\n", ["a", "b", "c"], id="line-ends"),
        pytest.param("  a \t\n\nb\n\n", ["  a", "", "b"], id="white-space"),
        pytest.param("", [], id="nothing"),
        pytest.param("\n\n", [], id="empty-lines"),
        pytest.param("a\x0bb\u2028c", ["a\x0bb\u2028c"], id="other-separators"),
    ],
)
def test_a_text_is_its_lines(text: str, lines: list[str]) -> None:
    """However they end, without what stands invisibly behind them."""
    assert read_lines(text, LIMITS) == lines


def test_too_many_lines_are_too_many() -> None:
    """A text is not divided further than the limit."""
    with pytest.raises(Beyond):
        read_lines("a\n" * 9, Limits(nodes=5))
