"""A recording's objects in a bucket: a real S3 server, and a fake client for what a real one will not do on demand."""

from __future__ import annotations

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import DamagedRecording, ReplayError, StoreError, UsageError
from replay_users.recording.s3 import S3Store, open_bucket
from replay_users.recording.store import S3Options, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.weed import Weed

botocore = pytest.importorskip("botocore.exceptions")
pytest.importorskip("boto3")


@pytest.mark.server
def test_objects_survive_a_real_server(s3: Weed) -> None:
    """What is put is listed with its size, got whole and read in ranges, below the prefix only."""
    store, beside = s3.store("objects/one"), s3.store("objects/one-more")
    store.put("hour/a", b"0123456789")
    beside.put("b", b"other")
    (item,) = store.objects()
    assert (item.key, item.size) == ("hour/a", 10)
    assert store.get("hour/a") == b"0123456789"
    assert store.get("hour/b") is None
    assert store.read("hour/a", 2, 5, item.version) == b"234"
    assert [item.key for item in store.objects("hour/")] == ["hour/a"]
    assert list(store.objects("day/")) == []


@pytest.mark.server
def test_a_listing_has_all_its_pages(s3: Weed) -> None:
    """More objects than a page of a listing (1,000) are all listed, once, in order."""
    store = s3.store("many")
    for nth in range(1005):
        store.put(f"{nth:04}", b"")
    assert [item.key for item in store.objects()] == [f"{nth:04}" for nth in range(1005)]


@pytest.mark.server
def test_an_object_that_changed_is_named(s3: Weed) -> None:
    """A range of an object that was rewritten after it was listed is refused by its ETag."""
    store = s3.store("changed")
    store.put("a", b"0123456789")
    (item,) = store.objects()
    store.put("a", b"9876543210")
    with pytest.raises(DamagedRecording, match="s3://recordings/changed/a changed after the recording was opened"):
        store.read("a", 0, 3, item.version)


ATTEMPTS: dict[str, Callable[[Store], object]] = {
    "list": lambda store: list(store.objects()),
    "get": lambda store: store.get("a"),
    "put": lambda store: store.put("a", b""),
    "read": lambda store: store.read("a", 0, 1, '"x"'),
}


def expect_sentence(kind: type[ReplayError], match: str, attempt: Callable[[], object]) -> None:
    """The attempt raises one sentence of exactly this kind, with no botocore behind it."""
    with pytest.raises(kind, match=match) as caught:
        attempt()
    assert caught.value.exit_code == kind.exit_code
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert "\n" not in str(caught.value)


