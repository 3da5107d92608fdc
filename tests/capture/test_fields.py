from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.capture.fields import Fields, Rejected, Unusable, checked


def fields(**values: Any) -> Fields:
    """The fields of a line that holds these values."""
    return Fields(orjson.dumps(values))


def reason(unusable: pytest.ExceptionInfo[Unusable]) -> str:
    """Why a line was rejected."""
    assert isinstance(unusable.value.verdict, Rejected)
    return unusable.value.verdict.reason


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param(b"{torn", "not JSON", id="torn"),
        pytest.param(b"\xff\xfe", "not JSON", id="no-utf8"),
        pytest.param(b"[" * 100_000, "not JSON", id="bottomless"),
        pytest.param(b'"text"', "not a JSON object", id="text"),
    ],
)
def test_a_line_is_a_json_object(line: bytes, why: str) -> None:
    """Anything else is rejected with its reason."""
    with pytest.raises(Unusable) as unusable:
        Fields(line)
    assert reason(unusable) == why


@pytest.mark.parametrize(
    ("written", "number"),
    [
        pytest.param(b"100000", 100_000, id="plain"),
        pytest.param(b"1e+05", 100_000, id="as-envoy-1.36-writes-it"),
        pytest.param(b"7.0", 7, id="whole-float"),
        pytest.param(b"null", None, id="absent"),
    ],
)
def test_a_number_is_read_however_it_is_written(written: bytes, number: int | None) -> None:
    """Whole numbers come as integers, written as such or as floats."""
    assert Fields(b'{"rx": %s}' % written).number("rx") == number


def test_a_hash_is_32_digits() -> None:
    """Bytes of one, nothing where there is none, and whatever else makes the line unusable."""
    assert fields(resp_hash="0f" * 16).hash("resp_hash") == b"\x0f" * 16
    assert fields().hash("resp_hash") is None
    for broken in ("0f" * 15, "0F" * 16, "zz" * 16, 7):
        with pytest.raises(Unusable) as unusable:
            fields(resp_hash=broken).hash("resp_hash")
        assert reason(unusable).startswith("resp_hash is not a ")


@pytest.mark.parametrize("value", [-1, 1.5, "7", True, 10**13, 1e300, [], {}])
def test_what_is_no_whole_number_is_rejected(value: object) -> None:
    """Negative, broken, boolean and impossibly large ones, and other kinds, make the line unusable."""
    with pytest.raises(Unusable) as unusable:
        fields(rx=value).number("rx")
    assert reason(unusable) == "rx is not a whole number"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        pytest.param("1795465711.139941", 1_795_465_711_139_941_000, id="microseconds"),
        pytest.param("1795465711.139941001", 1_795_465_711_139_941_001, id="nanoseconds"),
        pytest.param("1795465711", 1_795_465_711_000_000_000, id="seconds"),
        pytest.param("0.000001", 1000, id="early"),
    ],
)
def test_a_time_is_exact(text: str, ns: int) -> None:
    """No digit of a time is lost, as it would be in a float."""
    assert fields(ts=text).time("ts") == ns


@given(st.integers(0, 9_000_000_000), st.integers(0, 999_999))
def test_every_microsecond_survives(seconds: int, microseconds: int) -> None:
    """Seconds and their six decimals come back as they were."""
    assert fields(ts=f"{seconds}.{microseconds:06d}").time("ts") == seconds * 10**9 + microseconds * 1000


@pytest.mark.parametrize(
    "text", ["", "now", "-1.5", "1e9", "1.1234567890", "9999999999.0", "\uff11\uff12.3", "1795465711.139941\n", " 1"]
)
def test_what_is_no_time_is_rejected(text: str) -> None:
    """Other notations, and times beyond 64 bits of ns, make the line unusable."""
    with pytest.raises(Unusable):
        fields(ts=text).time("ts")


