"""Heads that were found to agree are known again when only time has passed; nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Match
from replay_users.compare.headers import Heads
from replay_users.compare.known_heads import KnownHeads

HEAD = b"Date: %s\r\nServer: x\r\nVary: Cookie\r\nContent-Length: 4\r\n"
FIRST, LATER, NEXT_DAY = (
    b"Mon, 23 Nov 2026 20:28:30 GMT",
    b"Mon, 23 Nov 2026 21:00:01 GMT",
    b"Tue, 24 Nov 2026 20:28:30 GMT",
)
STATUS = b"HTTP/1.1 200 OK\r\n"


def answer(date: bytes, head: bytes = HEAD, body: bytes = b"body") -> bytes:
    """What is received: status line, head and the beginning of a body."""
    return STATUS + head % date + b"\r\n" + body


@pytest.fixture
def known() -> KnownHeads:
    """It knows one pair, of endpoint 0 and 4 bytes of body."""
    heads = KnownHeads()
    heads.learn(0, 4, HEAD % FIRST, answer(FIRST))
    return heads


@pytest.mark.parametrize(
    ("recorded", "received", "agree"),
    [
        pytest.param(HEAD % FIRST, answer(FIRST), True, id="the-same"),
        pytest.param(HEAD % LATER, answer(LATER), True, id="later"),
        pytest.param(HEAD % FIRST, answer(LATER, body=b"other"), True, id="another-body-behind-it"),
        pytest.param(HEAD % NEXT_DAY, answer(FIRST), False, id="another-day-is-compared-again"),
        pytest.param(HEAD % FIRST, answer(FIRST).replace(b"Cookie", b"Origin"), False, id="another-value"),
        pytest.param(HEAD % FIRST, answer(FIRST).replace(b"\r\n\r\n", b"\r\nVary: a\r\n\r\n"), False, id="one-more"),
        pytest.param(HEAD % FIRST, answer(FIRST).replace(b"Vary: Cookie\r\n", b""), False, id="one-less"),
        pytest.param((HEAD % FIRST).replace(b"Cookie", b"Origin"), answer(FIRST), False, id="recorded-otherwise"),
        pytest.param(HEAD % FIRST + b"Vary: a\r\n", answer(FIRST), False, id="more-was-recorded"),
        pytest.param(
            HEAD % FIRST, answer(FIRST).replace(b"20:28:30", b"\r\nvary:x"), True, id="no-header-fits-in-a-time"
        ),
    ],
)
def test_a_known_pair_is_known_again(known: KnownHeads, recorded: bytes, received: bytes, agree: bool) -> None:
    """The time of day may be another one on either side; everything else is the same, to the end of the head."""
    assert known.agree(0, 4, recorded, received) is agree


def test_another_endpoint_or_size_is_another_pair(known: KnownHeads) -> None:
    """What is known of one endpoint says nothing about another."""
    assert not known.agree(1, 4, HEAD % FIRST, answer(FIRST))
    assert not known.agree(0, 5, HEAD % FIRST, answer(FIRST))


@pytest.mark.parametrize("head", [b"Server: x\r\n", b"Date: today\r\n", b""], ids=["no-date", "another-date", "empty"])
def test_heads_without_a_date_are_known_too(head: bytes) -> None:
    """Where there is no date, the whole head is the same."""
    known = KnownHeads()
    known.learn(0, 4, head, STATUS + head + b"\r\n")
    assert known.agree(0, 4, head, STATUS + head + b"\r\nbody")
    assert not known.agree(0, 4, head, STATUS + b"Vary: a\r\n" + head + b"\r\nbody")


def test_what_is_remembered_is_bounded() -> None:
    """Large heads and unfinished ones are not remembered, and thousands of pairs make it begin anew."""
    known = KnownHeads()
    large = b"X: " + b"a" * 3_000 + b"\r\n"
    known.learn(0, 4, large, STATUS + large + b"\r\n")
    known.learn(1, 4, HEAD, STATUS + HEAD)
    assert not known.agree(0, 4, large, STATUS + large + b"\r\n")
    for endpoint in range(5_000):
        known.learn(endpoint, 4, HEAD % FIRST, answer(FIRST))
    assert len(known._pairs) <= 2_048
    assert known.agree(4_999, 4, HEAD % LATER, answer(LATER))


@settings(max_examples=100)
@given(at=st.integers(0, 200), byte=st.integers(0, 255))
def test_no_byte_but_those_of_the_time_may_change(at: int, byte: int) -> None:
    """Any other byte of the received head that changes makes the pair unknown."""
    known, received = KnownHeads(), answer(FIRST)
    known.learn(0, 4, HEAD % FIRST, received)
    changed = bytearray(received)
    at %= received.index(b"\r\n\r\n") + 4
    changed[at] = byte
    begin = received.index(b"20:28:30")
    assert known.agree(0, 4, HEAD % FIRST, bytes(changed)) is (bytes(changed) == received or begin <= at < begin + 8)


TRACED = b"X-Trace: %s\r\nVary: Cookie\r\nX-Request-Id: %s\r\nDate: Mon, 23 Nov 2026 20:28:30 GMT\r\n"


def traced(trace: bytes, request: bytes) -> tuple[bytes, bytes]:
    """A recorded head and an answer; only the first has this trace."""
    return TRACED % (trace, request), STATUS + TRACED % (b"none", request) + b"\r\nbody"


@pytest.fixture
def experienced() -> KnownHeads:
    """It has seen that traces and ids of requests are others each time."""
    heads = KnownHeads()
    heads.learn(0, 4, *traced(b"aaaa", b"11"))
    heads.learn(0, 4, *traced(b"bbbb", b"22"))
    return heads


@pytest.mark.parametrize(
    ("recorded", "received", "agree"),
    [
        pytest.param(*traced(b"cccc", b"33"), True, id="new-values"),
        pytest.param(*traced(b"aaaa", b"11"), True, id="old-values"),
        pytest.param(traced(b"cccc", b"33")[0], traced(b"cccc", b"44")[1], True, id="either-side-by-itself"),
        pytest.param(
            traced(b"cccc", b"33")[0], STATUS + TRACED % (b"some", b"44") + b"\r\n", True, id="the-other-side-too"
        ),
        pytest.param(*traced(b"cccc", b"333"), False, id="another-length"),
        pytest.param(
            traced(b"cccc", b"33")[0].replace(b"Cookie", b"Origin"), traced(b"", b"33")[1], False, id="compared"
        ),
    ],
)
def test_values_that_are_not_compared_may_change_once_they_did(
    experienced: KnownHeads, recorded: bytes, received: bytes, agree: bool
) -> None:
    """Traces and ids that were others before mean nothing; what stayed has to stay."""
    assert experienced.agree(0, 4, recorded, received) is agree


def test_no_header_hides_in_a_value_that_may_change() -> None:
    """A line more is a line more, wherever it stands; the other way round a line's end may not be missing."""
    heads = KnownHeads()
    for trace in (b"0" * 20, b"1" * 20):
        heads.learn(0, 4, *traced(trace, b"11"))
    hidden = b"0\r\nSet-Cookie: a=1.."
    assert not heads.agree(0, 4, *traced(b"\r\nVary: Origin, X: 2", b"11"))
    assert not heads.agree(0, 4, *traced(hidden, b"11"))
    assert heads.agree(0, 4, *traced(b"Vary: Origin, X: 2..", b"11"))


