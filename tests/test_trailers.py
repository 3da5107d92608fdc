"""Trailers: found behind any body, and never where there are none."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay_users.engine.body import end_of
from replay_users.trailers import CUT, announces, both, divided, is_chunked, joined, trailers_of, with_trailers

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"
SUM = b"X-Sum: 1\r\n"

_NAMES = st.sampled_from([b"X-Sum", b"0", b"00", b"grpc-status", b"a", b"x'0"])
_VALUES = st.sampled_from([b"", b"1", b"0", b"a: b", b"0;a=b", b"\xe9", b'"0"', b"x\r\n folded"])
_TRAILERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=4).map(
    lambda pairs: b"".join(name + b": " + value + b"\r\n" for name, value in pairs)
)
_LIKE_AN_END = st.sampled_from(
    [b"\r\n0\r\nX: 1\r\n\r\n", b"0\r\n\r\n", b"\r\n", b"X: 1\r\n", b"0", b" 0\r\n", b"\0", b"a: b"]
)
_CHUNKS = st.lists(
    st.lists(_LIKE_AN_END | st.binary(max_size=9), min_size=1, max_size=4).map(b"".join).filter(len), max_size=4
)
_EXTENSIONS = st.sampled_from([b"", b";a=b", b';a="x:y"', b";0"])


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A chunked message, and its trailers."""
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), draw(_EXTENSIONS), chunk) for chunk in draw(_CHUNKS))
    trailers = draw(_TRAILERS)
    end = draw(st.sampled_from([b"0", b"00", b"000"])) + draw(_EXTENSIONS) + b"\r\n"
    head = draw(st.sampled_from([CHUNKED, CHUNKED.lower().replace(b"http", b"HTTP"), b"\r\n" + CHUNKED]))
    return head + body + end + trailers + b"\r\n", trailers


@settings(max_examples=400)
@given(messages())
@example((CHUNKED + b"2\r\nok\r\n0\r\n" + SUM + b"\r\n\r\n", SUM))
@example((CHUNKED + b"2\r\nok\r\n0\r\n" + SUM + b"\r\n\n", SUM))
@example((CHUNKED + b"2\r\nok\r\n0\r\n\r\n\r\n", b""))
@example((CHUNKED + b"8\r\n0\r\nX: 1\r\n0\r\n\r\n", b""))
def test_they_are_found_behind_any_body(message: tuple[bytes, bytes]) -> None:
    """Whatever the body looks like, with extensions, and with trailers that look like chunks."""
    received, trailers = message
    assert trailers_of(received) == trailers


@settings(max_examples=100)
@given(messages(), st.integers(0, 400), st.integers(1, 60))
def test_they_are_found_in_what_is_kept(message: tuple[bytes, bytes], first: int, each: int) -> None:
    """However it was cut into reads, as long as there are fewer than are kept of an end."""
    received, trailers = message
    at = received.find(b"\r\n\r\n", 4) + 4 + first
    kept, end, rest = received[:at], b"", received[at:]
    for start in range(0, len(rest), each):
        end = end_of(end, rest[start : start + each])
    assert trailers_of(kept + end) == trailers
    assert trailers_of(with_trailers(kept + end)) == trailers


@pytest.mark.parametrize("size", [1, 7, 4096, 20_000])
@pytest.mark.parametrize("lines", [0, 1, 700, 5_000])
def test_of_more_than_is_kept_nothing_is_known(size: int, lines: int) -> None:
    """Behind a body of any size; what is cut off is never read across."""
    body = b" X: 1\r\n" * 4_000 + b" "
    trailers = SUM * lines
    received = CHUNKED + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)
    kept, end, rest = received[:100], b"", received[100:]
    for start in range(0, len(rest), size):
        end = end_of(end, rest[start : start + size])
    assert end.startswith(CUT)
    expected = trailers if lines < 800 else None
    assert trailers_of(kept + end) == expected
    assert trailers_of(with_trailers(kept + end)) == expected


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN + b"0\r\nX: 1\r\n\r\n", id="not-chunked"),
        pytest.param(CHUNKED, id="a-head-alone"),
        pytest.param(PLAIN, id="the-head-of-an-answer-to-head"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n0\r\nX: 1\r\n\r\n", id="http-1.0"),
        pytest.param(CHUNKED + b"0\r\n\r\n", id="no-trailers"),
        pytest.param(CHUNKED + b"2\r\nok\r\n0\r\n\r\n", id="a-body-and-no-trailers"),
        pytest.param(CHUNKED.replace(b"chunked", b"chunked, gzip") + b"0\r\nX: 1\r\n\r\n", id="another-last-coding"),
    ],
)
def test_there_are_none(received: bytes) -> None:
    """Of what is not chunked nothing is a trailer."""
    assert trailers_of(received) == b""


