"""result.json: its names, its schema, its exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.results.result
from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.path import Key
from replay_users.results.result import RunEvent, RunFacts, conclude, exit_code, result_json
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.results.conftest import Land

SCHEMA = json.loads(Path(replay_users.results.result.__file__).with_name("result.schema.json").read_text())

FACTS = RunFacts(
    id="r1",
    started="2026-03-01T12:00:00Z",
    recording="shop/demo",
    manifest=2,
    target="http://staging:8000",
    pace="1x",
    version="0.1.0",
    labels={"git": "abc123"},
    events=(RunEvent(at_s=0.0, event="start", text="run r1"),),
)


def busy(land: Land) -> Tally:
    """A tally with something of everything."""
    tally = Tally(["GET /items/{id}", "GET /slow", "POST /cart", "GET /never"])
    tally.settle([land(n, session=b"s%d" % (n % 5), lag=0.1) for n in range(60)])
    tally.settle([land(n, endpoint=1, duration=10, service=25) for n in range(40)])
    odd = [land(n, judged=Verdict.MISMATCHED) for n in range(60, 65)]
    tally.settle([*odd, land(70, fault=Fault.RESET_IN_BODY), land(71, judged=Verdict.UNCHECKED)])
    for flight in odd:
        tally.differences(flight, Differences([Difference("GET /items/{id}", (Key("price"),), Kind.VALUE, "1", "2")]))
    tally.unchecked(odd[0], "size")
    tally.drop(land(endpoint=1), Drop.LAG)
    tally.skip(2, SkipReason.METHOD, rows=30)
    tally.hub(2_000_000)
    return tally


def written(facts: RunFacts, tally: Tally, planned: int) -> dict[str, Any]:
    """result.json as a reader gets it."""
    read: dict[str, Any] = json.loads(json.dumps(result_json(conclude(facts, tally, planned))))
    return read


def test_the_schema_is_one() -> None:
    """The published schema is itself valid."""
    Draft202012Validator.check_schema(SCHEMA)


def test_a_busy_run_fits_the_schema(land: Land) -> None:
    """The result of a run with something of everything validates."""
    Draft202012Validator(SCHEMA).validate(written(FACTS, busy(land), 138))


def test_an_empty_run_fits_the_schema() -> None:
    """The result of a run in which nothing happened validates, with null for what was not measured."""
    result = written(FACTS, Tally([]), 0)
    Draft202012Validator(SCHEMA).validate(result)
    assert result["fidelity"]["stretch_percent"] is None
    assert set(result["fidelity"]["lag_ms"].values()) == {None}


@settings(max_examples=30)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "endpoint": st.integers(0, 1),
                "lag": st.integers(0, 20),
                "duration": st.none() | st.integers(0, 99),
                "answer": st.sampled_from([200, 500]),
                "fault": st.none() | st.sampled_from(Fault),
                "judged": st.sampled_from(Verdict) | st.none(),
            }
        ),
        max_size=40,
    ),
    planned=st.integers(0, 60),
    stopped_by=st.sampled_from([None, "time", "signal"]),
)
def test_any_result_fits_the_schema(
    land: Land, rows: list[dict[str, Any]], planned: int, stopped_by: str | None
) -> None:
    """Whatever happened, and even if the account is wrong, the result validates."""
    tally = Tally(["GET /a", 'GET /"b",\n</script>'])
    tally.settle([land(n, **row) for n, row in enumerate(rows)])
    Draft202012Validator(SCHEMA).validate(written(replace(FACTS, stopped_by=stopped_by), tally, planned))


def test_the_names_that_tools_rely_on() -> None:
    """The schema requires every field that the documentation promises."""
    required = {
        "schema_version run totals fidelity validity endpoints signatures gate events": SCHEMA,
        "id started recording manifest target pace labels version stopped_by": SCHEMA["properties"]["run"],
        "planned sent dropped skipped unread in_doubt failed resent compared unchecked matched mismatched "
        "dropped_by skipped_by failed_by unchecked_by": SCHEMA["properties"]["totals"],
        "lag_ms wait_ms stretch_percent hub_ms": SCHEMA["properties"]["fidelity"],
        "valid reasons void": SCHEMA["properties"]["validity"],
        "verdict checks": SCHEMA["properties"]["gate"],
        "p50 p90 p99 p999 max": SCHEMA["$defs"]["times"],
        "endpoint count sessions used excluded_by recorded_ms service_ms latency_ms ratio mismatched statuses "
        "verdict": SCHEMA["$defs"]["endpoint"],
        "endpoint path kind count share class exemplars": SCHEMA["$defs"]["signature"],
    }
    for names, part in required.items():
        assert set(names.split()) <= set(part["required"])


def test_the_figures_of_a_busy_run(land: Land) -> None:
    """Totals, endpoints, statuses and signatures carry what was counted."""
    result = written(FACTS, busy(land), 138)
    totals = result["totals"]
    assert (totals["planned"], totals["sent"], totals["compared"]) == (138, 107, 105)
    assert (totals["dropped_by"], totals["skipped_by"]) == ({"lag": 1}, {"method": 30})
    items, slow, cart = result["endpoints"]
    assert (items["endpoint"], items["count"], items["sessions"]) == ("GET /items/{id}", 67, 6)
    assert (items["used"], items["mismatched"], items["verdict"]) == (67, 5, "ok")
    assert items["statuses"] == {"200": {"200": 66, "reset_in_body": 1}}
    assert items["service_ms"]["max"] == "over"
    assert (slow["verdict"], slow["ratio"]["value"]) == ("slow", pytest.approx(2.5, rel=0.01))
    assert slow["latency_ms"]["p999"] == "over"
    assert (cart["count"], cart["verdict"], cart["skipped_by"]) == (0, None, {"method": 30})
    [signature] = result["signatures"]
    assert (signature["path"], signature["count"], signature["share"]) == (
        "root['price']",
        5,
        pytest.approx(5 / 65, abs=1e-6),
    )
    assert signature["exemplars"][0]["replayed"] == "2"


@pytest.mark.parametrize(
    ("planned", "judged", "stopped_by", "code"),
    [
        pytest.param(40, Verdict.MATCHED, None, 0, id="pass"),
        pytest.param(40, Verdict.MISMATCHED, None, 3, id="mismatches"),
        pytest.param(40, Verdict.MATCHED, "signal", 4, id="stopped-by-a-signal"),
        pytest.param(40, Verdict.MATCHED, "time", 0, id="time-is-up"),
        pytest.param(41, Verdict.MATCHED, None, 1, id="a-row-vanished"),
        pytest.param(41, Verdict.MISMATCHED, None, 1, id="a-broken-account-outweighs-mismatches"),
    ],
)
def test_the_exit_code(land: Land, planned: int, judged: Verdict, stopped_by: str | None, code: int) -> None:
    """0 pass, 3 failed, 4 inconclusive; a broken account is our own bug and a tool error."""
    tally = Tally(["GET /"])
    tally.settle([land(n, judged=judged) for n in range(40)])
    result = conclude(replace(FACTS, stopped_by=stopped_by), tally, planned)
    assert exit_code(result) == code
    assert result_json(result)["exit_code"] == code
