from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.servers import target as target_module
from benchmarks.servers.target import (
    SMALL_BODY_BYTES,
    Serving,
    Target,
    Unavailable,
    arrivals,
    authority_file,
    body,
    changed_body,
)

if TYPE_CHECKING:
    from pathlib import Path

needs_cc = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 70_000))
def test_body(size: int) -> None:
    """A body is JSON of exactly the size asked for, at least the small one, and its changed twin differs in one value."""
    one, other = json.loads(body(size)), json.loads(changed_body(size))
    assert len(body(size)) == len(changed_body(size)) == max(size, SMALL_BODY_BYTES)
    assert one["items"][0].pop("price") != other["items"][0].pop("price")
    assert one == other


def ask(port: int, request: bytes, answers: int) -> bytes:
    """All that a target says to these bytes, until so many answers are whole."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.sendall(request)
        said = b""
        while said.count(b"HTTP/1.1 200 OK") < answers or not said.endswith(b"}"):
            said += s.recv(65536) or pytest.fail(f"closed after {said!r}")
        return said


@needs_cc
@pytest.mark.server
def test_answers() -> None:
    """A target answers each request on a kept connection with its body, reads request bodies, and counts."""
    with Target(Serving(body_bytes=2_000)) as target:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=5)
        for method, sent in (("GET", None), ("POST", b"x" * 200_000), ("PUT", b""), ("GET", None)):
            connection.request(method, "/any?thing", body=sent)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, body(2_000))
        connection.close()
    assert target.counts == target_module.Counts(requests=4, connections=1, lost=0)


@needs_cc
@pytest.mark.server
@pytest.mark.parametrize("size", [158, 300_000])
def test_answers_over_tls(size: int) -> None:
    """A TLS target's certificate is its authority's; it reads and answers as without, more than a record at a time too."""
    try:
        serving = Target(Serving(body_bytes=size, tls=True))
    except Unavailable as why:
        pytest.skip(str(why))
    with serving as target:
        trust = ssl.create_default_context(cafile=str(authority_file()))
        connection = http.client.HTTPSConnection("127.0.0.1", target.port, timeout=5, context=trust)
        for sent in (None, b"x" * 200_000, None):
            connection.request("POST", "/any?thing", body=sent)
            assert connection.getresponse().read() == body(size)
        connection.close()
    assert target.counts == target_module.Counts(requests=3, connections=1, lost=0)


@needs_cc
@pytest.mark.server
def test_pipelined_and_split_requests() -> None:
    """Requests that arrive together or in pieces are each answered once."""
    with Target(Serving()) as target:
        assert ask(target.port, REQUEST * 50, 50).count(b"HTTP/1.1 200 OK") == 50
        with socket.create_connection(("127.0.0.1", target.port), timeout=5) as s:
            s.sendall(REQUEST[:9])
            s.sendall(REQUEST[9:])
            assert s.recv(65536).startswith(b"HTTP/1.1 200 OK")
    assert target.counts
    assert target.counts.requests == 51


@needs_cc
@pytest.mark.server
def test_delay_and_arrivals(tmp_path: Path) -> None:
    """A delayed answer is never early, and arrivals are noted by X-Seq on the clock the generator uses."""
    noted = tmp_path / "arrivals"
    with Target(Serving(delay_us=20_000, arrivals=noted)) as target:
        before = time.monotonic_ns()
        ask(target.port, b"GET / HTTP/1.1\r\nx-seq: 71\r\n\r\n" + REQUEST, 2)
        after = time.monotonic_ns()
    assert after - before >= 20_000_000
    assert sorted(arrivals(noted)) == [1, 71]
    assert all(before < at < after - 20_000_000 for at in arrivals(noted).values())


@needs_cc
@pytest.mark.server
def test_what_it_does_not_understand() -> None:
    """A chunked request body closes the connection instead of being taken for the next request."""
    with (
        Target(Serving()) as target,
        socket.create_connection(("127.0.0.1", target.port), timeout=5) as s,
    ):
        s.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert s.recv(10) == b""


def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no C compiler the reason says what to install."""
    monkeypatch.setattr(target_module, "CACHE", tmp_path)
    monkeypatch.setenv("CC", "/no/such/cc")
    with pytest.raises(Unavailable, match="needs a C compiler"):
        Target(Serving())
