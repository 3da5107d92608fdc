"""Gate files: what each key asks, and where a file goes wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import replay_users.results.gate
from replay_users.errors import UsageError
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.read import parse_gate
from replay_users.results.gate.settings import GateSettings, Limits, Mismatches

SCHEMA = json.loads(Path(replay_users.results.gate.__file__).with_name("gate.schema.json").read_text())

WHOLE = """\
alpha: 0.02
coverage: 90%
upstream: 0.02
apart: 40 %
noise: decides
mismatches:
  max_rate: 1%
  min_sessions: 4
  verdict: decides
  endpoints: {"GET /search*": 0.05, "POST *": 0}
server_errors: {min_sessions: 2}
latency: {shift: 2, shift_bound: 1.4, floor_ms: 10, min_pairs: 30, against_recording: decides}
limits:
  max_issues: 10
  max_failed_percent: 2
  max_mismatch_percent: 1.5
  p95_ms: {"GET /users/{id}": 200}
"""


def test_an_empty_file_has_the_defaults() -> None:
    """As a run without a gate file."""
    assert parse_gate("", "g") == parse_gate("# nothing\n", "g") == GateSettings()


def test_every_key_is_read() -> None:
    """Shares in percent or parts, numbers, words, globs."""
    assert parse_gate(WHOLE, "g") == GateSettings(
        alpha=0.02,
        coverage=0.9,
        upstream=0.02,
        apart=0.4,
        noise_decides=True,
        mismatches=Mismatches(max_rate=0.01, min_sessions=4, endpoints=(("GET /search*", 0.05), ("POST *", 0.0))),
        min_error_sessions=2,
        latency=LatencySettings(shift=2, shift_bound=1.4, floor_ms=10, min_pairs=30, against_recording=True),
        limits=Limits(
            max_issues=10, max_failed_percent=2, max_mismatch_percent=1.5, p95_ms=(("GET /users/{id}", 200),)
        ),
    )


@pytest.mark.parametrize("text", [WHOLE, "coverage: 1", "limits: {max_issues: 0}", "latency: {warm_up_s: 0}"])
def test_what_can_be_read_fits_the_schema(text: str) -> None:
    """The published schema lets through what the reader does."""
    parse_gate(text, "g")
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(text))


def test_settings_as_results_keep_them_fit_the_schema() -> None:
    """Every key written out."""
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(GateSettings().to_data())
    assert set(SCHEMA["properties"]) == set(GateSettings().to_data())


@pytest.mark.parametrize("limit", ["max_issues: 10", "max_mismatch_percent: 2"])
def test_a_limit_on_what_differs_takes_the_place_of_none_may(limit: str) -> None:
    """Whoever allows ten issues does not mean that three sessions with one fail the run; who says both means both."""
    assert not parse_gate(f"limits: {{{limit}}}", "g").mismatches.decides
    assert parse_gate(f"limits: {{{limit}}}\nmismatches: {{max_rate: 1%}}", "g").mismatches.decides
    assert parse_gate("limits: {p95_ms: {'*': 200}}", "g").mismatches.decides


@pytest.mark.parametrize(
    ("text", "line", "column", "told"),
    [
        pytest.param("covrage: 95%", 1, 1, "did you mean 'coverage'?", id="misspelt"),
        pytest.param("mismatches:\n  max_rat: 1%", 2, 3, "did you mean 'max_rate'?", id="misspelt-below"),
        pytest.param("latency: {shfit: 2}", 1, 11, "did you mean 'shift'?", id="misspelt-latency"),
        pytest.param("limits: {zzz: 1}", 1, 10, "'limits' has max_issues", id="unknown"),
        pytest.param("- coverage: 1", 1, 1, "a gate has the keys alpha", id="a-list"),
        pytest.param("coverage: 95", 1, 11, "did you mean 95%?", id="percent-forgotten"),
        pytest.param("coverage: lots", 1, 11, "a number such as 0.01 or 1%", id="no-number"),
        pytest.param("coverage: [1]", 1, 11, "a number such as 0.01 or 1%", id="a-list-for-a-number"),
        pytest.param("alpha: 0", 1, 8, "above 0 and at most 0.1", id="never-by-chance"),
        pytest.param("alpha: 0.5", 1, 8, "above 0 and at most 0.1", id="a-coin"),
        pytest.param("noise: maybe", 1, 8, "one of decides or advisory", id="another-word"),
        pytest.param("coverage: 1\ncoverage: 1", 2, 1, "'coverage' twice; write it once", id="twice"),
        pytest.param("mismatches: {min_sessions: 0}", 1, 28, "from 1 to", id="no-sessions"),
        pytest.param("limits: {max_issues: -1}", 1, 22, "whole number", id="negative"),
        pytest.param("coverage: 150%", 1, 11, "in percent up to 100%.", id="more-than-whole"),
        pytest.param("limits: {max_failed_percent: 101}", 1, 30, "from 0 to 100", id="more-than-all"),
        pytest.param(
            "limits: {p95_ms: 200}", 1, 18, 'names endpoints, as in  p95_ms: {"GET /users/*": 200}', id="p95-of-nothing"
        ),
        pytest.param('limits: {p95_ms: {"GET /a": 200ms}}', 1, 29, "milliseconds above 0, such as 200", id="p95-unit"),
        pytest.param('limits: {p95_ms: {"GET /a": 0}}', 1, 29, "above 0", id="p95-of-0"),
        pytest.param('limits: {p95_ms: {"a": 1, "a": 2}}', 1, 27, "'a' twice", id="glob-twice"),
        pytest.param("latency: {min_pairs: 2.5}", 1, 22, "whole number", id="half-a-pair"),
        pytest.param("latency: {floor_ms: 5%}", 1, 21, "not a share", id="ms-in-percent"),
        pytest.param("coverage: {", 1, 12, "not YAML", id="no-yaml"),
        pytest.param("mismatches:\n\tmax_rate: 0", 2, 1, "indent with spaces", id="tab"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, line: int, column: int, told: str) -> None:
    """File, line, column, and what would be right."""
    with pytest.raises(UsageError) as caught:
        parse_gate(text, "gate.yaml")
    assert str(caught.value).startswith(f"gate.yaml, line {line}, column {column}: ")
    assert told in str(caught.value)
    assert not str(caught.value).endswith("?.")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "coverage: 99%\nlimits: {max_failed_percent: 5}",
            "'max_failed_percent' lets 5 % fail, but 'coverage' wants 99 % compared, which leaves 1 %",
            id="failed-and-coverage",
        ),
        pytest.param(
            "limits: {max_failed_percent: 10}",
            "'max_failed_percent' lets 10 % fail, but 'coverage' wants 95 % compared, which leaves 5 %",
            id="failed-and-the-default-of-coverage",
        ),
        pytest.param(
            "mismatches: {min_sessions: 5}\nlimits: {max_mismatch_percent: 2}",
            "'max_mismatch_percent' lets 2 % differ, but 'mismatches' lets none",
            id="mismatches-and-their-limit",
        ),
        pytest.param("latency: {shift: 1.1}", "'shift' could never decide", id="shift-below-its-bound"),
        pytest.param("latency: {shift_bound: 3}", "'shift' could never decide", id="bound-above-its-shift"),
        pytest.param("latency: {tail_share: 0.1%}", "'tail_share' could never decide", id="tail-below-its-bound"),
        pytest.param("latency: {shift: 0.5}", "'shift' is how many times", id="faster-is-no-failure"),
        pytest.param("latency: {uniform: 0.9}", "'uniform' is how many times", id="uniformly-faster"),
    ],
)
def test_thresholds_that_contradict_each_other_are_refused(text: str, told: str) -> None:
    """One of the two could never decide, and the sentence says which and what to do."""
    with pytest.raises(UsageError) as caught:
        parse_gate(text, "gate.yaml")
    assert told in str(caught.value)
    assert not str(caught.value).endswith("?.")


@pytest.mark.parametrize("failed", [1, 5, 10, 20, 30, 70, 100])
def test_what_coverage_leaves_may_fail(failed: int) -> None:
    """Both thresholds may say the same, and what was read is read again from a result."""
    settings = parse_gate(f"coverage: {100 - failed}%\nlimits: {{max_failed_percent: {failed}}}", "gate.yaml")
    assert settings.limits.max_failed_percent == failed
    assert parse_gate(json.dumps(settings.to_data()), "result.json") == settings


@given(
    st.text(max_size=60) | st.sampled_from([WHOLE]).flatmap(lambda text: st.text(max_size=3).map(lambda t: t + text))
)
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    """Nothing else happens."""
    with suppress(UsageError):
        parse_gate(text, "g")


def test_each_setting_of_latency_is_in_the_schema() -> None:
    """With the default it has."""
    properties: dict[str, Any] = SCHEMA["properties"]["latency"]["properties"]
    data = GateSettings().to_data()["latency"]
    assert {name: each["default"] for name, each in properties.items()} == data
