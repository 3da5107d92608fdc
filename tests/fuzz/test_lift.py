from __future__ import annotations

import gc
import gzip
import json
import time
import zlib
from functools import partial
from typing import TYPE_CHECKING

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Differences, Match, Unchecked
from replay_users.compare.judge import Recorded, judge
from replay_users.compare.lift import Lifted, lift
from replay_users.compare.rules import Rules
from replay_users.compare.walk import walk
from replay_users.model import Answer
from tests.fuzz.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

MUCH = 1 << 20
SOME = 1 << 17
NOISE_S = 0.02  # below it a time says nothing


def cost(what: Callable[[], object]) -> float:
    """Seconds of this process's time, of two attempts the better one; without collecting the garbage of other tests."""
    times = []
    gc.disable()
    try:
        for _ in range(2):
            start = time.process_time()
            what()
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)


def head(kind: str, *lines: str) -> bytes:
    """A header block."""
    return "".join(f"{line}\r\n" for line in [f"content-type: {kind}", *lines]).encode()


def judged(recorded: bytes, replayed: bytes, block: bytes) -> Match | Unchecked | Differences:
    """What comparing two bodies under one head says."""
    return judge(Recorded(200, block, recorded, len(recorded)), Answer(200, block, replayed), Rules(), "GET /")


def touched(body: bytes) -> bytes:
    """The body with a byte more in its middle."""
    return body[: len(body) // 2] + b"~" + body[len(body) // 2 :]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_cost_what_they_weigh(name: str) -> None:
    """Eight times the bytes take about eight times as long to judge; the square would be 64 times."""
    kind, make = HOSTILE[name]
    small, large = make(SOME // 8), make(SOME)
    times = [cost(partial(judged, body, touched(body), head(kind))) for body in (small, large)]
    assert times[1] < 32 * max(times[0], NOISE_S / 8), times


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_the_largest_hostile_bodies_are_judged_in_time(name: str) -> None:
    """At the size that is still compared no body takes more than some seconds, and growth stays linear up to there."""
    kind, make = HOSTILE[name]
    small, large = make(MUCH // 8)[: MUCH // 8], make(MUCH)[: MUCH - 1]
    times = [cost(partial(judged, body, touched(body), head(kind))) for body in (small, large)]
    assert times[1] < 32 * max(times[0], NOISE_S), times
    assert times[1] < 10, times


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("br", partial(brotli.compress, quality=3), id="br"),
        pytest.param("zstd", zstandard.compress, id="zstd"),
        pytest.param("gzip, gzip", lambda body: gzip.compress(gzip.compress(body)), id="gzip-twice"),
    ],
)
def test_a_bomb_does_not_go_off(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Of 32 MB in a few KB no more is inflated than may be compared."""
    bomb = pack(bytes(32 << 20))
    block = head("application/json", f"content-encoding: {encoding}")
    start = time.process_time()
    verdict = judged(bomb, touched(bomb), block)
    assert isinstance(verdict, Unchecked | Differences)
    assert time.process_time() - start < 2


def test_many_small_members_are_no_large_body() -> None:
    """A gzip body of 50,000 empty members is given up before copying their rest takes its time."""
    body = gzip.compress(b"") * 50_000
    assert cost(lambda: judged(body, touched(body), head("text/plain", "content-encoding: gzip"))) < 1


SEEDS = [make(300) for _, make in HOSTILE.values()]
SEEDS += [json.dumps({"a": [1, 2.5, None, True, "é"] * 3}).encode(), gzip.compress(b'{"a":1}'), b"<html><body><p>a"]
KINDS = sorted({kind for kind, _ in HOSTILE.values()} | {"image/png", "text/html; charset=utf-16", "nonsense"})
ENCODINGS = ["", "gzip", "br", "deflate", "zstd", "gzip, br"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A seed with some bytes taken out, put in, doubled or moved."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(0, 4))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 20))
        piece = draw(
            st.binary(max_size=4) | st.sampled_from(SEEDS).map(lambda seed: seed[:30]) | st.just(body[at : at + length])
        )
        body = body[:at] + piece + body[at + length :]
    return body


@settings(max_examples=300, deadline=None)
@given(mutated() | st.binary(max_size=100), mutated(), st.sampled_from(KINDS), st.sampled_from(ENCODINGS))
def test_mutated_bodies_give_values(left: bytes, right: bytes, kind: str, encoding: str) -> None:
    """Whatever becomes of a body, lifting it twice gives one tree, and judging gives a verdict in which all is short."""
    block = head(kind, f"content-encoding: {encoding}") if encoding else head(kind)
    said, again = lift(left, block), lift(left, block)
    if isinstance(said, Lifted) and isinstance(again, Lifted):
        assert (said.form, said.charset, walk(said.root, again.root)) == (again.form, again.charset, [])
    else:
        assert said == again
    verdict = judged(left, right, block)
    if isinstance(verdict, Differences):
        assert all(max(len(each.recorded), len(each.replayed)) <= 120 for each in verdict)
    assert isinstance(judged(left, left, block), Match)
