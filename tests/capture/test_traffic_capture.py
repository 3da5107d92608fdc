"""The article's lines: what they say is taken, what they cannot say is absent, and a bad one is a value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.capture.fields import Ignored, Rejected
from replay_users.capture.traffic_capture import read_line
from replay_users.model import Capture, Exchange, SessionKind
from replay_users.recording.traits import Trait, traits

LINES = (Path(__file__).parents[1] / "data" / "traffic-capture.jsonl").read_bytes().splitlines()
CAPTURED: dict[str, Any] = orjson.loads(LINES[0])
LOGGED: dict[str, Any] = orjson.loads(LINES[3])

MS = 1_000_000
SECOND = 1_000 * MS
QUARTER_PAST = int(datetime(2026, 2, 8, 10, 15, tzinfo=UTC).timestamp()) * SECOND


def verdict(line: dict[str, Any], **changes: Any) -> Exchange | Rejected | Ignored:
    """What becomes of a line with these changes; `...` takes a key out."""
    changed = {key: value for key, value in (line | changes).items() if value is not ...}
    return read_line(orjson.dumps(changed), source="pod-1", number=1)


def read(line: dict[str, Any], **changes: Any) -> Exchange:
    """The exchange of a line with these changes."""
    exchange = verdict(line, **changes)
    assert isinstance(exchange, Exchange), exchange
    return exchange


def all_read() -> list[Exchange]:
    """The exchanges of the file."""
    found = [read_line(line, source="article", number=nth) for nth, line in enumerate(LINES, start=1)]
    return [exchange for exchange in found if isinstance(exchange, Exchange)]


def test_every_key_finds_its_column_and_the_rest_is_absent() -> None:
    """A whole line of TrafficCapture becomes an exchange that holds nothing the line does not."""
    found = read(CAPTURED)
    assert found == Exchange(
        at=QUARTER_PAST + 30 * SECOND + 250 * MS - 12 * MS - MS // 2,
        id=found.id,
        session=found.id.encode(),
        session_kind=SessionKind.CONNECTION,
        method="GET",
        target=b"/api/products?page=2",
        authority="api.example.com",
        scheme="",
        protocol="",
        identity=None,
        connection=None,
        source="pod-1",
        client=None,
        request_head=b"Accept: application/json\r\nUser-Agent: shop/3.1\r\n",
        request_body=b"",
        request_size=0,
        status=200,
        response_head=b"",
        response_body=None,
        response_size=0,
        response_hash=None,
        trailers=None,
        first_byte=None,
        duration=12 * MS + MS // 2,
        end_flags="",
        capture=Capture.STATUS_ONLY,
    )


def test_the_file_of_the_article_is_read() -> None:
    """Both kinds of line, with times, bodies and statuses."""
    found = [(e.at - QUARTER_PAST, e.method, e.target, e.request_body, e.status, e.duration) for e in all_read()]
    assert found == [
        (30 * SECOND + 237_500_000, "GET", b"/api/products?page=2", b"", 200, 12_500_000),
        (30 * SECOND + 852 * MS, "POST", b"/api/orders", b'{"product": 7, "count": 2}', 201, 48 * MS),
        (30 * SECOND + 997 * MS, "GET", b"/api/products/7", b"", 404, 3 * MS),
        (31 * SECOND + 512 * MS, "GET", b"/api/products/8?ref=mail", b"", 200, 9 * MS),
        (31 * SECOND + 777 * MS, "POST", b"/api/reviews", b"stars=5", 200, 21 * MS),
        (32 * SECOND + MS, "GET", b"/api/products/9", b"", 500, 1003 * MS),
    ]
    assert {e.capture for e in all_read()} == {Capture.STATUS_ONLY}


def test_all_of_them_can_be_sent() -> None:
    """None has a trait that keeps it from going out as HTTP/1.1; two are writes."""
    assert [traits(exchange) for exchange in all_read()] == [0, Trait.WRITE, 0, 0, Trait.WRITE, 0]


def test_each_line_is_a_session_of_its_own() -> None:
    """Two equal lines are two exchanges, and the same file read again gives the same ones."""
    again = [read_line(LINES[0], source="pod", number=number) for number in (1, 2, 1)]
    ids = [exchange.id for exchange in again if isinstance(exchange, Exchange)]
    assert ids[0] == ids[2] != ids[1]
    assert len({exchange.session for exchange in all_read()}) == len(LINES)
    assert read_line(LINES[0] + b"\r", source="pod", number=1) == again[0]


@pytest.mark.parametrize(
    ("timestamp", "after"),
    [
        pytest.param("2026-02-08T10:15:00", 0, id="without a zone"),
        pytest.param("2026-02-08T10:15:00.000001", 1_000, id="microseconds"),
        pytest.param("2026-02-08T10:15:00.1", 100 * MS, id="one digit"),
        pytest.param("2026-02-08T10:15:00.123456789Z", 123_456_789, id="nanoseconds"),
        pytest.param("2026-02-08T10:15:00.1234567899Z", 123_456_789, id="finer"),
        pytest.param("2026-02-08 10:15:00", 0, id="a blank"),
        pytest.param("2026-02-08T11:15:00+01:00", 0, id="another zone"),
        pytest.param("2026-02-08T05:15:00-0500", 0, id="a zone without colon"),
    ],
)
def test_timestamps_are_utc_and_exact(timestamp: str, after: int) -> None:
    """Without a zone a time is UTC, as `datetime.utcnow` writes it; no digit is lost."""
    assert read(CAPTURED, timestamp=timestamp, duration_ms=0).at == QUARTER_PAST + after


def test_only_traffic_capture_writes_when_the_answer_is_there() -> None:
    """Its timestamp is the end; the access log's `%START_TIME%` is the beginning."""
    at = "2026-02-08T10:15:00Z"
    assert read(CAPTURED, timestamp=at, duration_ms=250).at == QUARTER_PAST - 250 * MS
    assert read(LOGGED, timestamp=at, duration=250).at == QUARTER_PAST
    assert read(CAPTURED, timestamp=at, duration_ms=...).at == QUARTER_PAST


