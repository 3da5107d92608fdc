from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.lift.html import looks_like_html, read_html
from replay_users.compare.limits import LIMITS

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

PAGE = """<!DOCTYPE html>
<html lang=en><head><title>nyc:  airlines</title><meta charset="utf-8"><meta name="csrf-token" content="abc"></head>
<body class="row  db-nyc"><!-- Templates considered: row.html -->
<footer class="ft">Powered by <a href="https://datasette.io/" title="Datasette v0.64.8">Datasette</a>
&middot; Queries took 8.454&nbsp;ms</footer></body></html>"""


def page(text: str) -> Json:
    """The tree of a page."""
    return read_html(text, LIMITS)[0]


def body(text: str) -> Json:
    """The tree of a page's body."""
    tree = page(text)
    assert isinstance(tree, dict)
    return tree["body"]


def test_a_page_is_title_head_and_body() -> None:
    """What a rule or a signature has to name stands under stable paths."""
    assert page(PAGE) == {
        "@lang": "en",
        "title": "nyc: airlines",
        "head": {
            "meta": [{"@charset": "utf-8"}, {"@name": "csrf-token", "csrf-token": "abc"}],
            "#order": "title meta*2",
        },
        "body": {
            "@class": "row db-nyc",
            "footer": [
                {
                    "@class": "ft",
                    "#text": "Powered by · Queries took 8.454 ms",
                    "a": [{"@href": "https://datasette.io/", "@title": "Datasette v0.64.8", "#text": "Datasette"}],
                    "#order": "#text a #text",
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("<p>a", "<!doctype html><HTML><Head></head><BODY><P>a</P>", id="what-is-left-out"),
        pytest.param("<p>a  b\n</p>", "<p>\n a\tb", id="white-space"),
        pytest.param("<a href=/x>1</a>", "<a  HREF='/x' >1</A >", id="quotes"),
        pytest.param("<p>&lt;&eacute;&#233;</p>", "<p>&lt;é&#xe9;</p>", id="references"),
        pytest.param("<p>a<!-- b --></p>", "<p>a</p><!-- c > d -->", id="comments"),
        pytest.param("<br>", "<br/>", id="void"),
        pytest.param("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>", id="items"),
        pytest.param(
            "<table><tr><td>a<td>b<tr><td>c</table>", "<table><tr><td>a</td><td>b</td></tr><tr><td>c", id="rows"
        ),
        pytest.param("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>", id="terms"),
        pytest.param("<p>a<p>b", "<p>a</p><p>b</p>", id="paragraphs"),
        pytest.param("<p>a</b></p></i>", "<p>a</p>", id="ends-of-nothing"),
        pytest.param("<a x=1 x=2>", "<a x=1>", id="an-attribute-twice"),
        pytest.param("<svg><path d='1'/><g/></svg>x", "<svg><path d=1></path><g></g></svg>x", id="foreign"),
        pytest.param("<p a='x", '<p a="x"', id="cut"),
    ],
)
def test_two_ways_to_write_a_page_are_one_page(one: str, other: str) -> None:
    """What a browser shows the same is the same."""
    assert body(one) == body(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("<p>a", "<p>b", id="text"),
        pytest.param("<b>a</b>", "<i>a</i>", id="element"),
        pytest.param("<a href=/x>", "<a href=/y>", id="attribute"),
        pytest.param("<a>", "<a x>", id="attribute-without-value"),
        pytest.param("a<b>c</b>", "<b>a</b>c", id="whose-text"),
        pytest.param("<p>a<h1>b</h1>", "<h1>b</h1><p>a", id="order"),
        pytest.param("<div><p>a</div><p>b", "<div><p>a<p>b</div>", id="where"),
        pytest.param("<script>a</script>", "<script>b</script>", id="script"),
        pytest.param("<p>1 < 2", "<p>1 < 3", id="beside-a-stray-bracket"),
    ],
)
def test_two_pages_are_two(one: str, other: str) -> None:
    """What a browser shows, links or runs differently is different."""
    assert page(one) != page(other)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param(
            "<script>if (a<b) '</p>'</script>x",
            {"script": [{"#text": "if (a<b) '</p>'"}], "#text": "x", "#order": "script #text"},
            id="script",
        ),
        pytest.param("<textarea><p>&amp;</textarea>", {"textarea": [{"#text": "<p>&"}]}, id="textarea"),
        pytest.param("<style>p>a{}", {"style": [{"#text": "p>a{}"}]}, id="unclosed"),
        pytest.param("<script></SCRIPT >", {"script": [{}]}, id="empty"),
    ],
)
def test_raw_texts_hold_no_tags(text: str, tree: Json) -> None:
    """Scripts, styles and text areas end at their own end tag only."""
    assert body("<p></p>" + text) == {"p": [{}], **dict(tree), **_order(tree)}  # type: ignore[arg-type]


