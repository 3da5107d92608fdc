"""The target of every benchmark: builds and runs `tinyserver.c`, and knows what it answers.

Law: a target listens on loopback only, lives inside a `with`, and ends by itself if its starter
dies. Nothing here measures.
The subtle thing: nginx needs about as much CPU per request as wrk does and saturates its own core
first, which would hide the generator (measured: 35,000-80,000/s against more than 130,000/s here).
Hence a C server, and hence the need for `cc`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RESPONSE_HEAD",
    "SMALL_BODY_BYTES",
    "Counts",
    "Serving",
    "Target",
    "Unavailable",
    "arrivals",
    "authority_file",
    "body",
    "build",
    "changed_body",
    "response_head",
]

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("tinyserver.c")
CACHE = ROOT / "build" / "benchmarks"

_FIRST_ITEM = (
    b'{"id":144272510,"name":"item-611178","price":25.51,"tags":["a","b","c"]},'
    b'{"id":810109,"name":"item-61178","price":5.51,"tags":["a","b"]}'
)
_SMALL_BODY = b'{"total":2,"items":[' + _FIRST_ITEM + b"]}"
SMALL_BODY_BYTES = len(_SMALL_BODY)
RESPONSE_HEAD = (
    b"Server: tiny/1\r\n"
    b"Date: Sun, 22 Nov 2026 21:44:03 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Connection: keep-alive\r\n"
    b"X-Request-Id: 808b97cb99a05ee02ca68ee678ace606\r\n"
    b"Cache-Control: no-store\r\n"
    b"Vary: Accept-Encoding\r\n"
)
"""The header block of every answer, without its Content-Length."""


class Unavailable(Exception):
    """This machine lacks what a benchmark needs; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a target answers: body size, delay before each answer, and where it notes arrivals.

    `arrivals` is a file that gets one line per request at the end; read it with `arrivals()`. With `tls` it speaks TLS, with a
    certificate of the authority in `authority_file()`.
    """

    body_bytes: int = SMALL_BODY_BYTES
    delay_us: int = 0
    arrivals: Path | None = None
    seconds: int = 900
    port: int = 0
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What the target itself saw: requests, connections, and arrivals it had no room to note."""

    requests: int
    connections: int
    lost: int


def body(size: int) -> bytes:
    """The JSON body of exactly `size` bytes; at most `SMALL_BODY_BYTES` gives the small one."""
    if size <= SMALL_BODY_BYTES:
        return _SMALL_BODY
    item = b',{"id":%d,"name":"item-%d","price":%d.51,"tags":["a","b","c"]}'
    start, end = b'{"total":2,"items":[' + _FIRST_ITEM, b'],"note":"%b"}'
    room = size - len(start) - len(end % b"")
    if room < 0:
        return _SMALL_BODY + b" " * (size - SMALL_BODY_BYTES)
    items = bytearray()  # a mebibyte of pieces would take seconds to add up otherwise
    for i in range(size // 60):
        more = item % (i * 7919, i * 31, i % 100)
        if len(items) + len(more) > room:
            break
        items += more
    return start + bytes(items) + end % (b"x" * (room - len(items)))


def changed_body(size: int) -> bytes:
    """The body that differs from `body(size)` in one field, `items[0].price`, of equal size."""
    return body(size).replace(b"25.51", b"25.52", 1)


def response_head(size: int) -> bytes:
    """The header block that goes with `body(size)`."""
    return RESPONSE_HEAD + b"Content-Length: %d\r\n" % len(body(size))


def build(*, tls: bool = False) -> Path:
    """The compiled server, from the cache where the source has not changed.

    Raises:
        Unavailable: there is no C compiler, or it refuses the source.
    """
    digest = hashlib.blake2b(SOURCE.read_bytes(), digest_size=8).hexdigest()
    binary = CACHE / f"tinyserver-{digest}{'-tls' if tls else ''}"
    if binary.exists():
        return binary
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = binary.with_suffix(f".{os.getpid()}")
    command = [os.environ.get("CC", "cc"), "-O2", "-o", str(fresh), str(SOURCE)]
    command += ["-DTLS", "-lssl", "-lcrypto"] if tls else []
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    except FileNotFoundError as e:
        raise Unavailable(f"the target needs a C compiler ({command[0]}): install gcc") from e
    except subprocess.CalledProcessError as e:
        needed = "TLS needs OpenSSL's headers (Debian: apt install libssl-dev); " if tls else ""
        raise Unavailable(f"{needed}the C compiler refuses {SOURCE.name}: {e.stderr[-300:]}") from e
    fresh.replace(binary)
    return binary


def _response_file(size: int) -> Path:
    path = CACHE / f"response-{size}"
    whole = b"HTTP/1.1 200 OK\r\n" + response_head(size) + b"\r\n" + body(size)
    if not path.exists() or path.read_bytes() != whole:
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(whole)
        fresh.replace(path)
    return path


def authority_file() -> Path:
    """The PEM file of the authority that a TLS target's certificate is of; made, with the certificate, where there is none.

    Raises:
        Unavailable: what makes certificates is not installed.
    """
    path = CACHE / "tls" / "authority.pem"
    if path.exists():
        return path
    try:
        import trustme  # noqa: PLC0415 - for tests and benchmarks of TLS only
    except ImportError as e:
        raise Unavailable("the target's certificate needs trustme: install the dev dependencies") from e
    path.parent.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(str(path.with_name("key.pem")))
    for nth, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(path.with_name("certificate.pem")), append=nth > 0)
    authority.cert_pem.write_to_path(str(path))
    return path


