"""The report's page: one file, whatever a result holds."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from replay_users.results.html import html_report
from replay_users.results.html.page import MOST_BYTES
from replay_users.results.html.visible import plain
from tests.results.html.worlds import HOSTILE, large, samples_like, small

if TYPE_CHECKING:
    from tests.conftest import Golden

OURS: Final = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "script",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "article",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "div",
        "span",
        "a",
        "b",
        "i",
        "small",
        "code",
        "bdi",
        "br",
        "mark",
        "ul",
        "ol",
        "li",
        "dl",
    ),
    *(
        "dt",
        "dd",
        "label",
        "input",
        "output",
        "button",
        "select",
        "option",
        "details",
        "summary",
        "figure",
        "figcaption",
    ),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "path", "rect", "circle", "line", "text"),
}
"""Every element that the templates and charts write."""
VOID: Final = frozenset({"meta", "link", "input", "br"})


QUICK: Final = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a page takes 0.1 s, and shrinking takes hundreds
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Outline(HTMLParser):
    """A page as a parser sees it: its elements, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self.open: list[str] = []
        self.astray: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down an element."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down an element without children."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Notice elements that are closed in another order than they were opened."""
        if not self.open or self.open.pop() != tag:
            self.astray.append(tag)

    def handle_data(self, data: str) -> None:
        """Take down text."""
        self.pieces.append(data)

    @cached_property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


def hostile(value: Any, texts: list[str]) -> Any:
    """The same with another text from the list at each place, names of counts included; what steers the page stays."""
    if isinstance(value, dict):
        return {_key(key, texts): _steering(key, each) or hostile(each, texts) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, texts) for each in value]
    if isinstance(value, str) and value != "over":
        texts.append(texts.pop(0))
        return texts[0]
    return value


def _key(key: str, texts: list[str]) -> str:
    """Counts are by reasons, which are names of files and workers too."""
    return key if key.isidentifier() else texts[0] + key


def _steering(key: str, value: Any) -> Any:
    return value if key in {"verdict", "kind", "class"} and isinstance(value, str) and len(value) < 20 else None


def exhibits(text: str) -> list[dict[str, Any]]:
    """Whole answers of the small result's examples."""
    return [
        {
            "id": f"{number:08x}-0000-4000-8000-000000000000",
            "endpoint": text,
            "status": 200,
            "head": f"content-type: {text}\r\n",
            "body": f'{{"price": 5.25, "title": "{text}"}}',
            "answer_status": 500,
            "answer_head": "",
            "answer_body": f"<html>{text}</html>",
        }
        for number in (1, 3)
    ]


@pytest.fixture(scope="module")
def page() -> str:
    """The small result with everything."""
    result = small()
    return html_report(result, samples_like(result), exhibits("x"))


def harmless(page: str) -> Outline:
    """The page's outline; nothing but what we wrote may be in it."""
    outline = Outline(page)
    assert {tag for tag, _ in outline.tags} <= OURS
    assert (len(outline.of("script")), len(outline.of("style")), len(outline.of("title")) > 0) == (1, 1, True)
    names = {name for _, attributes in outline.tags for name in attributes}
    assert not {
        name for name in names if name.startswith("on") or name in {"style", "src", "srcdoc", "action", "formaction"}
    }
    assert all(each["href"].startswith("#") for each in outline.of("a"))
    assert [each["href"][:19] for each in outline.of("link")] == ["data:image/svg+xml,"]
    assert (outline.astray, outline.open) == ([], [])
    page.encode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", page)
    return outline


def test_a_small_result(golden: Golden) -> None:
    """The whole page of a run without samples, but for its style sheet and script."""
    page = html_report(small(), None, exhibits("x")[:1])
    page = re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)
    page = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    golden("report-small.html", re.sub(r"sha256-[\w+/=]+", "sha256-", page))


