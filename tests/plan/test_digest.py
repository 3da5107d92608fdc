"""The digest of a plan: the same wherever the same is sent, another where anything of it differs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.plan import (
    Plan,
    PlanSettings,
    Safety,
    make_plan,
    parse_endpoints,
    parse_host,
    parse_pace,
    parse_rate,
)
from replay_users.plan.digest import plan_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.plan import CountIndex
    from replay_users.recording.manifest import Manifest
    from tests.plan.conftest import MakeRecording

SECOND = 1_000_000_000

Shop = tuple["Manifest", "CountIndex"]


@pytest.fixture
def shop(make_recording: MakeRecording, row: Any) -> Shop:
    """Twenty seconds of a shop with a writing endpoint, whose sample buckets differ."""
    rows = [row(n * SECOND, "GET /items/{id}", sample=n * 20, rows=5) for n in range(20)]
    return make_recording([*rows, row(3 * SECOND, "POST /orders", rows=2), row(4 * SECOND, "GET /", rows=1)])


def digest(shop: Shop, **chosen: Any) -> str:
    """Of a plan with these settings."""
    return plan_digest(make_plan(*shop, PlanSettings(**chosen)), shop[0])


def test_what_answers_are_judged_by_counts(shop: Shop) -> None:
    """The same plan is another one where answers are judged by something else, in whatever order that is given."""
    plan = make_plan(*shop, PlanSettings())
    one, other = frozenset({("*", ("a",)), ("GET /", ("b",))}), frozenset({("*", ("a",))})
    assert plan_digest(plan, shop[0], one) == plan_digest(plan, shop[0], frozenset(sorted(one)))
    assert len({plan_digest(plan, shop[0], judged_by) for judged_by in (one, other, frozenset())}) == 3


CHOICES: list[dict[str, Any]] = [
    {},
    {"pace": parse_pace("2x")},
    {"pace": parse_pace("50/s")},
    {"pace": parse_pace("50/s->60/s:1m")},
    {"window": "+1s..+20s"},
    {"window": "+0s..+19s"},
    {"buckets": 100},
    {"buckets": 999},
    {"methods": frozenset({"GET"})},
    {"endpoints": parse_endpoints("GET /")},
    {"safety": Safety(allow_writes=True)},
    {"max_rate": parse_rate("3/s"), "clip": True},
    {"host": parse_host("http://staging:8080")},
    {"host": parse_host("http://staging:8081")},
    {"host": parse_host("http://staging:8080"), "preserve_host": True},
]


def test_whatever_changes_what_is_sent_changes_it(shop: Shop) -> None:
    """No two of these runs have one digest."""
    assert len({digest(shop, **chosen) for chosen in CHOICES}) == len(CHOICES)


def test_a_digest_is_sixteen_hex_digits(shop: Shop) -> None:
    """Short enough for a message and a log line."""
    found = digest(shop)
    assert len(found) == 16
    assert int(found, 16) >= 0


MANIFESTS: list[Any] = [
    pytest.param(lambda m: {"generation": m.generation + 1}, id="generation"),
    pytest.param(lambda m: {"partitions": m.partitions * 2}, id="partitions"),
    pytest.param(lambda m: {"slices": (replace(m.slices[0], content_hash="b"),)}, id="a slice's content"),
    pytest.param(lambda m: {"slices": (*m.slices, replace(m.slices[0], content_hash="b"))}, id="another slice"),
    pytest.param(lambda m: {"endpoints": m.endpoints[::-1]}, id="order of endpoints"),
]


@pytest.mark.parametrize("change", MANIFESTS)
def test_another_manifest_is_another_run(shop: Shop, change: Callable[[Manifest], dict[str, Any]]) -> None:
    """The same settings over other slices, partitions or endpoints are not the same run."""
    manifest = shop[0]
    plan = make_plan(*shop, PlanSettings())
    assert plan_digest(plan, replace(manifest, **change(manifest))) != plan_digest(plan, manifest)


def test_where_the_recording_lies_does_not_count(shop: Shop) -> None:
    """A worker may know the recording by another name, and its slices by other paths."""
    manifest, index = shop
    moved = replace(manifest, slices=tuple(replace(s, file=f"date=x/{s.file}") for s in manifest.slices))
    assert digest((moved, index), recording="s3://bucket/shop") == digest(shop, recording="/data/shop")


def test_the_order_of_counts_does_not_count(shop: Shop) -> None:
    """Arrow may count rows of a window in any order."""
    plan = make_plan(*shop, PlanSettings())
    counts = replace(
        plan.counts,
        skipped_by=dict(reversed(list(plan.counts.skipped_by.items()))),
        methods=dict(reversed(list(plan.counts.methods.items()))),
    )
    assert plan_digest(replace(plan, counts=counts), shop[0]) == plan_digest(plan, shop[0])


@dataclass(frozen=True)
class _Wider(Plan):
    """A plan with a field that nobody has heard of."""

    colour: object = ()


def wider(plan: Plan, colour: object) -> Plan:
    """The plan, with the new field."""
    return _Wider(**{field.name: getattr(plan, field.name) for field in fields(plan)}, colour=colour)


def test_a_new_field_of_a_plan_counts_by_itself(shop: Shop) -> None:
    """Who adds a field need not think of the digest."""
    plan = make_plan(*shop, PlanSettings())
    assert plan_digest(wider(plan, "red"), shop[0]) != plan_digest(wider(plan, "blue"), shop[0])


@given(st.lists(st.tuples(st.text(), st.text()) | st.text() | st.none() | st.integers() | st.booleans()), st.data())
@settings(max_examples=60)
def test_values_are_not_run_together(values: list[Any], data: st.DataObject) -> None:
    """However values are nested, others spell otherwise."""
    from replay_users.plan.digest import _spelled  # noqa: PLC0415 - its one inner part with a law of its own

    other = data.draw(st.just([*values, 1]) | st.just([values]) | st.just([*values[:-1], str(values[-1:])]))
    assert "".join(_spelled(values)) != "".join(_spelled(other))


def test_a_value_without_one_spelling_is_refused(shop: Shop) -> None:
    """An object whose text holds its address would differ in every process."""
    plan = wider(make_plan(*shop, PlanSettings()), object())
    with pytest.raises(TypeError, match="no spelling that is the same everywhere"):
        plan_digest(plan, shop[0])


_ELSEWHERE = """
from tests.plan.conftest import START, FakeIndex, Row, _manifest
from replay_users.plan import PlanSettings, Safety, make_plan, parse_pace
from replay_users.plan.digest import plan_digest
rows = [Row(n * 10**9, f"{m} /{n}") for n in range(9) for m in ("GET", "POST", "PUT", "DELETE")]
names = tuple(sorted({row.endpoint for row in rows}))
manifest = _manifest(rows, names, {})
settings = PlanSettings(pace=parse_pace("30/s"), methods=frozenset({"GET", "PUT", "POST"}), safety=Safety(allow_writes=True))
print(plan_digest(make_plan(manifest, FakeIndex(names, tuple(rows)), settings), manifest))
"""


def test_every_process_has_the_same() -> None:
    """However a process hashes its strings, the digest is the same."""
    root = Path(__file__).parent.parent.parent
    found = {
        subprocess.run(
            [sys.executable, "-c", _ELSEWHERE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(found) == 1