def test_a_time_given_as_a_number_is_rejected() -> None:
    """A float has already lost the microseconds."""
    with pytest.raises(Unusable) as unusable:
        fields(ts=1795465711.139941).time("ts")
    assert reason(unusable) == "ts is not a text"


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        pytest.param(None, None, id="nothing-kept"),
        pytest.param({}, b"", id="no-part"),
        pytest.param({"00001": "aGVs", "00002": "bG8="}, b"hello", id="padded-parts"),
        pytest.param({"00010": "bG8=", "00009": "aGVs"}, b"hello", id="any-order"),
        pytest.param({"100000": "bG8=", "99999": "aGVs"}, b"hello", id="by-number-not-by-text"),
        pytest.param({"00001": ""}, b"", id="empty-part"),
        pytest.param({"00001": "AP8="}, b"\0\xff", id="binary"),
    ],
)
def test_the_parts_of_a_body_are_joined(parts: object, body: bytes | None) -> None:
    """Each part is decoded by itself, then they are joined by number."""
    assert fields(req_body=parts).parts("req_body") == body


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        pytest.param({"00001": "aGVs*"}, "req_body is not base64", id="not-in-the-alphabet"),
        pytest.param({"00001": "aGV"}, "req_body is not base64", id="cut-short"),
        pytest.param({"00001": "aGVs\u00e9"}, "req_body is not base64", id="beyond-ascii"),
        pytest.param({"00001": 7}, "req_body is not base64", id="number"),
        pytest.param({"one": "aGVs"}, "req_body has a part without a number", id="unnumbered"),
        pytest.param("aGVs", "req_body is not an object of parts", id="text"),
    ],
)
def test_a_body_that_is_no_base64_in_parts_is_rejected(parts: object, why: str) -> None:
    """The reason tells the key and the fault."""
    with pytest.raises(Unusable) as unusable:
        fields(req_body=parts).parts("req_body")
    assert reason(unusable) == why


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        pytest.param({"h": "a: 1\nb: 2"}, b"a: 1\nb: 2", id="text"),
        pytest.param({"h": ""}, b"", id="no-header"),
        pytest.param({"h": None}, None, id="not-captured"),
        pytest.param({"h": None, "h_b64": "YTogY2Fm6Q=="}, b"a: caf\xe9", id="base64"),
    ],
)
def test_header_lines_are_bytes_as_captured(values: dict[str, object], lines: bytes | None) -> None:
    """Text or base64 give the same kind of block; no headers is not the same as headers not captured."""
    assert fields(**values).headers("h") == lines


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"a: 1\rb: 2", id="carriage-return"),
        pytest.param(b"a: 1\r\nb: 2", id="line-break"),
        pytest.param(b"a: 1\0", id="nul"),
        pytest.param(b"a: 1\nno colon", id="no-colon"),
        pytest.param(b"a: 1\n\nGET / HTTP/1.1", id="end-of-head"),
        pytest.param(b"a: 1\n folded", id="folded"),
        pytest.param(b"a b: 1", id="blank-in-name"),
        pytest.param(b": 1", id="no-name"),
    ],
)
def test_lines_that_could_smuggle_are_no_headers(lines: bytes) -> None:
    """Whatever a server might read as an end of line, of a head, or as another request, makes the line unusable."""
    with pytest.raises(Unusable) as unusable:
        checked(lines, "req_headers")
    assert reason(unusable) == "req_headers holds a line that is no header"


@pytest.mark.parametrize("value", ["x", [], {"resp": 1}])
def test_an_entry_of_another_kind_is_rejected(value: object) -> None:
    """Trailers are an object of texts or nothing."""
    with pytest.raises(Unusable) as unusable:
        fields(trailers=value).entry("trailers", "resp")
    assert reason(unusable) == "trailers is not an object of texts"


def test_what_is_needed_and_not_there_is_missing() -> None:
    """Absent, null and empty are the same for a text that must be there."""
    for line in (fields(), fields(id=None), fields(id="")):
        with pytest.raises(Unusable) as unusable:
            line.needed_text("id")
        assert reason(unusable) == "id is missing"
    with pytest.raises(Unusable) as unusable:
        fields().needed_number("rx")
    assert reason(unusable) == "rx is missing"
