from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from replay_users.compare.rules.precedence import conflict
from replay_users.compare.rules.read import read_rules
from replay_users.compare.rules.shapes import parse_shape
from replay_users.compare.rules.write import write_rules
from replay_users.path import Any, Deep, Index, Key

EXAMPLES = sorted(Path(__file__).parent.glob("*.yaml"))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12).filter(str.strip)
NAMES = TEXTS | st.sampled_from(["*", "it's", 'say "hi"', "a.b", "\ud800", "null", "1", "yes", "a: b", "# c", "\n", ""])
STEPS = st.builds(Key, NAMES) | st.builds(Index, st.integers(0, 99)) | st.just(Any()) | st.just(Deep())
PATHS = st.lists(STEPS, max_size=4).map(tuple)
BODIES = st.lists(PATHS, min_size=1, max_size=3).map(tuple)
FIELDS = st.sampled_from([Header("x-a"), Header("x-*"), Trailer("sum")])
PLACES = st.lists(PATHS | FIELDS, min_size=1, max_size=3).map(tuple)
NUMBERS = st.decimals("0.000001", "1000000", places=6).map(Decimal.normalize)
PARTS = st.decimals("0.000001", 1, places=6).map(Decimal.normalize)
KINDS = st.none() | st.frozensets(st.sampled_from([Kind.VALUE, Kind.ADDED, Kind.ORDER]), min_size=1)
ABOUT = {
    "reason": TEXTS,
    "endpoint": st.sampled_from(["*", "GET /users/{id}", "* /x?"]),
    "expires": st.none() | st.dates(),
    "learnt": st.none()
    | st.builds(
        Learnt,
        source=st.sampled_from(["aa", "baseline"]),
        seen=st.integers(0, 10**6),
        total=st.integers(0, 10**6),
        confidence=st.sampled_from(["", "unseen at 1 % rate: 13 %"]),
        shapes=st.lists(st.sampled_from(["uuid", "int"]), max_size=2).map(tuple),
    ),
}
STATUSES = st.lists(st.integers(100, 599), min_size=1, max_size=3).map(tuple)
RULE: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Ignore, where=BODIES, kinds=KINDS, **ABOUT),
    st.builds(Ignore, where=PLACES, **ABOUT),
    st.builds(IgnoreStatus, recorded=STATUSES, replayed=STATUSES, **ABOUT),
    st.builds(Unordered, where=BODIES, **ABOUT),
    st.builds(ByKey, where=BODIES, by=st.lists(TEXTS, min_size=1, max_size=2).map(tuple), **ABOUT),
    st.builds(Within, where=BODIES, absolute=NUMBERS, relative=st.none() | PARTS, **ABOUT),
    st.builds(Matching, where=PLACES, shape=st.sampled_from(["uuid", "regex:[a-z]+|'"]).map(parse_shape), **ABOUT),
    st.builds(Normalise, where=PLACES, how=st.frozensets(st.sampled_from(How), min_size=1), **ABOUT),
    st.builds(Normalise, where=PLACES, hosts=st.just(HostMap.parse(["a=b:1", "c.d=e"])), **ABOUT),
    st.builds(TypeOnly, where=BODIES, kinds=KINDS, **ABOUT),
)


@given(st.lists(RULE, max_size=3).filter(lambda rules: conflict(rules) is None))
def test_rules_survive_a_round_trip(rules: list[Rule]) -> None:
    """What is written is read back to equal rules."""
    assert list(read_rules(write_rules(rules), "rules.yaml")) == rules


@pytest.mark.parametrize("example", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_files_are_read_and_written_without_loss(example: Path) -> None:
    """Written twice, they are the same to the letter."""
    rules = read_rules(example.read_text(encoding="utf-8"), example.name)
    text = write_rules(rules)
    assert read_rules(text, "again.yaml") == rules
    assert write_rules(read_rules(text, "again.yaml")) == text


def test_rules_are_written_as_people_read_them() -> None:
    """Where, what, why, and what is known of it; nothing that says nothing."""
    rule = Ignore(
        endpoint="GET /x",
        where=((Key("took_ms"),),),
        kinds=frozenset({Kind.VALUE}),
        reason="learnt",
        expires=date(2027, 1, 31),
        learnt=Learnt(source="aa", seen=212, total=400, shapes=("int",)),
    )
    assert write_rules([rule]) == (
        "- endpoint: GET /x\n  ignore: root['took_ms']\n  kinds: value\n  reason: learnt\n  expires: 2027-01-31\n"
        "  learnt:\n    source: aa\n    seen: 212\n    total: 400\n    shapes:\n    - int\n"
    )
    assert write_rules([]) == ""
