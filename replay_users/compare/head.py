r"""What a response's header block says about its body: how it is coded, and whether it claims to be JSON.

Law: reads bytes (`Name: value\r\n` per line), knows nothing of bodies. A header that makes no sense says nothing.
"""

import re

__all__ = ["codings", "declares_json", "is_packed"]

_ENCODING = re.compile(rb"(?:^|\n)content-encoding[ \t]*:([^\r\n]*)", re.IGNORECASE)
_JSON = re.compile(
    rb"(?:^|\n)content-type[ \t]*:[ \t]*(?:application/json|text/json|[^\s;,]+\+json)[ \t]*(?:[;\r\n]|$)",
    re.IGNORECASE,
)
_PACKED = re.compile(rb"(?:^|\n)content-type[ \t]*:[ \t]*application/(?:x-)?(?:gzip|zstd|tgz)\b", re.IGNORECASE)


def codings(head: bytes) -> tuple[str, ...]:
    """The content codings in the order they were applied, lower case, without `identity`."""
    if b"content-encoding" not in head.lower():  # ten times faster than the search
        return ()
    return tuple(
        name.decode("latin-1")
        for line in _ENCODING.findall(head)
        for name in line.lower().replace(b" ", b"").replace(b"\t", b"").split(b",")
        if name not in {b"", b"identity"}
    )


def declares_json(head: bytes) -> bool:
    """Whether the content type is JSON or built on it (`+json`)."""
    return _JSON.search(head) is not None


def is_packed(head: bytes) -> bool:
    """Whether the content itself is a compressed file, which is compared as it is."""
    return _PACKED.search(head) is not None
