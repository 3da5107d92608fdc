"""Whether a result is what its schema says: as jsonschema would answer, in a sentence."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.results
from replay_users.results.conformity import first_fault

SCHEMA = json.loads(Path(replay_users.results.__file__).with_name("result.schema.json").read_text())
FIRST = json.loads((Path(__file__).parents[1] / "data" / "result-first.json").read_text())


def test_a_result_of_the_first_version_is_one() -> None:
    """Fields that came later are not asked of it."""
    assert first_fault(FIRST, SCHEMA) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r.pop("totals"), "totals is missing"),
        (lambda r: r["endpoints"][1].pop("count"), "endpoints[1].count is missing"),
        (lambda r: r["totals"].update(sent="12"), "totals.sent is string where integer is wanted"),
        (lambda r: r["totals"].update(sent=True), "totals.sent is boolean where integer is wanted"),
        (lambda r: r["totals"].update(sent=-1), "totals.sent is below 0"),
        (lambda r: r["run"].update(manifest=[]), "run.manifest is array where integer or string or null is wanted"),
        (lambda r: r["gate"].update(verdict="fine"), "gate.verdict is none of pass, fail, inconclusive"),
        (lambda r: r.update(schema_version=True), "schema_version is none of 1"),
        (
            lambda r: r["totals"]["mismatched_by"].update({"\x1bodd": 1}),
            "the name totals.mismatched_by.\\x1bodd is none",
        ),
        (lambda r: r["fidelity"]["lag_ms"].update(p50="under"), "fidelity.lag_ms.p50 is string where number is wanted"),
        (
            lambda r: r["endpoints"][0]["statuses"].update({"2": {"3": 1.5}}),
            "endpoints[0].statuses.2.3 is number where",
        ),
    ],
    ids=["part", "field", "kind", "flag", "negative", "kinds", "enum", "const", "names", "any", "deep"],
)
def test_what_is_wrong_is_told_with_its_place(change: Any, sentence: str) -> None:
    """One sentence, of the first thing that is wrong."""
    result = copy.deepcopy(FIRST)
    change(result)
    assert first_fault(result, SCHEMA).startswith(sentence)
    assert not Draft202012Validator(SCHEMA).is_valid(result)


@pytest.mark.parametrize("value", [None, 1, "", []], ids=repr)
def test_something_else_altogether_is_told_so(value: Any) -> None:
    """Where there is no path, the whole is meant."""
    assert first_fault(value, SCHEMA).startswith("the whole is ")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [([], "a has fewer than 1 entries"), ([1, 1, 1], "a has more than 2 entries"), ([5], "a[0] is above 4"), ([4], "")],
)
def test_bounds_are_kept(value: list[int], sentence: str) -> None:
    """Of lists and numbers."""
    lists = {"type": "array", "minItems": 1, "maxItems": 2, "items": {"maximum": 4}}
    assert first_fault({"a": value}, {"properties": {"a": lists}}) == sentence


def test_a_word_that_is_not_known_is_refused() -> None:
    """A schema is never believed to ask less than it does."""
    with pytest.raises(KeyError):
        first_fault(1, {"multipleOf": 3})


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where something stands in a result."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for name, member in members for place in _places(member, (*path, name))]


_VALUES = st.sampled_from([None, True, 0, 1, -1, 1.5, 2.0, "", "over", "pass", [], {}, [1], {"p50": 1}])


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(_places(FIRST)), value=_VALUES | st.just("(gone)"))
def test_it_answers_as_a_validator_off_the_shelf(place: tuple[str | int, ...], value: Any) -> None:
    """Whatever is changed in a result, or taken out of it."""
    result = copy.deepcopy(FIRST)
    part = result
    for step in place[:-1]:
        part = part[step]
    if value == "(gone)":
        del part[place[-1]]
    else:
        part[place[-1]] = value
    assert (first_fault(result, SCHEMA) == "") == Draft202012Validator(SCHEMA).is_valid(result)
