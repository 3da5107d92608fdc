from __future__ import annotations

import gzip
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.capture import Ignored, Rejected, read_line
from replay_users.model import Capture, Exchange, SessionKind

SAMPLE = Path(__file__).parents[1] / "data" / "capture-small.jsonl.gz"
LINES = gzip.decompress(SAMPLE.read_bytes()).splitlines()

POST: dict[str, Any] = {
    "v": 1,
    "id": "ea22bf74-0001",
    "rid": None,
    "ts": "1795388135.429291",
    "conn": 3,
    "sid": None,
    "sid_set": None,
    "client": "127.0.0.1:59532",
    "client_xff": "127.0.0.1",
    "proto": "HTTP/1.1",
    "host": "app.test",
    "method": "POST",
    "path": "/echo?a=1",
    "sni": None,
    "tls": None,
    "status": 200,
    "flags": "-",
    "details": "via_upstream",
    "us_total": 1376,
    "us_req_rx": 484,
    "us_first_byte": 1329,
    "us_upstream": 802,
    "ms_total": 1,
    "rx": 7,
    "tx": 7,
    "req_headers": "content-type: application/json\ncontent-length: 7\nx-forwarded-proto: http",
    "req_headers_b64": None,
    "req_skipped": None,
    "req_body": {"00001": "eyJhIjoxfQ=="},
    "resp_headers": "content-type: application/json\nset-cookie: a=1\nset-cookie: b=2",
    "resp_headers_b64": None,
    "resp_skipped": None,
    "resp_body": {"00001": "eyJhIjoxfQ=="},
    "trailers": None,
}
GET = {"method": "GET", "rx": 0, "req_body": None, "req_headers": "accept: */*"}


def verdict(**changes: Any) -> Exchange | Rejected | Ignored:
    """What becomes of a line with these changes."""
    return read_line(orjson.dumps(POST | changes), source="pod-1")


def exchange(**changes: Any) -> Exchange:
    """The exchange of a line with these changes."""
    read = verdict(**changes)
    assert isinstance(read, Exchange), read
    return read


def test_every_key_finds_its_column() -> None:
    """A whole line becomes an exchange with exact times, bytes as they were, and nothing of the client's address."""
    assert exchange() == Exchange(
        at=1_795_388_135_429_291_000,
        id="ea22bf74-0001",
        session=b"pod-1/3",
        session_kind=SessionKind.CONNECTION,
        method="POST",
        target=b"/echo?a=1",
        authority="app.test",
        scheme="http",
        protocol="HTTP/1.1",
        identity=None,
        connection="pod-1/3",
        source="pod-1",
        client=None,
        request_head=b"content-type: application/json\r\n",
        request_body=b'{"a":1}',
        request_size=7,
        status=200,
        response_head=(b"content-type: application/json\r\nset-cookie: [redacted:3]\r\nset-cookie: [redacted:3]\r\n"),
        response_body=b'{"a":1}',
        response_size=7,
        response_hash=blake2b(b'{"a":1}', digest_size=16).digest(),
        trailers=None,
        first_byte=1_329_000,
        duration=1_376_000,
        end_flags="",
        capture=Capture.COMPLETE,
    )


CLEAR: dict[str, Any] = {
    "path": "/x?token=PRODSECRET&page=2",
    "sid": "5f1c",
    "req_headers": "Authorization: Bearer PRODSECRET\ncookie: a=PRODSECRET\nreferer: http://a/?code=PRODSECRET\naccept: */*",
    "resp_headers": "set-cookie: a=PRODSECRET\nlocation: /cb?sig=PRODSECRET\netag: 1",
    "trailers": {"resp": "x-token: PRODSECRET"},
}
"""A line that something captured without redaction."""


