from __future__ import annotations

import pytest

from replay_users.compare.head import codings, declares_json, is_packed


@pytest.mark.parametrize(
    ("head", "names"),
    [
        pytest.param(b"", (), id="no-head"),
        pytest.param(b"content-encoding: gzip\r\n", ("gzip",), id="one"),
        pytest.param(b"Date: x\r\nContent-Encoding:GZIP\r\nServer: y\r\n", ("gzip",), id="any-case-any-place"),
        pytest.param(b"content-encoding: gzip, br\r\n", ("gzip", "br"), id="a-list"),
        pytest.param(b"content-encoding: gzip\r\ncontent-encoding: br\r\n", ("gzip", "br"), id="two-lines"),
        pytest.param(b"content-encoding: identity\r\n", (), id="identity-is-none"),
        pytest.param(b"content-encoding: \r\n", (), id="empty"),
        pytest.param(b"x-content-encoding: gzip\r\n", (), id="another-name"),
        pytest.param(b"vary: content-encoding: gzip\r\n", (), id="inside-a-value"),
        pytest.param(b"content-encoding: \xff\r\n", ("\xff",), id="no-ascii"),
    ],
)
def test_codings_are_read_in_the_order_they_were_applied(head: bytes, names: tuple[str, ...]) -> None:
    """Every coding of every line counts, in lower case, and nothing else does."""
    assert codings(head) == names


@pytest.mark.parametrize(
    ("content_type", "declared"),
    [
        pytest.param(b"application/json", True, id="json"),
        pytest.param(b"Application/JSON; charset=utf-8", True, id="any-case-with-parameter"),
        pytest.param(b"application/problem+json", True, id="built-on-json"),
        pytest.param(b"application/vnd.api+json ; v=1", True, id="vendor-type"),
        pytest.param(b"text/json", True, id="old-name"),
        pytest.param(b"text/html", False, id="html"),
        pytest.param(b"application/jsonlines", False, id="longer-name"),
        pytest.param(b"application/json-seq", False, id="sequence"),
        pytest.param(b"text/html; a=application/json", False, id="in-a-parameter"),
    ],
)
def test_json_is_declared_by_the_media_type(content_type: bytes, declared: bool) -> None:
    """JSON and what is built on it declare JSON, and names that only look alike do not."""
    assert declares_json(b"date: x\r\ncontent-type: " + content_type + b"\r\nserver: y\r\n") is declared


def test_a_compressed_file_is_known_by_its_type() -> None:
    """A download that is itself compressed is told from a compressed transfer."""
    assert is_packed(b"content-type: application/x-gzip\r\n")
    assert not is_packed(b"content-type: application/json\r\n")
