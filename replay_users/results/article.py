"""A result as the report of the article on traffic replay pipelines, whose line of `jq` works on it.

Law: pure; the content of result.json to the article's five keys, which keep their meaning, with true totals: of all requests, not
only of those that an example was kept of. Beside them stand what is not listed, and every count by endpoint, so that nothing is
missing. The article compares statuses and durations, so a request counts here once its status is known on both sides.
The subtle thing: a request that got no answer has another status than the recorded one. Its `staging_status` is null and its
`fault` says why; without these a staging that is down would have no issues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Kind
from replay_users.errors import UsageError
from replay_users.model import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

__all__ = ["article_report"]

Result: TypeAlias = "Mapping[str, Any]"

_NOT_THEIRS: Final = frozenset({str(Fault.STOPPED)})
"""Ends that say nothing about the target: we did not wait for the answer."""


def article_report(result: Result) -> dict[str, Any]:
    """The report, durations in ms.

    Raises:
        UsageError: the result is of a version that did not count pairs by their ratio.
    """
    statuses, slow = list(_statuses(result)), list(_slow(result))
    mismatches, degradations = list(_mismatches(result)), list(_degradations(result))
    differing = [each for each in statuses if each["staging_status"] != each["production_status"]]
    differing.sort(key=lambda each: -each["count"])
    mismatched, issues = _sum(differing), _sum(slow)
    stop = result["run"].get("autostop")
    return {
        "total_requests": _sum(statuses),
        "status_mismatches": mismatched,
        "performance_issues": issues,
        "mismatches": mismatches,
        "performance_degradations": degradations,
        "not_listed": {
            "mismatches": max(0, mismatched - len(mismatches)),
            "performance_degradations": max(0, issues - len(degradations)),
        },
        "mismatches_by_endpoint": differing,
        "performance_issues_by_endpoint": slow,
        "run": result["run"]["id"],
        "verdict": result["gate"]["verdict"],
        "exit_code": result["exit_code"],
        **({"autostop": stop} if stop else {}),
    }


def _sum(rows: Sequence[Result]) -> int:
    return sum(row["count"] for row in rows)


def _statuses(result: Result) -> Iterator[dict[str, Any]]:
    """How often which recorded status was answered with which, by endpoint."""
    for endpoint in result["endpoints"]:
        for recorded, row in endpoint["statuses"].items():
            for replayed, count in row.items():
                if replayed not in _NOT_THEIRS:
                    fault = {} if replayed.isdecimal() else {"fault": replayed}
                    yield {
                        "endpoint": endpoint["endpoint"],
                        "production_status": _status(recorded),
                        "staging_status": _status(replayed),
                        **fault,
                        "count": count,
                    }


def _status(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _mismatches(result: Result) -> Iterator[dict[str, Any]]:
    """Examples, as many as were kept."""
    for signature in result["signatures"]:
        if signature["kind"] == Kind.STATUS:
            for example in signature["exemplars"]:
                yield {
                    "path": example["target"],
                    "production_status": _status(example["recorded"]),
                    "staging_status": _status(example["replayed"]),
                    "method": example["method"],
                    "endpoint": signature["endpoint"],
                    "id": example["id"],
                }


def _slow(result: Result) -> Iterator[dict[str, Any]]:
    """How many took more than half longer than recorded, by endpoint."""
    for endpoint in result["endpoints"]:
        count = _slow_pairs(endpoint)["count"]
        if count:
            yield {"endpoint": endpoint["endpoint"], "count": count}


def _slow_pairs(endpoint: Result) -> Result:
    if "slow_pairs" not in endpoint:
        raise UsageError(
            "this result is of an earlier version, which did not count the answers that took half longer: replay again"
        )
    return endpoint["slow_pairs"]  # type: ignore[no-any-return]


def _degradations(result: Result) -> Iterator[dict[str, Any]]:
    """Examples, as many as were kept."""
    for endpoint in result["endpoints"]:
        for example in _slow_pairs(endpoint)["exemplars"]:
            recorded, replayed = example["recorded_ms"], example["service_ms"]
            yield {
                "path": example["target"],
                "production_duration": recorded,
                "staging_duration": replayed,
                "degradation_percent": round(100 * (replayed - recorded) / recorded, 1) if recorded else None,
                "method": example["method"],
                "endpoint": endpoint["endpoint"],
                "id": example["id"],
            }
