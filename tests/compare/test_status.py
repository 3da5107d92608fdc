"""Statuses that differ: their names and how bad they are."""

from __future__ import annotations

import pytest

from replay_users.compare.status import Severity, severity, status_text


@pytest.mark.parametrize(
    ("recorded", "replayed", "expected"),
    [
        pytest.param(200, 500, Severity.BROKEN, id="failure"),
        pytest.param(404, 503, Severity.BROKEN, id="failure-of-a-refusal"),
        pytest.param(200, 404, Severity.REFUSED, id="refusal"),
        pytest.param(302, 403, Severity.REFUSED, id="refusal-of-a-redirect"),
        pytest.param(200, 302, Severity.CLASS, id="redirect"),
        pytest.param(404, 200, Severity.CLASS, id="found-now"),
        pytest.param(200, 201, Severity.WITHIN, id="within"),
        pytest.param(500, 502, Severity.WITHIN, id="another-failure"),
    ],
)
def test_how_bad_another_status_is(recorded: int, replayed: int, expected: Severity) -> None:
    """A failure is worse than a refusal, that is worse than another class, and that is worse than another status of one."""
    assert severity(recorded, replayed) is expected
    assert Severity.BROKEN > Severity.REFUSED > Severity.CLASS > Severity.WITHIN


@pytest.mark.parametrize(
    ("recorded", "replayed", "text"),
    [
        ("200", "500", "200 -> 500"),
        ("304", "200", "304 -> 200 (the client's copy is no longer valid)"),
        ("200", "304", "200 -> 304 (the client's copy is still valid)"),
        ("206", "200", "206 -> 200 (the range is not honoured)"),
        ("200", "206", "200 -> 206 (a part instead of the whole)"),
        ("206", "416", "206 -> 416 (the range is not there)"),
        ("x", "²", "x -> ²"),
    ],
)
def test_what_another_status_is_called(recorded: str, replayed: str, text: str) -> None:
    """Both numbers, and their meaning where a validator or a range decides."""
    assert status_text(recorded, replayed) == text
