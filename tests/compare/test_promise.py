from __future__ import annotations

import gzip

import pytest

from replay_users.compare.coding import Decoded, decode
from replay_users.compare.lift import Lifted, lift
from replay_users.compare.promise import broken_in_content, broken_in_transfer


def content(kind: str, body: bytes) -> tuple[str, ...]:
    """What a body breaks that its content type promises."""
    head = f"content-type: {kind}\r\n".encode() if kind else b""
    lifted = lift(body, head)
    assert isinstance(lifted, Lifted)
    return broken_in_content(head, lifted)


@pytest.mark.parametrize(
    ("kind", "body", "broken"),
    [
        pytest.param("application/json", b"[1]", (), id="json"),
        pytest.param("application/json", b"<html>x", ("application/json that is html",), id="a-page"),
        pytest.param("application/json", b"oops", ("application/json that is text",), id="a-text"),
        pytest.param("application/json", b"", (), id="nothing"),
        pytest.param("text/html", b'{"a":1}', ("text/html that is json",), id="json-as-html"),
        pytest.param("text/html", b"ok", (), id="a-page-without-tags"),
        pytest.param("text/plain", b'{"a":1}', (), id="json-is-a-text"),
        pytest.param("text/plain", b"\0\xff", ("text/plain that is opaque",), id="bytes-as-text"),
        pytest.param("image/png", b"<!doctype html><p>", ("image/png that is html",), id="a-page-as-image"),
        pytest.param("image/png", b"\x89PNG", (), id="image"),
        pytest.param("application/x-unknown", b"[1]", (), id="no-promise"),
        pytest.param("", b"[1]", (), id="no-type"),
        pytest.param("text/plain; charset=utf-8", b"\xe4", ("charset utf-8 that is latin-1",), id="charset"),
        pytest.param("text/plain; charset=latin-1", b"\xe4", (), id="kept-charset"),
    ],
)
def test_a_body_is_held_against_its_type(kind: str, body: bytes, broken: tuple[str, ...]) -> None:
    """Type and charset are promises; a type that says little promises little."""
    assert content(kind, body) == broken


@pytest.mark.parametrize(
    ("head", "body", "broken"),
    [
        pytest.param("", b"abc", (), id="nothing-said"),
        pytest.param("content-encoding: gzip", gzip.compress(b"abc"), (), id="kept"),
        pytest.param("content-encoding: x-gzip", gzip.compress(b"abc"), (), id="old-name"),
        pytest.param("content-encoding: gzip", b"abc", ("gzip that is no coding",), id="not-coded"),
        pytest.param("", gzip.compress(b"abc"), ("no coding that is gzip",), id="coded"),
        pytest.param("content-encoding: br", gzip.compress(b"abc"), ("br that is gzip",), id="another"),
        pytest.param("content-encoding: gzip", b"", (), id="no-body"),
        pytest.param("content-length: 3", b"abc", (), id="length"),
        pytest.param("content-length: 9", b"", (), id="length-without-body"),
        pytest.param("content-length: 9", b"abc", ("content-length 9 that is 3",), id="another-length"),
    ],
)
def test_an_answer_is_held_against_its_framing(head: str, body: bytes, broken: tuple[str, ...]) -> None:
    """What came over the wire is coded and as long as its head says, or that is told."""
    block = f"content-type: text/plain\r\n{head}\r\n".encode()
    decoded = decode(body, block)
    assert isinstance(decoded, Decoded)
    assert broken_in_transfer(block, body, decoded) == broken
