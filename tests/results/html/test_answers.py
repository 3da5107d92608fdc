"""Both answers of one exchange, line against line."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.html.answers import answers_of, laid_out

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def exhibit(body: str | None, answer: str | None, **more: Any) -> dict[str, Any]:
    """A line of exhibits.jsonl."""
    plain = {"id": "x", "endpoint": "GET /a", "status": 200, "head": "", "answer_status": 200, "answer_head": ""}
    return {**plain, "body": body, "answer_body": answer, **more}


def shown(body: str | None, answer: str | None, **more: Any) -> list[tuple[str, str, str]]:
    """The lines, as texts."""
    return [(line.sort, line.recorded, line.replayed) for line in answers_of(exhibit(body, answer, **more)).lines]


def test_json_is_laid_out_as_it_was_written() -> None:
    """Numbers keep their digits, empty containers their line, strings what is in them."""
    source = '{"a":1.50,"b":[],"c":{"d":[1,{}]},"e":"x,{\\"y"}'
    assert laid_out(source) == [
        "{",
        '  "a": 1.50,',
        '  "b": [],',
        '  "c": {',
        '    "d": [',
        "      1,",
        "      {}",
        "    ]",
        "  },",
        '  "e": "x,{\\"y"',
        "}",
    ]


@given(JSON)
def test_laying_out_loses_nothing(value: Any) -> None:
    """What is laid out reads as the same JSON."""
    assert json.loads("\n".join(laid_out(json.dumps(value)))) == value


@given(st.text(alphabet='{}[],:"\\ a1'))
def test_what_only_looks_like_json_comes_out_whole(source: str) -> None:
    """Every character but spaces is still there."""
    assert "".join("".join(laid_out(source)).split()).replace(" ", "") == "".join(source.split())


def test_only_what_differs_is_shown() -> None:
    """A long answer shows the changed line with two lines around it, and from where on."""
    body = json.dumps({f"k{number}": number for number in range(50)})
    lines = shown(body, body.replace('"k30": 30', '"k30": 31'))
    assert [sort for sort, *_ in lines] == ["gap", "same", "same", "changed", "same", "same"]
    assert [unescape(text) for text in lines[3][1:]] == ['  "k30": <mark>30</mark>,', '  "k30": <mark>31</mark>,']
    assert lines[0][1] == "from line 31"


def test_headers_are_compared_by_name() -> None:
    """The order of headers and the time of day say nothing; another value does."""
    head = "Date: now\r\nA: 1\r\nB: 2\r\n"
    assert shown("", "", head=head, answer_head="B: 2\r\nDate: later\r\nA: 1\r\n") == []
    assert [sort for sort, *_ in shown("", "", head=head, answer_head="A: 1\r\nB: 3\r\n")] == [
        "same",
        "changed",
        "same",
    ]


def test_what_only_one_answer_has_is_cut() -> None:
    """Of many lines that the other answer lacks the first are shown, the rest is counted."""
    lines = shown('{"error": 1}', json.dumps(list(range(100))))
    assert sum(sort == "replayed" for sort, *_ in lines) == 12
    assert [text for sort, text, _ in lines if sort == "gap"] == ["and 87 lines more that only the replayed answer has"]


@pytest.mark.parametrize(
    ("body", "answer"), [(None, None), ("x", None), (None, "x")], ids=["both", "answer", "recorded"]
)
def test_bodies_that_were_not_kept(body: str | None, answer: str | None) -> None:
    """A body that was too large is not compared with nothing: the page says that it is not there."""
    found = answers_of(exhibit(body, answer))
    assert not found.whole


def test_a_page_is_read_by_its_elements() -> None:
    """Markup on one line differs where it differs."""
    lines = shown("<ul><li>a</li><li>b</li></ul>", "<ul><li>a</li><li>c</li></ul>")
    assert [sort for sort, *_ in lines] == ["gap", "same", "same", "changed", "same"]


def test_bounded_in_every_direction() -> None:
    """A body of very many or very long lines is cut, and the page says so."""
    found = answers_of(exhibit("\n".join(f"a{n}" for n in range(5_000)), "\n".join(f"b{n}" for n in range(5_000))))
    assert (len(found.lines), found.cut) == (60, True)
    [line] = [line for line in answers_of(exhibit("x" * 100_000, "y" * 100_000)).lines if line.sort == "changed"]
    assert len(line.recorded) < 300


def test_trailers_are_shown_before_the_body() -> None:
    """And told apart from headers."""
    lines = shown("a", "a", trailers="X-Sum: 1\r\n", answer_trailers="X-Sum: 2\r\n")
    assert [(sort, recorded.replace("<mark>", "").replace("</mark>", "")) for sort, recorded, _ in lines] == [
        ("changed", "trailer X-Sum: 1"),
        ("same", ""),
        ("same", "a"),
    ]
