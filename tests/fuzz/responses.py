"""Random and mutated answers into a connection, by the million: `python -m tests.fuzz.responses --inputs 1000000`.

Law: makes inputs from a seed, and says of each what about it is wrong (`findings`), if anything; every finding prints what
reproduces it. The subtle thing: whether a connection may be used again is judged by `explained`, and what an answer is by
`http.client`, not by anything of the engine.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from random import Random
from typing import TYPE_CHECKING, Any, cast

from replay_users.engine.body import KEPT_BODY
from replay_users.engine.tunnel import connect_request
from replay_users.testing import FAULT_KINDS, TUNNEL_KINDS
from tests.fuzz.explained import answer_end
from tests.fuzz.peer import END, RESET, Peer, no_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fuzz.peer import Ending

__all__ = ["Input", "Inputs", "findings", "tunnel_findings"]

_TUNNEL = connect_request("target.example", 443)
_PROBE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"
_DIGITS = re.compile(r"\d+").sub
_COMPARED = 8  # one of so many answers is read by http.client too, which takes as long as all the rest


@dataclass(frozen=True, slots=True)
class Input:
    """A request's method, and what a peer says to it: bytes in these pieces, and perhaps its end."""

    method: str
    pieces: tuple[bytes | None, ...]


def _seeds() -> list[bytes]:
    """Everything that the kinds of fault say, and good answers of all framings."""
    said = [b"".join(step.data for step in kind.steps)[:3000] for kind in (*FAULT_KINDS, *TUNNEL_KINDS)]
    good = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3;a=b\r\nefg\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nTrailer: T\r\n\r\n1\r\na\r\n00\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nto the end",
        b"HTTP/1.1 503 \r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    ]
    return [data for data in said if data] + good * 6


_PARTS = (
    b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\0", b" ", b":", b"0", b"1", b"-", b"F" * 17, b"9" * 20, b"HTTP/1.1 ", b"HTTP/1.0 ",
    b"HTTP/1.1 100 Go\r\n\r\n", b"HTTP/1.1 101 Go\r\n\r\n", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: x\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n", b"\xff", b"\x80", b"\t", b";", b",", b"chunked",
)  # fmt: skip


class Inputs:
    """Inputs in an order that a seed decides."""

    def __init__(self, seed: int) -> None:
        """The same seed gives the same inputs."""
        self._random = Random(seed)
        self._seeds = _seeds()

    def __iter__(self) -> Iterator[Input]:
        while True:
            yield self.next()

    def next(self) -> Input:
        """One more."""
        random = self._random
        data = self._bytes()
        method = "GET" if random.random() < 0.8 else random.choice(("HEAD", "POST"))
        return Input(method, (*self._cut(data), *random.choice(((), (), (END,), (END,), (RESET,)))))

    def _bytes(self) -> bytes:
        random = self._random
        if random.random() < 0.05:
            return random.randbytes(random.randrange(1, 200))
        data = random.choice(self._seeds)
        for _ in range(random.choice((0, 1, 1, 1, 2, 3, 6))):
            data = self._mutated(data)
        return data or b"\0"

    def _mutated(self, data: bytes) -> bytes:  # noqa: PLR0911 - one for each kind of change
        """One change somewhere."""
        random = self._random
        at = random.randrange(len(data) + 1)
        match random.randrange(8):
            case 0:
                return data[:at] + random.randbytes(1) + data[at + 1 :]
            case 1:
                return (
                    data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
                    if at < len(data)
                    else data
                )
            case 2:
                return data[:at] + random.choice(_PARTS) + data[at:]
            case 3:
                return data[:at] + data[at + random.randrange(1, 12) :]
            case 4:
                return data[:at]
            case 5:
                other = random.choice(self._seeds)
                return data[:at] + other[random.randrange(len(other) + 1) :]
            case 6:
                end = at + random.randrange(1, 30)
                return data[:end] + data[at:end] + data[end:]
            case _:
                return data + random.choice((random.choice(self._seeds), random.choice(_PARTS)))

    def _cut(self, data: bytes) -> list[bytes]:
        """In one piece, in two, in a few, or byte by byte."""
        random = self._random
        match random.randrange(8):
            case 0 | 1 | 2 | 3:
                return [data]
            case 4 | 5:
                at = random.randrange(1, len(data)) if len(data) > 1 else 1
                return [piece for piece in (data[:at], data[at:]) if piece]
            case 6:
                size = random.randrange(1, 40)
                return [data[n : n + size] for n in range(0, len(data), size)]
            case _:
                return [data[n : n + 1] for n in range(min(len(data), 300))] + ([data[300:]] if len(data) > 300 else [])


def findings(given: Input, *, compare: bool = True) -> list[str]:
    """What is wrong with what a connection makes of an input; nothing, one hopes."""
    peer = Peer()
    ending = peer.carry(given.method, given.pieces)
    said = b"".join(piece or b"" for piece in given.pieces)
    found = list(_endings(peer, ending, given))
    if ending.times == 1 and ending.fault is None:
        found += _answers(ending, given, said, compare=compare)
        if not peer.connection.closed:
            found += _uses_again(peer, given, said)
    return found