def test_secrets_in_the_clear_are_not_recorded() -> None:
    """Of headers, target and trailers that hold secrets by their names only the length gets any further."""
    read = exchange(**CLEAR)
    assert read.target == b"/x?token=[redacted:10]&page=2"
    assert read.request_head.splitlines() == [
        b"Authorization: [redacted:17]",
        b"cookie: [redacted:12]",
        b"referer: http://a/?code=[redacted:10]",
        b"accept: */*",
    ]
    assert read.response_head.splitlines() == [
        b"set-cookie: [redacted:12]",
        b"location: /cb?sig=[redacted:10]",
        b"etag: 1",
    ]
    assert read.trailers == b"x-token: [redacted:10]\r\n"
    assert (read.session, read.session_kind) == (b"5f1c", SessionKind.COOKIE)
    assert "PRODSECRET" not in repr(read)


def test_a_credential_without_a_session_id_names_no_session() -> None:
    """Its requests are told apart by their connection, and it is not kept for that."""
    read = exchange(**CLEAR | {"sid": None})
    assert (read.session, read.session_kind) == (b"pod-1/3", SessionKind.CONNECTION)
    assert "PRODSECRET" not in repr(read)


@pytest.mark.parametrize(
    ("changes", "times"),
    [
        pytest.param(CLEAR, 1, id="several-are-one-line"),
        pytest.param({"path": "/x?token=abcd"}, 1, id="target"),
        pytest.param({"resp_headers": "set-cookie: a=1"}, 1, id="answer"),
        pytest.param(
            {
                "path": "/x?token=[redacted:4]",
                "req_headers": "cookie: [redacted:9]\nreferer:  /?code=[redacted:4]",
                "resp_headers": "set-cookie:[redacted:4]",
            },
            0,
            id="redacted-before",
        ),
        pytest.param(CLEAR | {"status": 1000}, 0, id="rejected"),
    ],
)
def test_lines_with_secrets_in_the_clear_are_told(changes: dict[str, Any], times: int) -> None:
    """Once a line, and only of an exchange whose secrets were not redacted before."""
    told: list[int] = []
    read_line(
        orjson.dumps(POST | GET | {"resp_headers": None} | changes), source="pod-1", on_secret=lambda: told.append(1)
    )
    assert len(told) == times


def test_a_redacted_capture_is_read_as_it_is() -> None:
    """Nothing in the sample, which its script redacted, is taken for a secret."""
    told: list[bytes] = []
    for line in LINES:
        read_line(line, source="pod", on_secret=lambda line=line: told.append(line))  # type: ignore[misc]
    assert not told


