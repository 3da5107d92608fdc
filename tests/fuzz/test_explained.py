"""The strict reader that says which bytes an answer explains."""

from __future__ import annotations

import pytest

from tests.fuzz.explained import answer_end

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("data", "method"),
    [
        pytest.param(_ANSWER, "GET", id="length"),
        pytest.param(_ANSWER[:-2], "HEAD", id="head"),
        pytest.param(b"HTTP/1.1 100 Go\r\n\r\n" + _ANSWER, "GET", id="interim"),
        pytest.param(_CHUNKED + b"2\r\nok\r\n0\r\n\r\n", "GET", id="chunked"),
        pytest.param(_CHUNKED + b"2;a=b\r\nok\r\n00\r\nT: 1\r\nU: 2\r\n\r\n", "POST", id="trailers"),
        pytest.param(b"HTTP/1.1 204 No\r\n\r\n", "GET", id="204"),
    ],
)
def test_a_whole_answer_ends_where_it_ends(data: bytes, method: str) -> None:
    """The end is found, whatever follows; of less there is none."""
    assert answer_end(data, method) == len(data)
    assert answer_end(data + b"junk", method) == len(data)
    assert answer_end(data[:-1], method) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nto the end", id="unframed"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokay", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok", id="a bad length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Content-Length: 2\r\n\r\nok", id="another header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", id="another coding"),
        pytest.param(_CHUNKED + b"1\r\nok\r\n0\r\n\r\n", id="a bad chunk"),
        pytest.param(b"HTTP/1.1 101 Go\r\n\r\n", id="101"),
        pytest.param(b"SSH-2.0\r\n\r\n", id="no HTTP"),
    ],
)
def test_nothing_else_is_explained(data: bytes) -> None:
    """What frames nothing, or badly, explains nothing."""
    assert answer_end(data, "GET") is None
