"""Bytes of no known structure: how many, and their hash.

Law: pure; nothing of the bytes themselves is shown. The hash is the one a recording stores of bodies it does not keep.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

__all__ = ["body_hash", "read_opaque"]


def body_hash(body: bytes) -> bytes:
    """BLAKE2b-128, as in the column `response_hash`."""
    return blake2b(body, digest_size=16).digest()


def read_opaque(body: bytes) -> Json:
    """Length and hash."""
    return {"length": len(body), "hash": body_hash(body).hex()}
