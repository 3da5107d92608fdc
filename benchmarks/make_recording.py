"""Synthetic traffic for the benchmarks, as a capture in front of their target would have seen it.

Law: deterministic for a seed, streamed (a 4 GB recording is never in memory), no I/O. Writing
slices is `replay_users.recording.writer`'s job.
The subtle thing: durations are longer than the target ever takes, so causality is at work on every
row and yet never holds one back; a wait in a benchmark is the engine's own doing.
"""

from __future__ import annotations

import gzip
import itertools
import random
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from benchmarks.servers.target import SMALL_BODY_BYTES, body, changed_body, response_head
from replay_users.model import Exchange, SessionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["START", "exchanges"]

START = 1_795_392_000_000_000_000
"""UTC ns of the first possible arrival: 23 Nov 2026, 00:00:00, a whole hour, so that an hour of
traffic is one folder."""

AUTHORITY = "shop.example.com"
SLOWEST_NS, FASTEST_NS = 80_000_000, 8_000_000
_KINDS = ("users", "orders", "items", "carts")
_CONSTANT_HEAD = (
    b"Accept: application/json, text/plain, */*\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"Cache-Control: no-cache\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/%d.0 Safari/537.36\r\n"
    b"X-Api-Client: web/%d\r\n"
    b"Cookie: session=%032x; theme=dark\r\n"
    b"Referer: https://shop.example.com/\r\n"
)


@dataclass(frozen=True, slots=True)
class _Session:
    key: bytes
    head: bytes
    connection: str


def _session(rnd: random.Random, number: int) -> _Session:
    cookie = rnd.getrandbits(128)
    head = _CONSTANT_HEAD % (110 + number % 17, number % 5, cookie)
    if number % 2:
        head += b"DNT: 1\r\n"
    return _Session(blake2b(b"%032x" % cookie, digest_size=16).digest(), head, f"c{number}")


def _kind(number: int) -> str:
    """Two words of a path, none of hex digits alone; more different words in one place would be taken for ids."""
    return "/".join(f"{'s' * (1 + nth % 4)}{chr(ord('t') + nth // 4)}" for nth in divmod(number, 20))


def _target(rnd: random.Random, kinds: tuple[str, ...]) -> bytes:
    number = rnd.getrandbits(20)
    kind = kinds[number % len(kinds)]
    return b"/api/v1/%b/%d?page=%d&sort=desc" % (kind.encode(), number, number % 50)


def _head(rnd: random.Random, session: _Session, seq: int) -> bytes:
    trace = rnd.getrandbits(192)
    return session.head + (
        b"X-Request-Id: %032x\r\nTraceparent: 00-%032x-%016x-01\r\nX-Seq: %d\r\n"
        % (trace >> 64, trace >> 64, trace & 0xFFFFFFFFFFFFFFFF, seq)
    )


def _exchange(
    rnd: random.Random, seq: int, at: int, session: _Session, target: bytes, answer: tuple[bytes, bytes]
) -> Exchange:
    duration = round(min(SLOWEST_NS, FASTEST_NS * rnd.paretovariate(3)))
    head, json_body = answer
    return Exchange(
        at=at,
        id=f"{seq:012x}",
        session=session.key,
        session_kind=SessionKind.COOKIE,
        method="GET",
        target=target,
        authority=AUTHORITY,
        connection=session.connection,
        source="bench-0",
        request_head=_head(rnd, session, seq),
        status=200,
        response_head=head,
        response_body=json_body,
        response_size=len(json_body),
        first_byte=duration - 1_000_000,
        duration=duration,
    )


@lru_cache(maxsize=4)
def _squeezed(answer: bytes) -> bytes:
    return gzip.compress(answer, mtime=0)


def _packed(head: bytes, answer: bytes) -> tuple[bytes, bytes]:
    return head + b"Content-Encoding: gzip\r\n", _squeezed(answer)


def exchanges(  # noqa: PLR0913 - the shape of a stretch of traffic
    *,
    rate: float,
    seconds: float,
    seed: int = 1,
    sessions: int = 1_000,
    body_bytes: int = SMALL_BODY_BYTES,
    mismatch: float = 0.05,
    noise_bytes: int = 400,
    endpoints: int = len(_KINDS),
    packed: float = 0.0,
) -> Iterator[Exchange]:
    """A stretch of traffic in order of time.

    Arrivals are Poisson at `rate` per second; each belongs to one of `sessions` cookie sessions;
    each request has 11 or 12 header lines, `X-Seq: N` (N counts from 0) among them, by which the
    target's arrival clock finds its row. The answer is what a target with
    `Serving(body_bytes=body_bytes)` gives, but for a share `mismatch` that differs in one field,
    and for an `X-Trace` of `noise_bytes` random hex digits in its head: without it, equal answers
    would let a slice compress as no real one does. Targets are those of `endpoints` endpoints (an
    ingest tells 200 apart). A
    share `packed` of the answers is recorded as gzip, which the target's are not.
    """
    rnd = random.Random(seed)
    known = [_session(rnd, number) for number in range(sessions)]
    kinds = (*_KINDS, *map(_kind, range(len(_KINDS), endpoints)))[:endpoints]
    head, same, other = response_head(body_bytes), body(body_bytes), changed_body(body_bytes)
    offset_s = rnd.expovariate(rate)
    for seq in itertools.count():
        if offset_s >= seconds:
            return
        session = known[rnd.randrange(sessions)]
        trace = b"X-Trace: %b\r\n" % rnd.randbytes(noise_bytes // 2).hex().encode()
        answer = (head + trace, other if rnd.random() < mismatch else same)
        if packed and rnd.random() < packed:
            answer = _packed(*answer)
        target = _target(rnd, kinds)
        yield _exchange(rnd, seq, START + round(offset_s * 1e9), session, target, answer)
        offset_s += rnd.expovariate(rate)
