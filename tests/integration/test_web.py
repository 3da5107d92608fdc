"""Locust's web UI: the form offers a replay's options, refuses what cannot be, and starts one run after the other."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.swarm.options import OPTIONS
from replay_users.testing import ScriptedTarget
from tests.integration.replays import locust_command, record_traffic, replaying, same_answers
from tests.integration.swarms import Form
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.replays import Running

pytestmark = pytest.mark.server

SECRET = "s3cret-of-staging"


class Web(Form):
    """A Locust with its web UI, which a person operates."""

    def __init__(self, running: Running, port: int, target: ScriptedTarget, runs: Path) -> None:
        """It is up when `get` answers."""
        super().__init__(port, target.url)
        self.running = running
        self.target = target
        self.runs = runs

    @property
    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.get("/"))
        except urllib.error.URLError:
            return False

    @property
    def results(self) -> list[Any]:
        """The results so far, by start."""
        return [json.loads(path.read_bytes()) for path in sorted(self.runs.glob("*/result.json"))]

    def wait_for_files(self, count: int) -> None:
        """Wait until there are so many results."""
        self.running.wait_for(lambda: len(self.results) == count)

    def wait_for_results(self, count: int) -> None:
        """Wait until there are so many results, and Locust knows of it."""
        self.wait_for_files(count)
        self.running.wait_for(lambda: json.loads(self.get("/stats/requests"))["state"] != "running")


@contextmanager
def web_ui(recordings: Path, *arguments: str) -> Iterator[Web]:
    """A Locust with its web UI while the block runs, and a target."""
    port = free_port()
    runs = recordings.parent / "runs"
    with ScriptedTarget(same_answers()) as target:
        command = locust_command(
            *("--recording", str(recordings / "long"), "--host", target.url),
            *("--web-host", "127.0.0.1", "--web-port", str(port), *arguments),
            headless=False,
        )
        with replaying(command, runs / "{id}", STAGING_TOKEN=SECRET) as running:
            web = Web(running, port, target, runs)
            running.wait_for(lambda: web.is_up)
            yield web


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two recordings: `long` takes 20 s, `short` half a second."""
    folder = tmp_path_factory.mktemp("web") / "recordings"
    record_traffic(folder / "long", 400, every_ms=50)
    record_traffic(folder / "short", 40)
    return folder


@pytest.fixture(scope="module")
def web(recordings: Path) -> Iterator[Web]:
    """A web UI for the tests that leave it as they found it: without a run."""
    arguments = ("--header", "Authorization: Bearer ${STAGING_TOKEN}", "--max-rate", "400/s")
    with web_ui(recordings, "--allow-recording", str(recordings), *arguments) as web:
        yield web


def test_the_form_has_the_options(web: Web) -> None:
    """The page offers every option of a run but those that are the operator's alone."""
    text = web.get("/").partition("window.templateArgs = ")[2]
    extra, _ = json.JSONDecoder().raw_decode(text)
    offered = set(extra["extra_options"])
    assert offered == {option.dest for option in OPTIONS if option.web}
    assert {"pace", "window", "sample", "recording"} < offered
    assert not offered & {
        "header",
        "allow_target",
        "allow_writes",
        "allow_recording",
        "out",
        "rules",
        "safety",
        "label",
    }


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        pytest.param({"pace": "fast"}, "unknown pace 'fast'", id="pace"),
        pytest.param({"host": "http://prod.example"}, "target 'http://prod.example' is not allowed here", id="target"),
        pytest.param({"host": "nonsense"}, "unknown host 'nonsense'", id="host"),
        pytest.param({"recording": "/etc"}, "recording '/etc' is not allowed here", id="recording"),
        pytest.param({"order": "sideways"}, "choose one of causal, none", id="choice"),
        pytest.param({"max_in_flight": "many"}, "give a number from 1 to 100000", id="number"),
        pytest.param({"run_time": "a while"}, "is not a length of time", id="run time"),
        pytest.param({"max_rate": ""}, "above the ceiling that Locust was started with, 400/s", id="no ceiling"),
        pytest.param({"pace": "900/s"}, "above --max-rate 400/s", id="too fast"),
    ],
)
def test_a_bad_form_is_refused_with_the_reason(web: Web, form: dict[str, str], reason: str) -> None:
    """What cannot be or is not allowed is answered `success: false` with the reason, and nothing starts."""
    answer = web.swarm(**form)
    assert answer["success"] is False
    assert reason in answer["message"]
    assert json.loads(web.get("/stats/requests"))["state"] in {"ready", "stopped"}