def _command(serving: Serving) -> list[str]:
    words: Mapping[str, object] = {
        "--response": _response_file(serving.body_bytes),
        "--port": serving.port,
        "--seconds": serving.seconds,
        "--delay-us": serving.delay_us,
    }
    if serving.tls:
        files = authority_file()
        words = {**words, "--certificate": files.with_name("certificate.pem"), "--key": files.with_name("key.pem")}
    if serving.arrivals:
        words = {**words, "--arrivals": serving.arrivals}
    return [str(word) for pair in words.items() for word in pair]


class Target:
    """A running target, as a context: `with Target(Serving()) as target: … target.port`.

    `prefix` goes before the command (`taskset -c 0`). After the block, `counts` holds what the
    target itself counted.

    Raises:
        Unavailable: there is no C compiler.
    """

    def __init__(self, serving: Serving, *, prefix: tuple[str, ...] = ()) -> None:
        self.serving = serving
        self.counts: Counts | None = None
        self._command = [*prefix, str(build(tls=serving.tls)), *_command(serving)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        self.port = int(self._out.readline() or self._failed())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            said, _unused = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        with contextlib.suppress(ValueError):
            self.counts = Counts(**json.loads(said))

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    @property
    def _out(self) -> IO[str]:
        assert self._process.stdout
        return self._process.stdout

    def _failed(self) -> str:
        raise Unavailable(f"the target ended with {self._process.wait(10)} before it listened")


def arrivals(path: Path) -> dict[int, int]:
    """When each request arrived: its `X-Seq` (else its order from 0) to ns of CLOCK_MONOTONIC.

    The file is complete only after the target has ended.
    """
    pairs = (line.split() for line in path.read_text("ascii").splitlines())
    return {int(seq): int(at) for at, seq in pairs}


def main() -> None:
    """Become a target, for use by hand: prints its port first and its counts at the end."""
    parser = argparse.ArgumentParser(description="Run the benchmarks' target on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--body-bytes", type=int, default=SMALL_BODY_BYTES)
    parser.add_argument("--delay-us", type=int, default=0)
    parser.add_argument("--arrivals", type=Path)
    parser.add_argument("--tls", action="store_true")
    serving = Serving(**vars(parser.parse_args()))
    binary = str(build(tls=serving.tls))
    os.execv(binary, [binary, *_command(serving)])  # noqa: S606 - our own binary, no shell wanted


if __name__ == "__main__":
    main()
