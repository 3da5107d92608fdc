"""Headless replays, whole: who was asked, what was counted, and where all of it agrees."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

import replay_users.results
from replay_users.testing import ScriptedTarget
from tests.integration.replays import Finished, locust_command, make_traffic, replay, run_command, same_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.testing.target import Received

pytestmark = pytest.mark.server

SECRET = "s3cret-of-staging"
SCHEMA = json.loads(Path(replay_users.results.__file__).with_name("result.schema.json").read_text())


class Seen:
    """A replay that has ended, and what its target saw of it."""

    def __init__(self, done: Finished, received: Sequence[Received], url: str) -> None:
        """All of it is read by now."""
        self.done = done
        self.received = received
        self.url = url

    @property
    def rows(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Requests and failures by type and name, as Locust's CSV has them; the total is of no type."""
        with (self.done.folder.parent / "locust_stats.csv").open() as file:
            read = list(csv.DictReader(file))
        return {(r["Type"], r["Name"]): (int(r["Request Count"]), int(r["Failure Count"])) for r in read}

    @property
    def page(self) -> dict[tuple[str, str], tuple[int, int]]:
        """The same of Locust's HTML report."""
        text = (self.done.folder.parent / "locust.html").read_text("utf-8")
        found = re.search(r"window\.templateArgs = (\{.*\})", text)
        assert found is not None
        read = json.loads(found[1])["requests_statistics"]
        return {(r["method"] or "", r["name"]): (r["num_requests"], r["num_failures"]) for r in read}

    @property
    def ours(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Sent and failed exchanges by method and template, as result.json has them, with their total."""
        result = self.done.result
        rows = {
            (each["endpoint"].partition(" ")[0], each["endpoint"].partition(" ")[2]): (
                each["count"],
                sum(each["failed_by"].values()),
            )
            for each in result["endpoints"]
            if each["count"]
        }
        return {**rows, ("", "Aggregated"): (result["totals"]["sent"], result["totals"]["failed"])}


def see(command: Sequence[str], folder: Path, target: ScriptedTarget, *arguments: str, **environment: str) -> Seen:
    """Replay to a target, with Locust's files beside the run's directory."""
    files = ("--csv", str(folder / "locust"), "--html", str(folder / "locust.html"))
    done = replay([*command, "--host", target.url, *files, *arguments], folder / "run", **environment)
    return Seen(done, target.received(), target.url)


@pytest.fixture(scope="module")
def passed(traffic: str, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A replay of everything, writes and all, by plain Locust, to a target that answers as it was recorded."""
    arguments = ("--allow-writes", "--label", "sha=1a2b", "--header", "Authorization: Bearer ${STAGING_TOKEN}")
    with ScriptedTarget(same_answers()) as target:
        command = locust_command("--recording", traffic)
        return see(command, tmp_path_factory.mktemp("passed"), target, *arguments, STAGING_TOKEN=SECRET)


@pytest.fixture(scope="module")
def differed(traffic: str, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A replay by `replay-users run` to a target that answers something else, mismatches being failures to Locust too."""
    with ScriptedTarget(same_answers(body=b'{"id":8}')) as target:
        return see(run_command(traffic), tmp_path_factory.mktemp("differed"), target, "--mismatch-is-failure")


def test_every_planned_exchange_is_accounted_for(passed: Seen) -> None:
    """What was planned was sent and compared, and the target counted as many requests."""
    totals = passed.done.totals
    assert totals["planned"] == totals["sent"] == totals["compared"] == totals["matched"] == 80
    assert len(passed.received) == 80
    assert all(received.whole for received in passed.received)


def test_the_target_gets_what_was_recorded(passed: Seen) -> None:
    """Each recorded method, target and body arrives once, with the recorded headers."""
    recorded = Counter((e.method.encode() + b" " + e.target, e.request_body) for e in make_traffic(80))
    heads = [received.data.partition(b"\r\n\r\n") for received in passed.received]
    assert Counter((head.partition(b" HTTP/1.1")[0], body) for head, _, body in heads) == recorded
    assert all(b"\r\nUser-Agent: test\r\nAccept: */*\r\n" in head for head, _, _ in heads)


def test_each_request_is_marked(passed: Seen) -> None:
    """Each request says that it is a test, and of which run."""
    marks = f"\r\nX-Replay-Test: true\r\nX-Replay-Run: {passed.done.result['run']['id']}\r\n".encode()
    assert all(marks in received.data for received in passed.received)


def test_a_pass_is_exit_code_0(passed: Seen) -> None:
    """The same answers are exit code 0, in the result as well, and nothing broke down on the way."""
    assert passed.done.code == passed.done.result["exit_code"] == 0
    assert passed.done.result["gate"]["verdict"] == "pass"
    assert "Traceback" not in passed.done.said


def test_the_result_says_what_was_run(passed: Seen) -> None:
    """The result names target, pace and labels."""
    run = passed.done.result["run"]
    assert (run["target"], run["pace"], run["labels"]) == (passed.url, "1x", {"sha": "1a2b"})
    assert run["stopped_by"] is None


def test_the_result_fits_its_schema(passed: Seen, differed: Seen) -> None:
    """What a real run writes is what the published schema says."""
    for seen in (passed, differed):
        Draft202012Validator(SCHEMA).validate(seen.done.result)


def test_the_summary_is_the_last_thing_on_stdout(passed: Seen, differed: Seen) -> None:
    """The summary is all there is on stdout, whole, as it is in summary.txt; everything else is on stderr."""
    for seen in (passed, differed):
        assert seen.done.out == (seen.done.folder / "summary.txt").read_text("utf-8")
        assert (
            f"\nfiles       {seen.done.folder}/report.html, beside it report.md, junit.xml, result.json"
            in seen.done.out
        )
    assert passed.done.out.startswith("PASS ")
    assert differed.done.out.startswith("FAIL ")


def test_plain_locust_keeps_its_tables(passed: Seen) -> None:
    """Who runs plain Locust sees its tables, after the plan."""
    assert passed.done.err.index("Plan: replay") < passed.done.err.index("Response time percentiles")


def test_the_short_form_leaves_plan_and_summary_alone(differed: Seen) -> None:
    """`replay-users run` shows the plan and says that the run has begun, and neither Locust's tables nor its log."""
    lines = differed.done.err.strip().splitlines()
    assert lines[0].startswith("Plan: replay ")
    assert lines[-1].startswith("Run ")
    assert lines[-1].endswith("; Ctrl-C stops it, and it still reports.")
    assert "Aggregated" not in differed.done.err
    assert "INFO" not in differed.done.err


def test_locusts_statistics_agree(passed: Seen, differed: Seen) -> None:
    """Locust's CSV and HTML have the requests and failures that the result has, name by name and in total."""
    assert passed.rows == passed.page == passed.ours
    for rows in (differed.rows, differed.page):
        assert {name: sent for name, (sent, _) in rows.items()} == {n: sent for n, (sent, _) in differed.ours.items()}


def test_mismatches_fail_the_run(differed: Seen) -> None:
    """Other answers are exit code 3, with their signature and an exemplar to ask again; writes were skipped unless allowed."""
    result, totals = differed.done.result, differed.done.totals
    assert differed.done.code == result["exit_code"] == 3
    assert totals["sent"] == totals["mismatched"] == len(differed.received) == 60
    assert totals["skipped_by"] == {"method": 20}
    assert {(s["path"], s["kind"]) for s in result["signatures"]} == {("root['id']", "value")}
    exemplars = [json.loads(line) for line in (differed.done.folder / "mismatches.jsonl").read_text().splitlines()]
    assert {(e["recorded"], e["replayed"]) for e in exemplars} == {("7", "8")}


def test_mismatches_can_be_failures_to_locust(differed: Seen) -> None:
    """With `--mismatch-is-failure` each mismatch is a failure to Locust, in plain words, and none to us."""
    assert differed.rows["", "Aggregated"] == differed.page["", "Aggregated"] == (60, 60)
    assert differed.done.totals["failed"] == 0
    with (differed.done.folder.parent / "locust_failures.csv").open() as file:
        failures = list(csv.DictReader(file))
    assert {f["Error"] for f in failures} == {"answer differs from the recording"}
    assert sum(int(f["Occurrences"]) for f in failures) == 60


def test_secrets_go_to_the_target_only(passed: Seen) -> None:
    """A header's secret reaches the target with each request, and neither a file nor a log nor a page."""
    assert all(f"\r\nAuthorization: Bearer {SECRET}\r\n".encode() in r.data for r in passed.received)
    files = [path for path in passed.done.folder.parent.rglob("*") if path.is_file()]
    assert len(files) >= 7
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert SECRET not in passed.done.said


LISTENING = """
import json, pathlib
from locust import events
from replay_users import ReplayShape, ReplayUser

heard = []

@events.request.add_listener
def hear(request_type, name, response_time, response_length, exception, context, url, **_):
    heard.append([request_type, name, response_time, response_length, str(exception or ""), context["status"], url])

@events.quitting.add_listener
def tell(**_):
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(heard))

class Replay(ReplayUser): pass
class Shape(ReplayShape): pass
"""


def test_a_listener_to_requests_hears_of_each(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A locustfile that listens to Locust's `request` event hears of every exchange, and the statistics stay right."""
    locustfile = tmp_path / "listening.py"
    locustfile.write_text(LISTENING)
    seen = see(locust_command("--recording", traffic, locustfile=locustfile), tmp_path, target)
    heard: list[Any] = json.loads((tmp_path / "listening.json").read_text())
    assert Counter((kind, name) for kind, name, *_ in heard) == {
        ("GET", "/items/{id}"): 40,
        ("GET", "/users/{id}"): 20,
    }
    assert all(
        0 < took < 10_000 and (size, error, status) == (8, "", 200) for _, _, took, size, error, status, _ in heard
    )
    assert {url for *_, url in heard} == {e.target.decode() for e in make_traffic(80) if e.method == "GET"}
    assert seen.rows == seen.page == seen.ours
    assert seen.done.code == 0


def test_a_time_limit_ends_the_run(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`-t` ends the run in time; what was not sent by then counts as skipped, and the verdict is of the rest."""
    command = run_command(long_traffic, "--host", target.url, "-t", "2s")
    done = replay(command, tmp_path)
    totals = done.totals
    assert done.seconds < 30
    assert done.result["run"]["stopped_by"] == "time"
    assert totals["planned"] == 1200
    assert totals["sent"] == totals["matched"] == len(target.received())
    assert 10 < totals["sent"] < 200
    assert totals["skipped"] == 1200 - totals["sent"]
    assert totals["skipped_by"]["stopped"] > 600
    assert done.code == 0


@pytest.mark.slow
def test_a_log_gets_a_line_of_progress_every_ten_seconds(
    long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """Where stderr is no terminal, a whole line of progress comes every ten seconds."""
    done = replay(run_command(long_traffic, "--host", target.url, "-t", "26s"), tmp_path)
    line = r"\d+/1,200 \(\d+ %\)  \d+/s  lag p99 [\d.]+ ms  0 mismatched  \d+s left"
    assert len(re.findall(rf"^{line}$", done.err, re.MULTILINE)) == 2
