from __future__ import annotations

import hashlib
import hmac
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.capture.redact import (
    Sessions,
    header_block,
    header_value,
    is_binary,
    is_login,
    redacted_lines,
    redacted_target,
)

KEY = b"k1"


def name_of(secret: bytes) -> str:
    """The session id that the sidecar gives for this value."""
    return hmac.new(KEY, secret, hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize(
    ("header", "line"),
    [
        pytest.param((b"authorization", b"Bearer s3cret"), b"authorization: [redacted:13]", id="authorization"),
        pytest.param((b"Cookie", b"a=1; b=2"), b"Cookie: [redacted:8]", id="cookie-in-any-case"),
        pytest.param((b"set-cookie", b"a=1"), b"set-cookie: [redacted:3]", id="set-cookie"),
        pytest.param((b"x-my-token-2", b"abc"), b"x-my-token-2: [redacted:3]", id="name-with-token"),
        pytest.param((b"dd-api-key", b"abc"), b"dd-api-key: [redacted:3]", id="vendors-key"),
        pytest.param((b"cookie", b"[redacted:77]"), b"cookie: [redacted:77]", id="taken-out-before"),
        pytest.param((b"cookie", b"[redacted:7]x"), b"cookie: [redacted:13]", id="only-looks-taken-out"),
        pytest.param((b"x-session", b""), b"x-session: [redacted:0]", id="empty-secret"),
        pytest.param(
            (b"referer", b"http://a/b?password=x&c=1"), b"referer: http://a/b?password=[redacted:1]&c=1", id="referer"
        ),
        pytest.param((b"location", b"/cb?code=xyz"), b"location: /cb?code=[redacted:3]", id="location"),
        pytest.param((b"accept", b"*/*"), b"accept: */*", id="harmless"),
        pytest.param((b"x-name", b"caf\xe9"), b"x-name: caf\xe9", id="beyond-ascii"),
        pytest.param((b"x-bad", b"a\r\nx: y\0"), b"x-bad: a  x: y ", id="no-second-line"),
    ],
)
def test_header_values_are_redacted_by_name(header: tuple[bytes, bytes], line: bytes) -> None:
    """A secret leaves its length; URLs lose the secrets in their query; the rest stays."""
    assert header_block([header]) == line


def test_a_block_keeps_order_and_duplicates_but_not_the_host() -> None:
    """The host has a key of its own in a capture line."""
    block = header_block([(b"b", b"1"), (b"host", b"x"), (b"a", b"2"), (b"b", b"3")])
    assert block == b"b: 1\na: 2\nb: 3"


def test_lines_lose_their_secrets_and_nothing_else() -> None:
    """Lines of a capture that was made without redaction; a second time changes nothing."""
    lines = b"Accept:*/*\nAuthorization:  Bearer s3cret\nreferer:/?token=abc\n\nx-b:  1 "
    safe = b"Accept:*/*\nAuthorization: [redacted:13]\nreferer: /?token=[redacted:3]\n\nx-b:  1 "
    assert redacted_lines(lines) == safe
    assert redacted_lines(safe) == safe


@pytest.mark.parametrize(
    ("target", "redacted"),
    [
        pytest.param(
            b"/json?user=bob&access_token=tok123&x=1",
            b"/json?user=bob&access_token=[redacted:6]&x=1",
            id="by-part-of-the-name",
        ),
        pytest.param(b"/a?PassWord=x;k=2", b"/a?PassWord=[redacted:1];k=2", id="any-case-and-semicolon"),
        pytest.param(b"/a?key=a=b", b"/a?key=[redacted:3]", id="value-with-equals"),
        pytest.param(b"/a?token", b"/a?token", id="no-value"),
        pytest.param(b"/a?token=[redacted:9]&b=1", b"/a?token=[redacted:9]&b=1", id="taken-out-before"),
        pytest.param(b"/token=1/a", b"/token=1/a", id="path-segments-are-not-searched"),
    ],
)
def test_query_values_are_redacted_by_name(target: bytes, redacted: bytes) -> None:
    """Names decide; what follows the value stays."""
    assert redacted_target(target) == redacted


@pytest.mark.parametrize("piece", [b"a", b"password:{", b"a=", b"=", b"&"])
def test_no_query_takes_the_square_of_its_length(piece: bytes) -> None:
    """A long one without an `=` had to be searched from each of its characters."""
    began = process_time()
    redacted_target(b"/a?" + piece * (300_000 // len(piece)))
    assert process_time() - began < 2


@given(st.binary(min_size=12, max_size=30).filter(lambda s: not set(s) & set(b"&;#?=\r\n\0")))
def test_no_secret_is_left(secret: bytes) -> None:
    """Whatever a secret is, neither header nor query shows it."""
    assert secret not in header_block([(b"cookie", secret), (b"referer", b"/?sig=" + secret)])
    assert secret not in redacted_target(b"/a?api_key=" + secret)


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        pytest.param([(b"cookie", b"a=1; sessionid=s1; b=2"), (b"authorization", b"x")], b"s1", id="session-cookie"),
        pytest.param([(b"cookie", b"a=1"), (b"cookie", b"sessionid=s1")], b"s1", id="among-two-cookie-headers"),
        pytest.param([(b"cookie", b"xsessionid=s1"), (b"authorization", b"x")], b"x", id="authorization"),
        pytest.param([(b"cookie", b"a=1"), (b"x-api-key", b"k")], b"k", id="api-key"),
        pytest.param([(b"Cookie", b"a=1")], b"a=1", id="whole-cookie"),
        pytest.param([(b"cookie", b"sessionid="), (b"authorization", b"x")], b"x", id="empty-session-cookie"),
    ],
)
def test_a_session_is_named_by_what_identifies_it(headers: list[tuple[bytes, bytes]], secret: bytes) -> None:
    """The first sixteen bytes of HMAC-SHA256, in hex, as the sidecar computes them."""
    assert Sessions(KEY, "sessionid").of_request(headers) == name_of(secret)


def test_a_request_without_any_has_no_session() -> None:
    """Nothing to name, or no key to name with, is no session."""
    assert Sessions(KEY, "sessionid").of_request([(b"accept", b"x")]) is None
    assert Sessions(b"", "sessionid").of_request([(b"cookie", b"sessionid=s1")]) is None


def test_an_answer_names_the_session_it_begins() -> None:
    """The name is the one that the next requests will have."""
    sessions = Sessions(KEY, "sid.v1")
    answer = [(b"set-cookie", b"sidXv1=no"), (b"set-cookie", b"sid.v1=s1; Path=/; HttpOnly")]
    assert sessions.of_answer(answer) == sessions.of_request([(b"cookie", b"sid.v1=s1")]) == name_of(b"s1")
    assert sessions.of_answer([(b"set-cookie", b"sid.v1=; Max-Age=0")]) is None


@pytest.mark.parametrize(
    ("path", "login"),
    [
        (b"/login", True),
        (b"/api/OAuth/authorize", True),
        (b"/v1/token", True),
        (b"/account/password/reset", True),
        (b"/reset-password", False),
        (b"/products", False),
    ],
)
def test_paths_that_log_people_in_are_known(path: bytes, login: bool) -> None:
    """A segment that begins like the sidecar's list, in any case, keeps the bodies of a path out."""
    assert is_login(path) == login


@pytest.mark.parametrize(
    ("content_type", "binary"),
    [
        (b"image/png", True),
        (b"Application/PDF", True),
        (b"application/x-tar", True),
        (b"application/json", False),
        (b"text/x-image/", False),
        (b"", False),
    ],
)
def test_bodies_that_are_not_text_are_not_kept(content_type: bytes, binary: bool) -> None:
    """The content type decides."""
    assert is_binary([(b"Content-Type", content_type)]) == binary


def test_a_header_is_found_whatever_its_case() -> None:
    """Several of one name come as one, none as `None`."""
    assert header_value([(b"X-A", b"1"), (b"x-a", b"2")], b"x-a") == b"1,2"
    assert header_value([], b"x-a") is None