def test_the_sample_of_a_real_capture_is_read_whole() -> None:
    """All lines of the Datasette sample are exchanges, with the counts they are known to have."""
    read = [read_line(line, source="pod") for line in LINES]
    found = [e for e in read if isinstance(e, Exchange)]
    assert len(found) == len(read) == len({e.id for e in found}) == 125
    assert Counter(e.method for e in found) == Counter(GET=102, POST=13, HEAD=5, OPTIONS=2, PUT=1, PATCH=1, DELETE=1)
    assert Counter(e.status for e in found) == {200: 116, 404: 3, 405: 3, 302: 1, 400: 1, 500: 1}
    assert Counter(e.session_kind.value for e in found) == Counter(auth=94, cookie=13, connection=18)
    assert Counter(e.capture.value for e in found) == Counter({"complete": 123, "response-truncated": 2})
    skipped, cut = (e for e in found if e.capture is Capture.RESPONSE_TRUNCATED)
    assert (skipped.response_size, skipped.response_body) == (208, None)
    assert (cut.response_size, len(cut.response_body or b"")) == (69_859, 65_536)
    assert sum(b"[redacted:" in e.target for e in found) == 9
    assert all(b"x-forwarded-proto" not in e.request_head and b"content-length" not in e.request_head for e in found)
    assert all(e.response_body is None or len(e.response_body) <= e.response_size for e in found)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"v": 2}, "v is not 1: a newer capture schema", id="newer"),
        pytest.param({"v": None}, "v is missing", id="other-json"),
        pytest.param({"id": None}, "id is missing", id="no-id"),
        pytest.param({"ts": "soon"}, "ts is not Unix seconds", id="no-time"),
        pytest.param({"conn": None}, "conn is missing", id="no-connection"),
        pytest.param({"rx": -1}, "rx is not a whole number", id="negative-size"),
        pytest.param({"tx": None}, "tx is missing", id="no-size"),
        pytest.param({"method": None}, "method is missing", id="no-method"),
        pytest.param({"method": "GET /x"}, "method is not a method", id="smuggling-method"),
        pytest.param({"path": None}, "path is missing", id="no-path"),
        pytest.param({"path": "/a b"}, "path holds a blank or a line break", id="smuggling-path"),
        pytest.param({"path": "/a\r\nx: y"}, "path holds a blank or a line break", id="broken-path"),
        pytest.param({"host": "a\r\nx: y"}, "host is not a host", id="smuggling-host"),
        pytest.param({"proto": None}, "proto is missing", id="no-protocol"),
        pytest.param({"status": 1000}, "status is not a status", id="no-status"),
        pytest.param({"us_total": "fast"}, "us_total is not a whole number", id="no-duration"),
        pytest.param({"req_headers": None}, "req_headers is missing", id="no-headers"),
        pytest.param({"req_headers": "a: 1\rb: 2"}, "req_headers holds a line that is no header", id="smuggling"),
        pytest.param({"req_headers_b64": "*"}, "req_headers_b64 is not base64", id="headers-no-base64"),
        pytest.param({"resp_headers": "x"}, "resp_headers holds a line that is no header", id="bad-answer-head"),
        pytest.param({"resp_body": {"00001": "*"}}, "resp_body is not base64", id="body-no-base64"),
        pytest.param({"trailers": {"resp": "x\r"}}, "trailers holds a line that is no header", id="bad-trailers"),
    ],
)
def test_an_unusable_line_says_why(changes: dict[str, Any], why: str) -> None:
    """One short reason a fault, none of them an error."""
    assert verdict(**changes) == Rejected(why)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(b"  \r\n", Ignored("an empty line"), id="empty"),
        pytest.param(LINES[0][:-7], Rejected("not JSON"), id="torn-tail"),
        pytest.param(b"null", Rejected("not a JSON object"), id="null"),
    ],
)
def test_a_line_that_is_no_object_says_why(line: bytes, why: Rejected | Ignored) -> None:
    """Torn and empty lines are values too."""
    assert read_line(line, source="pod") == why


def test_marked_requests_are_never_recorded() -> None:
    """What a replay sent must not become a recording, however the header is written."""
    assert verdict(req_headers="X-Replay-Test: true\na: 1") == Ignored("sent by a replay")
    assert verdict(req_headers="a: 1\nx-replay-test:", rx=99, req_body=None) == Ignored("sent by a replay")


def test_what_the_proxy_refused_is_not_recorded() -> None:
    """A request that broke the protocol never had a target; it is no bad line either."""
    refused = verdict(flags="DPE", path=None, method=None, req_headers=None, status=400)
    assert refused == Ignored("refused by the proxy before it was a request")


@pytest.mark.parametrize(
    ("changes", "session", "kind"),
    [
        pytest.param({"sid": "5e55", "req_headers": "cookie: [redacted:9]"}, b"5e55", SessionKind.COOKIE, id="cookie"),
        pytest.param({"sid": "5e55", "req_headers": "authorization: x"}, b"5e55", SessionKind.AUTH, id="authorization"),
        pytest.param({"sid": "5e55", "req_headers": "x-api-key: x"}, b"5e55", SessionKind.AUTH, id="api-key"),
        pytest.param(
            {"sid": "5e55", "req_headers": "authorization: x\nCookie: y"}, b"5e55", SessionKind.COOKIE, id="both"
        ),
        pytest.param({"req_headers": "cookie: x"}, b"pod-1/3", SessionKind.CONNECTION, id="no-key-at-capture"),
        pytest.param({"sid_set": "10g1"}, b"10g1", SessionKind.COOKIE, id="login"),
        pytest.param(
            {"sid": "01d", "sid_set": "10g1", "req_headers": "cookie: x"}, b"01d", SessionKind.COOKIE, id="renewed"
        ),
    ],
)
def test_what_ties_a_session_together(changes: dict[str, Any], session: bytes, kind: SessionKind) -> None:
    """The session id where there is one, also one that begins here, else the connection in its pod."""
    read = exchange(**(GET | changes))
    assert (read.session, read.session_kind) == (session, kind)


