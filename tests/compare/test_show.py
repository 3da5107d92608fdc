from __future__ import annotations

import json
from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.show import (
    MAX_SHOWN,
    names_a_secret,
    redact,
    redact_target,
    show,
    show_key,
    show_pair,
    show_texts,
)
from replay_users.compare.walk import MISSING

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.4pcPyMD09olPSyXnrXCjTwXyr4BsezdI1AVTmud2fU4"
HEX = "9b74c9897bac770ffc029102a200c5de"
BASE64 = "dGhpcyBpcyBhIHNlY3JldCBrZXkh+/=="
ANY_TEXT = st.text(st.characters(codec=None))
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(MISSING, "", id="nothing"),
        pytest.param("Main St", '"Main St"', id="text"),
        pytest.param(1, "1", id="number"),
        pytest.param(True, "true", id="flag"),
        pytest.param(None, "null", id="null"),
        pytest.param({"a": [1, {"b": "c"}], "d": {}}, '{"a": [1, {"b": "c"}], "d": {}}', id="containers"),
        pytest.param([[[[[[[1]]]]]]], "[[[[[[…]]]]]]", id="too-deep"),
        pytest.param("a\nb\x1b[2J\ud800", '"a\\nb\\x1b[2J\\ud800"', id="nothing-that-moves-a-cursor"),
        pytest.param("größe 中", '"größe 中"', id="letters-beyond-ascii"),
        pytest.param("word " * 100, '"' + "word " * 23 + "wor…", id="long"),
    ],
)
def test_a_value_is_shown_as_json_on_one_short_line(value: Json, shown: str) -> None:
    """People see what it is and of which type."""
    assert show(value) == shown


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        pytest.param(JWT, f"[redacted:{len(JWT)}]", id="jwt"),
        pytest.param(f"Bearer {JWT}.", f"Bearer [redacted:{len(JWT) + 1}]", id="jwt-in-a-text"),
        pytest.param(HEX, "[redacted:32]", id="hex"),
        pytest.param(f"/assets/app-{HEX}.css", "[redacted:44].css", id="hex-in-a-path"),
        pytest.param(BASE64, "[redacted:32]", id="base64"),
        pytest.param("https://x.test/?token=abc&a=1", "https://x.test/?token=[redacted:3]&a=1", id="query"),
        pytest.param("sessionid: 12; path=/", "sessionid: [redacted:2]; path=/", id="cookie"),
        pytest.param('{"api_key": "k1"}', '{"api_key": "[redacted:2]"}', id="json-in-a-text"),
        pytest.param('{\\"password\\": \\"k1\\"}', '{\\"password\\": \\"[redacted:2]\\"}', id="escaped-json"),
        pytest.param(
            '<input name="csrftoken" value="ab12">', '<input name="csrftoken" value="[redacted:4]">', id="form-field"
        ),
        pytest.param(
            '<input name="authenticity_token" type="hidden" value="ab12">',
            '<input name="authenticity_token" type="hidden" value="[redacted:4]">',
            id="form-field-with-more-between",
        ),
        pytest.param(
            '<input value="ab12" type=hidden name="csrf">',
            '<input value="[redacted:4]" type=hidden name="csrf">',
            id="form-field-the-other-way-round",
        ),
        pytest.param(
            '<meta name="csrf-token" content="ab12">', '<meta name="csrf-token" content="[redacted:4]">', id="metadata"
        ),
        pytest.param(
            '<u><w:Password Type="#PasswordText">k1</w:Password></u>',
            '<u><w:Password Type="#PasswordText">[redacted:2]</w:Password></u>',
            id="element",
        ),
        pytest.param("<pwd>k1</pwd>", "<pwd>[redacted:2]</pwd>", id="element-alone"),
        pytest.param("<p>x</p><token>k1</token>", "<p>x</p><token>[redacted:2]</token>", id="element-of-a-short-text"),
        pytest.param(
            '<a class="session-link" href="/password">Forgot?</a>',
            '<a class="session-link" href="/password">Forgot?</a>',
            id="an-element-about-secrets-is-none",
        ),
        pytest.param("https://bob:k1@x.test/", "https://bob:[redacted:2]@x.test/", id="user-in-a-url"),
        pytest.param("https://x.test:80/@bob", "https://x.test:80/@bob", id="a-port-is-none"),
        pytest.param("Authorization: Basic dTpw", "Authorization: [redacted:10]", id="header"),
        pytest.param('{"password": "a b, c"}', '{"password": "[redacted:6]"}', id="words-in-quotes"),
        pytest.param('{"password": "a\\"b c"}', '{"password": "[redacted:6]"}', id="a-quote-in-quotes"),
        pytest.param(
            '{\\"password\\": \\"k 1\\"}', '{\\"password\\": \\"[redacted:3]\\"}', id="words-in-escaped-quotes"
        ),
        pytest.param("password: 'a b' c", "password: '[redacted:3]' c", id="words-in-single-quotes"),
        pytest.param('"tokens": ["a b", ["c"]], "x": 1', '"tokens": [redacted:14], "x": 1', id="list"),
        pytest.param("password=[hunter2]x9secret y", "password=[redacted:17] y", id="begins-with-a-bracket"),
        pytest.param("password={abc}def", "password=[redacted:8]", id="begins-with-a-brace"),
        pytest.param('"secret": {"a": {"b": 1}}, "x": 1', '"secret": [redacted:15], "x": 1', id="object"),
        pytest.param('"token": "", "x": "y z"', '"token": "", "x": "y z"', id="nothing-in-quotes"),
        pytest.param('token: "k1 and on', 'token: "[redacted:2] and on', id="quotes-without-an-end"),
        pytest.param("token=[redacted:11]", "token=[redacted:11]", id="already-redacted"),
        pytest.param("2026-11-23T20:28:30.123456Z", "2026-11-23T20:28:30.123456Z", id="a-time-is-none"),
        pytest.param("/nyc/flights/some-long-title/page2", "/nyc/flights/some-long-title/page2", id="words-are-none"),
        pytest.param(
            "4e62aa98-2418-4365-a563-dd3cfc56a74d", "4e62aa98-2418-4365-a563-dd3cfc56a74d", id="a-uuid-is-none"
        ),
        pytest.param("a plain sentence without any secret", "a plain sentence without any secret", id="a-sentence"),
    ],
)
def test_secrets_are_taken_out_of_texts(text: str, redacted: str) -> None:
    """What looks like a token or is named like a secret leaves only its length; what is readable stays."""
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("hunter2", '"[redacted:7]"', id="text"),
        pytest.param(1234, "[redacted:4]", id="number"),
        pytest.param(None, "null", id="whether-there-is-one"),
        pytest.param(["a", {"b": "cd"}], '["[redacted:1]", {"b": "[redacted:2]"}]', id="all-that-lies-in-it"),
        pytest.param("[redacted:9]", '"[redacted:9]"', id="redacted-before"),
    ],
)
def test_what_is_under_a_secrets_name_is_not_shown(value: Json, shown: str) -> None:
    """Of a secret one sees how long it is, and whether it is there."""
    assert show(value, secret=True) == shown


