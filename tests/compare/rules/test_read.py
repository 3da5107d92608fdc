from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.compare
from replay_users.compare.difference import Kind
from replay_users.compare.rules.hosts import HostMap
from replay_users.compare.rules.model import (
    ByKey,
    Header,
    How,
    Ignore,
    IgnoreStatus,
    Learnt,
    Matching,
    Normalise,
    Rule,
    Trailer,
    TypeOnly,
    Unordered,
    Within,
)
from replay_users.compare.rules.read import read_rules
from replay_users.compare.rules.shapes import Shape
from replay_users.errors import UsageError
from replay_users.path import parse_path
from replay_users.path_json import read_path

EXAMPLES = sorted(Path(__file__).parent.glob("*.yaml"))
SCHEMA = Draft202012Validator(
    json.loads((Path(replay_users.compare.__file__).parent / "rules.schema.json").read_text(encoding="utf-8"))
)
AT = parse_path("root['a']")
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


def as_json(text: str) -> object:
    """A YAML file as an editor hands it to a schema: days are texts."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def test_a_rules_file_is_read() -> None:
    """One path or several, for every endpoint or some, each with its reason and its line."""
    etag, its = parse_path("root[**]['etag']"), parse_path('root["it\'s"]')
    rules = read_rules(SHOP, "rules.yaml")
    assert rules == (
        Ignore(where=(parse_path("root['query_ms']"),), reason="how long the query took"),
        Ignore(endpoint="GET /nyc*", where=(etag, its), reason="minted per answer"),
    )
    assert [rule.line for rule in rules] == [3, 5]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("{ignore: $.a, reason: x}", Ignore(where=(AT,), reason="x"), id="json-path"),
        pytest.param(
            "{ignore: ['header:X-Build', 'Trailers: x-*'], reason: x}",
            Ignore(where=(Header("x-build"), Trailer("x-*")), reason="x"),
            id="headers",
        ),
        pytest.param(
            "{ignore: $.a, kinds: [added, value], reason: x}",
            Ignore(where=(AT,), kinds=frozenset({Kind.ADDED, Kind.VALUE}), reason="x"),
            id="some-kinds",
        ),
        pytest.param(
            "{ignore: status, from: 200, to: [201, 204], reason: x}",
            IgnoreStatus(recorded=(200,), replayed=(201, 204), reason="x"),
            id="status",
        ),
        pytest.param("{unordered: $.a, reason: x}", Unordered(where=(AT,), reason="x"), id="unordered"),
        pytest.param("{key: $.a, by: id, reason: x}", ByKey(where=(AT,), by=("id",), reason="x"), id="key"),
        pytest.param(
            "{key: [$.a], by: [id, 'no'], reason: x}", ByKey(where=(AT,), by=("id", "no"), reason="x"), id="two-keys"
        ),
        pytest.param(
            "{within: $.a, absolute: 0.01, relative: 1%, reason: x}",
            Within(where=(AT,), absolute=Decimal("0.01"), relative=Decimal("0.01"), reason="x"),
            id="within",
        ),
        pytest.param(
            "{within: $.a, relative: 1e-6, reason: x}",
            Within(where=(AT,), relative=Decimal("0.000001"), reason="x"),
            id="within-a-part",
        ),
        pytest.param(
            "{match: $.a, shape: 'regex:[a-z]+', reason: x}",
            Matching(where=(AT,), shape=Shape("regex:[a-z]+"), reason="x"),
            id="match",
        ),
        pytest.param(
            "{normalise: $.a, how: [case, sort], host: 'Shop.example=b:1', reason: x}",
            Normalise(
                where=(AT,),
                how=frozenset({How.CASE, How.SORT}),
                hosts=HostMap((("shop.example", "b:1"),)),
                reason="x",
            ),
            id="normalise",
        ),
        pytest.param("{type_only: $.a, reason: x}", TypeOnly(where=(AT,), reason="x"), id="type-only"),
        pytest.param(
            "{ignore: $.a, reason: x, expires: 2027-01-31}",
            Ignore(where=(AT,), reason="x", expires=date(2027, 1, 31)),
            id="a-day",
        ),
        pytest.param(
            "{ignore: $.a, reason: x, expires: '2027-01-31'}",
            Ignore(where=(AT,), reason="x", expires=date(2027, 1, 31)),
            id="a-day-in-quotes",
        ),
        pytest.param(
            "{ignore: $.a, reason: x, learnt: {source: aa, seen: 3, total: 200, confidence: good, shapes: [int]}}",
            Ignore(
                where=(AT,),
                reason="x",
                learnt=Learnt(source="aa", seen=3, total=200, confidence="good", shapes=("int",)),
            ),
            id="learnt",
        ),
    ],
)
def test_each_kind_of_rule_is_read(text: str, rule: Rule) -> None:
    """What goes with a kind becomes its fields, and the schema agrees that it may be written so."""
    assert read_rules(f"- {text}", "rules.yaml") == (rule,)
    assert SCHEMA.is_valid(as_json(f"- {text}"))


@pytest.mark.parametrize("text", [pytest.param("", id="empty"), pytest.param("# only a comment\n", id="comment")])
def test_a_file_without_rules_has_none(text: str) -> None:
    """A file in which nothing is written yet is no error."""
    assert read_rules(text, "rules.yaml") == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "cure"),
    [
        pytest.param("- ignore: root\n  raeson: x\n", 2, 3, "did you mean 'reason'?", id="misspelt-key"),
        pytest.param("- normalize: root\n  reason: x\n", 1, 3, "did you mean 'normalise'?", id="another-spelling"),
        pytest.param("- ignore: root\n  reason: x\n  zzz: 1\n", 3, 3, "a rule has ignore, unordered", id="unknown-key"),
        pytest.param("- ignore: root\n  <<: {reason: x}\n", 2, 3, "unknown key '<<'", id="merge-key"),
        pytest.param("- ignore: root\n", 1, 3, "no 'reason'", id="no-reason"),
        pytest.param("- reason: x\n", 1, 3, "does nothing", id="no-kind"),
        pytest.param(
            "- ignore: root\n  unordered: root\n  reason: x\n", 2, 14, "does ignore and unordered", id="two-kinds"
        ),
        pytest.param("- ignore: root\n  ignore: root\n  reason: x\n", 2, 3, "twice", id="key-twice"),
        pytest.param("- ignore: root\n  reason: ' '\n", 2, 11, "'reason' is empty", id="empty-reason"),
        pytest.param("- ignore: root\n  reason: 7\n", 2, 11, "put '7' in quotes", id="reason-is-a-number"),
        pytest.param("- ignore: root\n  reason: no\n", 2, 11, "put 'no' in quotes", id="reason-is-a-flag"),
        pytest.param("- ignore: root\n  reason: [x]\n", 2, 11, "'reason' is one text", id="reason-is-a-list"),
        pytest.param("- ignore: []\n  reason: x\n", 1, 11, "name at least one", id="no-paths"),
        pytest.param("- ignore: {a: b}\n  reason: x\n", 1, 11, "or a list of texts", id="path-is-an-object"),
        pytest.param("- ignore: root\n  reason: x\n- ignore: root.a\n  reason: x\n", 3, 11, "['name']", id="bad-path"),
        pytest.param('- ignore: [root, "root[a]"]\n  reason: x\n', 1, 18, "in quotes", id="bad-path-in-a-list"),
        pytest.param("- ignore: $.a[1:2]\n  reason: x\n", 1, 11, "slices", id="bad-json-path"),
        pytest.param("- ignore: .a[].b\n  reason: x\n", 1, 11, "begins with root or $", id="no-path"),
        pytest.param("- ignore: status\n  reason: x\n", 1, 3, "needs 'from'", id="status-alone"),
        pytest.param("- {ignore: status, from: 200, reason: x}\n", 1, 3, "needs 'to'", id="status-from"),
        pytest.param(
            "- {ignore: status, from: 2xx, to: 204, reason: x}\n", 1, 26, "from 100 to 599", id="status-class"
        ),
        pytest.param(
            "- {ignore: status, from: {}, to: 204, reason: x}\n", 1, 26, "one number or a list", id="status-{}"
        ),
        pytest.param(
            "- {ignore: status, from: 1, to: 1, kinds: value, reason: x}\n", 1, 43, "is about bodies", id="status-kinds"
        ),
        pytest.param("- {ignore: [status, root], reason: x}\n", 1, 13, "stands alone", id="status-in-a-list"),
        pytest.param("- {ignore: 'status:200', reason: x}\n", 1, 12, "stands alone", id="status-with-a-colon"),
        pytest.param("- {ignore: root, from: 200, reason: x}\n", 1, 24, "goes with 'ignore: status'", id="from-alone"),
        pytest.param("- {ignore: header, reason: x}\n", 1, 12, "header:x-build", id="header-without-a-name"),
        pytest.param("- {ignore: 'headers:a b', reason: x}\n", 1, 12, "header:x-build", id="header-that-is-none"),
        pytest.param(
            "- {ignore: 'header:a', kinds: value, reason: x}\n", 1, 31, "'kinds' is about bodies", id="header-kinds"
        ),
        pytest.param(
            "- {unordered: 'header:vary', reason: x}\n", 1, 15, "'unordered' is about bodies", id="header-list"
        ),
        pytest.param("- {ignore: root, by: id, reason: x}\n", 1, 22, "'by' goes with key", id="not-with-ignore"),
        pytest.param(
            "- {within: root, kinds: value, reason: x}\n", 1, 25, "goes with ignore, match and", id="not-within"
        ),
        pytest.param("- {ignore: root, kinds: valeu, reason: x}\n", 1, 25, "did you mean 'value'?", id="kind"),
        pytest.param("- {ignore: root, kinds: [], reason: x}\n", 1, 25, "name at least one", id="no-kinds"),
        pytest.param(
            "- {ignore: root, kinds: status, reason: x}\n", 1, 25, "it is one of value, type", id="kind-status"
        ),
        pytest.param("- {key: root, reason: x}\n", 1, 3, "by: id", id="key-without-by"),
        pytest.param("- {key: root, by: [], reason: x}\n", 1, 19, "name at least one", id="key-by-nothing"),
        pytest.param("- {key: root, by: 1, reason: x}\n", 1, 19, "put '1' in quotes", id="key-by-a-number"),
        pytest.param("- {within: root, reason: x}\n", 1, 3, "absolute: 0.01 or relative: 1%", id="within-nothing"),
        pytest.param("- {within: root, absolute: 0, reason: x}\n", 1, 28, "above 0", id="within-0"),
        pytest.param("- {within: root, absolute: -1, reason: x}\n", 1, 28, "above 0", id="within-less"),
        pytest.param("- {within: root, absolute: .nan, reason: x}\n", 1, 28, "above 0", id="within-nan"),
        pytest.param("- {within: root, absolute: yes, reason: x}\n", 1, 28, "above 0", id="within-yes"),
        pytest.param("- {within: root, absolute: 1%, reason: x}\n", 1, 28, "relative: 1%", id="absolute-part"),
        pytest.param("- {within: root, relative: 5, reason: x}\n", 1, 28, "did you mean 5%?", id="more-than-all"),
        pytest.param("- {match: root, reason: x}\n", 1, 3, "shape: uuid", id="no-shape"),
        pytest.param("- {match: root, shape: guid, reason: x}\n", 1, 24, "there are uuid, timestamp", id="shape"),
        pytest.param("- {match: root, shape: 'regex:[', reason: x}\n", 1, 24, "no regular expression", id="regex"),
        pytest.param("- {normalise: root, reason: x}\n", 1, 3, "how: [case, trim]", id="normalise-nothing"),
        pytest.param("- {normalise: root, how: lower, reason: x}\n", 1, 26, "it is one of case, trim", id="how"),
        pytest.param("- {normalise: root, host: a, reason: x}\n", 1, 27, "no pair of hosts", id="host"),
        pytest.param("- {ignore: root, reason: x, expires: soon}\n", 1, 38, "written 2027-01-31", id="no-day"),
        pytest.param(
            "- {ignore: root, reason: x, expires: 2027-02-30}\n", 1, 38, "written 2027-01-31", id="no-such-day"
        ),
        pytest.param("- {ignore: root, reason: x, learnt: {seen: 1}}\n", 1, 37, "no 'source'", id="learnt"),
        pytest.param("- {ignore: root, reason: x, learnt: [1]}\n", 1, 37, "has the keys source", id="learnt-list"),
        pytest.param(
            "- {ignore: root, reason: x, learnt: {source: aa, seen: -1, total: 1}}\n", 1, 56, "whole number", id="seen"
        ),
        pytest.param("ignore: root\nreason: x\n", 1, 1, "beginning with '- '", id="no-list"),
        pytest.param("- root['a']\n", 1, 3, "a rule has the keys", id="no-object"),
        pytest.param("- [1]: 2\n", 1, 3, "unknown key a list or an object", id="odd-key"),
        pytest.param("- ignore: root['a'\n  reason: [\n", 3, 1, "not YAML", id="no-yaml"),
        pytest.param("- ignore: ['a'] ['b']\n  reason: x\n", 1, 17, "quote paths", id="unquoted"),
        pytest.param("- {}\n--- \n- {}\n", 2, 1, "not YAML", id="two-documents"),
    ],
)
def test_a_wrong_file_is_refused_where_it_goes_wrong(text: str, line: int, column: int, cure: str) -> None:
    """The message names the file, the line, the column and the cure, in one sentence."""
    with pytest.raises(UsageError) as refused:
        read_rules(text, "my rules.yaml")
    message = str(refused.value)
    assert message.startswith(f"my rules.yaml, line {line}, column {column}: ")
    assert cure in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        pytest.param(
            "{within: $.a, absolute: 1, reason: x}",
            "'within' here and 'ignore' in line 1 contradict each other at root['a'] on '*'",
            id="within-and-ignore",
        ),
        pytest.param("{unordered: $.a, reason: x}", "'unordered' here and 'ignore' in line 1", id="nothing-left"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(second: str, sentence: str) -> None:
    """Both are named, and so is the cure."""
    with pytest.raises(UsageError) as refused:
        read_rules(f"- {{ignore: $.a, reason: x}}\n- {second}\n", "rules.yaml")
    assert str(refused.value).startswith(f"rules.yaml, line 2, column 3: {sentence}")
    assert "take one out, or give them different paths, endpoints or kinds" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5000, id="too-deep"),
        pytest.param("- \x00", id="no-text"),
        pytest.param("&a [*a]", id="cycle"),
        pytest.param("- {ignore: root, reason: x, learnt: &a {source: *a, seen: 1, total: 1}}", id="cycle-inside"),
        pytest.param("- !!python/object/apply:os.system [x]", id="tag"),
    ],
)
def test_a_hostile_file_is_refused_too(text: str) -> None:
    """No file makes the reader raise anything else, or go round in circles."""
    with pytest.raises(UsageError, match=r"rules\.yaml"):
        read_rules(text, "rules.yaml")


# fmt: off
WORDS = st.sampled_from([
    "ignore", "unordered", "key", "within", "match", "normalise", "type_only", "by", "shape", "how", "host",
    "kinds", "from", "to", "absolute", "relative", "reason", "expires", "learnt", "root", "$.a", "header:x",
    "status", "id", "uuid", "case", "a=b", "value", "200", "1%", "0.5", "2027-01-01", "aa",
])
# fmt: on


@given(st.dictionaries(WORDS, WORDS | st.lists(WORDS, max_size=2), max_size=5))
def test_any_words_are_rules_or_a_usage_error(members: dict[str, object]) -> None:
    """However words are put together, there is a rule or the one error that people are shown."""
    text = yaml.safe_dump([members | {"reason": "x"}])
    try:
        rules = read_rules(text, "rules.yaml")
    except UsageError:
        return
    assert SCHEMA.is_valid(as_json(text)), rules


@given(st.text("-: {}[]'\"\nabr*&!|>?", max_size=30))
def test_any_text_is_rules_or_a_usage_error(text: str) -> None:
    """Reading a file either gives rules or the one error that people are shown."""
    try:
        rules = read_rules(text, "rules.yaml")
    except UsageError:
        return
    assert all(rule.reason for rule in rules)


@pytest.mark.parametrize("example", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_examples_obey_the_published_schema(example: Path) -> None:
    """The example files are valid by the schema and by the reader."""
    text = example.read_text(encoding="utf-8")
    SCHEMA.validate(as_json(text))
    assert read_rules(text, example.name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- ignore: root\n", id="no-reason"),
        pytest.param("- {ignore: root, reason: ''}", id="empty-reason"),
        pytest.param("- {ignore: root, reason: 7}", id="reason-is-a-number"),
        pytest.param("- {ignore: [], reason: x}", id="no-paths"),
        pytest.param("- {ignore: root.a, reason: x}", id="bad-path"),
        pytest.param("- {ignore: $a, reason: x}", id="bad-json-path"),
        pytest.param("- {ignore: status, reason: x}", id="status"),
        pytest.param("- {ignore: [status], from: 1, to: 2, reason: x}", id="status-in-a-list"),
        pytest.param("- {unordered: 'header:vary', reason: x}", id="header-list"),
        pytest.param("- {ignore: root, unordered: root, reason: x}", id="two-kinds"),
        pytest.param("- {ignore: root, by: id, reason: x}", id="not-with-ignore"),
        pytest.param("- {key: root, reason: x}", id="key-without-by"),
        pytest.param("- {within: root, reason: x}", id="within-nothing"),
        pytest.param("- {within: root, relative: 5, reason: x}", id="more-than-all"),
        pytest.param("- {match: root, shape: guid, reason: x}", id="shape"),
        pytest.param("- {normalise: root, reason: x}", id="normalise-nothing"),
        pytest.param("- {normalise: root, how: lower, reason: x}", id="how"),
        pytest.param("- {ignore: root, kinds: status, reason: x}", id="kind-status"),
        pytest.param("- {ignore: root, reason: x, expires: soon}", id="no-day"),
        pytest.param("- {ignore: root, reason: x, learnt: {seen: 1}}", id="learnt"),
        pytest.param("- {ignore: root, reason: x, raeson: y}", id="unknown-key"),
        pytest.param("- {ignore: root, reason: x, endpoint: ''}", id="empty-endpoint"),
        pytest.param("{ignore: root, reason: x}", id="no-list"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str) -> None:
    """An editor that knows the schema says the same as the program."""
    assert not SCHEMA.is_valid(as_json(text))
    with pytest.raises(UsageError):
        read_rules(text, "rules.yaml")


def test_the_schema_is_a_schema() -> None:
    """The published schema is itself valid, and so are the example paths in it."""
    Draft202012Validator.check_schema(SCHEMA.schema)
    definition = cast("dict[str, dict[str, dict[str, list[str]]]]", SCHEMA.schema)["$defs"]["path"]
    assert [read_path(path) for path in definition["examples"]]
