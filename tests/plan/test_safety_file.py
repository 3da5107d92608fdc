from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.safety import EndpointRule, RuleKind
from replay_users.plan.safety_file import parse_safety
from replay_users.plan.selection import Pattern

GOOD = """\
- endpoint: "POST /graphql"
  rule: safe
  reason: queries only
- {endpoint: GET /admin/*, rule: skip, reason: "2026"}
"""


def test_rules_are_read_in_order() -> None:
    """A list of endpoint, rule and reason, as text whatever YAML would make of it."""
    assert parse_safety(GOOD, "safety.yaml") == (
        EndpointRule(Pattern("POST /graphql"), RuleKind.SAFE, "queries only"),
        EndpointRule(Pattern("GET /admin/*"), RuleKind.SKIP, "2026"),
    )


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "[]"])
def test_an_empty_file_has_no_rules(text: str) -> None:
    """Nothing written is nothing ruled."""
    assert parse_safety(text, "safety.yaml") == ()


_RULE = "- endpoint: GET /a\n  rule: safe\n  reason: r\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "line 1, column 5: not YAML", id="bad YAML"),
        pytest.param("- \x00", "not YAML", id="bytes that YAML forbids"),
        pytest.param("[" * 5000, "not YAML", id="nested beyond reason"),
        pytest.param("- a\n---\n- b\n", "not YAML", id="two documents"),
        pytest.param("endpoint: GET /a", "line 1, column 1: expected a list", id="not a list"),
        pytest.param("- GET /a", "line 1, column 3: expected a rule", id="not a rule"),
        pytest.param(
            _RULE + "  raeson: x\n", "line 4, column 3: unknown key 'raeson': did you mean 'reason'?", id="key"
        ),
        pytest.param(
            _RULE + "  colour: x\n", "unknown key 'colour': write one of endpoint, rule, reason", id="far key"
        ),
        pytest.param(_RULE + "  [a]: x\n", "line 4, column 3: unknown key", id="a key that is no word"),
        pytest.param(_RULE + "  rule: skip\n", "line 4, column 3: 'rule' is given twice", id="a key twice"),
        pytest.param(
            _RULE.replace("safe", "save"), "line 2, column 9: unknown rule 'save': did you mean 'safe'?", id="rule"
        ),
        pytest.param(_RULE.replace("safe", "never"), "write one of safe, unsafe, skip", id="far rule"),
        pytest.param(
            "- endpoint: GET /a\n  rule: safe\n", "line 1, column 3: the rule has no 'reason'", id="no reason"
        ),
        pytest.param(_RULE.replace(" r\n", " ''\n"), "line 3, column 11: 'reason' must be a text", id="empty reason"),
        pytest.param(_RULE.replace(" r\n", " [r]\n"), "'reason' must be a text", id="a list for a text"),
        pytest.param(_RULE + _RULE, "line 4, column 3: a second rule for 'GET /a'", id="two rules for one"),
    ],
)
def test_each_complaint_says_where(text: str, message: str) -> None:
    """A bad file is a usage error with file, line, column, and the word that may have been meant."""
    with pytest.raises(UsageError) as caught:
        parse_safety(text, "safety.yaml")
    assert str(caught.value).startswith("safety.yaml")
    assert message in str(caught.value)