def test_secrets_inside_a_shown_object_are_not_shown() -> None:
    """An added object is searched for names of secrets all the way down."""
    shown = show({"user": {"id": 1, "apiKey": "k-1", "refreshToken": {"value": "v"}}})
    assert shown == '{"user": {"id": 1, "apiKey": "[redacted:3]", "refreshToken": {"value": "[redacted:1]"}}}'
    assert show([{"name": "DB_PASSWORD", "value": "k1"}, {"name": "a", "value": "b"}]) == (
        '[{"name": "DB_PASSWORD", "value": "[redacted:2]"}, {"name": "a", "value": "b"}]'
    )


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        pytest.param("password", True, id="password"),
        pytest.param("X-Api-Key", True, id="api-key"),
        pytest.param("csrftoken", True, id="inside-a-name"),
        pytest.param("privateKey", True, id="camel-case"),
        pytest.param("dbPwd", True, id="short-for-password"),
        pytest.param("PIN", True, id="whole-name"),
        pytest.param("shipping", False, id="part-of-a-word"),
        pytest.param("SESSION_ID", True, id="capitals"),
        pytest.param("Set-Cookie", True, id="header"),
        pytest.param("price", False, id="price"),
    ],
)
def test_names_of_secrets_are_known(name: str, secret: bool) -> None:
    """A name counts wherever the word stands in it and however it is written."""
    assert names_a_secret(name) is secret


