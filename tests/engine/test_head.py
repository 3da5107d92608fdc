"""What the head of an answer says beyond what the parser tells."""

from __future__ import annotations

import pytest

from replay_users.engine.head import after_head, broken_off, is_framed, is_http2, status_of
from replay_users.model import Fault


def head(*lines: bytes, body: bytes = b"") -> bytes:
    """A 200 with these header lines."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines)) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("raw", "framed"),
    [
        pytest.param(head(b"Content-Length: 3"), True, id="a length"),
        pytest.param(head(b"content-LENGTH:0", b"A: b"), True, id="whatever its case"),
        pytest.param(head(b"Transfer-Encoding: chunked"), True, id="chunked"),
        pytest.param(head(b"TRANSFER-encoding:gzip, Chunked \t"), True, id="chunked last"),
        pytest.param(
            head(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"), True, id="chunked in a line of its own"
        ),
        pytest.param(head(), False, id="nothing said"),
        pytest.param(head(b"Transfer-Encoding: gzip"), False, id="another coding"),
        pytest.param(head(b"Transfer-Encoding: chunked, gzip"), False, id="another coding last"),
        pytest.param(head(b"Transfer-Encoding: unchunked"), False, id="a coding of a similar name"),
        pytest.param(head(b"X-Content-Length: 3", b"X: Content-Length: 3"), False, id="only similar headers"),
        pytest.param(
            head(body=b"\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"), False, id="said by the body"
        ),
    ],
)
def test_framing(raw: bytes, framed: bool) -> None:
    """An answer says where it ends by a length, or by being chunked last of all; else its connection's end is its own."""
    assert is_framed(raw) is framed


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        pytest.param(head(b"A: b"), b"", id="nothing follows"),
        pytest.param(b"\r\n\r\n" + head(body=b"ok"), b"ok", id="line breaks before it"),
        pytest.param(
            head(body=b"\r\n\r\nbody\r\n\r\n"), b"\r\n\r\nbody\r\n\r\n", id="only the first empty line ends it"
        ),
    ],
)
def test_what_follows_the_head(raw: bytes, rest: bytes) -> None:
    """The rest begins after the first empty line."""
    assert after_head(raw) == rest


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(head(b"Content-Length: 3", body=b"a"), 200, id="whole"),
        pytest.param(b"HTTP/1.0 503 Busy\r\n\r\n", 503, id="another"),
        pytest.param(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, id="line breaks before it"),
        pytest.param(b"\r\n\r\nHTTP/1.1 2", 0, id="line breaks are no head"),
        pytest.param(
            head(b"Transfer-Encoding: chunked", body=b"zz\r\nbad chunk"), 200, id="a bad body is not its fault"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-", 0, id="not whole"),
        pytest.param(head(b"Content-Length: 2x"), 0, id="a bad length"),
        pytest.param(b"junk\r\n\r\n", 0, id="none"),
        pytest.param(b"", 0, id="nothing"),
    ],
)
def test_the_status_before_a_fault(raw: bytes, status: int) -> None:
    """A status counts once its head has come whole and is one."""
    assert status_of(raw) == status


SETTINGS = bytes.fromhex("000006040000000000000400100000")


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param(SETTINGS, True, id="settings"),
        pytest.param(SETTINGS[:9], True, id="its head only"),
        pytest.param(SETTINGS[:8], False, id="not its whole head"),
        pytest.param(SETTINGS[:8] + b"\1", False, id="of a stream"),
        pytest.param(b"\0\0\0\6" + SETTINGS[4:], False, id="another frame"),
        pytest.param(b"HTT\4\0\0\0\0\0", False, id="too long a frame"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_the_first_frame_of_http2(raw: bytes, wanted: bool) -> None:
    """A server of HTTP/2 begins with SETTINGS on stream 0."""
    assert is_http2(raw) == wanted


@pytest.mark.parametrize(
    ("whole", "begun", "closed", "reset"),
    [
        pytest.param(True, True, Fault.CLOSED_IN_BODY, Fault.RESET_IN_BODY, id="after the head"),
        pytest.param(False, True, Fault.CLOSED_IN_HEADERS, Fault.RESET_IN_HEADERS, id="in the head"),
        pytest.param(False, False, Fault.CLOSED_BEFORE_HEADERS, Fault.RESET_BEFORE_HEADERS, id="before it"),
    ],
)
def test_where_an_answer_breaks_off(whole: bool, begun: bool, closed: Fault, reset: Fault) -> None:
    """The fault says how far the answer had come, and how the connection ended."""
    assert (broken_off(whole, begun=begun, reset=False), broken_off(whole, begun=begun, reset=True)) == (closed, reset)
