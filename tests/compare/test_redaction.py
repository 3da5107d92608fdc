"""Whole answers without their secrets."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.lift import Lifted, lift
from replay_users.compare.redaction import MAX_KEPT, Redaction

JSON = b"content-type: application/json\r\n"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = st.sampled_from([JWT, JWT[:-1] + "x", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"])


@pytest.fixture
def redaction() -> Redaction:
    """With some key."""
    return Redaction(b"k" * 32)


def body(redaction: Redaction, value: object) -> str:
    """What becomes of a body of JSON."""
    made = redaction.body(json.dumps(value).encode(), JSON)
    assert made is not None
    return made


def test_equal_secrets_stay_equal_and_others_differ(redaction: Redaction) -> None:
    """So rules can be tried: a difference in a secret is one still, and none does not become one."""
    one, same, other = (body(redaction, {"token": value}) for value in ("abc", "abc", "abd"))
    assert one == same != other
    assert "abc" not in one
    assert "abd" not in other


def test_another_key_gives_other_marks(redaction: Redaction) -> None:
    """Marks of two runs say nothing of each other."""
    assert body(redaction, {"password": "hunter2"}) != body(Redaction(b"other"), {"password": "hunter2"})


@settings(max_examples=50, deadline=None)
@given(secret=SECRETS, under=st.sampled_from(["note", "access_token", "x"]), depth=st.integers(0, 3))
def test_no_secret_is_left_in_json(secret: str, under: str, depth: int) -> None:
    """Wherever it stands, and the body is JSON still."""
    value: object = {under: secret, "list": [f"Bearer {secret}"], secret: 1}
    for _ in range(depth):
        value = [{"in": value}]
    made = body(Redaction(b"k"), value)
    assert secret not in made
    assert json.loads(made)


def test_a_number_under_a_secret_name_is_hidden(redaction: Redaction) -> None:
    """As a text, since what it was is nobody's business; flags and null stay."""
    made = json.loads(body(redaction, {"session_pin": 12345, "session": {"open": True, "id": None}}))
    assert made["session_pin"].startswith("[redacted:5:")
    assert made["session"] == {"open": True, "id": None}


def test_what_capture_redacted_stays_as_it_is(redaction: Redaction) -> None:
    """A redacted value is not redacted again."""
    assert json.loads(body(redaction, {"token": "[redacted:40]"})) == {"token": "[redacted:40]"}


def test_a_coded_body_is_kept_decoded(redaction: Redaction) -> None:
    """Its head then no longer says that it is coded, or how long."""
    head = JSON + b"Content-Encoding: gzip\r\nContent-Length: 40\r\n"
    assert redaction.body(gzip.compress(b'{"a": 1}'), head) == '{"a": 1}'
    assert redaction.head(head) == "content-type: application/json\r\n"


