"""Learnt noise in a run: rates, alarms, and what a run says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import replay_users.results
from replay_users.compare.accept import Acceptance
from replay_users.compare.learning import learn
from replay_users.compare.rules import Rules
from replay_users.compare.status import status_text
from replay_users.results.gate import Decision
from replay_users.results.noise import noise_of
from replay_users.results.result import conclude, result_json
from replay_users.results.summary import summary_text
from replay_users.results.tally import Tally
from tests.compare.aa import counted, facts, seen_in

SCHEMA = json.loads(Path(replay_users.results.__file__).with_name("result.schema.json").read_text())
A = "GET /a/{id}"


def pairs(differing: int, of: int, endpoint: str = A) -> list[tuple[str, object, object]]:
    """Exchanges, of which so many have another `ms`."""
    return [(endpoint, {"rows": [{"ms": 1}]}, {"rows": [{"ms": 2 if nth < differing else 1}]}) for nth in range(of)]


def learnt(differing: int, of: int) -> Rules:
    """What such a run teaches."""
    return Rules(learn(seen_in(pairs(differing, of)), Acceptance(), expires=None).rules)


def test_learnt_noise_is_counted_beside_its_rate() -> None:
    """How often it was learnt and how often it was seen, per endpoint that it covers."""
    rules = learnt(4, 200)
    (noise,) = noise_of(rules, counted(pairs(3, 100), rules))
    assert (noise.endpoint, noise.path, noise.kind) == (A, "root['rows'][*]['ms']", "value")
    assert (noise.learnt.seen, noise.learnt.total) == (4, 200)
    assert (noise.seen.seen, noise.seen.total) == (3, 100)
    assert not noise.alarm


def test_a_field_that_becomes_noisier_alarms() -> None:
    """From 2 % to 60 %: the run says so in its result, its gate and its summary; it fails only where that was asked."""
    rules = learnt(4, 200)
    tally = counted(pairs(120, 200), rules)
    for decides, verdict in ((False, Decision.PASS), (True, Decision.FAIL)):
        run = conclude(facts(), tally, 200, rules=rules, noise_decides=decides)
        (check,) = [each for each in run.checks if each.name == "noise"]
        assert (check.verdict, check.advisory, run.verdict) == (Decision.FAIL, not decides, verdict)
        assert "2.0 % -> 60.0 % of 200" in check.sentence
        result = result_json(run)
        Draft202012Validator(SCHEMA["properties"]["noise"]).validate(result["noise"])
        assert [each["alarm"] for each in result["noise"]] == [True]
        result |= {"connections": {}, "comparers": {}, "user_code_failures": {}}
        assert "noisier     root['rows'][*]['ms'] on GET /a/{id} differs in 2.0 % -> 60.0 %" in summary_text(result)


def test_without_learnt_rules_nothing_is_said() -> None:
    """A rule of a person's own has no rate."""
    own = Rules.parse("- ignore: $..ms\n  reason: a clock\n", "r.yaml")
    assert noise_of(own, counted(pairs(9, 10), own)) == ()
    run = conclude(facts(), counted(pairs(9, 10), own), 10, rules=own)
    assert not [each for each in run.checks if each.name == "noise"]


def test_an_endpoint_does_not_hide_behind_another() -> None:
    """A rule for many endpoints is asked of each by itself."""
    rules = learnt(4, 200)
    (rule,) = rules.rules
    text = Rules((rule,)).write().replace("endpoint: GET /a/{id}\n", "endpoint: GET /a/*\n")
    wide = Rules.parse(text, "r.yaml")
    tally = counted([*pairs(2, 100), *pairs(60, 100, "GET /a/{id}/b")], wide)
    assert [(each.endpoint, each.alarm) for each in noise_of(wide, tally)] == [("GET /a/{id}/b", True), (A, False)]


@pytest.mark.parametrize(
    ("rule", "key", "seen"),
    [
        pytest.param("ignore: header:vary", "root['vary']\theader", 7, id="header"),
        pytest.param("ignore: header:vary", "root['allow']\theader", 0, id="another-header"),
        pytest.param("ignore: status\n  from: 200\n  to: 304", "200 -> 304\tstatus", 7, id="status"),
        pytest.param(
            "ignore: status\n  from: 200\n  to: 304",
            f"{status_text('200', '304')}\tstatus",
            7,
            id="a-status-that-is-explained",
        ),
        pytest.param(
            "ignore: status\n  from: [200, 203]\n  to: [202, 201]", "203 -> 201\tstatus", 7, id="several-statuses"
        ),
        pytest.param("ignore: status\n  from: 200\n  to: 304", "200 -> 404\tstatus", 0, id="another-status"),
        pytest.param("ignore: root['p'][3]['#text']\n  kinds: value", "root['p'][*]['#text']\tvalue", 7, id="a-place"),
        pytest.param("ignore: root['p']\n  kinds: value", "root['p'][*]['x']\tvalue", 7, id="below"),
        pytest.param("ignore: root['p']\n  kinds: value", "root['p']\tadded", 0, id="another-kind"),
        pytest.param("ignore: root['p']", "other", 0, id="what-found-no-place"),
    ],
)
def test_what_was_ignored_is_found_under_its_rule(rule: str, key: str, seen: int) -> None:
    """Whatever it is about."""
    text = f"- {rule}\n  reason: learnt\n  learnt: {{source: aa, seen: 1, total: 100}}\n"
    tally = counted(pairs(0, 10))
    tally.noise_by[f"{A}\t{key}" if "\t" in key else key] = 7
    (noise,) = noise_of(Rules.parse(text, "r.yaml"), tally)
    assert noise.seen.seen == seen


def test_places_of_noise_are_bounded() -> None:
    """Beyond a thousand they are counted together, and stay that under a merge."""
    tally, other = Tally(["GET /a"]), Tally(["GET /a"])
    for nth in range(1_500):
        tally.noise("GET /a", f"root['{nth}']", "value", 1)
        other.noise("GET /a", f"root['x{nth}']", "value", 1)
    tally.merge(other)
    assert len(tally.noise_by) == 1_001
    assert sum(tally.noise_by.values()) == 3_000
