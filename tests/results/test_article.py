"""The article's report: its five keys, its line of jq, and totals of all requests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import UsageError
from replay_users.results.article import article_report
from replay_users.results.reports import report_text
from tests.results.reported import HOSTILE, crowded, failed, hostile, nothing, passed

if TYPE_CHECKING:
    from tests.conftest import Golden

FIVE = ["total_requests", "status_mismatches", "performance_issues", "mismatches", "performance_degradations"]
JQ = ".status_mismatches + .performance_issues"
"""As the article's workflow has it."""


def written(result: dict[str, Any]) -> str:
    """The report as a file."""
    return report_text("article", result)


def test_a_failed_run(golden: Golden) -> None:
    """Statuses that differ, requests without an answer and slow ones, with what is not listed beside them."""
    golden("article-fail.json", written(failed()))


def test_its_five_keys_come_first() -> None:
    """With the fields that the article gives their entries."""
    report = article_report(failed())
    assert list(report)[:5] == FIVE
    assert list(report["mismatches"][0])[:3] == ["path", "production_status", "staging_status"]
    slow = ["path", "production_duration", "staging_duration", "degradation_percent"]
    assert list(report["performance_degradations"][0])[:4] == slow


def test_a_run_that_autostop_stopped_says_so() -> None:
    """Its numbers are of what was sent until then, and the reason stands beside them."""
    result = failed()
    assert "autostop" not in article_report(result)
    result["run"]["autostop"] = "http(5xx,10%,5s): within 5 s, 12 % were 5xx"
    assert article_report(result)["autostop"] == "http(5xx,10%,5s): within 5 s, 12 % were 5xx"


def test_totals_are_of_all_requests() -> None:
    """Five examples are kept of nine answers that fail; three that never came are mismatches too."""
    report = article_report(failed())
    assert (report["total_requests"], report["status_mismatches"], report["performance_issues"]) == (552, 12, 80)
    assert (len(report["mismatches"]), report["not_listed"]["mismatches"]) == (5, 7)
    assert (len(report["performance_degradations"]), report["not_listed"]["performance_degradations"]) == (5, 75)
    assert report["mismatches_by_endpoint"] == [
        {"endpoint": "GET /search", "production_status": 200, "staging_status": 500, "count": 9},
        {"endpoint": "GET /search", "production_status": 200, "staging_status": None, "fault": "timeout", "count": 3},
    ]
    assert report["performance_issues_by_endpoint"] == [{"endpoint": "GET /search", "count": 80}]


def test_an_example_says_by_how_much_it_was_slower() -> None:
    """In percent of the recorded duration, both in ms."""
    [example, *_] = article_report(failed())["performance_degradations"]
    assert (example["production_duration"], example["staging_duration"]) == (12.0, 60.0)
    assert example["degradation_percent"] == 400.0


def test_what_we_did_not_wait_for_says_nothing_of_staging() -> None:
    """A request that was under way when the run was stopped is not counted."""
    result = passed()
    result["endpoints"][0]["statuses"] = {"200": {"200": 3, "stopped": 2}}
    report = article_report(result)
    assert (report["total_requests"], report["status_mismatches"]) == (3, 0)


@pytest.mark.parametrize("result", [nothing(), crowded(20, 40)], ids=["nothing", "crowded"])
def test_what_is_listed_and_what_is_not_are_all(result: dict[str, Any]) -> None:
    """Nothing is cut silently."""
    report = article_report(result)
    for total, listed in (("status_mismatches", "mismatches"), ("performance_issues", "performance_degradations")):
        assert report[total] == len(report[listed]) + report["not_listed"][listed]
    assert report["status_mismatches"] == sum(row["count"] for row in report["mismatches_by_endpoint"])
    assert report["performance_issues"] == sum(row["count"] for row in report["performance_issues_by_endpoint"])


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_the_articles_line_of_jq_works_on_it(name: str, tmp_path: Path) -> None:
    """Whatever endpoints are called."""
    path = tmp_path / "replay-report.json"
    path.write_text(written(hostile(name)), encoding="utf-8")
    done = subprocess.run(["jq", JQ, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "92"


def test_a_result_that_did_not_count_slow_pairs_is_refused() -> None:
    """Rather than to say that there were none."""
    first = json.loads((Path(__file__).parents[1] / "data" / "result-first.json").read_text())
    with pytest.raises(UsageError, match="of an earlier version, which did not count"):
        article_report(first)