def test_a_text_is_kept_as_utf_8(redaction: Redaction) -> None:
    """Whatever charset it came in; secrets that are named in it are hidden."""
    head = b"content-type: text/html; charset=iso-8859-1\r\n"
    made = redaction.body(b'<p>caf\xe9</p><input name="csrftoken" value="s3cr3tvalue">', head)
    assert made is not None
    assert "café" in made
    assert "s3cr3tvalue" not in made
    assert redaction.head(head) == "content-type: text/html; charset=utf-8\r\n"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param("text/xml", "<a><b:password>s3cr3t</b:password></a>", id="xml-element"),
        pytest.param("text/html", '<meta name="csrf-token" content="s3cr3t"><p>', id="html-metadata"),
        pytest.param("text/html", '<form><input value=s3cr3t name="csrf_token">', id="html-value-first"),
        pytest.param("application/json", '{"home": "https://bob:s3cr3t@example.org/"}', id="user-in-a-url"),
        pytest.param("application/json", '{"pin": "s3cr3t"}', id="whole-name"),
        pytest.param("application/json", '{"env": [{"name": "DB_PASSWORD", "value": "s3cr3t"}]}', id="named-beside-it"),
        pytest.param("application/json", '[{"values": ["s3cr3t"], "key": "Authorization"}]', id="named-behind-it"),
        pytest.param("application/x-www-form-urlencoded", "a=1&pin=s3cr3t&user%5Bpassword%5D=x", id="form"),
        pytest.param("application/x-ndjson", '{"a": 1}\n{"tokens": ["x", "s3cr3t"]}\n', id="list-in-lines-of-json"),
        pytest.param(
            "application/x-ndjson", '{"secret": {"deep": {"of": "s3cr3t"}}}\n{"a": 1}', id="object-in-lines-of-json"
        ),
        pytest.param(
            "text/event-stream", 'event: a\ndata: {"pin": "s3cr3t", "secret": {"a": "s3cr3t"}}\n\n', id="event"
        ),
        pytest.param(
            "text/html",
            '<p><script type="x/json">{"otp": "s3cr3t", "secret": {"a": "s3cr3t"}}</script>',
            id="json-in-a-page",
        ),
        pytest.param("text/html", '<p><script>var x = {tokens: ["x", "s3cr3t"]}; go()</script>', id="list-in-a-script"),
        pytest.param(
            "application/json", '{"text": "{\\"password\\": \\"it is s3cr3t\\"}"}', id="words-in-json-in-a-text"
        ),
        pytest.param("text/html", '<p><input name="password" value="it is s3cr3t">', id="words-in-an-attribute"),
        pytest.param(
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cr3t\r\n--b--\r\n',
            id="part-of-a-form",
        ),
    ],
)
def test_no_secret_is_left_in_what_is_kept(redaction: Redaction, said: str, text: str) -> None:
    """However the form of the body names it; two that differ still do."""
    head = f"content-type: {said}\r\n".encode()
    one, other = redaction.body(text.encode(), head), redaction.body(text.replace("s3cr3t", "0th3rs").encode(), head)
    assert one != other
    assert "s3cr3t" not in f"{one}{other}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x00\x01\x02" * 50, id="no-text"),
        pytest.param(b'"' + b"a" * MAX_KEPT + b'"', id="too-long"),
        pytest.param(gzip.compress(b"a" * (MAX_KEPT + 1)), id="too-long-decoded"),
        pytest.param(b"[" * 900 + b"]" * 900, id="deep"),
        pytest.param(b"[" * 2_000 + b"]" * 2_000, id="too-deep"),
        pytest.param(b"123456789012345678901234567890.5e400", id="a-number-that-would-change"),
    ],
)
def test_what_cannot_be_done_well_is_not_kept(redaction: Redaction, raw: bytes) -> None:
    """Nothing is better than something else than was answered."""
    assert redaction.body(raw, JSON if raw[:1] not in b"\x00" else b"") is None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param(
            "application/x-ndjson", '{"token": "abc"}\n  no json, b: 1\n{"b": [1.5, null]}\n', id="lines-of-json"
        ),
        pytest.param(
            "text/event-stream", 'id: 1\r\nevent: x\r\ndata: {"token": "abc"}\r\ndata:  as it is \r\n\r\n', id="events"
        ),
        pytest.param("text/html", '<p>a<script>\n{"token": "abc", "x": "<\\/script>"}</script><b>c</b>', id="page"),
    ],
)
def test_what_is_kept_of_a_text_is_the_same_but_for_its_secrets(redaction: Redaction, said: str, text: str) -> None:
    """Rules that are tried on it meet the same tree."""
    head = f"content-type: {said}\r\n".encode()
    made = redaction.body(text.encode(), head)
    assert made is not None
    hidden = text.replace("abc", re.findall(r"\[redacted:3:....\]", made)[0])
    one, other = lift(hidden.encode(), head), lift(made.encode(), head)
    assert isinstance(one, Lifted)
    assert isinstance(other, Lifted)
    assert (one.form, one.root) == (other.form, other.root)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Location: https://x.test/cb?code=s3cr3t&state=1", id="code"),
        pytest.param("location: /in?next=/a&key=s3cr3t", id="key"),
        pytest.param("Content-Location: /in?otp=s3cr3t", id="whole-name"),
        pytest.param("Location: /cb#id=1&auth=s3cr3t", id="fragment"),
        pytest.param("Link: </a?sig=s3cr3t>; rel=next", id="link"),
        pytest.param("Refresh: 0;url=/cb?code=s3cr3t", id="refresh"),
    ],
)
def test_urls_in_heads_lose_what_targets_lose(redaction: Redaction, line: str) -> None:
    """An answer that sends somebody on has the code that logs him in, which capture takes out of the recorded one."""
    made = redaction.head(f"{line}\r\n".encode())
    assert "s3cr3t" not in made
    assert made.startswith(line.partition("=")[0])


def test_heads_lose_secrets_and_keep_their_sense(redaction: Redaction) -> None:
    """A cookie keeps its name and attributes, an authorization nothing but its length."""
    head = b"Set-Cookie: sid=abcdef; Path=/; HttpOnly\r\nAuthorization: Bearer x\r\nVary: Accept\r\n"
    made = redaction.head(head)
    assert "abcdef" not in made
    assert "Bearer" not in made
    assert made.startswith("Set-Cookie: sid=[redacted:6:")
    assert "; Path=/; HttpOnly\r\n" in made
    assert made.endswith("Vary: Accept\r\n")
