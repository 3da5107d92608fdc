from __future__ import annotations

from typing import Any

import pytest

from k8s.grafana.panels import ask, column, hidden, lines, mapped, number, series, steps, table


def rules(panel: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Whom each override is for, and what it sets."""
    overrides = panel["fieldConfig"]["overrides"]
    return [
        (rule["matcher"]["id"], rule["matcher"]["options"], {each["id"]: each["value"] for each in rule["properties"]})
        for rule in overrides
    ]


def test_a_number_of_text_shows_its_column_only() -> None:
    """The time beside it is no number of it; without a value it says what that means."""
    panel = number("T", "S.", [], unit="string", text="verdict", nothing="running", mappings=mapped(ok=("fine", "ok")))
    assert panel["options"]["reduceOptions"]["fields"] == "/^verdict$/"
    assert panel["fieldConfig"]["defaults"]["noValue"] == "running"
    assert panel["options"]["colorMode"] == "background"


def test_a_limit_is_a_dashed_line() -> None:
    """Without one there is none."""
    assert lines("T", "S.", [], unit="ms")["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "off"}
    defaults = lines("T", "S.", [], unit="ms", limit=1.5)["fieldConfig"]["defaults"]
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "dashed"}
    assert [step["value"] for step in defaults["thresholds"]["steps"]] == [None, 1.5]


def test_lines_begin_at_zero_unless_they_are_logarithmic() -> None:
    """There is no logarithm of it."""
    assert lines("T", "S.", [], unit="ms")["fieldConfig"]["defaults"]["min"] == 0
    assert "min" not in lines("T", "S.", [], unit="ms", log=True)["fieldConfig"]["defaults"]


def test_a_series_may_look_otherwise() -> None:
    """The panel that was given stays as it was."""
    plain = lines("T", "S.", [], unit="ms")
    assert rules(series(plain, "^lag$", color="red", dashed=True)) == [
        (
            "byRegexp",
            "/^lag$/",
            {"color": {"mode": "fixed", "fixedColor": "red"}, "custom.lineStyle": {"fill": "dash", "dash": [8, 6]}},
        )
    ]
    assert rules(plain) == []


def test_a_table_is_sorted_before_it_is_cut() -> None:
    """Else the cut keeps any rows; without a cut the table sorts by itself."""
    cut = table("T", "S.", "SELECT", sort="n", limit=10)
    assert [step["id"] for step in cut["transformations"]] == ["sortBy", "limit"]
    assert table("T", "S.", "SELECT", sort="n")["transformations"] == []
    assert cut["options"]["sortBy"] == [{"displayName": "n", "desc": True}]


def test_a_matrix_has_a_row_and_a_column_for_each_value() -> None:
    """A cell without answers is empty."""
    (step,) = table("T", "S.", "SELECT", matrix=("endpoint", "kind", "n"))["transformations"]
    assert step == {
        "id": "groupingToMatrix",
        "options": {"rowField": "endpoint", "columnField": "kind", "valueField": "n", "emptyValue": "null"},
    }


def test_a_table_hides_the_time() -> None:
    """By the names of Grafana 11 and of later versions."""
    looks = {"custom.hidden": True, "custom.hideFrom.viz": True}
    assert rules(table("T", "S.", "SELECT"))[0] == ("byName", "Time", looks)
    assert rules(hidden(table("T", "S.", "SELECT"), "n"))[1] == ("byName", "n", looks)


@pytest.mark.parametrize(("name", "matcher"), [("n", "byName"), ("/^n/", "byRegexp")])
def test_a_column_may_look_otherwise(name: str, matcher: str) -> None:
    """By its name or by a pattern; only what was said is set."""
    panel = column(table("T", "S.", "SELECT"), name, unit="ms", links={"Go": "/d/x"})
    links = [{"title": "Go", "url": "/d/x", "targetBlank": False}]
    assert rules(panel)[1] == (matcher, name, {"unit": "ms", "links": links})


def test_colours_have_meanings() -> None:
    """The first step has no value; numbers that are words keep their value as key."""
    assert steps((1, "bad"), base="grey")["steps"] == [
        {"color": "#8e8e8e", "value": None},
        {"color": "red", "value": 1},
    ]
    assert set(mapped(_1=("yes", "ok"), _0=("no", "bad"))[0]["options"]) == {"1", "0"}


def test_a_query_is_raw() -> None:
    """InfluxQL as it stands, not the parts of a query builder."""
    assert ask("SELECT", name="$col", table=True)["rawQuery"]
    assert ask("SELECT", table=True)["resultFormat"] == "table"
