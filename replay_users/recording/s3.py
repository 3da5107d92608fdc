"""A recording in a bucket of anything that speaks S3, through boto3.

Law: the `Store` of a bucket; each botocore error leaves here as one sentence with its cure. boto3 is imported on first
use: it is optional, heavy, and must come after Locust has patched the sockets. The subtle thing: botocore retries a
request a few times until its answer begins, and ever fewer times the more has failed (its retry quota); what goes on for
longer, and an answer that is cut or dripped while its body streams, is retried here, from its start, within a time. And
not every server that speaks S3 knows `If-Match` and `Range`, so what came is held against what was asked.
"""

from __future__ import annotations

import os
import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from replay_users.errors import ReplayError, StoreError, UsageError
from replay_users.recording.store import ObjectInfo, S3Options, changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["S3Store", "open_bucket"]

_ATTEMPTS: Final = 3
"""Of botocore, within 0.2 s where S3 answers at once: what is wrong from the beginning shall be told soon."""

_READ_TIMEOUT_S: Final = 20
PATIENCE_S: Final = 60.0
"""How long a read is tried again, and how long one body may take: with botocore's own tries three minutes at most.

Rows that this makes late are dropped and counted as lag, rows given up are `unread` and the run has failed: so it is longer
than an outage of S3 that mends itself, which takes seconds.
"""

_LONGEST_PAUSE_S: Final = 5.0
_PIECE: Final = 64 << 10
"""Of a body, between two looks at the clock, and turns for all others: the hub has requests to send (64 KiB take 50 us)."""

_PASSING: Final = {
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "EndpointConnectionError",
    "HTTPClientError",
    "IncompleteReadError",
    "ReadTimeoutError",
    "ResponseStreamingError",
}
"""What is raised when a connection cannot be had, breaks or stalls, before an answer or within its body."""

_PASSING_CODES: Final = {"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling"}


def _pause(seconds: float) -> None:
    time.sleep(seconds)  # looked up when called: Locust may have patched it since


class S3Store:
    """A recording in a bucket."""

    blocking: Final = False

    def __init__(
        self,
        client: Any,
        bucket: str,
        prefix: str,
        options: S3Options,
        *,
        pause: Callable[[float], None] = _pause,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`client` is a botocore S3 client; `prefix` is where the recording begins; `pause` sleeps, and `clock` tells seconds."""
        self._client = client
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._common = _common_arguments(options)
        self._write = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": options.kms_key} if options.kms_key else {}
        self._pause = pause
        self._clock = clock
        self.name = f"s3://{bucket}/{self._prefix}".rstrip("/")

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object below the prefix, all pages of the listing."""
        pages = self._client.get_paginator("list_objects_v2")
        with _translated(f"{self.name}/{prefix}"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, **self._common):
                for item in page.get("Contents", []):
                    yield ObjectInfo(item["Key"][len(self._prefix) :], item["Size"], item["ETag"])

    def get(self, key: str) -> bytes | None:
        """A whole object, `None` if it is not there."""
        try:
            with _translated(f"{self.name}/{key}"):
                return self._body(Key=self._prefix + key)[0]
        except _MissingObject:
            return None

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """A ranged GET that only the pinned ETag answers."""
        name = f"{self.name}/{key}"
        with _translated(name):
            data, found = self._body(Key=self._prefix + key, Range=f"bytes={start}-{end - 1}", IfMatch=version)
        if found != version:
            raise changed(name)
        if len(data) != end - start:
            raise StoreError(
                f"{name} gave {len(data)} bytes where {end - start} were asked for: this store ignores Range"
            )
        return data

    def put(self, key: str, data: bytes) -> None:
        """One PUT: S3 shows an object only when it is complete."""
        with _translated(f"{self.name}/{key}"):
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=data, **self._common, **self._write
            )

    def _body(self, **request: str) -> tuple[bytes, str]:
        """The body and the ETag of an answer; what may pass is asked for again, within the time there is."""
        until, longest = self._clock() + PATIENCE_S, 0.1
        while True:
            try:
                return self._body_once(request)
            except Exception as error:
                left, longest = until - self._clock(), min(2 * longest, _LONGEST_PAUSE_S)
                if left <= 0 or not _may_pass(error):
                    raise
                self._pause(min(random.uniform(0, longest), left))  # noqa: S311 - jitter

    def _body_once(self, request: dict[str, str]) -> tuple[bytes, str]:
        answer = self._client.get_object(Bucket=self._bucket, **request, **self._common)
        body, pieces, until = answer["Body"], list[bytes](), self._clock() + PATIENCE_S
        while piece := body.read(_PIECE):
            pieces.append(piece)
            if self._clock() > until:
                body.close()
                name = f"s3://{self._bucket}/{request['Key']}"
                raise StoreError(_TOO_SLOW.format(name=name, seconds=PATIENCE_S))
            self._pause(0)
        return b"".join(pieces), answer["ETag"]