def test_a_target_loses_what_its_query_calls_a_secret() -> None:
    """There `key` and `code` are secrets, which they are not in a body; what is one in a body by its whole name is one here."""
    shown = "/cb?code=[redacted:3]&sig=[redacted:3]&token=[redacted:2]&page=2"
    assert redact_target(b"/cb?code=abc&sig=xyz&token=k1&page=2") == shown
    assert redact_target(b"/a?pass=hunter2&PIN=1234;sid=9&shipping=fast") == (
        "/a?pass=[redacted:7]&PIN=[redacted:4];sid=[redacted:1]&shipping=fast"
    )
    assert redact("see code=abc of page 2") == "see code=abc of page 2"


@pytest.mark.parametrize(
    ("x", "y", "shown"),
    [
        pytest.param("caf\u00e9", "cafe\u0301", ('caf\\xe9"', 'cafe\\u0301"'), id="a-letter-in-two-ways"),
        pytest.param("é" * 130 + "é", "é" * 130 + "e\u0301", ("\\xe9", "e\\u0301"), id="in-a-long-text"),
        pytest.param("é", "è", ('"é"', '"è"'), id="other-letters"),
    ],
)
def test_texts_that_look_alike_are_told_apart(x: str, y: str, shown: tuple[str, str]) -> None:
    """Nobody would see what differs, so it is escaped."""
    one, other = show_pair(x, y)
    assert (one[-len(shown[0]) :], other[-len(shown[1]) :]) == shown


def test_long_texts_are_shown_where_they_part() -> None:
    """Of two long values one sees the first character that differs, with what stands around it."""
    x, y = "same " * 100 + "old ending", "same " * 100 + "new ending"
    assert show_pair(x, y) == ("…" + "same " * 8 + "old ending", "…" + "same " * 8 + "new ending")


def test_bodies_are_shown_where_they_part() -> None:
    """Of two pages one sees the change, not their common beginning, and letters are kept whole."""
    page = "<li>größe</li>\n" * 3000
    x, y = show_texts(f"{page}<b>é</b>".encode(), f"{page}<b>è</b>".encode())
    assert x.endswith("<li>größe</li>\\n<b>é</b>")
    assert y.endswith("<li>größe</li>\\n<b>è</b>")


def test_a_binary_body_is_shown_by_its_size() -> None:
    """Bytes that are no text are not printed."""
    assert show_texts(b"\x89PNG\0\1\2", b"\x89PNG\0\1\3\4") == ("7 bytes, byte 7 differs", "8 bytes, byte 7 differs")


@pytest.mark.parametrize("before", [pytest.param(length, id=f"{length}-before") for length in (0, 30, 470, 500, 5000)])
@pytest.mark.parametrize("at", [pytest.param(at, id=f"differs-at-{at}") for at in (0, 1, 20, 40, 63)])
def test_a_token_is_hidden_wherever_a_window_cuts_it(before: int, at: int) -> None:
    """No piece of a secret that is 8 characters long is shown, neither by the difference nor by an edge."""
    secret = "".join(f"{number * 7919 % 4096:03x}Q" for number in range(16))
    other = secret[:at] + "Z" + secret[at + 1 :]
    filler = ("lorem ipsum dolor " * 400)[:before]
    shown = " ".join(
        show_pair(f"{filler} {secret} {filler}", f"{filler} {other} {filler}")
        + show_texts(f"{filler} {secret} {filler}".encode(), f"{filler} {other} {filler}".encode())
        + show_pair(f"{filler}! {filler} {secret}", f"{filler}? {filler} {secret}")
        + (show(f"{filler} {secret}"),)
    )
    pieces = [whole[start : start + 8] for whole in (secret, other) for start in range(len(secret) - 8)]
    assert not [piece for piece in pieces if piece in shown]


