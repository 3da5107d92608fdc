"""Text that GitHub shows and does nothing else with: the rules of its parser (cmark-gfm), against which it was held once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.github_markdown import code, escaped, link, table

TEXTS = st.text(alphabet=st.sampled_from("ab |\\`@#<>&*_[]()~!$\n\r\x1b\ud800😀:/w.-1"), max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /a", "`GET /a`"),
        ("a`b", "``a`b``"),
        ("`a```b", "```` `a```b ````"),
        (" a ", "`  a  `"),
        ("a\nb", "`a\\nb`"),
        ("@octocat <b>", "`@octocat <b>`"),
        ("", "`(empty)`"),
        ("abcdef", "`abcd…`"),
    ],
    ids=["plain", "tick", "ticks", "spaces", "newline", "mention", "empty", "long"],
)
def test_a_name_is_code(text: str, shown: str) -> None:
    """Its fence is longer than any run of ticks in it, and nothing in it ends the line."""
    width = 5 if text == "abcdef" else 50
    assert code(text, width) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("12 of 1,200 differ: GET /a.", "12 of 1,200 differ: GET /a."),
        ("*a* _b_ `c` [d](e) ~f~ !g", "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\~f\\~ \\!g"),
        ("<b> & &amp;", "&lt;b&gt; &amp; &amp;amp;"),
        ("@octocat #12 GH-12", "@&#8203;octocat #&#8203;12 GH&#8203;-12"),
        ("https://x _www.x", "https:&#8203;//x \\_www&#8203;.x"),
        ("1. a", "1\\. a"),
        ("- a", "\\- a"),
        ("a | b", "a &#124; b"),
        ("$a$", "<span>$</span>a<span>$</span>"),
        (" a\nb ", "a\\\\nb"),
        ("abcdefg", "abcd…"),
    ],
    ids=["plain", "marks", "tags", "references", "links", "number", "bullet", "pipe", "formula", "newline", "long"],
)
def test_a_sentence_is_text(text: str, shown: str) -> None:
    """What would be markup, a mention, a link or a list is none."""
    width = 5 if text == "abcdefg" else 50
    assert escaped(text, width) == shown


@given(texts=st.lists(TEXTS, min_size=2, max_size=2))
def test_a_row_has_its_cells_whatever_is_in_them(texts: list[str]) -> None:
    """A pipe that no backslash escapes stands only between cells, and a row is one line."""
    *_, row = table(["a", "b:"], [[code(texts[0], 50), escaped(texts[1], 50)]])
    assert "\n" not in row
    bare = [at for at, char in enumerate(row) if char == "|" and (at == 0 or row[at - 1] != "\\")]
    assert len(bare) == 3


def test_a_table_says_which_columns_stand_to_the_right() -> None:
    """Those of figures."""
    assert table(["a", "b:"], [["1", "2"]]) == ["| a | b |", "| --- | ---: |", "| 1 | 2 |"]


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("", "report.html"),
        ("https://ci.example/7/", "https://ci.example/7/report.html"),
        ("a b>(c)", "a%20b%3E%28c%29/report.html"),
        ("x\ny", "x%0Ay/report.html"),
    ],
    ids=["beside", "address", "marks", "newline"],
)
def test_a_link_leads_where_the_files_are(place: str, target: str) -> None:
    """Whatever characters the address has."""
    assert link("report.html", place) == f"[report.html](<{target}>)"