def test_a_duration_that_was_not_measured_is_absent() -> None:
    """Nothing is made up for it."""
    assert read(CAPTURED, duration_ms=None).duration is None
    assert read(LOGGED, duration=...).duration is None


@pytest.mark.parametrize(
    ("line", "changes", "body"),
    [
        pytest.param(CAPTURED, {"body": ""}, b"", id="empty"),
        pytest.param(CAPTURED, {"body": None}, b"", id="null"),
        pytest.param(CAPTURED, {"body": ...}, b"", id="no key, a GET"),
        pytest.param(CAPTURED, {"body": "é"}, "é".encode(), id="text"),
        pytest.param(CAPTURED, {"body": {"a": [1, "x"]}}, b'{"a":[1,"x"]}', id="an object"),
        pytest.param(CAPTURED, {"body": [1]}, b"[1]", id="a list"),
        pytest.param(CAPTURED, {"body": "YQ=="}, b"YQ==", id="what looks like base64 is text"),
        pytest.param(CAPTURED, {"method": "POST", "body": ...}, None, id="no key, a POST"),
        pytest.param(CAPTURED, {"body": "", "headers": {"content-length": "9"}}, None, id="left out"),
        pytest.param(CAPTURED, {"body": "xxx", "headers": {"content-length": "9"}}, b"xxx", id="made anonymous"),
        pytest.param(LOGGED, {"request_body": "a=1"}, b"a=1", id="log"),
        pytest.param(LOGGED, {"request_body": ...}, b"", id="log without bodies, a GET"),
        pytest.param(LOGGED, {"method": "PUT", "request_body": ...}, None, id="log without bodies, a PUT"),
        pytest.param(LOGGED, {"body": "a=1", "request_body": ...}, b"", id="the other's key"),
    ],
)
def test_bodies(line: dict[str, Any], changes: dict[str, Any], body: bytes | None) -> None:
    """A body is text, or JSON that was written into the line; where there was one that is not there it is unknown."""
    found = read(line, **changes)
    assert (found.request_body, found.request_size) == (body, len(body or b""))
    assert (found.capture is Capture.REQUEST_TRUNCATED) is (body is None)