def test_the_head_goes_out_as_it_came() -> None:
    """Order, case, duplicates and exact bytes stay; Host, framing and hop-by-hop headers do not."""
    head = (
        "Host: a\nAccept: */*\nX-Dup: 1\nconnection: close, X-Hop \nx-hop: 9\nx-dup:2\nte: trailers\nTrailer: x\n"
        "Transfer-Encoding: chunked\nKeep-Alive: 5\nUpgrade: h2c\nHTTP2-Settings: x\nProxy-Connection: close\n"
        "Proxy-Authorization: x\nX-Forwarded-Proto: https\nEmpty: \nlast: [redacted:3]"
    )
    read = exchange(req_headers=head)
    assert read.request_head == b"Accept: */*\r\nX-Dup: 1\r\nx-dup:2\r\nEmpty: \r\nlast: [redacted:3]\r\n"


def test_headers_beyond_ascii_are_exact_bytes() -> None:
    """Blocks that came as base64 keep every byte."""
    read = exchange(
        req_headers=None, req_headers_b64="eC1uYW1lOiBjYWbp", resp_headers=None, resp_headers_b64="eDog/w=="
    )
    assert read.request_head == b"x-name: caf\xe9\r\n"
    assert read.response_head == b"x: \xff\r\n"


@pytest.mark.parametrize(
    ("changes", "scheme"),
    [
        pytest.param({"tls": "TLSv1.3"}, "https", id="tls-here"),
        pytest.param({"req_headers": "x-forwarded-proto: https"}, "https", id="tls-at-the-ingress"),
        pytest.param({"req_headers": "x-forwarded-proto: gopher"}, "http", id="nonsense"),
    ],
)
def test_the_scheme_is_the_clients(changes: dict[str, Any], scheme: str) -> None:
    """TLS may have ended here or in front of us."""
    assert exchange(**(GET | changes)).scheme == scheme


@pytest.mark.parametrize(
    ("changes", "capture", "request_body", "response_body", "is_hashed"),
    [
        pytest.param({"tx": 100}, "response-truncated", b'{"a":1}', b'{"a":1}', False, id="answer-cut"),
        pytest.param(
            {"resp_body": None, "resp_skipped": "content-type"},
            "response-truncated",
            b'{"a":1}',
            None,
            False,
            id="answer-skipped",
        ),
        pytest.param({"resp_body": None, "tx": 0}, "complete", b'{"a":1}', b"", True, id="answer-empty"),
        pytest.param(
            {"resp_body": None, "tx": 0, "resp_skipped": "path"}, "complete", b'{"a":1}', b"", True, id="none-to-skip"
        ),
        pytest.param(
            {"rx": 9, "req_headers": "a: 1"}, "request-truncated", b'{"a":1}', b'{"a":1}', True, id="request-cut"
        ),
        pytest.param(
            {"req_body": None, "req_skipped": "path"}, "request-truncated", None, b'{"a":1}', True, id="request-skipped"
        ),
        pytest.param(
            {"us_req_rx": None}, "request-truncated", b'{"a":1}', b'{"a":1}', True, id="answered-before-it-was-read"
        ),
        pytest.param(
            {"us_total": None, "flags": "DC", "req_headers": "content-length: 1000", "status": 0, "tx": 0,
             "resp_body": None, "resp_headers": None},
            "request-truncated", b'{"a":1}', b"", True, id="client-left-in-its-upload",
        ),
        pytest.param({"us_total": None, "flags": "DC"}, "aborted", b'{"a":1}', b'{"a":1}', False, id="client-left"),
    ],
)  # fmt: skip
def test_how_much_of_an_exchange_was_kept(
    changes: dict[str, Any], capture: str, request_body: bytes | None, response_body: bytes | None, is_hashed: bool
) -> None:
    """Cut, skipped and aborted sides are told apart; sizes stay true, and only a whole answer is hashed."""
    read = exchange(**changes)
    assert read.capture == capture
    assert (read.request_body, read.response_body) == (request_body, response_body)
    assert (read.request_size, read.response_size) == (changes.get("rx", 7), changes.get("tx", 7))
    assert (read.response_hash is not None) == is_hashed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"tx": 100}, b"\x0f" * 16, id="answer-cut"),
        pytest.param({"resp_body": None, "resp_skipped": "content-type"}, b"\x0f" * 16, id="answer-skipped"),
        pytest.param({}, blake2b(b'{"a":1}', digest_size=16).digest(), id="what-is-kept-is-hashed-here"),
        pytest.param({"tx": 100, "us_total": None}, None, id="of-an-aborted-one-not-all-came"),
    ],
)
def test_a_capture_may_tell_the_hash_of_what_it_does_not_keep(changes: dict[str, Any], expected: bytes | None) -> None:
    """It is the column's, of an answer that came to its end."""
    assert exchange(resp_hash="0f" * 16, **changes).response_hash == expected