def test_a_missing_recording_is_refused(web: Web, recordings: Path) -> None:
    """An allowed address without a recording is refused in the same way."""
    answer = web.swarm(recording=str(recordings / "none"))
    assert (answer["success"], "there is no recording in" in answer["message"]) == (False, True)


def test_one_run_after_the_other(web: Web, recordings: Path) -> None:
    """A run can be started once, stopped, and started again with other options; each writes a result that says what it was."""
    before = len(web.results)
    assert web.swarm()["success"] is True
    answer = web.swarm(pace="2x")
    assert (answer["success"], "a replay is running" in answer["message"]) == (False, True)
    web.running.wait_for(lambda: len(web.target.received()) > 10)
    assert web.post("/stop")["success"] is True
    web.wait_for_results(before + 1)
    other = {"recording": str(recordings / "short"), "pace": "2x", "sample": "50%"}
    assert web.swarm(**other)["success"] is True
    web.wait_for_results(before + 2)
    stopped, ended = web.results[before:]
    assert (stopped["run"]["stopped_by"], stopped["exit_code"], stopped["run"]["pace"]) == ("person", 4, "1x")
    assert stopped["totals"]["planned"] == 400
    assert (ended["run"]["stopped_by"], ended["exit_code"], ended["run"]["pace"]) == (None, 0, "2x")
    assert ended["run"]["recording"].endswith("/short")
    totals = ended["totals"]
    assert 0 < totals["sent"] < totals["planned"] == totals["sent"] + totals["skipped_by"]["method"] < 40
    assert len(web.target.received()) == stopped["totals"]["sent"] + ended["totals"]["sent"]
    web.target.play(same_answers())


def test_a_start_right_after_the_end_is_a_start(web: Web, recordings: Path) -> None:
    """A run can be started as soon as the last one has its result, though Locust needs a moment to see its end."""
    before = len(web.results)
    for nth in (1, 2):
        assert web.swarm(recording=str(recordings / "short"))["success"] is True
        web.wait_for_files(before + nth)
    assert [result["totals"]["sent"] for result in web.results[before:]] == [30, 30]
    web.wait_for_results(before + 2)


def test_the_summary_is_in_the_log_tab(web: Web, recordings: Path) -> None:
    """Who sits at the browser finds the summary among Locust's logs."""
    before = len(web.results)
    assert web.swarm(recording=str(recordings / "short"))["success"] is True
    web.wait_for_results(before + 1)
    logs = "\n".join(json.loads(web.get("/logs"))["master"])
    assert f"against {web.target.url}, run {web.results[-1]['run']['id']}\nwhy  " in logs


def test_secrets_are_on_no_page(web: Web, recordings: Path) -> None:
    """A header's secret reaches the target, and neither a page nor a log nor a result."""
    before = len(web.results)
    web.target.play(same_answers())
    assert web.swarm(recording=str(recordings / "short"))["success"] is True
    web.wait_for_results(before + 1)
    assert all(f"Bearer {SECRET}".encode() in received.data for received in web.target.received())
    pages = [web.get(path) for path in ("/", "/logs", "/stats/requests", "/stats/report", "/exceptions", "/tasks")]
    files = [path.read_bytes() for path in web.runs.rglob("*") if path.is_file()]
    assert SECRET not in "".join((*pages, web.running.err, web.running.out))
    assert SECRET.encode() not in b"".join(files)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_run_and_web_ui(number: signal.Signals, recordings: Path, tmp_path: Path) -> None:
    """A signal during a run drains it, writes its result and ends Locust, once and without a traceback: exit code 4."""
    (tmp_path / "recordings").symlink_to(recordings)
    with web_ui(tmp_path / "recordings") as web:
        assert web.swarm()["success"] is True
        web.running.wait_for(lambda: len(web.target.received()) > 3)
        web.running.signal(number)
        done = web.running.finish()
        [result] = web.results
    assert done.code == result["exit_code"] == 4
    assert result["run"]["stopped_by"] == "signal"
    assert done.err.count("Shutting down") == 1
    assert "Traceback" not in done.said


def test_autostart_ends_by_itself(recordings: Path, tmp_path: Path) -> None:
    """With `--autostart --autoquit 0`, as operators in Kubernetes run it, the run starts, ends and sets the exit code."""
    (tmp_path / "recordings").symlink_to(recordings)
    with web_ui(tmp_path / "recordings", "--autostart", "--autoquit", "0", "--pace", "20x") as web:
        done = web.running.finish()
        [result] = web.results
        assert len(web.target.received()) == result["totals"]["sent"] == 300
    assert done.code == result["exit_code"] == 0
    assert "Traceback" not in done.said
