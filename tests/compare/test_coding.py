from __future__ import annotations

import gzip
import importlib
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare import coding
from replay_users.compare.coding import MAX_DECODED, Undecoded, decode

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = b'{"items": [1, 2, 3], "name": "caf\xc3\xa9"}' * 20


def deflate_raw(body: bytes) -> bytes:
    """Raw deflate, which some servers send as `deflate`."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def brotli(body: bytes) -> bytes:
    """The `br` coding."""
    packed: bytes = importlib.import_module("brotli").compress(body)
    return packed


def zstd(body: bytes) -> bytes:
    """The `zstd` coding, its size not said, as servers stream it."""
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return packer.compress(body) + packer.flush()


def head(encoding: str) -> bytes:
    """A header block that names a coding."""
    return f"content-type: application/json\r\ncontent-encoding: {encoding}\r\n".encode()


CODINGS = [
    pytest.param("gzip", gzip.compress, id="gzip"),
    pytest.param("x-gzip", gzip.compress, id="x-gzip"),
    pytest.param("deflate", zlib.compress, id="deflate"),
    pytest.param("deflate", deflate_raw, id="raw-deflate"),
    pytest.param("br", brotli, id="br"),
    pytest.param("zstd", zstd, id="zstd"),
    pytest.param("zstd", zstandard.compress, id="zstd-with-size"),
]


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_coding_is_undone(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Each coding that servers use gives back what they coded."""
    assert decode(pack(PLAIN), head(encoding)) == PLAIN


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_cut_stream_is_broken(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A body that ends before its coding does is broken, however much of it could be read."""
    assert decode(pack(PLAIN)[:-5], head(encoding)) is Undecoded.BROKEN


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_nothing_is_inflated_past_the_limit(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A small body that holds a large one is refused, one byte under the limit is not."""
    fits = b"a" * MAX_DECODED
    assert decode(pack(fits), head(encoding)) == fits
    assert decode(pack(fits + b"a"), head(encoding)) is Undecoded.TOO_LARGE


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_body_already_decoded_is_taken_as_it_is(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A recording may hold the plain body under the header of the coded one."""
    assert pack(PLAIN) != PLAIN
    assert decode(PLAIN, head(encoding)) == PLAIN


@pytest.mark.parametrize("pack", [pytest.param(gzip.compress, id="gzip"), pytest.param(zstd, id="zstd")])
def test_a_coded_body_without_a_header_is_known_by_its_first_bytes(pack: Callable[[bytes], bytes]) -> None:
    """A proxy that strips the header does not make the body differ, but a compressed file is compared as it is."""
    assert decode(pack(PLAIN), b"content-type: application/json\r\n") == PLAIN
    assert decode(pack(PLAIN), b"content-type: application/gzip\r\n") == pack(PLAIN)


def test_codings_are_undone_last_first() -> None:
    """Two codings are undone in the reverse of the order in which they were applied."""
    assert decode(brotli(gzip.compress(PLAIN)), head("gzip, br")) == PLAIN


def test_all_members_of_a_gzip_body_are_read() -> None:
    """A body of several members is one body, and what follows them is none of it."""
    assert decode(gzip.compress(PLAIN) + gzip.compress(b"more") + b"\0\0", head("gzip")) == PLAIN + b"more"


def test_an_empty_body_has_no_coding() -> None:
    """An answer to HEAD may name a coding and holds nothing."""
    assert decode(b"", head("gzip")) == b""


@pytest.mark.parametrize(
    "encoding", [pytest.param("compress", id="compress"), pytest.param("gzip,gzip,gzip,gzip", id="four-of-them")]
)
def test_a_coding_that_cannot_be_undone_is_unknown(encoding: str) -> None:
    """What is not known is not guessed at."""
    assert decode(b"\x1f\x9d\x90", head(encoding)) is Undecoded.UNKNOWN


@pytest.mark.parametrize(
    "module",
    [pytest.param(None, id="not-installed"), pytest.param(type("Old", (), {"Decompressor": object}), id="too-old")],
)
def test_brotli_without_a_bound_is_not_used(monkeypatch: pytest.MonkeyPatch, module: object) -> None:
    """Where brotli is missing, or inflates without a limit, bodies in `br` are unknown."""
    monkeypatch.setitem(sys.modules, "brotli", module)
    assert coding._brotli_undoer() is None
    monkeypatch.delitem(coding._CODINGS, "br")
    assert decode(b"\x0b\x02\x80", head("br")) is Undecoded.UNKNOWN


@given(
    st.binary(max_size=200) | st.binary(max_size=40).map(gzip.compress) | st.binary(max_size=40).map(zstd),
    st.sampled_from(["", "gzip", "deflate", "br", "zstd", "gzip, br", "nonsense"]),
)
def test_any_bytes_under_any_header_give_a_value(body: bytes, encoding: str) -> None:
    """No stream raises, and what comes back is within the limit."""
    decoded = decode(body, head(encoding))
    assert isinstance(decoded, Undecoded) or len(decoded) <= max(MAX_DECODED, len(body))