@pytest.mark.parametrize(("size", "capture"), [(9_999, Capture.STATUS_ONLY), (10_000, Capture.REQUEST_TRUNCATED)])
def test_the_access_log_keeps_ten_thousand_bytes(size: int, capture: Capture) -> None:
    """A body of as many bytes as its script keeps may have been longer, so it is never sent."""
    assert read(LOGGED, method="POST", request_body="x" * size).capture is capture
    assert read(CAPTURED, method="POST", body="x" * size).capture is Capture.STATUS_ONLY


def test_the_head_goes_out_as_it_came_in() -> None:
    """In order and case, a list as several lines, without what the engine or a proxy writes."""
    headers = {
        "X-B": "2",
        "accept": ["a", "b"],
        "Content-Length": "0",
        "Connection": "X-Hop",
        "x-hop": "1",
        "HOST": "a:1",
    }
    found = read(CAPTURED, headers=headers)
    assert found.request_head == b"X-B: 2\r\naccept: a\r\naccept: b\r\n"
    assert found.authority == "a:1"


@pytest.mark.parametrize("headers", [..., None, {}])
def test_lines_without_headers_have_no_host(headers: Any) -> None:
    """The access log writes none; the recording then knows no host."""
    found = read(CAPTURED, headers=headers)
    assert (found.request_head, found.authority) == (b"", "")


def test_an_answer_that_never_began_is_an_aborted_one() -> None:
    """Envoy logs status 0 for a client that went away."""
    assert read(LOGGED, status=0).capture is Capture.ABORTED


def test_secrets_in_the_clear_are_not_recorded() -> None:
    """Of headers and targets that hold secrets by their names only the length is kept, and bodies of logins not at all."""
    told: list[int] = []
    line = CAPTURED | {
        "path": "/x?token=PRODSECRET&page=2",
        "headers": {"X-Api-Key": "PRODSECRET", "Referer": "http://a/?code=PRODSECRET", "Accept": "*/*"},
    }
    found = read_line(orjson.dumps(line), source="pod", number=1, on_secret=lambda: told.append(1))
    assert isinstance(found, Exchange)
    assert found.target == b"/x?token=[redacted:10]&page=2"
    assert found.request_head.splitlines() == [
        b"X-Api-Key: [redacted:10]",
        b"Referer: http://a/?code=[redacted:10]",
        b"Accept: */*",
    ]
    login = CAPTURED | {"method": "POST", "path": "/api/login", "body": '{"password":"PRODSECRET"}'}
    found = read_line(orjson.dumps(login), source="pod", number=1, on_secret=lambda: told.append(2))
    assert isinstance(found, Exchange)
    assert "PRODSECRET" not in repr(found)
    assert (found.request_body, found.capture) == (None, Capture.REQUEST_TRUNCATED)
    assert told == [1, 2]
    read_line(LINES[0], source="pod", number=1, on_secret=lambda: told.append(3))
    assert told == [1, 2]


def test_what_a_replay_sent_is_not_recorded() -> None:
    """The article's own engine marks its requests as ours does."""
    assert verdict(CAPTURED, headers={"X-Replay-Test": "true"}) == Ignored("sent by a replay")


BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (CAPTURED, {"method": ...}, "method is missing"),
    (CAPTURED, {"method": "GET /x"}, "method is not a method"),
    (CAPTURED, {"path": None}, "path is missing"),
    (CAPTURED, {"path": "/a b"}, "path holds a blank or a line break"),
    (CAPTURED, {"response_status": ...}, "status is missing"),
    (CAPTURED, {"response_status": "200"}, "response_status is not a whole number"),
    (CAPTURED, {"response_status": 1000}, "response_status is not a status"),
    (CAPTURED, {"duration_ms": -1}, "duration_ms is not a number of ms"),
    (CAPTURED, {"duration_ms": True, "path": "/b"}, "duration_ms is not a number of ms"),
    (CAPTURED, {"duration_ms": 1e300, "path": "/c"}, "duration_ms is not a number of ms"),
    (LOGGED, {"duration": "9"}, "duration is not a number of ms"),
    (CAPTURED, {"timestamp": ...}, "timestamp is missing"),
    (CAPTURED, {"timestamp": 1770545730}, "timestamp is not a text"),
    (CAPTURED, {"timestamp": "08/Feb/2026:10:15:30"}, "timestamp is not an ISO 8601 time"),
    (CAPTURED, {"timestamp": "2026-02-30T10:15:30"}, "timestamp is not an ISO 8601 time"),
    (CAPTURED, {"timestamp": "1960-01-01T00:00:00"}, "timestamp is not within 1970 to 2262"),
    (CAPTURED, {"timestamp": "1970-01-01T00:00:00", "duration_ms": 1}, "timestamp is not within 1970 to 2262"),
    (CAPTURED, {"headers": ["a"]}, "headers is not an object of texts"),
    (CAPTURED, {"headers": {"a": 1}}, "headers is not an object of texts"),
    (CAPTURED, {"headers": {"a": [None]}}, "headers is not an object of texts"),
    (CAPTURED, {"headers": {"a": "1\r\nb: 2"}}, "headers holds a line that is no header"),
    (CAPTURED, {"headers": {"a b": "1"}}, "headers holds a line that is no header"),
    (CAPTURED, {"headers": {"host": "a b"}}, "host is not a host"),
    (CAPTURED, {"body": 7}, "body is not a text"),
]

REJECTED = [
    pytest.param(b"{", "not JSON", id="torn"),
    pytest.param(b"[1]", "not a JSON object", id="list"),
    *(
        pytest.param(orjson.dumps({k: v for k, v in (line | changes).items() if v is not ...}), reason, id=reason)
        for line, changes, reason in BAD
    ),
    pytest.param(
        b'{"timestamp":"2026-02-08T10:15:30","method":"PUT","path":"/","status":200,"request_body":%b}'
        % (b"[" * 300 + b"]" * 300),
        "request_body is nested too deep",
        id="deep",
    ),
]


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_bad_lines_are_rejected_with_a_reason(line: bytes, reason: str) -> None:
    """Each for its own reason, which is a fixed one, so that it can be counted."""
    assert read_line(line, source="pod", number=1) == Rejected(reason)


def test_empty_lines_are_ignored() -> None:
    """A file may end with one."""
    assert read_line(b" \r", source="pod", number=1) == Ignored("an empty line")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(sorted({*CAPTURED, *LOGGED})) | st.text(max_size=5)


@settings(max_examples=300)
@given(base=st.sampled_from([CAPTURED, LOGGED, {}]), changes=st.dictionaries(keys, values, max_size=4))
def test_no_json_line_raises(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """Whatever its values are, a line becomes an exchange that fits the recording, or says why not."""
    import json  # noqa: PLC0415 - it writes what orjson refuses: NaN, large integers

    line = json.dumps(base | changes).encode("utf-8", "surrogatepass")
    found = read_line(line, source="pod", number=1)
    if isinstance(found, Exchange):
        assert 0 <= found.at < 2**63
        assert found.duration is None or 0 <= found.duration < 2**63
        assert 0 <= found.status <= 999
        assert 0 <= traits(found) < 256


@settings(max_examples=150)
@given(
    st.binary(max_size=200)
    | st.tuples(st.sampled_from(LINES), st.integers(0, 250), st.binary(max_size=4)).map(
        lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + len(t[2]) :]
    )
)
def test_no_bytes_raise(line: bytes) -> None:
    """Nor do bytes that are no JSON, or a line with some of its bytes changed."""
    assert isinstance(read_line(line, source="pod", number=1), Exchange | Rejected | Ignored)
