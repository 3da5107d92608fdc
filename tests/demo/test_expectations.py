from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from replay_users.demo.expectations import PLANTED, findings_of, is_as_planted


def _endpoint(name: str, verdict: str = "ok", pairs: int = 300) -> dict[str, Any]:
    times = {"recorded_ms": {"p50": 3.1}, "service_ms": {"p50": 26.4}}
    return {"endpoint": name, "verdict": verdict, "matched": pairs, "mismatched": 0, "used": pairs, **times}


def _signature(endpoint: str, path: str, kind: str) -> dict[str, Any]:
    return {"endpoint": endpoint, "path": path, "kind": kind, "count": 120}


def as_planted() -> dict[str, Any]:
    """A result as the demo's replay should write it, as far as it is looked at."""
    return {
        "endpoints": [
            _endpoint("GET /products/{id}"),
            _endpoint("GET /search"),
            _endpoint("GET /products/{id}/recommendations", "slow"),
            _endpoint("GET /health", "few", 12),
        ],
        "signatures": [
            _signature("GET /products/{id}", "root['price']", "value"),
            _signature("GET /search", "root", "status"),
        ],
        "totals": {
            "failed": 0,
            "failed_by": {},
            "unchecked": 0,
            "unchecked_by": {},
            "ignored_by": {"root['generated_at'] value": 300},
        },
        "gate": {
            "checks": [
                {"name": "mismatches", "verdict": "fail", "advisory": False, "sentence": "240 of 1,800 differ"},
                {"name": "coverage", "verdict": "pass", "advisory": False, "sentence": "all were compared"},
                {"name": "server errors", "verdict": "fail", "advisory": False, "sentence": "187 are 5xx"},
                {"name": "slow endpoints", "verdict": "fail", "advisory": True, "sentence": "1 endpoint is slow"},
            ]
        },
    }


def _faults(result: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    return [(f.what.partition(":")[0], f.planted, f.found) for f in findings_of(result) if not f.is_right]


def test_the_planted_set_and_nothing_else_is_right() -> None:
    """A result with all that was planted, and nothing beside it, is as planted, with a line for each change and the noise."""
    findings = findings_of(as_planted())
    assert is_as_planted(findings)
    assert len(findings) == len(PLANTED) + 1


@pytest.mark.parametrize("nth", [0, 1], ids=["price", "error"])
def test_a_missing_difference_is_missed(nth: int) -> None:
    """Each planted difference that was not found makes the result wrong, and is named."""
    result = as_planted()
    gone = result["signatures"].pop(nth)
    ((what, planted, found),) = _faults(result)
    assert what.startswith(gone["endpoint"])
    assert (planted, found) == (True, False)
    assert not is_as_planted(findings_of(result))


def test_a_missing_slow_endpoint_is_missed() -> None:
    """A planted slow endpoint that was not found slow makes the result wrong."""
    result = as_planted()
    result["endpoints"][2]["verdict"] = "ok"
    assert _faults(result) == [("GET /products/{id}/recommendations slow", True, False)]


@pytest.mark.parametrize(
    ("signature", "what"),
    [
        (("GET /users/{id}", "root['newsletter']", "removed"), "GET /users/{id} root['newsletter'] removed"),
        (("GET /products/{id}", "root['price']", "type"), "GET /products/{id} root['price'] type"),
        (("GET /products/{id}", "root['generated_at']", "value"), "GET /products/{id} root['generated_at'] value"),
        (("GET /users/{id}", "root", "status"), "GET /users/{id} status"),
    ],
    ids=["another field", "another kind", "noise without its rule", "another status"],
)
def test_another_difference_is_unexpected(signature: tuple[str, str, str], what: str) -> None:
    """A difference that nobody planted makes the result wrong, at whichever endpoint, path or kind."""
    result = as_planted()
    result["signatures"].append(_signature(*signature))
    assert _faults(result) == [(what, False, True)]


@pytest.mark.parametrize("verdict", ["slow", "failing"])
def test_another_slow_endpoint_is_unexpected(verdict: str) -> None:
    """An endpoint that got slow, or answers no more, without anybody having planted that, makes the result wrong."""
    result = as_planted()
    result["endpoints"].append(_endpoint("GET /carts/{id}", verdict))
    assert _faults(result) == [(f"GET /carts/{{id}} {verdict}", False, True)]


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_too_few_pairs_are_no_proof(nth: int) -> None:
    """A change seen at an endpoint with fewer than 100 pairs does not count as found."""
    result = as_planted()
    result["endpoints"][nth] |= {"matched": 60, "mismatched": 39, "used": 99}
    assert [(planted, found) for _, planted, found in _faults(result)] == [(True, False)]


def test_noise_that_was_never_there_is_missed() -> None:
    """A result in which no rule ignored anything proves nothing about noise."""
    result = as_planted()
    result["totals"]["ignored_by"] = {}
    assert [(planted, found) for _, planted, found in _faults(result)] == [(True, False)]


@pytest.mark.parametrize("fate", ["failed", "unchecked"])
def test_answers_that_were_not_compared_are_unexpected(fate: str) -> None:
    """Answers that failed or could not be compared are named with their reason."""
    result = as_planted()
    result["totals"] |= {fate: 3, f"{fate}_by": {"timeout": 3}}
    assert _faults(result) == [(f"{fate} answers", False, True)]
    assert "3 (timeout)" in findings_of(result)[-1].note


def test_an_incomplete_account_is_unexpected() -> None:
    """A check other than of mismatches that did not pass makes the result wrong; an advisory one does not."""
    result = deepcopy(as_planted())
    result["gate"]["checks"][1]["verdict"] = "fail"
    assert _faults(result) == [("check coverage", False, True)]
