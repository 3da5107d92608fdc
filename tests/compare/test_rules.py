from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.compare
from replay_users.compare.rules import Rule, Rules
from replay_users.errors import UsageError
from replay_users.path import parse_path

EXAMPLES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
SCHEMA = Draft202012Validator(
    json.loads((Path(replay_users.compare.__file__).parent / "rules.schema.json").read_text(encoding="utf-8"))
)
SHOP = r"""
# what says nothing about a change
- ignore: "root['query_ms']"
  reason: how long the query took
- endpoint: "GET /nyc*"
  ignore:
    - root[**]['etag']
    - "root[\"it's\"]"
  reason: minted per answer
"""


def test_a_rules_file_is_read() -> None:
    """One path or several, for every endpoint or some, each with its reason and its line."""
    assert Rules.parse(SHOP, "rules.yaml").rules == (
        Rule("*", (parse_path("root['query_ms']"),), "how long the query took", 3),
        Rule("GET /nyc*", (parse_path("root[**]['etag']"), parse_path('root["it\'s"]')), "minted per answer", 5),
    )


def test_the_content_of_rules_is_what_they_ignore() -> None:
    """Comments, order, reasons and how paths are grouped are not their content; endpoints and paths are."""
    grouped = r"""
- {endpoint: "GET /nyc*", ignore: "root[**]['etag']", reason: another reason}  # a comment
- {ignore: ["root['query_ms']"], reason: x}
- {endpoint: "GET /nyc*", ignore: "root[\"it's\"]", reason: x}
"""
    content = Rules.parse(SHOP, "rules.yaml").content
    assert Rules.parse(grouped, "other.yaml").content == content
    assert Rules.parse(grouped.replace("nyc", "sf"), "other.yaml").content != content
    assert Rules.parse(grouped.replace("query_ms", "ms"), "other.yaml").content != content


@pytest.mark.parametrize("text", [pytest.param("", id="empty"), pytest.param("# only a comment\n", id="comment")])
def test_a_file_without_rules_has_none(text: str) -> None:
    """A file in which nothing is written yet is no error."""
    assert Rules.parse(text, "rules.yaml") == Rules()


@pytest.mark.parametrize(
    ("glob", "endpoint", "covered"),
    [
        pytest.param("*", "POST /anything", True, id="everything"),
        pytest.param("GET /users/{id}", "GET /users/{id}", True, id="itself"),
        pytest.param("GET /users/{id}", "GET /users/7", False, id="braces-are-braces"),
        pytest.param("GET *", "GET /users/{id}", True, id="a-method"),
        pytest.param("GET *", "POST /users", False, id="another-method"),
        pytest.param("* /nyc/?.json", "GET /nyc/a.json", True, id="one-character"),
        pytest.param("* /nyc/?.json", "GET /nyc/ab.json", False, id="not-two"),
        pytest.param("GET /a[bc]", "GET /a[bc]", True, id="brackets-are-brackets"),
        pytest.param("GET /a", "GET /ab", False, id="not-what-only-begins-so"),
    ],
)
def test_a_rule_holds_for_the_endpoints_its_glob_covers(glob: str, endpoint: str, covered: bool) -> None:
    """Stars and question marks are wild, everything else stands for itself."""
    rules = Rules((Rule(glob, (parse_path("root['a']"),), "noise"),))
    assert rules.for_endpoint(endpoint).ignores(parse_path("root['a']['b']")) is covered
    assert rules.for_endpoint(endpoint) is rules.for_endpoint(endpoint)


