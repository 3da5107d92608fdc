"""Whether recorded bytes are strictly what they claim to be: whole header lines, a target that ends where it ends.

Law: pure. What is copied unread could write a second request (a bare line feed, a second Content-Length), so this is
asked once for each row at ingest and kept as a trait, and again for whatever a user's code makes of a request. The
subtle thing: a replay trusts the trait instead of reading every header again, which would cost more than sending it.
"""

from __future__ import annotations

import re

__all__ = ["TOKEN", "is_head", "is_target"]

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
"""A character of a method or a header name (RFC 9110 section 5.6.2)."""

_HEAD = re.compile(rb"(?:(?!(?i:host|content-length|transfer-encoding):)" + TOKEN + rb"++:[^\r\n\0]*+\r\n)*+").fullmatch

_UNSAFE = bytes(range(33)) + b"\x7f"


def is_head(block: bytes) -> bool:
    """Whether a block is whole header lines, none of them the engine's to write (RFC 9112 sections 2.2, 5 and 6.3)."""
    return _HEAD(block) is not None


def is_target(target: bytes) -> bool:
    """Whether a target holds nothing that would end it early."""
    return bool(target) and len(target.translate(None, _UNSAFE)) == len(target)