@pytest.mark.server
@pytest.mark.parametrize(
    ("keys", "code"),
    [
        pytest.param({"AWS_ACCESS_KEY_ID": "nobody"}, "InvalidAccessKeyId", id="unknown-key"),
        pytest.param({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch", id="wrong-secret"),
    ],
)
def test_wrong_credentials(s3: Weed, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], code: str) -> None:
    """Wrong credentials are a tool error whose sentence names the variables to check, whatever was tried."""
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    store = s3.store("credentials")
    for attempt in ATTEMPTS.values():
        expect_sentence(
            StoreError, rf"refused the credentials .*\({code}\): check AWS_ACCESS_KEY_ID", partial(attempt, store)
        )


@pytest.mark.server
def test_credentials_without_permission(s3: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are right and allow nothing are told apart from wrong ones."""
    for name, value in s3.powerless_keys.items():
        monkeypatch.setenv(name, value)
    store = s3.store("denied")
    for attempt in ATTEMPTS.values():
        expect_sentence(StoreError, r"access to s3://recordings/denied.* is denied", partial(attempt, store))


@pytest.mark.server
def test_a_bucket_that_is_not_there(s3: Weed) -> None:
    """A wrong bucket is a usage error, and is not made by writing to it."""
    store = open_store("s3://no-such-bucket/a", s3.options)
    for name in ("list", "get", "put"):  # "read" needs a version, which only a bucket that is there can give
        expect_sentence(UsageError, "there is no bucket for s3://no-such-bucket/a", partial(ATTEMPTS[name], store))


@pytest.mark.server
def test_no_credentials_at_all(s3: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the sentence says where they are looked for."""
    for name in s3.keys:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    expect_sentence(StoreError, "no credentials for .*: set AWS_ACCESS_KEY_ID", lambda: list(s3.store("a").objects()))


def test_an_unknown_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist is named when the store is opened."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    expect_sentence(StoreError, r"\(nobody\) could not be found: check AWS_PROFILE", lambda: open_store("s3://b/a"))


def test_an_endpoint_that_is_no_url() -> None:
    """A host without a scheme is the usual slip."""
    options = S3Options(endpoint="127.0.0.1:9000", region="us-east-1")
    expect_sentence(UsageError, "give the endpoint as http://host:port", lambda: open_store("s3://b/a", options))


@pytest.mark.parametrize("bucket", ["a b", "x" * 300], ids=["space", "too-long"])
def test_a_name_that_no_bucket_can_have(monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    """What botocore refuses before asking anybody is a usage error in one line."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    store = open_bucket(bucket, "a", S3Options(endpoint="http://127.0.0.1:9", region="us-east-1"))
    expect_sentence(UsageError, "cannot be an address in S3", lambda: list(store.objects()))


class FakeBody:
    """A body that is cut a number of times before it comes."""

    def __init__(self, data: bytes, error: Exception | None) -> None:
        self._data = data
        self._error = error

    def read(self, size: int) -> bytes:
        """Some of the data, or the error."""
        if self._error:
            raise self._error
        piece, self._data = self._data[:size], self._data[size:]
        return piece

    def close(self) -> None:
        """No more of it."""


class FakeClient:
    """A client that answers each GET with the next of its errors, and then with its object."""

    def __init__(self, *errors: Exception | None, data: bytes = b"012", etag: str = '"v1"') -> None:
        self.asked: list[dict[str, Any]] = []
        self._errors = list(errors)
        self._answer = (data, etag)

    def get_object(self, **request: Any) -> dict[str, Any]:
        """One answer."""
        self.asked.append(request)
        data, etag = self._answer
        error = self._errors.pop(0) if self._errors else None
        if error is not None and type(error).__name__ == "ClientError":
            raise error
        return {"Body": FakeBody(data, error), "ETag": etag}


class FakeTime:
    """A clock that pauses move, and reading a piece of a body."""

    def __init__(self, piece: float = 0.0) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._piece = piece

    def pause(self, seconds: float) -> None:
        """Sleep; a pause of nothing is what comes between two pieces of a body."""
        self.now += seconds or self._piece
        if seconds:
            self.pauses.append(seconds)

    def clock(self) -> float:
        """Seconds."""
        return self.now


def fake_store(client: FakeClient, at: FakeTime | None = None, **options: Any) -> S3Store:
    """A store of a fake client that never sleeps."""
    at = at or FakeTime()
    return S3Store(client, "b", "r", S3Options(**options), pause=at.pause, clock=at.clock)


def test_a_range_is_asked_for_of_its_version() -> None:
    """One request says which bytes of which version, so that a server that knows both sends nothing else."""
    client = FakeClient()
    fake_store(client).read("a", 4, 7, '"v1"')
    assert client.asked == [{"Bucket": "b", "Key": "r/a", "Range": "bytes=4-6", "IfMatch": '"v1"'}]


CUTS = [
    pytest.param(botocore.IncompleteReadError(actual_bytes=1, expected_bytes=3), id="closed"),
    pytest.param(botocore.ReadTimeoutError(endpoint_url="x", error="stalled"), id="stalled"),
    pytest.param(botocore.ResponseStreamingError(error="reset"), id="reset"),
]


def answer(code: str, status: int) -> Exception:
    """What botocore raises of an answer of S3."""
    error: Exception = botocore.ClientError(
        {"Error": {"Code": code, "Message": "later"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject"
    )
    return error


PASSING = [
    *CUTS,
    pytest.param(answer("SlowDown", 503), id="slow-down"),
    pytest.param(answer("InternalError", 500), id="internal-error"),
    pytest.param(answer("502", 502), id="bad-gateway"),
    pytest.param(answer("RequestTimeout", 400), id="request-timeout"),
    pytest.param(botocore.EndpointConnectionError(endpoint_url="x"), id="refused"),
    pytest.param(botocore.ConnectionClosedError(endpoint_url="x"), id="closed-before-it-answers"),
]


@pytest.mark.parametrize("error", PASSING)
def test_what_may_pass_is_asked_for_again(error: Exception) -> None:
    """A cut body, a 5xx and a dead connection are tried again, from the start, with random pauses that become longer."""
    client, time = FakeClient(*[error] * 9), FakeTime()
    assert fake_store(client, time).read("a", 0, 3, '"v1"') == b"012"
    assert len(client.asked) == 10
    assert client.asked[0] == client.asked[-1]
    assert all(0 <= pause <= min(0.1 * 2 ** (nth + 1), 5.0) for nth, pause in enumerate(time.pauses))
    assert len(set(time.pauses)) > 5


def test_what_does_not_pass_is_an_error() -> None:
    """After a minute the object cannot be read, and is named, with what to do."""
    client, time = FakeClient(*[answer("SlowDown", 503)] * 999), FakeTime()
    store = fake_store(client, time)
    expect_sentence(
        StoreError,
        "S3 failed for s3://b/r/a: .*SlowDown.*; start again when S3 is well",
        lambda: store.read("a", 0, 3, '"v1"'),
    )
    assert time.now == pytest.approx(60)
    assert len(client.asked) > 15


def test_a_body_that_drips_is_given_up() -> None:
    """A body of which a piece comes now and then does not hold a read for longer than a minute."""
    store = fake_store(FakeClient(data=b"x" * (1 << 24)), FakeTime(piece=1.0))
    expect_sentence(
        StoreError,
        "S3 is too slow: s3://b/r/a did not come whole within 60 s; start again",
        lambda: store.read("a", 0, 1 << 24, '"v1"'),
    )


def test_others_have_their_turn_while_a_body_comes() -> None:
    """Between two pieces of a large body the hub may send."""
    turns: list[float] = []
    store = S3Store(FakeClient(data=b"x" * (1 << 20)), "b", "r", S3Options(), pause=turns.append)
    assert len(store.read("a", 0, 1 << 20, '"v1"')) == 1 << 20
    assert turns == [0] * 16


@pytest.mark.parametrize("error", [answer("AccessDenied", 403), answer("InvalidRequest", 400)], ids=["403", "400"])
def test_a_refusal_is_not_asked_for_again(error: Exception) -> None:
    """Only what may pass is tried again."""
    client = FakeClient(error)
    expect_sentence(StoreError, "s3://b/r/a", lambda: fake_store(client).read("a", 0, 3, '"v1"'))
    assert len(client.asked) == 1


def test_a_server_without_if_match_is_seen_through() -> None:
    """Where a server ignores the pinned version, its answer's ETag tells."""
    store = fake_store(FakeClient(etag='"v2"'))
    expect_sentence(DamagedRecording, "s3://b/r/a changed", lambda: store.read("a", 0, 3, '"v1"'))


def test_a_server_without_ranges_is_seen_through() -> None:
    """Where a server sends the whole object instead of a range, the wrong bytes are never used."""
    store = fake_store(FakeClient(data=b"0123456789"))
    expect_sentence(StoreError, "gave 10 bytes where 3 were asked for", lambda: store.read("a", 0, 3, '"v1"'))


@pytest.mark.parametrize(
    ("code", "kind"),
    [("NoSuchKey", StoreError), ("404", StoreError), ("412", DamagedRecording), ("403", StoreError)],
)
def test_bare_codes_are_understood(code: str, kind: type[ReplayError]) -> None:
    """Some servers answer with a status instead of S3's words."""
    store = fake_store(FakeClient(botocore.ClientError({"Error": {"Code": code}}, "GetObject")))
    expect_sentence(kind, "s3://b/r/a", lambda: store.read("a", 0, 3, '"v1"'))


def test_a_server_that_cannot_be_reached_is_named() -> None:
    """The sentence for a dead endpoint says what to check."""
    error = botocore.EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")
    store = fake_store(FakeClient(*[error] * 999))
    expect_sentence(StoreError, "cannot be reached .*check the endpoint and the network", lambda: store.get("a"))


def test_our_own_errors_pass_through() -> None:
    """What is not botocore's is not called S3's fault."""

    class Broken(FakeClient):
        def get_object(self, **_: Any) -> dict[str, Any]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fake_store(Broken()).get("a")


def test_options_go_with_every_request() -> None:
    """Requester pays and the expected owner are part of each request, the KMS key of each write."""
    client = FakeClient()
    written: list[dict[str, Any]] = []
    client.put_object = lambda **request: written.append(request)  # type: ignore[attr-defined]
    store = fake_store(client, requester_pays=True, expected_owner="123456789012", kms_key="k")
    store.get("a")
    store.put("a", b"x")
    common = {"Bucket": "b", "Key": "r/a", "RequestPayer": "requester", "ExpectedBucketOwner": "123456789012"}
    assert client.asked == [common]
    assert written == [common | {"Body": b"x", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}]


class _Aws(BaseHTTPRequestHandler):
    """Enough of STS and S3 to hand out a role's credentials and list a bucket."""

    seen: list[str]

    def do_POST(self) -> None:
        """AssumeRole."""
        self._answer(
            "<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult><Credentials>"
            "<AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        )

    def do_GET(self) -> None:
        """ListObjectsV2."""
        self._answer("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")

    def _answer(self, text: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.seen.append(f"{self.command} {self.headers['authorization']} {body}")
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A server that plays STS and S3, and what it saw."""
    seen: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Aws", (_Aws,), {"seen": seen}))
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWNKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own-secret")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield address, seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_role_is_assumed_with_our_own_credentials(aws: tuple[str, list[str]]) -> None:
    """With a role, S3 is asked with the role's credentials, which STS gave for ours, once."""
    address, seen = aws
    options = S3Options(endpoint=address, region="us-east-1", role="arn:aws:iam::123456789012:role/replay")
    store = open_store("s3://b/r", options)
    assert list(store.objects()) == []
    assert list(store.objects()) == []
    assumed, *listed = seen
    assert "POST" in assumed
    assert "Credential=OWNKEY/" in assumed
    assert "role%2Freplay" in assumed
    assert len(listed) == 2
    assert all("Credential=ROLEKEY/" in line for line in listed)
