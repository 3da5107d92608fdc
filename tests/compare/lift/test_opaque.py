from __future__ import annotations

from hashlib import blake2b

from replay_users.compare.lift.opaque import body_hash, read_opaque


def test_bytes_are_their_length_and_hash() -> None:
    """Nothing of them is shown, and one other byte is another hash."""
    assert read_opaque(b"abc") == {"length": 3, "hash": blake2b(b"abc", digest_size=16).hexdigest()}
    assert read_opaque(b"abc") != read_opaque(b"abd")


def test_the_hash_is_that_of_recordings() -> None:
    """BLAKE2b of 128 bits, so that a body which was not kept can be told from another."""
    assert body_hash(b"") == blake2b(b"", digest_size=16).digest()
