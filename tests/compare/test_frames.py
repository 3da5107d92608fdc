"""Frames between a hub and its comparer: what goes in comes out, and whatever else comes is a `ValueError`."""

from __future__ import annotations

from struct import Struct
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay_users.compare.case import Case, case_of
from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.compare.frames import (
    CLEAN,
    MAX_FRAME,
    NAMES,
    NOISY,
    PAIRS,
    VERDICTS,
    Crash,
    Frames,
    Reply,
    differences_of,
    pack_differences,
    pack_frame,
    pack_names,
    pack_pairs,
    pack_reply,
    size_of,
    unpack_names,
    unpack_pairs,
    unpack_reply,
)
from replay_users.path import Index, Key
from replay_users.testing import make_flight

ENDPOINT = "GET /x"
TEXTS = st.text(st.characters(), max_size=12)  # lone surrogates included
STEPS = st.one_of(st.builds(Key, TEXTS, in_map=st.booleans()), st.builds(Index, st.integers(0, 2**40)))
DIFFERENCES = st.builds(
    Difference,
    st.just(ENDPOINT),
    st.lists(STEPS, max_size=4).map(tuple),
    st.sampled_from(Kind),
    TEXTS,
    TEXTS,
)
HEAD = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"


def content(frame: bytes) -> bytes:
    """What a frame holds."""
    ((_, held),) = Frames().feed(frame)
    return held


def steps(difference: Difference) -> list[Any]:
    """Everything of a path: keys are equal whether or not they are of a map."""
    return [(type(step), getattr(step, "in_map", None), step) for step in difference.path]


TRAILED = HEAD[:-2] + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 2\r\n\r\n"
FLIGHTS = st.lists(
    st.builds(
        lambda endpoint, status, body, known, answer: make_flight(
            endpoint=endpoint,
            status=status,
            response_head=b"A: b\r\n" + (b"\r\nX-Sum: 1\r\n" if status % 2 else b""),
            body=body,
            hash=known if body is None else None,
            answer_status=200,
            answer_head=HEAD if status % 3 else TRAILED,
            answer_body=answer,
            answer_size=len(answer),
        ),
        st.integers(0, 2**32 - 1),
        st.integers(-1, 999),
        st.none() | st.binary(max_size=40),
        st.none() | st.binary(min_size=16, max_size=16),
        st.binary(max_size=40),
    ),
    max_size=5,
)


@given(st.integers(0, 2**64 - 1), FLIGHTS)
@settings(max_examples=80, deadline=None)
def test_pairs_come_out_as_they_went_in(first: int, flights: list[Any]) -> None:
    """Both sides of each pair, in their order, with heads and trailers of what was received; equal bodies as two empty ones."""
    number, cases = unpack_pairs(content(pack_pairs(first, flights)))
    assert number == first
    for case, flight in zip(cases, flights, strict=True):
        same = flight.body is flight.answer_body
        plain = case_of(flight)
        assert case == (plain._replace(body=b"", answer_body=b"", answer_size=0) if same else plain)


def test_equal_bodies_are_not_sent() -> None:
    """Of a pair whose bodies are one object only the heads travel; of one that was cut, everything."""
    body = b"x" * 1000
    marks: dict[str, Any] = {"body": body, "answer_body": body, "answer_head": HEAD}
    assert len(pack_pairs(1, [make_flight(**marks, answer_size=1000)])) < 200
    assert unpack_pairs(content(pack_pairs(1, [make_flight(**marks, answer_size=2000)])))[1][0].answer_body == body


@given(st.lists(TEXTS))
@settings(max_examples=30, deadline=None)
def test_names_come_out_as_they_went_in(names: list[str]) -> None:
    """Whatever an endpoint is called."""
    assert unpack_names(content(pack_names(names))) == names


