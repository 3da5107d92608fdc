from __future__ import annotations

from hashlib import blake2b
from itertools import count
from typing import Any

import orjson
import pytest

from replay_users.capture.redact import Sessions
from replay_users.capture.stream import Stream

SCOPE: dict[str, Any] = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/echo",
    "raw_path": b"/echo",
    "query_string": b"a=1&token=xyz",
    "client": ("10.0.0.9", 4711),
    "headers": [(b"host", b"shop.example"), (b"content-length", b"5"), (b"x-request-id", b"r1")],
}
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
END = {"type": "http.response.body", "body": b"bye"}


def stream(**changes: Any) -> Stream:
    """A stream whose ticker moves on by 1.5 ms each time it is asked."""
    ticker = count(0, 1_500_000)
    return Stream(
        SCOPE | changes,
        Sessions(b"k", "sessionid"),
        max_body=8,
        id="i1",
        at=1_795_465_711_139_941_999,
        ticker=lambda: next(ticker),
    )


def line(of: Stream) -> dict[str, Any]:
    """Its line, read back."""
    read: dict[str, Any] = orjson.loads(of.line())
    return read


def chunk(body: bytes, *, more: bool = True) -> dict[str, Any]:
    """A piece of an answer."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def test_a_whole_exchange() -> None:
    """All keys of schema v1 are there, sorted, with the values that the sidecar would have written."""
    one = stream()
    one.received({"type": "http.request", "body": b"hel", "more_body": True})
    one.received({"type": "http.request", "body": b"lo"})
    one.sent(START)
    was_over = one.is_over
    one.sent(END)
    assert (was_over, one.is_over) == (False, True)
    read = line(one)
    assert list(read) == sorted(read)
    assert read == {
        "v": 1,
        "id": "i1",
        "rid": "r1",
        "ts": "1795465711.139941",
        "conn": 752699233,
        "sid": None,
        "sid_set": None,
        "client": "10.0.0.9:4711",
        "client_xff": "10.0.0.9",
        "proto": "HTTP/1.1",
        "host": "shop.example",
        "method": "POST",
        "path": "/echo?a=1&token=[redacted:3]",
        "sni": None,
        "tls": None,
        "status": 200,
        "flags": "-",
        "details": "asgi",
        "ms_total": 4,
        "us_total": 4500,
        "us_req_rx": 1500,
        "us_first_byte": 3000,
        "us_upstream": None,
        "rx": 5,
        "tx": 3,
        "req_headers": "content-length: 5\nx-request-id: r1",
        "req_headers_b64": None,
        "req_skipped": None,
        "req_body": {"00001": "aGVs", "00002": "bG8="},
        "resp_headers": "content-type: text/plain",
        "resp_headers_b64": None,
        "resp_skipped": None,
        "resp_body": {"00001": "Ynll"},
        "trailers": None,
    }


def test_bodies_are_kept_to_their_limit_and_counted_to_their_end() -> None:
    """What is beyond `max_body` is cut inside a chunk; the size stays true."""
    one = stream()
    one.sent(START)
    for _ in range(3):
        one.sent(chunk(b"12345"))
    one.sent(chunk(b"", more=False))
    read = line(one)
    assert read["tx"] == 15
    assert read["resp_body"] == {"00001": "MTIzNDU=", "00002": "MTIz"}


IMAGE = {**START, "headers": [(b"content-type", b"image/png")]}


@pytest.mark.parametrize(
    ("start", "chunks", "is_hashed"),
    [
        pytest.param(START, [b"12345", b"678"], False, id="kept-whole"),
        pytest.param(START, [b"12345", b"6789"], True, id="cut-in-a-chunk"),
        pytest.param(START, [b"12345", b"678", b"", b"9"], True, id="cut-between-chunks"),
        pytest.param(START, [b"123456789"], True, id="one-chunk"),
        pytest.param(IMAGE, [b"1", b"2"], True, id="of-a-kind-that-is-not-kept"),
        pytest.param(IMAGE, [], False, id="nothing-to-keep"),
    ],
)
def test_an_answer_that_is_not_kept_whole_is_hashed(
    start: dict[str, Any], chunks: list[bytes], is_hashed: bool
) -> None:
    """All of its bytes, however they came; one that is kept needs no hash, and has no such key."""
    one = stream()
    one.sent(start)
    for each in chunks:
        one.sent(chunk(each))
    one.sent(chunk(b"", more=False))
    read = line(one)
    assert read.get("resp_hash") == (blake2b(b"".join(chunks), digest_size=16).hexdigest() if is_hashed else None)
    assert ("resp_hash" in read) is is_hashed
    assert "req_hash" not in read


def test_what_may_hold_a_secret_or_was_not_seen_is_not_hashed() -> None:
    """The answer to a login could be guessed by its hash, and a file passes by unseen."""
    login, file = stream(path="/login", raw_path=b"/login"), stream()
    for each, start in ((login, START), (file, IMAGE)):
        each.sent(start)
        each.sent(chunk(b"123456789"))
    login.sent(END)
    file.sent({"type": "http.response.pathsend", "path": "/a"})
    assert line(login)["resp_skipped"] == "path"
    assert line(file)["resp_skipped"] == "file"
    assert "resp_hash" not in line(login) | line(file)


def test_many_small_chunks_share_the_last_part() -> None:
    """A long event stream does not make thousands of keys."""
    one = Stream(SCOPE, Sessions(b"", "s"), max_body=1000, id="i", at=0, ticker=lambda: 0)
    one.sent(START)
    for _ in range(100):
        one.sent(chunk(b"x"))
    parts = line(one)["resp_body"]
    assert len(parts) == 65
    assert parts["00065"] == "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        pytest.param({"headers": []}, 0, id="nothing-announced"),
        pytest.param({"headers": [(b"content-length", b"0")]}, 0, id="zero-announced"),
        pytest.param({"headers": [(b"content-length", b"5")]}, None, id="body-announced"),
        pytest.param({"headers": [(b"transfer-encoding", b"chunked")]}, None, id="chunked"),
        pytest.param({"headers": [], "http_version": "2"}, None, id="http2-does-not-tell"),
    ],
)
def test_a_request_that_the_application_never_read(changes: dict[str, Any], read: int | None) -> None:
    """It is known to be whole only where its head says that nothing follows."""
    one = stream(**changes)
    one.sent(START)
    one.sent(END)
    assert line(one)["us_req_rx"] == read


def test_a_client_that_leaves_cuts_the_stream() -> None:
    """What was sent is kept, `us_total` is null, and what the application still says is not an end."""
    one = stream()
    one.sent(START)
    one.sent(chunk(b"by"))
    one.received({"type": "http.disconnect"})
    one.sent(chunk(b"e", more=False))
    read = line(one)
    assert (read["flags"], read["us_total"], read["status"]) == ("DC", None, 200)
    assert read["ms_total"] > 0


def test_a_client_that_leaves_after_the_end_is_nothing() -> None:
    """Servers say so after every answer."""
    one = stream()
    one.sent(START)
    one.sent(END)
    one.received({"type": "http.disconnect"})
    one.broke()
    assert (line(one)["flags"], line(one)["us_total"]) == ("-", 3000)


@pytest.mark.parametrize(("started", "status", "flags"), [(False, 500, "UC"), (True, 200, "UPE")])
def test_an_application_that_breaks(started: bool, status: int, flags: str) -> None:
    """Before its answer the server says 500 for it; in the middle the answer just ends."""
    one = stream()
    if started:
        one.sent(START)
    one.broke()
    read = line(one)
    assert (read["status"], read["flags"], read["us_total"]) == (status, flags, None)
    assert (read["resp_headers"] is None) == (not started)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_content(method: str, status: int) -> None:
    """What an application says and the server does not send is not counted."""
    one = stream(method=method)
    one.sent(START | {"status": status})
    one.sent(END)
    assert (line(one)["tx"], line(one)["resp_body"]) == (0, None)


@pytest.mark.parametrize(
    ("changes", "content_type", "skipped"),
    [
        pytest.param({"raw_path": b"/api/Login"}, b"text/plain", ("path", "path"), id="login"),
        pytest.param({}, b"image/png", (None, "content-type"), id="image"),
        pytest.param({"query_string": b"next=/login"}, b"text/plain", (None, None), id="only-the-query"),
    ],
)
def test_bodies_that_are_skipped(
    changes: dict[str, Any], content_type: bytes, skipped: tuple[str | None, str | None]
) -> None:
    """Bodies of login paths and binary types are counted and not kept."""
    one = stream(**changes)
    one.received({"type": "http.request", "body": b"hello"})
    one.sent(START | {"headers": [(b"content-type", content_type)]})
    one.sent(END)
    read = line(one)
    assert (read["req_skipped"], read["resp_skipped"]) == skipped
    assert (read["req_body"] is None, read["resp_body"] is None) == (skipped[0] is not None, skipped[1] is not None)
    assert (read["rx"], read["tx"]) == (5, 3)


def test_a_file_sent_by_the_server_has_its_announced_size() -> None:
    """Its bytes never pass through the application."""
    one = stream()
    one.sent(START | {"headers": [(b"content-length", b"12345")]})
    one.sent({"type": "http.response.pathsend", "path": "/srv/a.css"})
    read = line(one)
    assert one.is_over
    assert (read["tx"], read["resp_body"], read["resp_skipped"]) == (12345, None, "file")


def test_trailers_end_an_answer_that_announced_them() -> None:
    """The stream is over with the last of them."""
    one = stream()
    one.sent(START | {"trailers": True})
    one.sent(END)
    was_over = one.is_over
    one.sent({"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]})
    assert (was_over, one.is_over) == (False, True)
    assert line(one)["trailers"] == {"resp": "grpc-status: 0"}


def test_headers_beyond_ascii_are_base64() -> None:
    """JSON would change their bytes."""
    one = stream(headers=[(b"x-name", b"caf\xe9")])
    assert (line(one)["req_headers"], line(one)["req_headers_b64"]) == (None, "eC1uYW1lOiBjYWbp")


def test_a_target_is_made_up_where_a_server_gives_none() -> None:
    """`raw_path` is optional in ASGI, and bytes beyond ASCII are encoded."""
    assert line(stream(raw_path=None, path="/caf\u00e9", query_string=b""))["path"] == "/caf%C3%A9"
    assert line(stream(raw_path=b"/caf\xe9", query_string=b""))["path"] == "/caf%E9"


def test_the_client_behind_proxies() -> None:
    """The last address that was forwarded; a scope need not have a client at all."""
    one = stream(headers=[(b"x-forwarded-for", b"1.1.1.1, 2.2.2.2")], client=None, scheme="https")
    assert (line(one)["client"], line(one)["client_xff"], line(one)["tls"]) == (None, "2.2.2.2", "TLS")