def _order(tree: Json) -> dict[str, Json]:
    """The order of children with a paragraph before them."""
    assert isinstance(tree, dict)
    return {"#order": "p " + str(tree.get("#order", next(iter(tree))))}


def test_json_in_a_script_is_a_tree() -> None:
    """State that a page carries is compared value by value, and a key it hides is not forgotten."""
    root, parts = read_html('<p><script type="application/json">{"a": [1]}</script>', LIMITS)
    assert root == {"body": {"p": [{"script": [{"@type": "application/json", "#json": {"a": [1]}}]}]}}
    assert [part.root for part in parts] == [{"a": [1]}]


def test_a_control_has_its_value_under_its_own_name() -> None:
    """A rule for the token of a form covers no other field."""
    assert body('<input type=hidden name=csrftoken value="x"><input name=q value=""><input value=1>') == {
        "input": [
            {"@type": "hidden", "@name": "csrftoken", "csrftoken": "x"},
            {"@name": "q", "q": ""},
            {"@value": "1"},
        ]
    }


def test_metadata_has_its_content_under_its_own_name() -> None:
    """By name, property or header."""
    tree = page('<meta property="og:url" content=u><meta http-equiv=refresh content=5><meta name="@x" content=y><p>')
    assert isinstance(tree, dict)
    assert tree["head"] == {
        "meta": [
            {"@property": "og:url", "og:url": "u"},
            {"@http-equiv": "refresh", "refresh": "5"},
            {"@name": "@x", "@content": "y"},
        ]
    }


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        pytest.param("\n<!DOCTYPE html>", True, id="doctype"),
        pytest.param("<!-- x --><html>", True, id="after-a-comment"),
        pytest.param("<HTML lang=en>", True, id="element"),
        pytest.param("<p>", False, id="any-element"),
        pytest.param("<htmlx>", False, id="longer-name"),
        pytest.param("see <html>", False, id="later"),
    ],
)
def test_a_page_is_known_by_its_beginning(text: str, is_html: bool) -> None:
    """Only what begins as nothing else does is a page without being called one."""
    assert looks_like_html(text) is is_html


def test_a_reference_of_more_digits_than_python_reads_is_left() -> None:
    """It stands there as it was written."""
    assert body("<p>&#" + "9" * 5000 + ";") == {"p": [{"#text": "&#" + "9" * 5000 + ";"}]}


SOUP = ["<p>", "</p>", "<a", "<b>", "</b>", "x=", '"', "'", ">", "<!--", "-->", "<script>", "</script>", "<svg>"]
SOUP += ["/>", "&", "&#x;", "<td>", "é"]


@given(st.lists(st.sampled_from(SOUP)))
def test_any_soup_is_a_page(pieces: list[str]) -> None:
    """Whatever tags are left open or closed twice, there is a tree, the same each time."""
    assert page(" ".join(pieces)) == page(" ".join(pieces))