def test_the_page_is_one_file(page: str) -> None:
    """Nothing is fetched, and what is inline is allowed by its hash alone."""
    outline = harmless(page)
    [policy] = [each["content"] for each in outline.of("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    for kind in ("style", "script"):
        source = re.search(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        assert source is not None
        digest = base64.b64encode(hashlib.sha256(source[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert outline.tags.index(("meta", {"http-equiv": "Content-Security-Policy", "content": policy})) < 4


def test_the_verdict_comes_first(page: str) -> None:
    """Before anything else stand the verdict, why, and what to do next."""
    text = Outline(page).text
    places = [
        text.index(word)
        for word in ("Fail 150 of 900 answers (16.7 %) regressed.", "Why", "What to do next", "What changed")
    ]
    assert places == sorted(places)


def test_everything_is_there_without_a_script(page: str) -> None:
    """What the issue asks for stands in the page itself; only comfort is left to the script."""
    text = Outline(page).text
    for part in (
        "Was the replay faithful?",
        "Exchanges per second",
        "Lag",
        "Wait",
        "Whole answers, line against line",
        "Missing in staging",
        "Where every exchange went",
        "writes are left out without --allow-writes",
        "the target closes idle connections",
        "server errors",
        "p_corrected" if "p_corrected" in text else "broken",
        "git=4f2a91c",
        "shop:2.1",
        "curl -sS -X GET",
        "2.90x to 3.20x",
    ):
        assert part in text, part


def test_headings_and_tables_can_be_read_aloud(page: str) -> None:
    """One first heading, no level left out, a scope for each header cell, a name for each region, no id twice."""
    outline = Outline(page)
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in each for each in outline.of("th"))
    assert all(set(each) & {"aria-label", "aria-labelledby"} for each in outline.of("section"))
    assert all("aria-label" in each for _, each in outline.tags if each.get("role") == "region")
    ids = [each["id"] for _, each in outline.tags if "id" in each]
    assert len(ids) == len(set(ids))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in outline.tags}
    assert {each["href"][1:] for each in outline.of("a")} <= set(ids)


def test_every_drawing_says_what_it_shows(page: str) -> None:
    """An image has a text, or is hidden where the text stands beside it."""
    assert page.count("<svg") > 20
    for drawing in re.findall(r"<svg [^>]*>(?:<title>)?", page):
        if 'preserveAspectRatio="none"' not in drawing:
            assert "aria-label=" in drawing or "aria-hidden=" in drawing or drawing.endswith("<title>"), drawing


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_names_are_names(text: str) -> None:
    """A recording's names are shown, whatever they try."""
    result = hostile(small(), [text])
    outline = harmless(html_report(result, samples_like(result), exhibits(text)))
    assert plain(text, 160)[:100] in outline.text


@QUICK
@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE)), min_size=1, max_size=8))
def test_no_markup_comes_through(texts: list[str]) -> None:
    """Whatever texts a result and its exhibits hold, the page has our elements and no others."""
    result = hostile(small(), list(texts))
    harmless(html_report(result, samples_like(result), exhibits(texts[0])))


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A result in which some values are gone, or are of another sort."""

    def broken(value: Any) -> Any:
        if draw(st.integers(0, 30)) == 0:
            return draw(st.sampled_from([None, "over", [], {}, -1, 1e308, "x", True, [None], {"a": None}]))
        if isinstance(value, dict):
            return {key: broken(each) for key, each in value.items() if draw(st.integers(0, 30))}
        return [broken(each) for each in value] if isinstance(value, list) else value

    result = broken(small())
    return result if isinstance(result, dict) else {}


@QUICK
@given(damaged())
def test_a_damaged_result_has_a_page(result: dict[str, Any]) -> None:
    """Half of a report is worth more than none: nothing that a result holds stops the page."""
    harmless(html_report(result, None, []))


def test_an_empty_result_has_a_page() -> None:
    """A result in which nothing is makes a whole page, which says so."""
    outline = harmless(html_report({}, None, []))
    assert "Nothing was sent, so nothing can be said about the target." in outline.text


def test_two_hundred_endpoints_and_two_thousand_signatures() -> None:
    """The largest result fits, each endpoint and each signature is in it, and what has no room is counted."""
    result = large()
    page = html_report(result, samples_like(result), [])
    assert len(page.encode()) <= MOST_BYTES
    outline = harmless(page)
    assert all(f"field_{number}&#39;" in page for number in range(2_000))
    assert all(each["endpoint"] in outline.text for each in result["endpoints"])
    assert "examples found no room in this page; mismatches.jsonl has them all." in outline.text


def test_the_largest_result_of_hostile_names_fits_too() -> None:
    """Names of nothing but control characters make a page no larger than it may be."""
    result = large(200, 2_000)
    for number, each in enumerate(result["signatures"]):
        each["path"] = "\u202e\u0001" * 200 + str(number)
    for number, each in enumerate(result["endpoints"]):
        each["endpoint"] = "<" * 300 + str(number)
    assert len(html_report(result, None, []).encode()) <= MOST_BYTES