def test_an_aborted_exchange_keeps_what_is_known() -> None:
    """Its flag, the ms until it was cut, and no time of a first byte that never came."""
    read = exchange(us_total=None, us_first_byte=None, ms_total=17, flags="UC", status=503)
    assert (read.duration, read.first_byte, read.end_flags, read.status) == (17_000_000, None, "UC", 503)


def test_numbers_may_be_floats() -> None:
    """A line of Envoy 1.36, which writes 100000 as `1e+05`, is read like any other."""
    line = orjson.dumps(POST | {"tx": 100_000, "conn": 100_000}).replace(b":100000", b":1e+05")
    assert b"1e+05" in line
    read = read_line(line, source="pod-1")
    assert isinstance(read, Exchange)
    assert (read.response_size, read.connection) == (100_000, "pod-1/100000")


def test_a_connect_request_has_its_authority_as_target() -> None:
    """CONNECT has no path."""
    assert exchange(**(GET | {"method": "CONNECT", "path": "", "host": "db:5432"})).target == b"db:5432"


def test_trailers_of_the_answer_are_a_header_block() -> None:
    """As gRPC answers have them."""
    read = exchange(trailers={"req": "x: 1", "resp": "grpc-status: 0\ngrpc-message: ok"})
    assert read.trailers == b"grpc-status: 0\r\ngrpc-message: ok\r\n"


@given(st.binary(max_size=300))
def test_no_bytes_raise(line: bytes) -> None:
    """Whatever a line is, it has a verdict."""
    assert isinstance(read_line(line, source="pod"), Rejected | Ignored)


@given(st.sampled_from(sorted(LINES, key=len)[:60]), st.data())
def test_no_damage_to_a_real_line_raises(line: bytes, data: st.DataObject) -> None:
    """Bytes changed, lost or put in give an exchange or a reason, never an exception."""
    at = data.draw(st.integers(0, len(line)))
    until = at + data.draw(st.integers(0, 8))
    read = read_line(line[:at] + data.draw(st.binary(max_size=8)) + line[until:], source="pod")
    assert isinstance(read, Exchange | Rejected | Ignored)


VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9)
ANY = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner))


@given(st.dictionaries(st.sampled_from(sorted(POST)), ANY, max_size=3))
def test_no_value_of_any_key_raises(changes: dict[str, Any]) -> None:
    """A key of any kind gives an exchange whose head holds only header lines, or a reason."""
    read = read_line(orjson.dumps(POST | changes), source="pod")
    if isinstance(read, Exchange):
        assert not set(read.target) & set(b" \r\n\0")
        assert read.request_head.count(b"\r") == read.request_head.count(b"\n") == read.request_head.count(b"\r\n")
        assert b"\0" not in read.request_head