def test_a_head_of_other_lines_is_learnt_anew(experienced: KnownHeads) -> None:
    """What may change goes by name, whatever stands around it."""
    for nth in range(2):
        head = b"Allow: GET\r\nX-Trace: %d\r\n" % nth
        experienced.learn(0, 9, head, STATUS + head + b"\r\n")
    assert experienced.agree(0, 9, b"Allow: GET\r\nX-Trace: 7\r\n", STATUS + b"Allow: GET\r\nX-Trace: 8\r\n\r\n")
    assert not experienced.agree(0, 9, b"Allow: PUT\r\nX-Trace: 7\r\n", STATUS + b"Allow: PUT\r\nX-Trace: 8\r\n\r\n")


NAMES = st.sampled_from(
    [b"X-Trace", b"X-Request-Id", b"Vary", b"Connection", b"Content-Length", b"Set-Cookie", b"ETag"]
)
VALUES = st.sampled_from([b"aa", b"bb", b"a\r\nVary: b", b"[redacted:2]", b"", b"vary", b"etag"])
LINES = st.lists(st.tuples(NAMES, VALUES), max_size=4)


def block(lines: list[tuple[bytes, bytes]]) -> bytes:
    """A head of these lines."""
    return b"".join(b"%s: %s\r\n" % line for line in lines)


@settings(max_examples=300)
@given(st.lists(st.tuples(LINES, LINES), min_size=2, max_size=6))
def test_what_is_known_again_would_be_found_to_agree(pairs: list[tuple[list[tuple[bytes, bytes]], ...]]) -> None:
    """Whatever it has learnt and in whatever order, it knows no pair that a comparison tells apart."""
    heads, known = Heads(), KnownHeads()
    for lines, others in pairs:
        recorded, received = block(lines), STATUS + block(others) + b"\r\n"
        same = heads.compare(recorded, block(others), "GET /") == Match()
        assert same or not known.agree(0, 4, recorded, received)
        if same:
            known.learn(0, 4, recorded, received)
            assert known.agree(0, 4, recorded, received)
