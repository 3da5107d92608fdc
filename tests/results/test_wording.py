"""Parts of a result in words."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.wording import (
    bounds,
    cut,
    difference,
    milliseconds,
    place,
    plain,
    several,
    tail,
    times,
    weighty,
)


def cause(**changes: Any) -> dict[str, Any]:
    """One cause of a result."""
    exemplar = {"id": "e1", "recorded": "1", "replayed": "2"}
    made = {"field": "root", "field_count": 1, "fields": ["root"], "paths": ["root"], "kind": "value"}
    return {**made, "exemplar": exemplar, **changes}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /café 🛒", "GET /café 🛒"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("a\u202eb", "a\\u202eb"),
    ],
    ids=["as-it-is", "newline", "escape-sequence", "lone-surrogate", "turned-round"],
)
def test_what_cannot_be_printed_is_shown_as_its_code(text: str, shown: str) -> None:
    """And the rest as it is."""
    assert plain(text) == shown


def test_a_text_is_cut_where_it_says_least() -> None:
    """A name keeps its beginning, a path its end, and both say that something is missing."""
    assert (cut("abcdef", 6), cut("abcdef", 4)) == ("abcdef", "abc…")
    assert (tail("abcdef", 6), tail("abcdef", 4)) == ("abcdef", "…def")


def test_figures_have_their_units() -> None:
    """What was not measured is a dash, what lies beyond all answers is `over`."""
    assert [milliseconds(value) for value in (None, "over", 1234.56)] == ["-", "over", "1,234.6 ms"]
    assert [times(value) for value in (None, "over", 1.5)] == ["-", "over", "1.50x"]
    assert [several(count, "session") for count in (1, 1200)] == ["1 session", "1,200 sessions"]


@pytest.mark.parametrize(
    ("recorded", "replayed", "shown"),
    [
        ("1.5", "2.5", "1.5 -> 2.5"),
        ("x" * 40 + "old", "x" * 40 + "new", "…xxxxxold -> …xxxxxnew"),
        ("x" * 40, "x" * 41, "…xxxxx -> …xxxxxx"),
        ("", "y" * 40, f"nothing -> {'y' * 23}…"),
    ],
    ids=["short", "long with one beginning", "one longer", "nothing"],
)
def test_an_example_shows_where_two_values_part(recorded: str, replayed: str, shown: str) -> None:
    """Two long values with the same beginning are shown from where they differ."""
    told = difference(cause(exemplar={"id": "e1", "recorded": recorded, "replayed": replayed}), path=44, value=24)
    assert told == f"root value: {shown} (in e1)"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "status", "field": "200 -> 500"}, "status: 1 -> 2 (in e1)"),
        ({"kind": "header", "field": "vary"}, "header vary: 1 -> 2 (in e1)"),
        ({"paths": ["root['a']", "root['b']"], "field": "price"}, "price value: 1 -> 2 (in e1)"),
        ({"exemplar": None}, "root value"),
        (
            {"field_count": 2, "fields": ["b", "c"], "paths": ["root['a']['b']"], "kind": "removed"},
            "2 members of root['a'] removed (b, c) (in e1)",
        ),
        (
            {"field_count": 2, "fields": ["b", "c"], "paths": ["<no path>"], "kind": "removed", "exemplar": None},
            "2 members of <no path> removed (b, c)",
        ),
    ],
    ids=["status", "header", "several-paths", "no-example", "several-fields", "somebody-elses-path"],
)
def test_a_cause_says_where_and_how(changes: dict[str, Any], told: str) -> None:
    """Field and kind, and an example if one was kept."""
    assert difference(cause(**changes), path=44, value=24) == told


@pytest.mark.parametrize(
    ("path", "kind", "told"),
    [
        pytest.param("root['a'][*]", "value", ("root['a'][*]", "value"), id="body"),
        pytest.param("root['x-build']", "header", ("header:x-build", ""), id="header"),
        pytest.param("root['x']", "trailer", ("trailer:x", ""), id="trailer"),
        pytest.param("200 -> 500", "status", ("200 -> 500", "status"), id="status"),
    ],
)
def test_a_place_is_told_as_a_rule_has_it(path: str, kind: str, told: tuple[str, str]) -> None:
    """So that it can be copied into one."""
    assert place(path, kind) == told


def test_what_decided_is_told_and_counted() -> None:
    """Of the whole run first; where nothing can be told of many endpoints, three of them stand for all."""
    ends = [{"name": f"c{n}", "verdict": "inconclusive", "advisory": False, "endpoint": f"GET /{n}"} for n in range(9)]
    whole = {"name": "c", "verdict": "inconclusive", "advisory": False, "endpoint": None}
    advice = {"name": "c", "verdict": "inconclusive", "advisory": True}
    assert weighty([*ends, whole, advice], "inconclusive", 20) == ([whole, *ends[:3]], 6)
    failed = [{**each, "verdict": "fail"} for each in ends]
    assert weighty([*failed, whole], "fail", 20) == (failed, 0)
    assert weighty(failed, "fail", 4) == (failed[:4], 5)
    assert weighty(failed, "pass", 4) == ([], 0)
    fine = [{**each, "verdict": "pass"} for each in (whole, *ends)]
    assert weighty(fine, "pass", 20) == (fine[:1], 9)


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [
        (1.2, 1.4, " (1.20x to 1.40x, 9 pairs)"),
        (1.2, "over", " (1.20x to over, 9 pairs)"),
        ("over", "over", " (9 pairs)"),
        (None, None, " (9 pairs)"),
    ],
)
def test_bounds_that_say_nothing_are_left_out(lower: Any, upper: Any, told: str) -> None:
    """Nobody reads `over to over`, or a dash to a dash."""
    ratio = {"lower": lower, "value": 1.3, "upper": upper}
    assert bounds(ratio, "9 pairs") == told
    assert bounds({"lower": None, "upper": None}) == ""


def test_endpoints_that_repeat_the_whole_run_are_three() -> None:
    """A comment that says the same of each of a hundred endpoints is not read; those with news of their own are all there."""
    checks = [
        {"name": name, "endpoint": endpoint, "verdict": "fail", "advisory": False}
        for name, endpoint in [("failed", None), *[("failed", f"GET /{n}") for n in range(9)], ("latency", "GET /a")]
    ]
    shown, left = weighty(checks, "fail", 20)
    assert [(each["name"], each["endpoint"]) for each in shown] == [
        ("failed", None),
        ("failed", "GET /0"),
        ("failed", "GET /1"),
        ("failed", "GET /2"),
        ("latency", "GET /a"),
    ]
    assert left == 6
