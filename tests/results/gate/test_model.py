"""Verdicts, their strength, their exit codes, and a check as JSON."""

from __future__ import annotations

import json

import pytest

from replay_users.results.gate.model import CONSERVATION, Check, Decision, Gate, decide, exit_code_of
from replay_users.results.validity import CheckKind


def check(verdict: Decision, *, advisory: bool = False, name: str = "x") -> Check:
    """A check with this verdict."""
    return Check(name=name, kind=CheckKind.COVERAGE, verdict=verdict, sentence="s", advisory=advisory)


PASS, FAIL, OPEN = (check(each) for each in Decision)
BROKEN = check(Decision.INCONCLUSIVE, name=CONSERVATION)


@pytest.mark.parametrize(
    ("checks", "verdict", "code"),
    [
        pytest.param([], Decision.PASS, 0, id="nothing"),
        pytest.param([PASS, OPEN, FAIL], Decision.FAIL, 3, id="failing-is-strongest"),
        pytest.param([PASS, OPEN], Decision.INCONCLUSIVE, 4, id="then-inconclusive"),
        pytest.param([PASS, check(Decision.FAIL, advisory=True)], Decision.PASS, 0, id="advice-decides-nothing"),
        pytest.param([FAIL, BROKEN], Decision.INCONCLUSIVE, 1, id="a-broken-account-outweighs-all"),
    ],
)
def test_the_verdict_is_that_of_the_strongest(checks: list[Check], verdict: Decision, code: int) -> None:
    """Fail, then inconclusive, then pass; a broken account is our own error."""
    assert (decide(checks), exit_code_of(checks)) == (verdict, code)


def test_a_run_that_failed_by_itself_has_the_exit_code_of_that() -> None:
    """Whatever was found, something of ours did not work."""
    assert exit_code_of([FAIL], tool_failed=True) == 1


def test_a_gate_is_json() -> None:
    """Every value of it can be written, and what it was judged by stands beside the checks."""
    gate = Gate(verdict=Decision.FAIL, checks=(FAIL,), exit_code=3, about={"baseline": None})
    data = json.loads(json.dumps(gate.to_dict()))
    assert (data["verdict"], data["checks"][0]["kind"], data["baseline"]) == ("fail", "coverage", None)
    assert {"endpoint", "p", "numbers"} <= set(data["checks"][0])
