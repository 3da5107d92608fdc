from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.lift.charset import read_text

WORD = "Köln"


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        pytest.param(WORD.encode(), "", (WORD, "utf-8", False), id="utf-8"),
        pytest.param(WORD.encode(), "utf8", (WORD, "utf-8", False), id="utf-8-by-another-name"),
        pytest.param(WORD.encode("latin-1"), "iso-8859-1", (WORD, "latin-1", False), id="as-declared"),
        pytest.param("€".encode("cp1252"), "windows-1252", ("€", "windows-1252", False), id="windows"),
        pytest.param("日本".encode("shift-jis"), "shift_jis", ("日本", "shift-jis", False), id="japanese"),
        pytest.param(WORD.encode("latin-1"), "utf-8", (WORD, "latin-1", True), id="lied-about-utf-8"),
        pytest.param(WORD.encode(), "ascii", (WORD, "utf-8", True), id="lied-about-ascii"),
        pytest.param(WORD.encode("latin-1"), "", (WORD, "latin-1", False), id="last-resort"),
        pytest.param(b"\xef\xbb\xbf" + WORD.encode(), "", (WORD, "utf-8", False), id="mark"),
        pytest.param(WORD.encode("utf-16"), "utf-16", (WORD, "utf-16-le", False), id="mark-of-the-order"),
        pytest.param(b"\xfe\xff" + WORD.encode("utf-16-be"), "", (WORD, "utf-16-be", False), id="big-endian"),
        pytest.param(WORD.encode("utf-16"), "utf-8", (WORD, "utf-16-le", True), id="mark-against-declaration"),
        pytest.param(WORD.encode("utf-32"), "", (WORD, "utf-32-le", False), id="utf-32"),
        pytest.param(
            b'<meta charset="windows-1252">\x80',
            "",
            ('<meta charset="windows-1252">€', "windows-1252", False),
            id="meta",
        ),
        pytest.param(WORD.encode(), "zlib", (WORD, "utf-8", False), id="no-charset"),
        pytest.param(b"abc-", "punycode", ("abc-", "utf-8", False), id="slow-codec"),
        pytest.param(b"a\\u0041", "unicode_escape", ("a\\u0041", "utf-8", False), id="executing-codec"),
    ],
)
def test_a_text_is_read_in_the_charset_it_is_in(body: bytes, declared: str, expected: tuple[str, str, bool]) -> None:
    """A mark, the declaration, UTF-8, what the text says of itself, latin-1: the first that works."""
    assert tuple(read_text(body, declared)) == expected


@given(st.binary(max_size=50), st.text(max_size=10) | st.sampled_from(["utf-16", "gb18030", "iso-2022-jp", "utf_8"]))
def test_any_bytes_are_a_text(body: bytes, declared: str) -> None:
    """Whatever is declared, there is a text, the same each time."""
    assert read_text(body, declared) == read_text(body, declared)