@given(st.lists(DIFFERENCES, min_size=1, max_size=5), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
@example([Difference(ENDPOINT, (Key("\ud800", in_map=True),), Kind.VALUE, "\udfff", "")], 0)
def test_differences_come_out_as_they_went_in(differences: list[Difference], capped: int) -> None:
    """Path, kind and texts of each, and how many more there were; what was ignored travels as noise."""
    reply = Reply(7, [pack_differences(Differences(differences, capped=capped))])
    (verdict,) = unpack_reply(content(pack_reply(reply))).verdicts
    assert isinstance(verdict, list)
    read = differences_of(verdict, ENDPOINT)
    assert (tuple(read), read.capped, read.ignored) == (tuple(differences), capped, ())
    assert list(map(steps, read)) == list(map(steps, differences))


NOISE = st.dictionaries(st.tuples(st.integers(0, 99), TEXTS, TEXTS), st.integers(0, 2**32), max_size=4)
VERDICTS_OF_PAIRS = st.lists(
    st.sampled_from([CLEAN, NOISY, "size", "json", Crash("KeyError in f, a.py:3")]), max_size=9
)


@given(st.integers(0, 2**63), VERDICTS_OF_PAIRS, NOISE, st.integers(0, 2**40))
@settings(max_examples=60, deadline=None)
def test_replies_come_out_as_they_went_in(
    first: int, verdicts: list[Any], noise: dict[tuple[int, str, str], int], capped: int
) -> None:
    """Verdicts in their order, the noise of all of them, and what was capped."""
    reply = Reply(first, verdicts, noise, capped)
    assert unpack_reply(content(pack_reply(reply))) == reply


def test_a_match_is_a_byte() -> None:
    """What most pairs are costs least."""
    assert len(pack_reply(Reply(0, [CLEAN] * 100))) - len(pack_reply(Reply(0, [CLEAN] * 50))) == 50


def test_long_paths_are_counted_only() -> None:
    """However long the paths of one pair are, its verdict stays small, and the first difference is there."""
    long = [Difference(ENDPOINT, (Key("k" * 90_000), Index(nth)), Kind.VALUE, "1", "2") for nth in range(10)]
    verdict = pack_differences(Differences(long, capped=5))
    read = differences_of(verdict, ENDPOINT)
    assert tuple(read) == tuple(long[:2])
    assert read.capped == 5 + 8
    assert 180_000 < size_of(verdict) < 256 << 10
    (alone,) = differences_of(
        pack_differences(Differences([Difference(ENDPOINT, (Key("k" * (1 << 20)),), Kind.VALUE, "", "")])), ENDPOINT
    )
    assert alone.path == (Key("k" * (1 << 20)),)


BROKEN = [
    pytest.param(3, id="a number"),
    pytest.param([], id="nothing"),
    pytest.param([0, [2], [], 0], id="no such verdict"),
    pytest.param([0, [True], [], 0], id="true is no number"),
    pytest.param([0, ["no reason at all"], [], 0], id="a reason that is a sentence"),
    pytest.param([0, ["r" * 41], [], 0], id="a reason without an end"),
    pytest.param([0, [None], [], 0], id="no verdict"),
    pytest.param([-1, [], [], 0], id="a negative number"),
    pytest.param([0, [], [[0, "a", 1]], 0], id="noise in short"),
    pytest.param([0, [], [["0", "a", "value", 1]], 0], id="noise of a named endpoint"),
    pytest.param([0, [], 4, 0], id="noise that is none"),
]


@pytest.mark.parametrize("said", BROKEN)
def test_what_is_no_reply_is_an_error(said: object) -> None:
    """A comparer that talks nonsense is found out before anything of it is counted."""
    with pytest.raises(ValueError, match=r"\w"):
        unpack_reply(msgpack.packb(said))


PATH = msgpack.packb(["a"])


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param([], id="nothing"),
        pytest.param([0, []], id="no difference"),
        pytest.param([0, [[PATH, 0, "1"]]], id="one text"),
        pytest.param([0, [[PATH, 99, "1", "2"]]], id="no such kind"),
        pytest.param([0, [[PATH, -1, "1", "2"]]], id="a kind from the end"),
        pytest.param([0, [["a", 0, "1", "2"]]], id="a path as text"),
        pytest.param([0, [[b"\xc1", 0, "1", "2"]]], id="no MessagePack"),
        pytest.param([0, [[msgpack.packb([None]), 0, "1", "2"]]], id="no step"),
        pytest.param([0, [[msgpack.packb([["a", "b"]]), 0, "1", "2"]]], id="two keys at once"),
        pytest.param([0, [[msgpack.packb("a"), 0, "1", "2"]]], id="no path"),
        pytest.param([0, [[PATH, 0, 1, "2"]]], id="a number as text"),
        pytest.param(["0", [[PATH, 0, "1", "2"]]], id="no count"),
    ],
)
def test_what_are_no_differences_is_an_error(verdict: list[Any]) -> None:
    """Whatever a verdict holds, nothing but differences comes out of it."""
    with pytest.raises(ValueError, match=r"\w"):
        differences_of(verdict, ENDPOINT)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
@example(msgpack.packb([0, [[[[[[]]]]]], [], 0]))
@example(b"\x91" * 2000)
def test_no_bytes_break_a_reader(data: bytes) -> None:
    """Each reader gives a value or raises `ValueError`."""
    for read in (unpack_reply, unpack_names, unpack_pairs):
        try:
            read(data)
        except ValueError:
            continue


def test_a_batch_that_says_more_than_it_holds_is_an_error() -> None:
    """Counts and lengths are held against what is there before anything is made of them."""
    good = content(pack_pairs(1, [make_flight(body=b"abc", answer_head=HEAD, answer_body=b"de")]))
    count = Struct("<I")
    for broken in (good[:-1], good + b"x", good[:8] + count.pack(1 << 31) + good[12:], good[:20]):
        with pytest.raises(ValueError, match="batch"):
            unpack_pairs(broken)


@given(st.lists(st.tuples(st.sampled_from([NAMES, PAIRS, VERDICTS]), st.binary(max_size=30)), max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_frames_are_found_however_they_are_cut(frames: list[tuple[bytes, bytes]], data: Any) -> None:
    """A stream may come in any pieces."""
    stream = b"".join(pack_frame(*frame) for frame in frames)
    reader = Frames()
    found: list[tuple[bytes, bytes]] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == frames


@pytest.mark.parametrize("length", [0, MAX_FRAME + 1, 2**32 - 1])
def test_no_memory_is_kept_for_a_frame_that_cannot_be(length: int) -> None:
    """A length beyond all frames is an error at once, as is one of nothing."""
    with pytest.raises(ValueError, match="frame"):
        Frames().feed(Struct("<I").pack(length) + b"V")


def test_the_case_of_a_pair_without_a_recorded_body_has_none() -> None:
    """No body is not an empty body."""
    flight = make_flight(body=None, answer_head=HEAD, answer_body=b"x", answer_size=1)
    (case,) = unpack_pairs(content(pack_pairs(1, [flight])))[1]
    assert isinstance(case, Case)
    assert case.body is None