def _endings(peer: Peer, ending: Ending, given: Input) -> Iterator[str]:
    """One ending at most, and exactly one when its time is up; a closed connection has given everything back."""
    connection = peer.connection
    if ending.times > 1:
        yield f"ended {ending.times} times"
    if ending.times == 0:
        if given.pieces[-1] in {END, RESET}:
            yield "did not end with the stream"
        connection.expire()
        if ending.times != 1 or not connection.closed:
            yield "did not end when its time was up"
    if ending.fault is not None and not connection.closed:
        yield "open after a fault"
    if connection.closed and not peer.given_back:
        yield "closed, and something is left"
    if (connection.flight is None) != (ending.times > 0):
        yield "has and has not a flight"


def _answers(ending: Ending, given: Input, said: bytes, *, compare: bool) -> Iterator[str]:
    flight = ending.flight
    if not 200 <= flight.answer_status <= 999:
        yield f"an answer of status {flight.answer_status}"
    if len(flight.answer_body) > min(KEPT_BODY, flight.answer_size):
        yield f"{len(flight.answer_body)} bytes kept of {flight.answer_size}"
    if compare and given.pieces[-1] is not RESET:
        yield from _as_http_client(ending, said, given.method)


class _Said(io.BytesIO):
    """What a socket would give."""

    def makefile(self, *_: object) -> _Said:
        """Itself."""
        return self


def _as_http_client(ending: Ending, said: bytes, method: str) -> Iterator[str]:
    """What `http.client` makes of the same bytes, where it makes anything of them; interim answers are taken off for it."""
    flight = ending.flight
    at = said.find(flight.answer_head[:15]) if flight.answer_head else -1
    while at >= 0 and not said.startswith(flight.answer_head[:200], at):
        at = said.find(flight.answer_head[:15], at + 1)
    if at < 0:
        yield "its head is not what was said"
        return
    read = HTTPResponse(cast("Any", _Said(said[at:])), method=method)
    try:
        read.begin()
        body = read.read()
    except (HTTPException, ValueError):
        return
    if read.getheader("transfer-encoding") is not None and not read.chunked:
        return  # it knows `chunked` alone, not as the last of several codings
    if (read.status, body) != (flight.answer_status, flight.answer_body):
        yield f"{flight.answer_status} {flight.answer_body[:40]!r}, and to http.client {read.status} {body[:40]!r}"


def _uses_again(peer: Peer, given: Input, said: bytes) -> Iterator[str]:
    """A connection that is kept has heard what framing explains and no more, and carries the next exchange as a new one would."""
    end = answer_end(said, given.method)
    if end is None or said[end:].strip(b"\r\n"):
        yield f"kept, though {'nothing' if end is None else end} of {len(said)} bytes is explained"
    if given.pieces[-1] in {END, RESET}:
        yield "kept after its end"
    again = peer.carry("GET", (_PROBE,))
    flight = again.flight
    if (again.times, again.fault, flight.answer_status, flight.answer_body) != (1, None, 200, b"probe"):
        yield f"kept, and unfit: {again.fault}, {flight.answer_status} {flight.answer_body[:40]!r}"


def tunnel_findings(given: Input) -> list[str]:
    """What is wrong with what a connection makes of an input that a proxy answers its CONNECT with."""
    peer = Peer(_TUNNEL, given.pieces)
    ending, connection = peer.ending, peer.connection
    assert ending is not None
    if connection.connected and not connection.closed and ending.times == 0:
        peer.say((_PROBE,))
    found = list(_endings(peer, ending, given))
    if ending.times == 1 and ending.fault is None and not connection.connected:
        found.append("an answer before there was a tunnel")
    return found


def _run(inputs: int, seed: int, *, tunnels: bool) -> int:
    """Try so many inputs; gives the number of findings, each of which it prints."""
    source, counts, begin = Inputs(seed), Counter[str](), time.monotonic()
    with no_network():
        for nth in range(1, inputs + 1):
            given = source.next()
            for sentence in _tried(given, compare=nth % _COMPARED == 0, tunnel=tunnels and nth % 4 == 0):
                counts[_DIGITS("N", sentence.partition(":")[0])[:60]] += 1
                if sum(counts.values()) <= 20:
                    sys.stdout.write(f"input {nth} of seed {seed}: {sentence}\n    {given}\n")
            if nth % 100_000 == 0:
                _tell(nth, time.monotonic() - begin, counts)
    _tell(inputs, time.monotonic() - begin, counts)
    return counts.total()


def _tried(given: Input, *, compare: bool, tunnel: bool) -> list[str]:
    try:
        return tunnel_findings(given) if tunnel else findings(given, compare=compare)
    except Exception:  # noqa: BLE001 - that there is none is what this is about
        return [f"raised: {traceback.format_exc(limit=-3)}"]


def _tell(inputs: int, seconds: float, counts: Counter[str]) -> None:
    sys.stdout.write(f"{inputs:,} inputs in {seconds:,.1f} s, {inputs / seconds:,.0f}/s, {counts.total()} findings\n")
    for sentence, count in counts.most_common(20):
        sys.stdout.write(f"    {count:>8,} {sentence}\n")
    sys.stdout.flush()


def _main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.responses", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many inputs (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what decides them (default %(default)s)")
    parser.add_argument("--no-tunnels", action="store_true", help="no answers to CONNECT")
    given = parser.parse_args(arguments)
    return 1 if _run(given.inputs, given.seed, tunnels=not given.no_tunnels) else 0


if __name__ == "__main__":
    sys.exit(_main())