@pytest.mark.parametrize(
    ("text", "line", "column", "cure"),
    [
        pytest.param("- ignore: root\n  raeson: x\n", 2, 3, "did you mean 'reason'?", id="misspelt-key"),
        pytest.param("- ignore: root\n  reason: x\n  zzz: 1\n", 3, 3, "endpoint, ignore and reason", id="unknown-key"),
        pytest.param("- ignore: root\n  <<: {reason: x}\n", 2, 3, "unknown key '<<'", id="merge-key"),
        pytest.param("- ignore: root\n", 1, 3, "no 'reason'", id="no-reason"),
        pytest.param("- reason: x\n", 1, 3, "no 'ignore'", id="no-path"),
        pytest.param("- ignore: root\n  ignore: root\n  reason: x\n", 2, 3, "twice", id="key-twice"),
        pytest.param("- ignore: root\n  reason: ' '\n", 2, 11, "'reason' is empty", id="empty-reason"),
        pytest.param("- ignore: root\n  reason: 7\n", 2, 11, "put '7' in quotes", id="reason-is-a-number"),
        pytest.param("- ignore: root\n  reason: [x]\n", 2, 11, "'reason' is one text", id="reason-is-a-list"),
        pytest.param("- ignore: []\n  reason: x\n", 1, 11, "name at least one", id="no-paths"),
        pytest.param("- ignore: {a: b}\n  reason: x\n", 1, 11, "or a list of texts", id="path-is-an-object"),
        pytest.param("- ignore: root\n  reason: x\n- ignore: root.a\n  reason: x\n", 3, 11, "['name']", id="bad-path"),
        pytest.param('- ignore: [root, "root[a]"]\n  reason: x\n', 1, 18, "in quotes", id="bad-path-in-a-list"),
        pytest.param("- ignore: status\n  reason: x\n", 1, 11, "ignores nothing else", id="status"),
        pytest.param("- ignore: 'header:etag'\n  reason: x\n", 1, 11, "ignores nothing else", id="header"),
        pytest.param("ignore: root\nreason: x\n", 1, 1, "beginning with '- '", id="no-list"),
        pytest.param("- root['a']\n", 1, 3, "a rule has the keys", id="no-object"),
        pytest.param("- ignore: root['a'\n  reason: [\n", 3, 1, "not YAML", id="no-yaml"),
        pytest.param("- ignore: ['a'] ['b']\n  reason: x\n", 1, 17, "quote paths", id="unquoted"),
        pytest.param("- {}\n--- \n- {}\n", 2, 1, "not YAML", id="two-documents"),
    ],
)
def test_a_wrong_file_is_refused_where_it_goes_wrong(text: str, line: int, column: int, cure: str) -> None:
    """The message names the file, the line, the column and the cure, in one sentence."""
    with pytest.raises(UsageError) as refused:
        Rules.parse(text, "my rules.yaml")
    message = str(refused.value)
    assert message.startswith(f"my rules.yaml, line {line}, column {column}: ")
    assert cure in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5000, id="too-deep"),
        pytest.param("- \x00", id="no-text"),
        pytest.param("&a [*a]", id="cycle"),
    ],
)
def test_a_hostile_file_is_refused_too(text: str) -> None:
    """No file makes the reader raise anything else, or go round in circles."""
    with pytest.raises(UsageError, match=r"rules\.yaml"):
        Rules.parse(text, "rules.yaml")


@given(st.text("-: {}[]'\"\nabr*&!|>?", max_size=30))
def test_any_text_is_rules_or_a_usage_error(text: str) -> None:
    """Reading a file either gives rules or the one error that people are shown."""
    try:
        rules = Rules.parse(text, "rules.yaml")
    except UsageError:
        return
    assert all(rule.reason for rule in rules.rules)


@pytest.mark.parametrize("example", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_examples_obey_the_published_schema(example: Path) -> None:
    """The example files are valid by the schema and by the reader."""
    text = example.read_text(encoding="utf-8")
    SCHEMA.validate(yaml.safe_load(text))
    assert Rules.parse(text, example.name).rules


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- ignore: root\n", id="no-reason"),
        pytest.param("- {ignore: root, reason: ''}", id="empty-reason"),
        pytest.param("- {ignore: root, reason: 7}", id="reason-is-a-number"),
        pytest.param("- {ignore: [], reason: x}", id="no-paths"),
        pytest.param("- {ignore: root.a, reason: x}", id="bad-path"),
        pytest.param("- {ignore: status, reason: x}", id="status"),
        pytest.param("- {ignore: root, reason: x, raeson: y}", id="unknown-key"),
        pytest.param("- {ignore: root, reason: x, endpoint: ''}", id="empty-endpoint"),
        pytest.param("{ignore: root, reason: x}", id="no-list"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    """An editor that knows the schema says the same as the program."""
    assert not SCHEMA.is_valid(yaml.safe_load(text))
    with pytest.raises(UsageError):
        Rules.parse(text, "rules.yaml")


def test_the_schema_is_a_schema() -> None:
    """The published schema is itself valid, and so is the example path in it."""
    Draft202012Validator.check_schema(SCHEMA.schema)
    definition = cast("dict[str, dict[str, dict[str, list[str]]]]", SCHEMA.schema)["$defs"]["path"]
    assert [parse_path(path) for path in definition["examples"]]
