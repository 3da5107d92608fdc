"""Drifts become rules: a golden file, what is merged, and that nothing else is hidden."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.accept import Acceptance
from replay_users.compare.difference import Class, Differences, Kind, Match
from replay_users.compare.judge import Recorded, judge
from replay_users.compare.learning import AA, BASELINE, Evidence, Lesson, learn, together
from replay_users.compare.noise import Drift, Rate, Refusal, unseen
from replay_users.compare.rules import Rules
from replay_users.compare.rules.model import Ignore
from replay_users.model import Answer
from tests.compare.aa import ENDPOINTS, said_of, seen_in

GOLDEN = Path(__file__).parent / "rules" / "learnt.yaml"
TODAY = date(2026, 11, 25)
END = date(2027, 2, 23)


def drift(
    endpoint: str,
    path: str,
    seen: int,
    kind: Kind = Kind.VALUE,
    *,
    looks: tuple[str, ...] = (),
    found: Class = Class.REGRESSION,
) -> Drift:
    """Something that differed so often."""
    rate = Rate(seen=seen, total=200, sessions=40)
    return Drift(endpoint=endpoint, path_text=path, kind=kind, rate=rate, looks=frozenset(looks), found=found)


def evidence(*drifts: Drift, quiet: tuple[str, ...] = (), source: str = AA) -> Evidence:
    """A run in which these drifts were seen, and of `quiet` endpoints nothing."""
    names = {each.endpoint for each in drifts} | set(quiet)
    measured = {name: Rate(seen=0, total=200, sessions=40) for name in names}
    return Evidence(source=source, drifts=drifts, measured=measured)


def learnt(of: Evidence, *accept: str) -> Lesson:
    """What is learnt of it."""
    return learn(of, Acceptance(accept), expires=END)


def test_a_learnt_file_is_one_that_people_review() -> None:
    """Counts, confidence, looks and the last day, sorted, without values; it is read back as it was written."""
    lesson = learnt(
        evidence(
            drift("GET /nyc/{table}", "root['query_ms']", 198, looks=("number",)),
            drift("GET /nyc", "root['query_ms']", 200, looks=("number",)),
            drift("GET /users/{id}", "root['items'][*]['seen_at']", 150, looks=("timestamp", "timestamp -> null")),
            drift("GET /users/{id}", "root['items']", 3, Kind.LENGTH),
            drift("GET /users/{id}", "root['vary']", 9, Kind.HEADER),
            drift("GET /users/{id}", "200 -> 304", 2, Kind.STATUS),
            drift("GET /users/{id}", "root['gone']", 2, found=Class.MISSING),
            quiet=("GET /quiet",),
        ),
        "GET /users/* header:vary",
        "status",
    )
    text = Rules(lesson.rules).write()
    assert text == GOLDEN.read_text()
    assert Rules.parse(text, "learnt.yaml").rules == lesson.rules
    assert [(each.path_text, why) for each, why in lesson.refused] == [
        ("root['gone']", Refusal.CLASS),
        ("root['items']", Refusal.STRUCTURE),
    ]


@pytest.mark.parametrize(
    ("drifting", "quiet", "globs"),
    [
        pytest.param({"GET /a": 100, "GET /b": 100}, (), ["*"], id="everywhere"),
        pytest.param({"GET /a": 100, "GET /b": 100}, ("POST /a",), ["GET *"], id="all-of-a-method"),
        pytest.param({"GET /a/x": 9, "GET /a/y": 9}, ("GET /b",), ["GET /a/*"], id="all-below-a-path"),
        pytest.param({"GET /a/x": 9, "GET /a/y": 9}, ("GET /a/z",), ["GET /a/x", "GET /a/y"], id="one-is-quiet"),
        pytest.param({"GET /a/x": 200, "GET /a/y": 2}, (), ["GET /a/x", "GET /a/y"], id="another-rate"),
        pytest.param({"GET /a": 9}, (), ["GET /a"], id="one-alone"),
        pytest.param(
            {"GET /a/x": 9, "GET /a/y": 9, "GET /b": 9}, ("GET /c",), ["GET /a/*", "GET /b"], id="a-group-and-one"
        ),
    ],
)
def test_one_field_on_many_endpoints_is_one_rule(
    drifting: dict[str, int], quiet: tuple[str, ...], globs: list[str]
) -> None:
    """Only where each endpoint that the glob covers drifts, and about as often."""
    lesson = learnt(evidence(*[drift(name, "root['ms']", seen) for name, seen in drifting.items()], quiet=quiet))
    assert [rule.endpoint for rule in lesson.rules] == globs


def test_runs_of_one_sort_add_up() -> None:
    """Counts and totals are sums; a run that knows which members differ does not make another forget it."""
    one = evidence(drift("GET /a", "root['ms']", 4))
    both = together([one, one])
    (rule,) = learnt(both).rules
    assert rule.learnt is not None
    assert (rule.learnt.seen, rule.learnt.total, rule.learnt.sessions) == (8, 400, 40)


def test_a_baseline_says_so() -> None:
    """Where a rule comes from stands in it."""
    (rule,) = learnt(evidence(drift("GET /a", "root['ms']", 4), source=BASELINE)).rules
    assert rule.learnt is not None
    assert rule.learnt.source == "baseline"
    assert "known to be good" in rule.reason


def test_a_rule_is_no_wider_than_its_kind() -> None:
    """What differs in its value may not go, nor become something else."""
    (rule,) = learnt(evidence(drift("GET /a", "root['ms']", 4))).rules
    assert isinstance(rule, Ignore)
    assert rule.kinds == frozenset({Kind.VALUE})
    rules = Rules((rule,))
    for answer in (b"{}", b'{"ms":"x"}', b'{"ms":1,"new":2}'):
        said = judge(Recorded(200, b"", b'{"ms":1}', 8), Answer(200, b"", answer), rules, "GET /a")
        assert isinstance(said, Differences)
    said = judge(Recorded(200, b"", b'{"ms":1}', 8), Answer(200, b"", b'{"ms":2}'), rules, "GET /a")
    assert isinstance(said, Match)


_FIELDS = st.fixed_dictionaries(
    {name: st.integers(0, 3) | st.sampled_from(["a", "b"]) for name in ("id", "ms", "etag", "name")}
)
_BODIES = st.fixed_dictionaries({"top": st.integers(0, 3), "rows": st.lists(_FIELDS, min_size=2, max_size=2)})
_SAME_TYPES = st.lists(st.tuples(_BODIES, st.sampled_from(ENDPOINTS)), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(exchanges=_SAME_TYPES, noise=st.sets(st.sampled_from(["ms", "etag"]), min_size=1), data=st.data())
def test_an_aa_run_under_its_rules_is_clean_and_nothing_else_is_hidden(
    exchanges: list[tuple[dict[str, Any], str]], noise: set[str], data: st.DataObject
) -> None:
    """What drifted is ignored wherever it drifted; a field that did not drift still counts."""
    pairs = []
    for drawn, endpoint in exchanges:
        body = {
            **drawn,
            "rows": [{**row, "id": nth} for nth, row in enumerate(drawn["rows"])],
        }  # else it may be their order
        other = {
            **body,
            "rows": [{**row, **{name: _drifted(row[name], data) for name in noise}} for row in body["rows"]],
        }
        pairs.append((endpoint, body, other))
    rules = Rules(learn(seen_in(pairs), Acceptance(), expires=None).rules)
    for endpoint, body, other in pairs:
        assert isinstance(said_of(endpoint, body, other, rules), Match)
        for changed in ({**other, "top": 99}, {**other, "rows": [{**row, "name": "z"} for row in other["rows"]]}):
            assert isinstance(said_of(endpoint, body, changed, rules), Differences)


def _drifted(value: object, data: st.DataObject) -> object:
    """Another value of the same type, or the same."""
    if isinstance(value, str):
        return data.draw(st.sampled_from(["a", "b", "c"]))
    return data.draw(st.integers(0, 9))


@pytest.mark.parametrize(("q", "n"), [(0.01, 200), (0.05, 200), (0.001, 1_000)], ids=["1-200", "5-200", "0.1-1000"])
def test_noise_is_learnt_as_often_as_the_confidence_says(q: float, n: int) -> None:
    """Simulated: of 400 fields that are noisy at a rate, as many are missed as the formula tells; no quiet one is learnt."""
    dice = random.Random(7)
    seen = [sum(dice.random() < q for _ in range(n)) for _ in range(400)]
    drifts = [
        Drift(
            endpoint="GET /a", path_text=f"root['f{nth}']", kind=Kind.VALUE, rate=Rate(seen=count, total=n, sessions=n)
        )
        for nth, count in enumerate(seen)
        if count
    ]
    measured = {"GET /a": Rate(seen=0, total=n, sessions=n), "GET /quiet": Rate(seen=0, total=n, sessions=n)}
    rules = learn(Evidence(source=AA, drifts=tuple(drifts), measured=measured), Acceptance(), expires=None).rules
    missed = 1 - len(rules) / 400
    assert abs(missed - unseen(q, n)) < 0.08
    assert {rule.endpoint for rule in rules} == {"GET /a"}
