from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.headers import HeaderSpec, is_credential, parse_header, resolve

ENV = {"TOKEN": "s3cret", "USER": "me", "EMPTY": "", "EVIL": "s3cret\r\nX: y"}
FILES = {"/t": "s3cret\n", "/crlf": "s3cret\r\n", "/empty": "\n", "/two": "s3cret\nmore\n"}


def read(path: str) -> str:
    """The files of these tests."""
    if path == "/binary":
        raise UnicodeDecodeError("utf-8", b"s3cret\xff", 6, 7, "invalid start byte")
    try:
        return FILES[path]
    except KeyError:
        raise FileNotFoundError(2, "No such file or directory") from None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Accept-Language: en", b"Accept-Language: en\r\n"),
        ("accept-language:en, de", b"accept-language: en, de\r\n"),
        ("X-Empty:", b"X-Empty: \r\n"),
        ("Authorization: Bearer ${TOKEN}", b"Authorization: Bearer s3cret\r\n"),
        ("Authorization: ${file:/t}", b"Authorization: s3cret\r\n"),
        ("Authorization: ${file:/crlf}", b"Authorization: s3cret\r\n"),
        ("X-Both: ${USER}:${TOKEN}", b"X-Both: me:s3cret\r\n"),
        ("X-Price: 5$$ or $5", b"X-Price: 5$ or $5\r\n"),
        ("X-Literal: $${TOKEN}", b"X-Literal: ${TOKEN}\r\n"),
        ("X-Name: Zo\u00eb", "X-Name: Zo\u00eb\r\n".encode()),
    ],
)
def test_a_header_is_resolved_into_its_line(text: str, line: bytes) -> None:
    """Variables and files are filled in, and `$$` is a dollar sign."""
    assert resolve(parse_header(text), ENV, read) == line


def test_a_value_is_not_read_again() -> None:
    """What a variable holds is no template."""
    assert resolve(parse_header("X-A: ${A}"), {"A": "${B}$$"}, read) == b"X-A: ${B}$$\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "X-API-Key",
        "X-Auth-Token",
        "X-Auth",
        "DD-Api-Key",
        "Ocp-Apim-Subscription-Key",
        "Client-Secret",
        "X-Passwd",
        "Session-Id",
        "apikey",
        "My-Credentials",
    ],
)
def test_a_literal_credential_is_refused(name: str) -> None:
    """A secret on a command line can be read by others, so it must be a reference; it is not repeated."""
    assert is_credential(name)
    for value in ("s3cret", "$$s3cret", "$${s3cret}", ""):
        with pytest.raises(UsageError, match="may not be a literal") as caught:
            parse_header(f"{name}: {value}")
        assert "s3cret" not in str(caught.value)
        assert "${STAGING_TOKEN}" in str(caught.value)


def test_other_headers_may_be_literals() -> None:
    """What names no secret needs no reference."""
    assert not is_credential("Accept-Language")
    assert parse_header("Accept-Language: en") == HeaderSpec("Accept-Language", "en")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no colon s3cret", "no valid name"),
        (": s3cret", "no valid name"),
        ("Bad Name: s3cret", "no valid name"),
        ("Na\u00efve: s3cret", "no valid name"),
        ("X-A\r\nX-B: s3cret", "no valid name"),
        ("X-A: s3cret\r\nX-B: y", "control character"),
        ("X-A: s3cret\0", "control character"),
        ("X-A: ${s3cret", "unreadable"),
        ("X-A: ${}", "unreadable"),
        ("X-A: ${2}", "unreadable"),
        ("X-A: ${file:}", "unreadable"),
        ("Host: s3cret", "written by the engine"),
        ("content-length: 5", "written by the engine"),
        ("Transfer-Encoding: chunked", "written by the engine"),
        ("X-Replay-Test: false", "written by the engine"),
    ],
)
def test_a_bad_header_is_refused_without_being_shown(text: str, message: str) -> None:
    """Names are tokens, values hold no line breaks, framing is not the user's, and nothing is quoted back."""
    with pytest.raises(UsageError, match=message) as caught:
        parse_header(text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X-A: ${MISSING}", "variable MISSING"),
        ("X-A: ${EMPTY}", "variable EMPTY"),
        ("X-A: ${EVIL}", "variable EVIL holds a line break"),
        ("X-A: ${file:/none}", "file /none, which cannot be read .No such file"),
        ("X-A: ${file:/binary}", "file /binary, which cannot be read .not UTF-8"),
        ("X-A: ${file:/empty}", "file /empty"),
        ("X-A: ${file:/two}", "file /two holds a line break"),
    ],
)
def test_what_cannot_be_resolved_is_named(text: str, message: str) -> None:
    """The message names the variable or file and never a value."""
    with pytest.raises(UsageError, match=message) as caught:
        resolve(parse_header(text), ENV, read)
    assert "s3cret" not in str(caught.value)


def test_a_header_shows_its_name_only() -> None:
    """Neither repr nor str has the value's template, which might hold a part of a secret."""
    spec = parse_header("Authorization: Basic half-of-it ${TOKEN}")
    assert "half" not in repr(spec) + str(spec)
    assert "Authorization" in repr(spec)
    assert spec.key == b"authorization"


def test_the_option_at_fault_is_named() -> None:
    """Headers for a proxy are given with another option."""
    with pytest.raises(UsageError, match=r"^a --proxy-header has no valid name"):
        parse_header("Bad Name: x", "--proxy-header")
