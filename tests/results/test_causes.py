"""Causes: signatures with the same field, kind, class and look are one entry, the heaviest first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

import replay_users.results
from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.model import Verdict
from replay_users.path import Index, Key
from replay_users.path import Path as Steps
from replay_users.results.causes import causes_of, value_shape
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.results.conftest import Land

ENDPOINTS = [f"GET /{n}" for n in range(12)]
SCHEMA = json.loads(Path(replay_users.results.__file__).with_name("result.schema.json").read_text())


def seen(land: Land, *rows: tuple[int, Steps, Kind, str, str, Class]) -> Tally:
    """A tally in which each row is one exchange of a session of its own, among twelve that match."""
    tally = Tally(ENDPOINTS)
    tally.settle([land(n, endpoint=n, session=b"s%d" % n) for n in range(12)])
    for number, (endpoint, path, kind, recorded, replayed, found) in enumerate(rows):
        flight = land(100 + number, endpoint=endpoint, session=b"s%d" % (number % 12), judged=Verdict.MISMATCHED)
        difference = Difference(ENDPOINTS[endpoint], path, kind, recorded, replayed)
        flight.differences = Differences([difference], classes=(found,))
        tally.differences(flight, Differences([difference], classes=(found,)))
        tally.settle([flight])
    return tally


def test_one_field_on_twelve_endpoints_is_one_cause(land: Land) -> None:
    """A header that changed everywhere is told once, with its endpoints, sessions and an example."""
    rows = [(n, (Key("vary"),), Kind.HEADER, '"a"' * (n % 2), '"b"', Class.REGRESSION) for n in range(12)]
    [cause] = causes_of(seen(land, *rows))
    assert (cause.field, cause.kind, cause.class_) == ("vary", "header", "regression")
    assert (cause.count, cause.endpoint_count, cause.sessions, cause.share) == (12, 12, 12, 1.0)
    assert cause.endpoints == tuple(sorted(ENDPOINTS))
    assert cause.exemplar is not None


@pytest.mark.parametrize(
    ("second", "together"),
    [
        pytest.param(
            ((Key("rows"), Index(3), Key("at")), Kind.VALUE, "5", "6", Class.REGRESSION), True, id="another-path"
        ),
        pytest.param(((Key("at"),), Kind.VALUE, "5.5", "1e3", Class.REGRESSION), True, id="other-numbers"),
        pytest.param(((Key("at"),), Kind.VALUE, '"x"', '"y"', Class.REGRESSION), False, id="other-shapes"),
        pytest.param(((Key("to"),), Kind.VALUE, "1", "2", Class.REGRESSION), False, id="another-field"),
        pytest.param(((Key("at"),), Kind.TYPE, "1", "2", Class.REGRESSION), False, id="another-kind"),
        pytest.param(((Key("at"),), Kind.VALUE, "1", "2", Class.MISSING), False, id="another-class"),
    ],
)
def test_what_makes_two_signatures_one_cause(
    land: Land, second: tuple[Steps, Kind, str, str, Class], together: bool
) -> None:
    """Field, kind, class and the shapes of both values are the same; where the field stands does not matter."""
    causes = causes_of(seen(land, (0, (Key("at"),), Kind.VALUE, "1", "2", Class.REGRESSION), (1, *second)))
    assert len(causes) == (1 if together else 2)


def test_the_heaviest_cause_comes_first(land: Land) -> None:
    """A 500 outweighs a header in as many sessions, and a class that fails nothing comes last, however heavy."""
    header = [(n, (Key("vary"),), Kind.HEADER, '"a"', '"b"', Class.REGRESSION) for n in range(12)]
    price = [(3, (Key("price"),), Kind.VALUE, "1", "2", Class.REGRESSION)] * 3
    broken = [(1, (), Kind.STATUS, "200", "500", Class.REGRESSION)] * 4
    missing = [(2, (), Kind.STATUS, "200", "404", Class.MISSING)] * 30
    causes = causes_of(seen(land, *header, *price, *broken, *missing))
    assert [cause.field for cause in causes] == ["200 -> 500", "vary", "price", "200 -> 404"]
    assert [cause.severity for cause in causes] == [8, 1, 2, 6]


def test_a_cause_is_an_entry_of_the_result(land: Land) -> None:
    """What is written holds to the published schema."""
    tally = seen(
        land, (0, (), Kind.STATUS, "304", "200", Class.PRECONDITION), (1, (), Kind.VALUE, "", "", Class.REGRESSION)
    )
    schema = SCHEMA["$defs"]["cause"] | {"$defs": SCHEMA["$defs"]}
    for cause in causes_of(tally):
        Draft202012Validator(schema).validate(json.loads(json.dumps(cause.to_dict())))


def test_a_run_without_sessions_or_differences_has_no_cause() -> None:
    """Nothing was seen, nothing is said."""
    assert causes_of(Tally(ENDPOINTS)) == []


@pytest.mark.parametrize(
    ("shown", "shape"),
    [
        ("", "nothing"),
        ("null", "null"),
        ("true", "flag"),
        ("-1.5e3", "number"),
        ("12 items", "items"),
        ('"[redacted:40]"', "secret"),
        ('"123e4567-e89b-12d3-a456-426614174000"', "uuid"),
        ('"2026-03-01T12:00:00Z"', "time"),
        ('"https://shop.example/x"', "url"),
        ('"12.50"', "number in quotes"),
        ('{"a": 1}', "object"),
        ("[1, 2]", "list"),
        ('"hello"', "text"),
    ],
)
def test_what_a_value_looks_like(shown: str, shape: str) -> None:
    """A value is known by its look, so that the value itself need not be kept."""
    assert value_shape(shown) == shape
