from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.lift import Form, Lifted, Unlifted, lift
from replay_users.compare.limits import LIMITS, Limits

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

PNG = b"\x89PNG\r\n\x1a\n\0\0"
TREES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def lifted(body: bytes, kind: str, limits: Limits = LIMITS) -> Lifted | Unlifted:
    """A body under a content type."""
    return lift(body, f"content-type: {kind}\r\n".encode() if kind else b"", limits)


def told(body: bytes, kind: str) -> tuple[str, Json]:
    """Form and tree of a body that has one."""
    said = lifted(body, kind)
    assert isinstance(said, Lifted)
    return str(said.form), said.root


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        pytest.param(b'{"a":1}', "application/json", ("json", {"a": 1}), id="json"),
        pytest.param(b"1", "application/json", ("json", 1), id="json-scalar"),
        pytest.param(b"1", "text/plain", ("text", ["1"]), id="text-that-could-be-a-number"),
        pytest.param(b" [1]", "text/html", ("json", [1]), id="json-as-html"),
        pytest.param(b'{"a":1}', "", ("json", {"a": 1}), id="json-without-type"),
        pytest.param(b'{"a":1}', "image/png", ("json", {"a": 1}), id="json-as-image"),
        pytest.param('{"a":"é"}'.encode("latin-1"), "application/json", ("json", {"a": "é"}), id="json-in-latin-1"),
        pytest.param('{"a":"é"}'.encode("utf-16"), "application/json", ("json", {"a": "é"}), id="json-in-utf-16"),
        pytest.param(b'{"a":1}\n{"a":2}', "application/json", ("ndjson", [{"a": 1}, {"a": 2}]), id="lines-as-json"),
        pytest.param(b'{"a":1}\n', "application/x-ndjson", ("ndjson", [{"a": 1}]), id="one-line"),
        pytest.param(b"data: x\n\n", "text/event-stream", ("sse", [{"data": "x"}]), id="events"),
        pytest.param(b'{"error":1}', "text/event-stream", ("json", {"error": 1}), id="an-error-as-events"),
        pytest.param(b"a=1", "application/x-www-form-urlencoded", ("form", {"a": ["1"]}), id="form"),
        pytest.param(b"<p>a", "text/html", ("html", {"body": {"p": [{"#text": "a"}]}}), id="html"),
        pytest.param(b"ok", "text/html", ("text", ["ok"]), id="html-without-a-tag"),
        pytest.param(b"<html>a", "application/json", ("html", {"body": {"#text": "a"}}), id="a-page-as-json"),
        pytest.param(b"<html>a", "application/octet-stream", ("html", {"body": {"#text": "a"}}), id="a-page-as-bytes"),
        pytest.param(b"<html>a", "image/png", ("html", {"body": {"#text": "a"}}), id="a-page-as-image"),
        pytest.param(b"<a>1</a>", "application/rss+xml", ("xml", {"a": ["1"]}), id="xml"),
        pytest.param(b"<?xml version='1.0'?><a/>", "text/plain", ("xml", {"a": [""]}), id="xml-as-text"),
        pytest.param(b"<a>1</b>", "text/xml", ("text", ["<a>1</b>"]), id="broken-xml"),
        pytest.param(b"<html><p>x", "text/xml", ("html", {"body": {"p": [{"#text": "x"}]}}), id="html-as-xml"),
        pytest.param(b"a\r\nb", "text/csv", ("text", ["a", "b"]), id="text"),
        pytest.param("é".encode("latin-1"), "text/csv", ("text", ["é"]), id="text-in-latin-1"),
        pytest.param(b"a,b", "", ("text", ["a,b"]), id="text-without-type"),
        pytest.param(b"", "application/json", ("text", []), id="nothing"),
    ],
)
def test_a_body_is_what_it_is(body: bytes, kind: str, expected: tuple[str, Json]) -> None:
    """What was promised is tried first; what is something else is read as that."""
    assert told(body, kind) == expected


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "text/html", "application/json", ""])
def test_bytes_are_bytes_whatever_they_are_called(kind: str) -> None:
    """A zero stands in no text."""
    assert told(PNG, kind)[0] == "opaque"


@pytest.mark.parametrize(
    ("body", "kind", "limits", "reason"),
    [
        pytest.param(b"[1]", "application/json", Limits(decoded=2), "size", id="bytes"),
        pytest.param(b"[" * 30 + b"]" * 30, "application/json", Limits(nodes=9), "nodes", id="values"),
        pytest.param(b"[" * 1500 + b"1" + b"]" * 1500, "application/json", Limits(depth=1400), "depth", id="levels"),
        pytest.param(b"[1e99999999999999999999]", "application/json", LIMITS, "json", id="number"),
        pytest.param(b"<p><p><p>", "text/html", Limits(nodes=2), "nodes", id="elements"),
        pytest.param(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "text/xml", LIMITS, "xml", id="entities"),
        pytest.param(b"a\n" * 9, "text/plain", Limits(nodes=2), "nodes", id="lines"),
    ],
)
def test_what_is_beyond_a_limit_has_no_tree(body: bytes, kind: str, limits: Limits, reason: str) -> None:
    """The reason says which limit it was."""
    assert lifted(body, kind, limits) == Unlifted(reason)  # type: ignore[arg-type]


def test_commas_of_a_small_text_are_not_counted() -> None:
    """A body of fewer bytes than values are allowed is within the limit, whatever it holds."""
    assert isinstance(lifted(b'"' + b"," * 90 + b'"', "application/json", Limits(nodes=100)), Lifted)


@pytest.mark.parametrize(
    ("body", "kind", "charset", "misread"),
    [
        pytest.param("é".encode(), "text/plain", "utf-8", False, id="utf-8"),
        pytest.param("é".encode("latin-1"), "text/plain; charset=utf-8", "latin-1", True, id="a-lie"),
        pytest.param("<p>é".encode("latin-1"), "text/html; charset=iso-8859-1", "latin-1", False, id="no-lie"),
        pytest.param('["é"]'.encode("latin-1"), "application/json", "latin-1", True, id="json-is-utf-8"),
        pytest.param(b"[1]", "application/json; charset=iso-8859-1", "", False, id="json-of-no-charset"),
    ],
)
def test_how_a_text_was_written_is_told(body: bytes, kind: str, charset: str, misread: bool) -> None:
    """The charset it was in, and whether that is another one than was said."""
    said = lifted(body, kind)
    assert isinstance(said, Lifted)
    assert (said.charset, said.is_misread) == (charset, misread)


@given(TREES, st.sampled_from(["application/json", "application/problem+json; charset=utf-8"]))
def test_json_is_lifted_exactly(tree: Json, kind: str) -> None:
    """Whatever a service writes as JSON is that tree."""
    assert told(json.dumps(tree).encode(), kind) == ("json", tree)


KINDS = ["", "application/json", "application/x-ndjson", "text/event-stream", "application/x-www-form-urlencoded"]
KINDS += ["text/html", "text/xml", "text/plain; charset=utf-16", "image/png"]
PIECES = [
    b"<p>",
    b"</p>",
    b"<a b='",
    b"{",
    b'"a":',
    b"1",
    b"]",
    b"[",
    b"}",
    b"\n",
    b"data:",
    b"&",
    b"=",
    b"<!--",
    b"\xff",
]


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join), st.sampled_from(KINDS))
def test_any_bytes_are_lifted_the_same_each_time(body: bytes, kind: str) -> None:
    """Nothing raises, and one body under one head is one tree."""
    assert repr(lifted(body, kind)) == repr(lifted(body, kind))
    said = lifted(body, kind)
    assert isinstance(said, Unlifted) or said.form in Form