def _may_pass(error: Exception) -> bool:
    """Whether it may be otherwise the next time."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = response.get("Error", {}).get("Code")
    return type(error).__name__ in _PASSING or status >= 500 or code in _PASSING_CODES  # noqa: PLR2004 - as 5xx are


def _common_arguments(options: S3Options) -> dict[str, str]:
    arguments = {}
    if options.requester_pays:
        arguments["RequestPayer"] = "requester"
    if options.expected_owner:
        arguments["ExpectedBucketOwner"] = options.expected_owner
    return arguments


class _MissingObject(StoreError):
    """The key is not there: for `get` an answer, elsewhere an error."""


class _translated:  # noqa: N801 - reads as a statement: `with _translated(name)`
    """Turn botocore's errors into one sentence with the cure."""

    def __init__(self, name: str) -> None:
        self._name = name.rstrip("/")

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or not type(error).__module__.startswith(("botocore", "urllib3", "boto3")):
            return
        raise _sentence(self._name, error) from None


_BY_CODE: Final[dict[str, tuple[type[ReplayError], str]]] = {
    **dict.fromkeys(
        ("NoSuchKey", "404", "NotFound"),
        (_MissingObject, "{name} is not there: restore it or ingest the capture again"),
    ),
    "NoSuchBucket": (UsageError, "there is no bucket for {name}: check the name and the region or endpoint"),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        (StoreError, "S3 refused the credentials for {name} ({code}): check AWS_ACCESS_KEY_ID and its secret"),
    ),
    **dict.fromkeys(
        ("AccessDenied", "403", "Forbidden"),
        (StoreError, "access to {name} is denied ({code}): let the bucket's policy allow it to these credentials"),
    ),
}
_BY_CLASS: Final[dict[str, tuple[type[ReplayError], str]]] = {
    **dict.fromkeys(
        ("NoCredentialsError", "PartialCredentialsError"),
        (StoreError, "no credentials for {name}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"),
    ),
    "NoRegionError": (StoreError, "no region for {name}: set AWS_REGION"),
    "ProfileNotFound": (StoreError, "{text}: check AWS_PROFILE"),
    "ParamValidationError": (UsageError, "{name} cannot be an address in S3: {text}"),
    "EndpointConnectionError": (
        StoreError,
        "S3 cannot be reached for {name} ({text}): check the endpoint and the network",
    ),
}
_ELSE: Final = (StoreError, "S3 failed for {name}: {text}; start again when S3 is well")
_TOO_SLOW: Final = "S3 is too slow: {name} did not come whole within {seconds:.0f} s; start again when S3 is well"


def _sentence(name: str, error: BaseException) -> ReplayError:
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    if code in {"PreconditionFailed", "412"}:
        return changed(name)
    kind, sentence = _BY_CODE.get(code) or _BY_CLASS.get(type(error).__name__) or _ELSE
    return kind(sentence.format(name=name, code=code, text=" ".join(str(error).split()).rstrip(".")))


def open_bucket(bucket: str, prefix: str, options: S3Options) -> S3Store:
    """The store of a prefix of a bucket.

    Raises:
        UsageError: boto3 is not installed, or the endpoint is not a URL.
        StoreError: the profile or the role cannot be used.
    """
    try:
        import boto3  # noqa: PLC0415 - optional, heavy, and only after Locust has patched
    except ImportError:
        raise UsageError("s3:// needs boto3: pip install 'replay-users[s3]'") from None
    with _translated(f"s3://{bucket}/{prefix}"):
        session = _with_role(boto3.Session(), options) if options.role else boto3.Session()
        try:
            client = session.client(
                "s3", endpoint_url=options.endpoint, region_name=options.region, config=_config(options)
            )
        except ValueError as error:
            raise UsageError(f"{error}: give the endpoint as http://host:port") from None
    return S3Store(client, bucket, prefix, options)


def _config(options: S3Options) -> Any:
    """Jittered retries of 5xx and cut connections; another endpoint than AWS's may know neither host names nor checksums."""
    from botocore.config import Config  # noqa: PLC0415 - as boto3

    foreign = options.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    settings: dict[str, Any] = {"s3": {"addressing_style": "path"}} if foreign else {}
    if foreign:
        settings |= dict.fromkeys(("request_checksum_calculation", "response_checksum_validation"), "when_required")
    retries = {"total_max_attempts": _ATTEMPTS, "mode": "standard"}
    return Config(retries=retries, connect_timeout=5, read_timeout=_READ_TIMEOUT_S, max_pool_connections=8, **settings)


def _with_role(session: Any, options: S3Options) -> Any:
    """A session of the assumed role, whose credentials are renewed before they expire: a run may be longer than they last."""
    import boto3  # noqa: PLC0415 - as above
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials  # noqa: PLC0415
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    own = session.get_credentials()
    if own is None:
        raise NoCredentialsError
    sts = partial(session.client, region_name=options.region)
    fetcher = AssumeRoleCredentialFetcher(sts, own, options.role, extra_args={"RoleSessionName": "replay-users"})
    assumed = Session()
    # botocore has no public way to give a session credentials that renew themselves.
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # noqa: SLF001
    return boto3.Session(botocore_session=assumed)
