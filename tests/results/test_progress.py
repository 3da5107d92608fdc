"""The progress line."""

from __future__ import annotations

import doctest

import pytest

from replay_users.results import progress
from replay_users.results.progress import progress_line


def test_its_example_is_true() -> None:
    """The example in the documentation is what comes out."""
    found = doctest.testmod(progress)
    assert (found.attempted, found.failed) == (1, 0)


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        pytest.param((0, 0, 0.0, None, 0, None), "0/0  0/s  0 mismatched", id="nothing-known"),
        pytest.param(
            (99, 100, 1234.5, "over", 0, 0.0), "99/100 (99 %)  1,234/s  lag p99 over  0 mismatched  0s left", id="over"
        ),
        pytest.param(
            (5, 10, 1.0, 12.34, 1, -3.0), "5/10 (50 %)  1/s  lag p99 12.3 ms  1 mismatched  0s left", id="late"
        ),
    ],
)
def test_it_shows_what_is_known(
    figures: tuple[int, int, float, float | str | None, int, float | None], line: str
) -> None:
    """Unknown figures are left out, and no time is left below zero."""
    assert progress_line(*figures) == line
