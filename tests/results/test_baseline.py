"""What a team has accepted: written, read, added to, and worth something when the next run comes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.results.baseline
from replay_users.errors import UsageError
from replay_users.results.baseline import Baseline, accept, parse_baseline
from replay_users.results.gate import Decision, GateSettings, checks_of
from replay_users.results.gate.shares import Share
from tests.results.gate.made import A, B, end, run, signature

if TYPE_CHECKING:
    from replay_users.results.gate import Evidence

SCHEMA = json.loads(Path(replay_users.results.baseline.__file__).with_name("baseline.schema.json").read_text())
PRICE = "root['price']"


def shop(differing: int = 12, sessions: int = 200, *, broken: int = 0, path: str = PRICE) -> Evidence:
    """A run with one signature on one endpoint, and another endpoint without."""
    found = [signature(path, differing=differing, sessions=sessions)] if differing else []
    return run(end(A, differing=differing, sessions=sessions, broken=broken), end(B), signatures=found)


def test_what_is_written_is_what_is_read() -> None:
    """A file has the shape that its schema says, and means the same when it is read."""
    baseline = accept(accept(Baseline(), shop(broken=3), "r1"), shop(path='root["\u2028</script>"]'), "r2")
    data = json.loads(json.dumps(baseline.to_data()))
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(data)
    assert parse_baseline(json.dumps(data), "b") == baseline


def test_a_baseline_says_how_much_was_looked_at() -> None:
    """Sessions and pairs, of endpoints and of signatures; a signature it does not know was in none of them."""
    baseline = accept(Baseline(), shop(broken=4), "r1")
    assert baseline.share(A) == Share(12, 200)
    assert baseline.broken_share(A) == Share(4, 200)
    assert (baseline.is_broken(A), baseline.is_broken(B)) == (True, False)
    assert baseline.signature((A, PRICE, "value")) == Share(12, 200)
    assert baseline.signature((A, "root['new']", "value")) == Share(0, 200)
    assert baseline.signature(("GET /unknown", PRICE, "value")) is None
    assert baseline.signatures[A, PRICE, "value"].pairs == 200


def test_a_second_run_adds_to_what_is_known() -> None:
    """Sessions add up; one that did not show a signature was looked at too."""
    baseline = accept(accept(accept(Baseline(), shop(12), "r1"), shop(14), "r2"), shop(0), "r3")
    assert baseline.runs == ("r1", "r2", "r3")
    assert (baseline.share(A), baseline.signature((A, PRICE, "value"))) == (Share(26, 600), Share(26, 600))


def test_the_same_run_counts_once() -> None:
    """Accepted again, it changes nothing."""
    baseline = accept(Baseline(), shop(), "r1")
    assert accept(baseline, shop(), "r1") is baseline


def test_what_shows_much_more_often_replaces_what_was_known() -> None:
    """A change that was made on purpose is accepted at its new rate, not diluted by the time before it."""
    before = Baseline()
    for nth in range(5):
        before = accept(before, shop(2), f"r{nth}")
    after = accept(before, shop(200), "r9")
    assert after.signature((A, PRICE, "value")) == Share(200, 200)
    share = after.share(A)
    assert share is not None
    assert share.value == 1.0


def test_nothing_is_accepted_of_a_run_that_compared_nothing() -> None:
    """It would say that nothing differs."""
    empty = replace(run(end(A)), totals=replace(run(end(A)).totals, compared=0))
    with pytest.raises(UsageError, match="nothing of run r1 was compared"):
        accept(Baseline(), empty, "r1")


def test_runs_of_another_comparison_are_kept_apart() -> None:
    """What differs between two passes says nothing of the recording."""
    baseline = accept(Baseline(), shop(), "r1")
    with pytest.raises(UsageError, match="compared with the first pass, the baseline's with the recording: keep them"):
        accept(baseline, replace(shop(), compared_with="first_pass"), "r2")


def whole(**changes: Any) -> str:
    """A baseline.json with something changed."""
    return json.dumps(accept(Baseline(), shop(), "r1").to_data() | changes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "", "b.json is no baseline: make one with `replay-users baseline accept RUN --to b.json`", id="empty"
        ),
        pytest.param("[1]", "is no baseline", id="a-list"),
        pytest.param("{}", "is no baseline", id="no-version"),
        pytest.param("[" * 100_000, "is no baseline", id="nested"),
        pytest.param(whole(schema_version=2), "has schema version 2, this replay-users reads 1", id="a-later-version"),
        pytest.param(whole(runs=[1]), "b.json is damaged", id="runs-that-are-numbers"),
        pytest.param(whole(endpoints=[{}]), "is damaged ('endpoint' is missing)", id="an-endpoint-without-a-name"),
        pytest.param(whole(signatures=None), "is damaged", id="no-signatures"),
        pytest.param(whole().replace('"differing": 12', '"differing": 999'), "999 is more than the 200", id="too-many"),
        pytest.param(whole().replace('"pairs": 200', '"pairs": -1'), "is damaged (-1 is no count)", id="negative"),
        pytest.param(whole().replace('"pairs": 200', '"pairs": true'), "True is no count", id="a-flag"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(text: str, told: str) -> None:
    """What it is instead, and what to do."""
    with pytest.raises(UsageError) as caught:
        parse_baseline(text, "b.json")
    assert told in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 300), st.integers(0, 40)), min_size=1, max_size=4))
def test_a_run_that_was_accepted_passes_from_then_on(shown: list[tuple[int, int, int]]) -> None:
    """Whatever was accepted before it, and however much of it differs."""
    baseline = Baseline()
    for nth, (differing, sessions, broken) in enumerate(shown):
        evidence = shop(min(differing, sessions), sessions, broken=min(broken, sessions // 3))
        baseline = accept(baseline, evidence, f"r{nth}")
        checks = checks_of(evidence, GateSettings(), accepted=baseline)
        wrong = [each for each in checks if each.verdict is Decision.FAIL and not each.advisory]
        assert wrong == []


def test_rare_signatures_are_no_news() -> None:
    """200 of them, each in one of 10,000 sessions, were mostly not met in the 1,000 that the baseline has."""
    chance = random.Random(5)
    failed = 0
    for _ in range(20):
        learnt, seen = (
            {n: sum(chance.random() < 1e-4 for _ in range(size)) for n in range(200)} for size in (1_000, 9_000)
        )
        runs = []
        for size, counts in ((1_000, learnt), (9_000, seen)):
            found = [signature(f"root['{n}']", differing=count, sessions=size) for n, count in counts.items() if count]
            runs.append(run(end(A, sessions=size, differing=sum(counts.values())), signatures=found))
        baseline = accept(Baseline(), runs[0], "r1")
        checks = checks_of(runs[1], GateSettings(), accepted=baseline)
        failed += any(each.verdict is Decision.FAIL for each in checks if not each.advisory)
    assert failed == 0
