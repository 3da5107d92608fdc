"""The counts of connections: they merge, travel, and stay bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from replay_users.engine.counters import MOST_ADDRESSES, OTHER, Counters
from replay_users.results import result

MS = 1_000_000
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(["a:1", "b:1", "[::1]:1"]), st.integers(0, 10**10), st.booleans()),
        st.tuples(st.just("fail"), st.sampled_from(["a:1", "c:1"])),
        st.tuples(st.sampled_from(["tls_errors", "proxy_refusals"]), st.sampled_from("xyz")),
        st.tuples(st.sampled_from(["reused", "retired", "extra", "forgotten", "closed_idle", "resent"])),
    ),
    max_size=30,
)


def counted(steps: list[tuple[Any, ...]]) -> Counters:
    """The counters after these steps."""
    counters = Counters()
    for name, *how in steps:
        if name == "open":
            counters.open(how[0], how[1], resumed=how[2])
        elif name == "fail":
            counters.fail(*how)
        elif how:
            getattr(counters, name).count(*how)
        else:
            setattr(counters, name, getattr(counters, name) + 1)
    return counters


@given(STEPS, STEPS)
@settings(max_examples=60)
def test_two_that_counted_add_up_to_one_that_counted_all(first: list[Any], second: list[Any]) -> None:
    """Merging what two workers counted is what one would have counted."""
    merged = counted(first)
    merged.merge(counted(second))
    assert merged == counted(first + second)


@given(STEPS)
@settings(max_examples=60)
def test_counters_travel_as_json(steps: list[Any]) -> None:
    """What was written as JSON is read as it was."""
    counters = counted(steps)
    assert Counters.from_dict(json.loads(json.dumps(counters.to_dict()))) == counters


def test_what_merges_is_a_copy() -> None:
    """Counting on after a merge or a reading changes nobody else's counts."""
    one = counted([("open", "a:1", MS, False)])
    other = Counters()
    other.merge(one)
    read = Counters.from_dict(one.to_dict())
    one.open("a:1", MS, resumed=False)
    assert [c.addresses["a:1"].opened for c in (one, other, read)] == [2, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"opened": -1}, id="less than nothing"),
        pytest.param({"reused": True}, id="not a number"),
        pytest.param({"addresses": {"a:1": {"opened": 1, "lost": 1}}}, id="an unknown count"),
        pytest.param({"addresses": []}, id="not a table"),
        pytest.param({"connect": {}}, id="not a histogram"),
        pytest.param({"tls_errors": None}, id="absent"),
    ],
)
def test_what_is_no_counters(change: dict[str, Any]) -> None:
    """Anything else than counters is refused as such."""
    with pytest.raises(ValueError, match="not counters of connections"):
        Counters.from_dict({**Counters().to_dict(), **change})


def test_every_number_is_merged_and_shown() -> None:
    """No count is forgotten on its way into a result."""
    counters = Counters()
    numbers = [name for name in Counters.__slots__ if isinstance(getattr(counters, name), int)]
    for nth, name in enumerate(numbers, 1):
        setattr(counters, name, nth)
    counters.merge(counters)
    shown = counters.summary()
    assert [shown[name] for name in numbers] == [2 * nth for nth in range(1, len(numbers) + 1)]


def test_the_summary() -> None:
    """The result shows counts by name, connect times in ms, and a percentile among connections that never opened as over."""
    counters = Counters(reused=7)
    for ms in (1, 2, 3):
        counters.open("127.0.0.1:80", ms * MS, resumed=ms == 3)
    counters.fail("127.0.0.2:80")
    counters.fail("127.0.0.2:80")
    counters.tls_errors.count("expired")
    counters.proxy_refusals.count("407")
    shown = counters.summary()
    assert (shown["opened"], shown["reused"], shown["resumed"]) == (3, 7, 1)
    assert shown["addresses"] == {
        "127.0.0.1:80": {"opened": 3, "failed": 0},
        "127.0.0.2:80": {"opened": 0, "failed": 2},
    }
    assert (shown["tls_errors"], shown["proxy_refusals"]) == ({"expired": 1}, {"407": 1})
    assert shown["connect_ms"]["p50"] == pytest.approx(3, rel=0.02)
    assert (shown["connect_ms"]["p90"], shown["connect_ms"]["max"]) == ("over", "over")


@given(STEPS)
@settings(max_examples=30)
def test_the_summary_fits_the_published_schema(steps: list[Any]) -> None:
    """Whatever happened, a result shows it as its schema says, with nothing left out."""
    schema = json.loads(Path(result.__file__).with_name("result.schema.json").read_text("utf-8"))
    shown = counted(steps).summary()
    Draft202012Validator({**schema["properties"]["connections"], "$defs": schema["$defs"]}).validate(shown)
    assert set(shown) == set(schema["properties"]["connections"]["required"])


def test_addresses_are_bounded() -> None:
    """However many addresses there are in the end, so many are named and the rest are counted together."""
    counters, more = Counters(), Counters()
    for nth in range(MOST_ADDRESSES + 10):
        counters.open(f"10.0.0.{nth}:80", MS, resumed=False)
        more.open(f"10.1.0.{nth}:80", MS, resumed=False)
    counters.merge(more)
    assert len(counters.addresses) == MOST_ADDRESSES + 1
    assert counters.addresses[OTHER].opened == 10 + MOST_ADDRESSES + 10
    assert sum(reached.opened for reached in counters.addresses.values()) == counters.opened


def test_reasons_are_bounded() -> None:
    """Merging keeps the number of reasons within its bound, and loses none of the counts."""
    counters, more = Counters(), Counters()
    for nth in range(30):
        counters.tls_errors.count(f"reason {nth}")
        more.tls_errors.count(f"other reason {nth}")
    counters.merge(more)
    assert len(counters.tls_errors) <= 21
    assert sum(counters.tls_errors.values()) == 60