def test_a_key_is_shown_unless_it_is_a_secret_itself() -> None:
    """A map of tokens does not show them in its paths, and a long key is shortened."""
    assert show_key("price") == "price"
    assert show_key("numberOfConcurrentConnectionsAllowed") == "numberOfConcurrentConnectionsAllowed"
    assert show_key(HEX) == "[redacted:32]"
    assert len(show_key("word " * 100)) == MAX_SHOWN


@given(VALUES, VALUES, st.booleans())
def test_whatever_is_shown_is_short_one_line_and_can_be_encoded(x: Json, y: Json, secret: bool) -> None:
    """No value breaks a line, a limit or an encoder."""
    for shown in (*show_pair(x, y, secret=secret), show(x), *show_texts(str(x).encode("utf-16"), repr(y).encode())):
        assert len(shown) <= MAX_SHOWN
        assert shown.isprintable()
        assert json.loads(json.dumps(shown)) == shown.encode().decode()


@given(st.binary(), st.binary(), st.binary())
def test_any_two_bodies_can_be_shown(same: bytes, x: bytes, y: bytes) -> None:
    """Bytes that are no text, cut anywhere, are shown all the same."""
    for shown in show_texts(same + x, same + y):
        assert len(shown) <= MAX_SHOWN
        assert shown.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<input value="hunter2" id="1" name="csrftoken">', id="value-before-name"),
        pytest.param('<meta content="hunter2" property="csrf-token">', id="meta"),
        pytest.param("<Password>hunter2</Password>", id="element"),
        pytest.param("https://bob:hunter2@example.org/", id="url"),
        pytest.param('form-data; name="password"\r\n\r\nhunter2\r\n', id="part-of-a-form"),
        pytest.param('<input name="csrftoken" type="hidden" value="hunter2">', id="name-before-value"),
    ],
)
def test_a_secret_is_hidden_wherever_around_it_two_texts_differ(text: str) -> None:
    """What says that it is one may stand on the other side of the difference."""
    around = "x y " * 60
    for at in range(len(text)):
        one, _ = show_texts(f"{around}{text}{around}".encode(), f"{around}{text[:at]}ß".encode())
        assert "hunter" not in one


def test_what_differs_behind_a_secret_is_seen() -> None:
    """However far behind the secret its name stands."""
    text = "x y " * 60 + '<input value="hunter2" ' + 'data-a="b" ' * 14 + 'id="%d" name="csrf">'
    one, other = show_texts((text % 1).encode(), (text % 2).encode())
    assert ('id="1"' in one, 'id="2"' in other) == (True, True)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("value=/", id="values-without-a-name"),
        pytest.param("value=a name=a ", id="names-of-no-secret"),
        pytest.param("token", id="names-without-a-value"),
        pytest.param("token" * 8 + '"    ', id="long-names"),
        pytest.param("token>", id="elements-without-an-end"),
        pytest.param("token>a</" + "a" * 60, id="other-ends"),
        pytest.param(' name="' + "token" * 12 + '"', id="parts-without-an-empty-line"),
        pytest.param('token="', id="quotes-without-an-end"),
        pytest.param("token='a", id="single-quotes-without-an-end"),
        pytest.param('token=\\"a', id="escaped-quotes-without-an-end"),
        pytest.param("token=[[", id="lists-without-an-end"),
        pytest.param("token={a{b}", id="objects-without-an-end"),
        pytest.param("://a:", id="urls-without-a-host"),
        pytest.param("<", id="brackets"),
    ],
)
def test_a_hostile_text_takes_no_longer_than_others(piece: str) -> None:
    """64 KiB, which is what is kept of a body, take a fifth of a second at most (measured); it was minutes."""
    begun = process_time()
    redact(f"form-data @:// token<{piece * (65536 // len(piece))}")
    assert process_time() - begun < 5
