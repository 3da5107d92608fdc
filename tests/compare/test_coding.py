from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import brotli as brotli_package
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.coding import Decoded, Undecoded, decode
from replay_users.compare.difference import UncheckedReason

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1 << 18
PLAIN = b'{"items": [1, 2, 3], "name": "caf\xc3\xa9"}' * 20


def deflate_raw(body: bytes) -> bytes:
    """Raw deflate, which some servers send as `deflate`."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def brotli(body: bytes) -> bytes:
    """The `br` coding."""
    packed: bytes = brotli_package.compress(body)
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


def undone(body: bytes, encoding: str) -> Decoded:
    """What decoding gives, which has to give something."""
    decoded = decode(body, head(encoding) if encoding else b"content-type: application/json\r\n", LIMIT)
    assert isinstance(decoded, Decoded)
    return decoded


def why(body: bytes, encoding: str) -> tuple[str, bool]:
    """Why decoding gives nothing, and whether the stream is to blame."""
    decoded = decode(body, head(encoding), LIMIT)
    assert isinstance(decoded, Undecoded)
    return decoded


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_coding_is_undone(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Each coding that servers use gives back what they coded, and is named."""
    assert undone(pack(PLAIN), encoding) == (PLAIN, (encoding.removeprefix("x-"),))


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_cut_stream_is_broken(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A body that ends before its coding does is broken, however much of it could be read."""
    assert why(pack(PLAIN)[:-5], encoding) == (UncheckedReason.ENCODING, True)


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_nothing_is_inflated_past_the_limit(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A small body that holds a large one is refused, one byte under the limit is not."""
    fits = b"a" * LIMIT
    assert undone(pack(fits), encoding).body == fits
    assert why(pack(fits + b"a"), encoding) == (UncheckedReason.SIZE, False)


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_body_already_decoded_is_taken_as_it_is(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A recording may hold the plain body under the header of the coded one."""
    assert pack(PLAIN) != PLAIN
    assert undone(PLAIN, encoding) == (PLAIN, ())


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
def test_a_coded_body_without_a_header_is_known_by_what_it_holds(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """Where a text was promised and none came, each coding is tried; raw deflate has nothing to know it by."""
    if pack is deflate_raw:
        assert undone(pack(PLAIN), "") == (pack(PLAIN), ())
    else:
        assert undone(pack(PLAIN), "") == (PLAIN, (encoding.removeprefix("x-"),))


@pytest.mark.parametrize(("encoding", "pack"), CODINGS)
@pytest.mark.parametrize("named", [pytest.param("gzip", id="gzip-named"), pytest.param("br", id="br-named")])
def test_a_coding_under_the_name_of_another_is_undone(
    encoding: str, pack: Callable[[bytes], bytes], named: str
) -> None:
    """The header lies about which coding it is, and the body is read all the same."""
    if pack is deflate_raw:
        assert why(pack(PLAIN), named) == (UncheckedReason.ENCODING, True)
    else:
        assert undone(pack(PLAIN), named) == (PLAIN, (encoding.removeprefix("x-"),))


@pytest.mark.parametrize("pack", [pytest.param(gzip.compress, id="gzip"), pytest.param(zstd, id="zstd")])
def test_a_compressed_file_is_none_of_the_codings(pack: Callable[[bytes], bytes]) -> None:
    """A download that is itself compressed is compared as it is."""
    assert decode(pack(PLAIN), b"content-type: application/gzip\r\n") == Decoded(pack(PLAIN))


@pytest.mark.parametrize("kind", [pytest.param("image/png", id="image"), pytest.param("", id="no-type")])
def test_bytes_that_promise_no_text_are_not_tried(kind: str) -> None:
    """An image may happen to be a stream of `br`, and stays an image."""
    assert decode(brotli(PLAIN), f"content-type: {kind}\r\n".encode()) == Decoded(brotli(PLAIN))


def test_codings_are_undone_last_first() -> None:
    """Two codings are undone in the reverse of the order in which they were applied."""
    assert undone(brotli(gzip.compress(PLAIN)), "gzip, br") == (PLAIN, ("gzip", "br"))


def test_all_members_of_a_gzip_body_are_read() -> None:
    """A body of several members is one body, and what follows them is none of it."""
    body = gzip.compress(PLAIN) + gzip.compress(b"more") + b"\0\0"
    assert undone(body, "gzip").body == PLAIN + b"more"


def test_a_body_of_more_members_than_anyone_writes_is_too_large() -> None:
    """What follows a member is copied, so that 50,000 empty ones in 1 MiB would cost 25 GB of copying."""
    assert undone(gzip.compress(b"a") * 256, "gzip").body == b"a" * 256
    assert why(gzip.compress(b"") * 50_000, "gzip") == (UncheckedReason.SIZE, False)


def test_an_empty_body_has_no_coding() -> None:
    """An answer to HEAD may name a coding and holds nothing."""
    assert undone(b"", "gzip") == (b"", ())


@pytest.mark.parametrize(
    "encoding", [pytest.param("compress", id="compress"), pytest.param("gzip,gzip,gzip,gzip", id="four-of-them")]
)
def test_a_coding_that_cannot_be_undone_is_unknown(encoding: str) -> None:
    """What is not known is not guessed at."""
    assert why(b"\x1f\x9d\x90", encoding) == (UncheckedReason.ENCODING, False)


@given(
    st.binary(max_size=200) | st.binary(max_size=40).map(gzip.compress) | st.binary(max_size=40).map(zstd),
    st.sampled_from(["", "gzip", "deflate", "br", "zstd", "gzip, br", "nonsense"]),
)
def test_any_bytes_under_any_header_give_a_value(body: bytes, encoding: str) -> None:
    """No stream raises, and what comes back is within the limit."""
    decoded = decode(body, head(encoding), LIMIT)
    assert isinstance(decoded, Undecoded) or len(decoded.body) <= max(LIMIT, len(body))