@settings(max_examples=200)
@given(st.binary(max_size=80) | st.lists(_LIKE_AN_END, max_size=9).map(lambda parts: CHUNKED + b"".join(parts)))
def test_any_bytes_are_read(received: bytes) -> None:
    """Nothing raises, and what is found is the end of what was received."""
    found = trailers_of(received)
    assert found is None or received.rstrip(b"\r\n").endswith(found.rstrip(b"\r\n"))
    assert trailers_of(with_trailers(received)) == found


@settings(max_examples=100)
@given(messages())
def test_they_are_those_that_the_parser_hears(message: tuple[bytes, bytes]) -> None:
    """Fields and values are what httptools reads of the same bytes."""
    heard: list[tuple[bytes, bytes]] = []

    class Hears:
        """A parser's listener."""

        is_behind = False

        def on_headers_complete(self) -> None:
            """What follows are trailers."""
            self.is_behind = True

        def on_header(self, name: bytes, value: bytes) -> None:
            """A header or trailer."""
            if self.is_behind:
                heard.append((name, value))

    received, trailers = message
    try:
        httptools.HttpResponseParser(Hears()).feed_data(received)
    except httptools.HttpParserError:
        return
    assert len(heard) == len([line for line in trailers.split(b"\r\n") if line and not line.startswith(b" ")])


@pytest.mark.parametrize(
    ("head", "trailers"),
    [(b"", b""), (b"", SUM), (b"A: b\r\n", b""), (b"A: b\r\n", SUM), (b"A: b\r\nC: d\r\n", SUM + SUM)],
)
def test_a_recorded_head_keeps_them_behind_it(head: bytes, trailers: bytes) -> None:
    """And a head without any stays as it is."""
    assert divided(joined(head, trailers)) == (head, trailers)
    assert trailers or joined(head, trailers) == head


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"Trailer: X\r\n", True),
        (b"A: b\r\ntrailer:x\r\n", True),
        (b"X-Trailer: x\r\n", False),
        (b"A: trailer: x\r\n", False),
    ],
)
def test_a_head_announces_them(head: bytes, said: bool) -> None:
    """By the header's whole name, in any case."""
    assert announces(head) is said


@pytest.mark.parametrize(
    ("head", "recorded", "answer_head", "answered", "expected"),
    [
        pytest.param(b"", b"", b"", b"", (b"", b""), id="none"),
        pytest.param(b"", SUM, b"", b"", (SUM, b""), id="recorded"),
        pytest.param(b"Server: x\r\n", b"", b"Trailer: x\r\n", SUM, (b"", SUM), id="announced"),
        pytest.param(b"", b"", b"Trailer: x\r\n", SUM, (b"", b""), id="announced-and-no-head-was-recorded"),
        pytest.param(b"", b"", b"", SUM, (b"", b""), id="without-a-word"),
        pytest.param(b"Trailer: x\r\n", b"", b"Trailer: x\r\n", SUM, (b"", b""), id="the-capture-did-not-see-them"),
        pytest.param(b"", SUM, b"", None, (b"", b""), id="not-known"),
    ],
)
def test_what_is_compared(
    head: bytes, recorded: bytes, answer_head: bytes, answered: bytes | None, expected: tuple[bytes, bytes]
) -> None:
    """What was recorded, or what an answer announces that no recorded head did."""
    assert both(head, recorded, answer_head, answered) == expected


def test_chunked_is_the_last_coding() -> None:
    """Of the head alone, whatever follows."""
    assert is_chunked(CHUNKED + b"x")
    assert not is_chunked(PLAIN + CHUNKED)
