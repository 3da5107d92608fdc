"""Any bytes at all from a peer: the short form of `python -m tests.fuzz.responses`, and what that has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.peer import END, RESET, Peer, no_network
from tests.fuzz.responses import Input, Inputs, findings, tunnel_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

_METHODS = st.sampled_from(["GET", "HEAD", "POST"])
_PIECES = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=60),
        st.sampled_from(
            [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 \r\n\r\n", b"Content-Length: 3\r\n", b"\r\n", b"abc", b"0\r\n\r\n"]
        ),
        st.just(b"Transfer-Encoding: chunked\r\n\r\n"),
    ),
    min_size=1,
    max_size=12,
)
_ENDS: st.SearchStrategy[tuple[bytes | None, ...]] = st.sampled_from([(), (END,), (RESET,)])


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    with no_network():
        yield


@settings(max_examples=1500, deadline=None)
@given(_METHODS, _PIECES, _ENDS)
def test_any_pieces(method: str, pieces: list[bytes], end: tuple[bytes | None, ...]) -> None:
    """Whatever a peer says, nothing is raised, the exchange ends once, and only what is explained leaves the connection open."""
    assert findings(Input(method, (*pieces, *end))) == []


@settings(max_examples=700, deadline=None)
@given(_PIECES, _ENDS)
def test_any_answer_of_a_proxy(pieces: list[bytes], end: tuple[bytes | None, ...]) -> None:
    """Whatever a proxy answers to CONNECT, nothing is raised and the exchange that waits for it ends once."""
    assert tunnel_findings(Input("GET", (*pieces, *end))) == []


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(20_000, id="20000"),
        pytest.param(1_000_000, id="1000000", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_mutated_answers(count: int) -> None:
    """Good answers and known faults, changed at random and cut up anyhow, and read by `http.client` too, show no defect."""
    source = Inputs(seed=count)
    for nth in range(count):
        given_ = source.next()
        assert findings(given_, compare=nth % 8 == 0) == [], (nth, given_)
        assert nth % 4 or tunnel_findings(given_) == [], (nth, given_)


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01"
FOUND = [
    pytest.param("GET", (b"\r\n\r\nHTTP/1", END), id="line breaks taken for a head"),
    pytest.param(
        "GET", (b"HTTP/1.1 100 Continue\r", b"\n\r\n\r\n\r\n", END), id="line breaks behind an interim answer"
    ),
    pytest.param("GET", (b"HTTP/1.1 003 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", END), id="a status of 3"),
    pytest.param("GET", (b"HTTP/1.1 003 X\r\nContent-Length: 0\r\n\r\n",), id="a status of 3, framed"),
    pytest.param("GET", (b"\r\n\r\n" + ANSWER, END), id="a length behind line breaks"),
]
"""What it has found, each time a fault that was taken for an answer."""


@pytest.mark.parametrize(("method", "pieces"), FOUND)
def test_what_was_found(method: str, pieces: tuple[bytes | None, ...]) -> None:
    """None of these is an answer."""
    assert findings(Input(method, pieces)) == []
    peer = Peer()
    ending = peer.carry(method, pieces)
    peer.connection.close()
    assert ending.times == 0 or ending.fault is not None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("pieces", [1, 2, 100])
def test_line_breaks_before_an_answer_are_no_part_of_it(method: str, pieces: int) -> None:
    """Line breaks that an earlier answer left behind change nothing, however they are cut up."""
    said = b"\r\n\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"ok" if method == "GET" else b"")
    size = -(-len(said) // pieces)
    peer = Peer()
    ending = peer.carry(method, [said[n : n + size] for n in range(0, len(said), size)])
    assert (ending.times, ending.fault, ending.flight.answer_status) == (1, None, 200)
    assert not peer.connection.closed
