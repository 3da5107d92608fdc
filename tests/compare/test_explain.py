"""DeepDiff's word on a pair, within its time."""

from __future__ import annotations

import json
import random
import time
from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare import explain as module
from replay_users.compare.case import Case
from replay_users.compare.explain import PAIR_S, explain, explained, is_there

pytest.importorskip("deepdiff")

HEAD = b"content-type: application/json\r\n"
DICE = random.Random(1)
TEXTS = [f"item {n}" for n in range(2_000)]
RECORDS = [{"id": n, "tags": [DICE.randint(0, 3) for _ in range(6)]} for n in range(400)]


def case(one: object, other: object) -> Case:
    """A pair of bodies of JSON."""
    a, b = json.dumps(one).encode(), json.dumps(other).encode()
    return Case(0, 200, HEAD, a, 200, HEAD, b, len(b))


def test_what_differs_is_told_by_path() -> None:
    """A line for each, those included that DeepDiff hides by default."""
    one = {"a": 1, "__typename": "A", "l": [1, 1, 2], "t": 1, "gone": {"x": 1}}
    other = {"a": 2, "__typename": "B", "l": [1, 2], "t": True, "new": 1}
    told = "\n".join(explain(case(one, other)))
    for path in ("root['a']", "root['__typename']", "root['l']", "root['t']", "root['gone']", "root['new']"):
        assert path in told


def test_equal_pairs_and_what_is_no_tree_have_nothing_to_tell() -> None:
    """Nor has a pair of which a body was not kept."""
    assert explain(case({"a": 1}, {"a": 1})) == []
    assert explain(case({"a": 1}, {"a": 2})._replace(body=None)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(TEXTS, DICE.sample(TEXTS, 2_000), id="2000-texts-reordered"),
        pytest.param(
            "\n".join(TEXTS * 2)[:60_000], "\n".join(DICE.sample(TEXTS * 2, 4_000))[:60_000], id="a-text-of-4000-lines"
        ),
        pytest.param(
            [DICE.randint(0, 3) for _ in range(5_000)], [DICE.randint(0, 3) for _ in range(5_000)], id="5000-small-ints"
        ),
        pytest.param(RECORDS, DICE.sample(RECORDS, 400), id="400-records-reordered"),
        pytest.param([[t] for t in TEXTS[:900]], [[t + "x"] for t in TEXTS[:900]], id="900-lists"),
    ],
)
def test_the_deadline_holds(one: object, other: object) -> None:
    """On what takes DeepDiff seconds or minutes, there is an answer by then."""
    pair = case(one, other)
    began = time.process_time()
    told = explain(pair, PAIR_S)
    assert time.process_time() - began < PAIR_S + 0.25
    assert told
    assert len(told) <= 21
    assert max(map(len, told)) <= 240


def test_time_that_is_up_is_told() -> None:
    """A pair that took too long says so instead of nothing."""
    assert explain(case(RECORDS, DICE.sample(RECORDS, 400)), 0.0) == ["stopped: it took too long to explain"]


def test_all_pairs_have_one_deadline() -> None:
    """Those that time does not reach are counted."""
    pairs = list(repeat(("id", case([1], [2])), 3))
    assert explained(pairs, 0.0).left_out == 3
    assert explained(pairs[:1]).by_id.keys() == {"id"}


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["\ud800", "a\nb"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(_TREES, _TREES)
def test_whatever_differs_is_explained_or_not_but_never_breaks(one: object, other: object) -> None:
    """Odd numbers, lone surrogates, empty keys: some lines, short and printable."""
    for line in explain(case(one, other), 2.0):
        assert len(line) <= 240
        assert line.isprintable()


def test_a_failure_of_deepdiff_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs an explanation, not the result."""

    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_deepdiff", lambda: broken)
    assert explain(case([1], [2])) == ["not explained: DeepDiff failed (ZeroDivisionError)"]


def test_without_deepdiff_there_is_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    assert is_there()
    monkeypatch.setattr(module, "_deepdiff", lambda: None)
    assert not is_there()
    assert explained([("id", case([1], [2]))]).by_id == {}
