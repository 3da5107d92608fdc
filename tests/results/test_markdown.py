"""The Markdown report: verdict first, never too long, and harmless whatever the traffic was called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.results.markdown import LIMIT, markdown_report
from tests.results.reported import HOSTILE, crowded, failed, hostile, nothing, passed, settled, untimed

if TYPE_CHECKING:
    from tests.conftest import Golden


def test_a_failed_run(golden: Golden) -> None:
    """The verdict, what failed, which endpoints to look at, what changed, and where to read on."""
    golden("report-fail.md", markdown_report(settled(failed())))


def test_a_passed_run(golden: Golden) -> None:
    """What the verdict rests on, and no more."""
    result = passed()
    result["gate"]["checks"] = [check for check in result["gate"]["checks"] if check["name"] == "coverage"]
    golden("report-pass.md", markdown_report(result, place="https://ci.example/7"))


def test_a_run_that_sent_nothing(golden: Golden) -> None:
    """It fails, and nothing is divided by zero."""
    result = nothing()
    result["gate"]["checks"] = [check for check in result["gate"]["checks"] if check["name"] == "sent"]
    golden("report-nothing.md", markdown_report(result))


def test_a_recording_without_durations_has_no_ratios() -> None:
    """Speed is a dash where it was not recorded."""
    result = untimed()
    result["endpoints"][0]["verdict"] = "slow"
    assert "| - | 10.9 ms | 10.9 ms | - | slow |" in markdown_report(result)


def test_advice_is_told_where_it_says_something() -> None:
    """What failed, and what cannot be told of the whole run; not what cannot be told of each of two hundred endpoints."""
    result, shape = passed(), {"kind": "latency", "advisory": True}
    result["gate"]["checks"] += [
        {"name": "tail", "verdict": "inconclusive", "sentence": "of one", "endpoint": "GET /a", **shape},
        {"name": "shift", "verdict": "fail", "sentence": "slower", "endpoint": "GET /a", **shape},
        {"name": "evidence", "verdict": "inconclusive", "sentence": "too few", "endpoint": None, **shape},
        {"name": "stall", "verdict": "pass", "sentence": "none", "endpoint": None, **shape},
    ]
    told = markdown_report(result).partition("### For your information\n\n")[2].partition("\n\n")[0]
    assert [line for line in told.splitlines() if "latency" not in line and "slow endpoints" not in line] == [
        "- **shift**: slower",
        "- **evidence**: too few",
    ]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_only_shown(name: str) -> None:
    """Outside of code nothing of it is a tag, a mention, a reference or a link, and each row has its columns."""
    text = markdown_report(hostile(name))
    text.encode()
    assert text.startswith("## FAIL: replay of `")
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    ours = re.sub(
        r"\[(?:report\.html|junit\.xml|result\.json|mismatches\.jsonl)\]\(<[a-z.]+>\)|<span>\$</span>", "", outside
    )
    assert not re.search(r"<(?!!)[/a-zA-Z]|@\w|(?<!&)#\d|://|www\.|(?<!\\)\[|\ufffe|[\x00-\x09\x0b-\x1f]", ours)
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.fixture(scope="module")
def largest() -> dict[str, Any]:
    """The largest result there is."""
    return crowded()


@pytest.mark.parametrize("limit", [LIMIT, 20_000, 5_000])
def test_it_is_never_longer_than_asked(largest: dict[str, Any], limit: int) -> None:
    """Tables give way together, keep a row each, and say how many are missing."""
    text = markdown_report(largest, limit=limit)
    assert len(text.encode()) <= limit
    assert text.startswith("## FAIL: ")
    assert text.rstrip().endswith("[mismatches.jsonl](<mismatches.jsonl>)")
    shown = text.partition("### 200 endpoints to look at")[2].partition("###")[0].count("\n| ") - 2
    assert shown >= 1
    assert f"and {200 - shown} more endpoints in result.json" in text
    assert re.search(r"and [\d,]+ more causes in result\.json", text)


@pytest.mark.parametrize("limit", [300, 7, 0])
def test_the_verdict_comes_before_all_else(largest: dict[str, Any], limit: int) -> None:
    """Where there is room for nothing else."""
    assert markdown_report(largest, limit=limit) == "## FAIL\n"[:limit]


def test_dashboards_are_linked() -> None:
    """Where the run had some."""
    result = passed()
    result["run"]["dashboard"] = "http://grafana:3000/d/replay-overview?var-run=r1"
    assert "[dashboards](<http://grafana:3000/d/replay-overview?var-run=r1>)" in markdown_report(result)
