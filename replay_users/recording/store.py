"""Where a recording lies: what a folder and a bucket have in common, and which of them an address means.

Law: whole objects and byte ranges by key, nothing about Parquet or manifests. A store raises `StoreError` (or
`UsageError` where the person named what is not there), never botocore's or the OS's own errors. The subtle thing: every
ranged read names the version it wants (S3: the ETag; a folder: size and modification time), so an object that changes
during a run is an error that names it and never a mix of two recordings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from replay_users.errors import DamagedRecording, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ObjectInfo", "S3Options", "Store", "changed", "open_store"]


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object: key relative to the store's root, size in bytes, version (an opaque pin for later reads)."""

    key: str
    size: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """What cannot go into an `s3://` address; credentials come from the ordinary chain, never from here."""

    endpoint: str | None = None
    region: str | None = None
    kms_key: str | None = None
    requester_pays: bool = False
    expected_owner: str | None = None
    role: str | None = None


class Store(Protocol):
    """What reading and writing a recording needs."""

    @property
    def name(self) -> str:
        """The address, without a slash at the end."""

    @property
    def blocking(self) -> bool:
        """Whether reads stop every greenlet, as a disk's do: then a worker reads in a pool thread; else in a greenlet."""

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, in key order."""

    def get(self, key: str) -> bytes | None:
        """A whole object, `None` if it is not there."""

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """Bytes `start` to `end` (exclusive) of that version of an object."""

    def put(self, key: str, data: bytes) -> None:
        """Write a whole object; it appears complete or not at all."""


def changed(name: str) -> DamagedRecording:
    """The error of an object that is no longer the version that was listed."""
    return DamagedRecording(
        f"{name} changed after the recording was opened: nothing may rewrite a recording during a run; start the run again"
    )


def open_store(address: str, options: S3Options | None = None) -> Store:
    """The store of a folder path or an `s3://bucket/prefix` address.

    Raises:
        UsageError: the address is of another kind, or boto3 is not installed.
        StoreError: there is no usable configuration of S3.
    """
    scheme, mark, rest = address.partition("://")
    if not mark:
        from replay_users.recording.folder import FolderStore  # noqa: PLC0415 - it imports this module

        return FolderStore(Path(address))
    bucket, _, prefix = rest.partition("/")
    if scheme.lower() != "s3" or not bucket:
        raise UsageError(f"{address} is no recording's address: give a folder or s3://bucket/prefix")
    from replay_users.recording.s3 import open_bucket  # noqa: PLC0415 - it imports this module

    return open_bucket(bucket, prefix, options or S3Options())
