"""Where a recording lies: a folder, or a bucket of anything that speaks S3.

Law: whole objects and byte ranges by key, nothing about Parquet or manifests. A store raises `StoreError` (or `UsageError`
where the person named what is not there), never botocore's or the OS's own errors. The subtle thing: every ranged read names
the version it wants (S3: ETag by `If-Match`; a folder: size and modification time), so an object that changes during a run
is an error that names it and never a mix of two recordings. boto3 is imported on first use, after Locust has patched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from replay_users.errors import DamagedRecording, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FolderStore", "ObjectInfo", "S3Options", "S3Store", "Store", "open_store"]


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

    name: str

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, in key order."""

    def get(self, key: str) -> bytes | None:
        """A whole object, `None` if it is not there."""

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """Bytes `start` to `end` (exclusive) of that version of an object."""

    def put(self, key: str, data: bytes) -> None:
        """Write a whole object; it appears complete or not at all."""


class FolderStore:
    """A recording in a folder."""

    def __init__(self, root: Path) -> None:
        """`root` may not exist yet; writing creates it."""
        self.root = root
        self.name = str(root)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every file below the root, in key order."""
        for path in sorted(p for p in self.root.rglob("*") if p.is_file()):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(prefix):
                stat = path.stat()
                yield ObjectInfo(key, stat.st_size, f"{stat.st_size}-{stat.st_mtime_ns}")

    def get(self, key: str) -> bytes | None:
        """A whole file, `None` if it is not there."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {self.root / key}: {error.strerror}") from None

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """A byte range, if the file is still the version that was listed."""
        path = self.root / key
        try:
            with path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if f"{stat.st_size}-{stat.st_mtime_ns}" != version:
                    raise _changed(str(path))
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from None

    def put(self, key: str, data: bytes) -> None:
        """Write beside the target and rename, so that readers see all of it or nothing."""
        path = self.root / key
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None


class S3Store:
    """A recording in a bucket, through boto3; `client` may be any botocore S3 client."""

    def __init__(self, client: Any, bucket: str, prefix: str, options: S3Options) -> None:
        """`prefix` is where the recording begins, without a leading slash."""
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._common = _common_arguments(options)
        self._write = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": options.kms_key} if options.kms_key else {}
        self.name = f"s3://{bucket}/{self._prefix}"

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object below the prefix, all pages of the listing."""
        pages = self._client.get_paginator("list_objects_v2")
        with _translated(f"{self.name}{prefix}"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, **self._common):
                for item in page.get("Contents", []):
                    yield ObjectInfo(item["Key"][len(self._prefix) :], item["Size"], item["ETag"])

    def get(self, key: str) -> bytes | None:
        """A whole object, `None` if it is not there."""
        try:
            with _translated(self.name + key):
                return self._body(Key=self._prefix + key)
        except _MissingObject:
            return None

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """A ranged GET that only the pinned ETag answers."""
        with _translated(self.name + key):
            return self._body(Key=self._prefix + key, Range=f"bytes={start}-{end - 1}", IfMatch=version)

    def put(self, key: str, data: bytes) -> None:
        """One PUT: S3 shows an object only when it is complete."""
        with _translated(self.name + key):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=data,
                **self._common,
                **self._write,
            )

    def _body(self, **request: str) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, **request, **self._common)
        data: bytes = answer["Body"].read()
        return data


class _MissingObject(StoreError):
    """The key is not there: for `get` an answer, elsewhere an error."""


class _translated:  # noqa: N801 - reads as a statement: `with _translated(name)`
    """Turn botocore's errors into one sentence with the cure."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or not type(error).__module__.startswith(("botocore", "urllib3", "boto3")):
            return
        raise _sentence(self._name, error) from None


_ACCESS = {"AccessDenied", "403", "Forbidden"}
_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_MISSING = {"NoSuchKey", "404", "NotFound"}


def _sentence(name: str, error: BaseException) -> Exception:  # noqa: PLR0911 - a table in words
    code = _code(error)
    if code in _MISSING:
        return _MissingObject(f"{name} is not there")
    if code == "NoSuchBucket":
        return UsageError(f"there is no bucket for {name}: check the name and the region or endpoint")
    if code in {"PreconditionFailed", "412"}:
        return _changed(name)
    if code in _CREDENTIALS:
        return StoreError(f"S3 refused the credentials for {name} ({code}): check AWS_ACCESS_KEY_ID and its secret")
    if code in _ACCESS:
        return StoreError(f"access to {name} is denied ({code}): these credentials may not read or write it")
    if type(error).__name__ in {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}:
        return StoreError(f"no credentials for {name}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE")
    return StoreError(f"S3 failed for {name}: {str(error).rstrip('.')}")


def _code(error: BaseException) -> str:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _changed(name: str) -> DamagedRecording:
    return DamagedRecording(f"{name} changed while it was being read: nothing may rewrite a recording during a run")


def _common_arguments(options: S3Options) -> dict[str, str]:
    arguments = {}
    if options.requester_pays:
        arguments["RequestPayer"] = "requester"
    if options.expected_owner:
        arguments["ExpectedBucketOwner"] = options.expected_owner
    return arguments


def open_store(address: str, options: S3Options | None = None) -> Store:
    """The store of a folder path or an `s3://bucket/prefix` address.

    Raises:
        UsageError: the address is of another kind, or boto3 is not installed.
    """
    parts = urlsplit(address)
    if parts.scheme == "s3":
        chosen = options or S3Options()
        return S3Store(_client(chosen), parts.netloc, parts.path, chosen)
    if "://" in address:
        raise UsageError(f"{address}: a recording is a folder or s3://bucket/prefix")
    return FolderStore(Path(address))


def _client(options: S3Options) -> Any:
    try:
        import boto3  # noqa: PLC0415 - heavy, optional, and only after Locust has patched
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        raise UsageError("reading s3:// needs boto3: pip install 'replay-users[s3]'") from None
    session = boto3.Session()
    if options.role:
        session = _assume(session, options.role)
    config = Config(
        retries={
            "max_attempts": 5,
            "mode": "standard",
        },  # jittered back-off, 5xx and cut connections
        connect_timeout=5,
        read_timeout=20,
        max_pool_connections=8,
        s3={"addressing_style": "path"} if options.endpoint else {},
    )
    return session.client("s3", endpoint_url=options.endpoint, region_name=options.region, config=config)


def _assume(session: Any, role: str) -> Any:
    import boto3  # noqa: PLC0415

    with _translated(role):
        answer = session.client("sts").assume_role(RoleArn=role, RoleSessionName="replay-users")
    given = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
