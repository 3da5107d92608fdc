"""What scripts are made of."""

from __future__ import annotations

import pytest

from replay_users.testing import http_answer, serve


@pytest.mark.parametrize(
    ("answer", "wire"),
    [
        pytest.param(http_answer(), b"HTTP/1.1 200 Scripted\r\nContent-Length: 0\r\n\r\n", id="empty"),
        pytest.param(
            http_answer(b"ok", status=404), b"HTTP/1.1 404 Scripted\r\nContent-Length: 2\r\n\r\nok", id="with a body"
        ),
        pytest.param(
            http_answer(b"ok", head=b"A: b\r\n", length=False),
            b"HTTP/1.1 200 Scripted\r\nA: b\r\n\r\nok",
            id="without a length",
        ),
    ],
)
def test_http_answer(answer: bytes, wire: bytes) -> None:
    """An answer has a status line, its length unless told otherwise, the given headers, and the body."""
    assert answer == wire


def test_serving_needs_no_answer() -> None:
    """A target that only has to be there answers with an empty 200; bytes that are given are taken as they are, even none."""
    assert serve().data == http_answer()
    assert serve(b"").data == b""
