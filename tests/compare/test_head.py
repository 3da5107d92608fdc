from __future__ import annotations

import pytest

from replay_users.compare.head import codings, content_length, content_type, is_packed


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
    ("head", "value"),
    [
        pytest.param(b"", b"", id="no-head"),
        pytest.param(b"date: x\r\nContent-Type: Text/HTML; charset=x\r\n", b" Text/HTML; charset=x", id="as-it-stands"),
        pytest.param(b"content-type: a/b\r\ncontent-type: c/d\r\n", b" a/b", id="the-first"),
        pytest.param(b"x-content-type: a/b\r\n", b"", id="another-name"),
        pytest.param(b"content-type", b"", id="no-value"),
        pytest.param(b"content-types: x\r\nx-content-type: y\r\ncontent-type: a/b\r\n", b" a/b", id="after-its-likes"),
    ],
)
def test_a_content_type_is_given_as_it_stands(head: bytes, value: bytes) -> None:
    """Its name counts in any case, its value is left as it is."""
    assert content_type(head) == value


@pytest.mark.parametrize(
    ("head", "length"),
    [
        pytest.param(b"Content-Length: 12\r\n", 12, id="a-number"),
        pytest.param(b"content-length: 12, 12\r\n", None, id="no-number"),
        pytest.param(b"content-length: -1\r\n", None, id="negative"),
        pytest.param(b"x-content-length: 12\r\n", None, id="another-name"),
        pytest.param(b"content-length: " + b"9" * 5000 + b"\r\n", None, id="endless"),
        pytest.param(b"", None, id="none"),
    ],
)
def test_a_length_is_read_where_it_is_one(head: bytes, length: int | None) -> None:
    """What is no number says nothing."""
    assert content_length(head) == length


def test_a_compressed_file_is_known_by_its_type() -> None:
    """A download that is itself compressed is told from a compressed transfer."""
    assert is_packed(b"content-type: application/x-gzip\r\n")
    assert not is_packed(b"content-type: application/json\r\n")
