from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from replay_users.compare.rules import Rules
from replay_users.compare.rules.notes import describe, expired_notes, idle_notes

EVERY_KIND = Rules.parse((Path(__file__).parent / "every-kind.yaml").read_text(encoding="utf-8"), "every-kind.yaml")


def rules(text: str) -> Rules:
    """Rules, separated by semicolons."""
    return Rules.parse("\n".join(f"- {{{line}, reason: x}}" for line in text.split(";")), "rules.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("ignore: $.a", "ignore root['a']", id="ignore"),
        pytest.param(
            "ignore: [$.a, $.b, $.c, $.d, $.e]", "ignore root['a'], root['b'], root['c'] and 2 more", id="many"
        ),
        pytest.param("ignore: $.a, kinds: [value, added]", "ignore root['a'] (added and value only)", id="kinds"),
        pytest.param("ignore: status, from: 200, to: [201, 204]", "ignore status 200 -> 201 or 204", id="status"),
        pytest.param("unordered: $.a", "unordered root['a']", id="unordered"),
        pytest.param("key: $.a, by: [shop, sku]", "key root['a'] (by shop and sku)", id="key"),
        pytest.param("within: $.a, absolute: 0.01, relative: 1%", "within root['a'] (0.01 or 1%)", id="within"),
        pytest.param("match: $.a, shape: uuid, kinds: value", "match root['a'] (uuid, value only)", id="match"),
        pytest.param(
            "normalise: $.a, how: [trim, case], host: a=b", "normalise root['a'] (case, trim, a=b)", id="normalise"
        ),
        pytest.param("type_only: $.a", "type_only root['a']", id="type-only"),
        pytest.param("ignore: 'header:x-*'", "ignore header:x-*", id="header"),
    ],
)
def test_a_rule_is_described_in_a_line(text: str, line: str) -> None:
    """What it does, where, and what goes with it."""
    assert describe(rules(text).rules[0]) == line


def test_every_rule_can_be_described() -> None:
    """And no two of one file alike."""
    assert len({describe(rule) for rule in EVERY_KIND.rules}) == len(EVERY_KIND.rules)


def test_a_rule_that_is_over_is_told() -> None:
    """With its line, its day and the cure."""
    made = rules("ignore: $.a, expires: 2026-11-24; ignore: $.b, expires: 2026-11-25")
    assert list(expired_notes(made, date(2026, 11, 25))) == [
        "the rule in line 1, ignore root['a'], expired on 2026-11-24 and is not applied; take it out, or give it another day"
    ]


def test_a_rule_for_no_endpoint_is_told() -> None:
    """With what may have been meant."""
    made = rules("ignore: $.a, endpoint: GET /produts/*; ignore: $.b; ignore: $.c, endpoint: PUT /zzz")
    is_for = "which no endpoint of the recording matches"
    assert list(idle_notes(made, ["GET /products/{id}", "POST /orders"])) == [
        f"the rule in line 1 is for 'GET /produts/*', {is_for}; did you mean 'GET /products/{{id}}'?",
        f"the rule in line 3 is for 'PUT /zzz', {is_for}",
    ]
