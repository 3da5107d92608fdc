"""What a result has to teach."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.compare.difference import Class, Kind
from replay_users.compare.learning import AA, BASELINE
from replay_users.compare.noise import Rate
from replay_users.errors import UsageError
from replay_users.results.learnable import RECORDING, evidence_of, source_of
from replay_users.results.result import conclude, result_json
from tests.compare.aa import counted, facts

PAIRS: list[tuple[str, object, object]] = [("GET /c", {"ms": 1}, {"ms": nth % 2}) for nth in range(10)]


def result(**changes: Any) -> dict[str, Any]:
    """Of a run in which half of the answers differ."""
    return result_json(conclude(facts(**changes), counted(PAIRS), 10))


def test_signatures_become_drifts() -> None:
    """With their counts, sessions and looks, and what was compared of each endpoint."""
    evidence = evidence_of(result(), "run")
    (drift,) = evidence.drifts
    assert (drift.endpoint, drift.path_text, drift.kind, drift.found) == (
        "GET /c",
        "root['ms']",
        Kind.VALUE,
        Class.REGRESSION,
    )
    assert drift.rate == Rate(seen=5, total=10, sessions=5)
    assert drift.looks == {"int"}
    assert evidence.measured["GET /c"] == Rate(seen=5, total=10, sessions=10)


def test_what_was_compared_with_what_is_known() -> None:
    """A run against its own first pass is an A/A run, any other a baseline."""
    assert source_of(result()) == AA
    assert source_of(result(compared_with=RECORDING)) == BASELINE
    assert source_of({"run": {}}) == BASELINE


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"signatures": [{}]}, id="signature-without-fields"),
        pytest.param({"endpoints": None}, id="no-endpoints"),
        pytest.param({"signatures": [{**result()["signatures"][0], "path": "root["}]}, id="bad-path"),
        pytest.param({"signatures": [{**result()["signatures"][0], "kind": "odd"}]}, id="unknown-kind"),
        pytest.param(
            {"signatures": [{**result()["signatures"][0], "endpoint": "GET /nowhere"}]}, id="unknown-endpoint"
        ),
    ],
)
def test_another_version_s_result_is_refused(broken: dict[str, Any]) -> None:
    """In one sentence."""
    with pytest.raises(UsageError, match="run it again"):
        evidence_of({**result(), **broken}, "run")
