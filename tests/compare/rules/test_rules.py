from __future__ import annotations

from datetime import date

import pytest

from replay_users.compare.difference import Kind
from replay_users.compare.rules import HostMap, Normalise, Rules
from replay_users.errors import UsageError
from replay_users.path import parse_path

FILE = """
- {ignore: $.a, reason: x, endpoint: "GET *"}
- {ignore: $.b, reason: x, expires: 2026-12-31}
"""
RULES = Rules.parse(FILE, "rules.yaml")


def test_rules_are_compiled_once_for_each_endpoint() -> None:
    """Those whose glob covers it."""
    get, post = RULES.for_endpoint("GET /x"), RULES.for_endpoint("POST /x")
    assert [rules.ignores(parse_path("root['a']['x']")) for rules in (get, post)] == [True, False]
    assert [rules.ignores(parse_path("root['b']")) for rules in (get, post)] == [True, True]
    assert RULES.for_endpoint("GET /x") is get


@pytest.mark.parametrize(
    ("today", "held"), [(date(2026, 12, 30), 2), (date(2026, 12, 31), 2), (date(2027, 1, 1), 1)], ids=str
)
def test_a_rule_holds_until_its_last_day_is_over(today: date, held: int) -> None:
    """The others are told, so that nobody wonders."""
    assert len(RULES.on(today).rules) == held
    assert len(RULES.expired(today)) == 2 - held
    assert RULES.on(today).for_endpoint("PUT /x").ignores(parse_path("root['b']")) is (held == 2)


def test_rules_survive_a_round_trip() -> None:
    """What is written is read again; a file of none is empty."""
    assert Rules.parse(RULES.write(), "again.yaml") == RULES
    assert Rules.parse(Rules().write(), "empty.yaml") == Rules()


def test_what_is_no_rules_file_is_refused() -> None:
    """With the name it was given."""
    with pytest.raises(UsageError, match=r"^mine\.yaml, line 1"):
        Rules.parse("{}", "mine.yaml")


def test_the_content_of_rules_is_what_decides() -> None:
    """Comments, reasons and what was learnt are not their content; places, endpoints and their order are."""
    said = "- {ignore: \"root['a']\", reason: one}\n- {endpoint: 'GET /b*', ignore: \"root['b']\", reason: two}\n"
    content = Rules.parse(said, "rules.yaml").content
    assert Rules.parse("# why\n" + said.replace("one", "three"), "other.yaml").content == content
    assert Rules.parse(said.replace("['a']", "['c']"), "other.yaml").content != content
    assert Rules.parse("".join(reversed(said.splitlines(keepends=True))), "other.yaml").content != content


def test_hosts_of_a_run_hold_beneath_the_rules() -> None:
    """A value that differs by them is settled everywhere in bodies, and marked so that it counts nowhere; a run may have none."""
    rules = RULES.at(HostMap.parse(["shop=staging"]))
    path = parse_path("root['c']['d'][3]")
    settled = rules.for_endpoint("GET /any").settled_by(path, Kind.VALUE, "shop", "staging")
    assert isinstance(settled, Normalise)
    assert settled.silent
    assert rules.for_endpoint("GET /any").settled_by(path, Kind.VALUE, "shop", "other") is None
    assert rules.rules[:-1] == RULES.rules
    assert RULES.at(None) is RULES
