from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import psutil
import pytest

from replay_users.cli import main
from replay_users.demo.weed import find_weed
from replay_users.errors import UsageError
from replay_users.recording.recording import open_recording
from replay_users.recording.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = "REPLAYED_BY_THIS_TEST"
_MOST_S = 100  # a minute, and what a busy machine takes longer


@dataclass(frozen=True)
class Demo:
    """A demo that has ended."""

    runs: Path
    code: int
    said: str
    seconds: float

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.runs / "demo"

    @property
    def result(self) -> Any:
        """What its replay found."""
        return json.loads((self.folder / "result.json").read_bytes())


def demo(runs: Path, *arguments: str, **environment: str) -> Demo:
    """Run the demo as a person does, and wait for its end."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "replay_users.cli", "demo", "--runs", str(runs), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_MOST_S + 40,
    )
    return Demo(runs, done.returncode, done.stdout, time.monotonic() - began)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One demo for all tests here: recording takes twelve seconds, and so does each replay."""
    return demo(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def mark() -> Iterator[str]:
    """A value in the environment of a demo's processes by which they are found; none may be left at the end."""
    mark = token_hex(8)
    yield mark
    assert marked(mark) == []


def marked(mark: str) -> list[str]:
    """The command lines of the processes that run with a mark."""
    return [" ".join(process.cmdline()) for process in psutil.process_iter() if _mark_of(process) == mark]


def _mark_of(process: psutil.Process) -> str:
    try:
        return process.environ().get(_MARK, "")
    except psutil.Error:
        return ""


@pytest.mark.server
@pytest.mark.timeout(150)
def test_the_demo_finds_what_was_planted_and_nothing_else(shown: Demo) -> None:
    """The demo ends with 0 within a minute, having found each planted change, and says so."""
    assert shown.code == 0, shown.said
    assert shown.seconds <= _MOST_S
    assert shown.said.count("  found  ") == 4
    assert "MISSING" not in shown.said
    assert "UNEXPECTED" not in shown.said


@pytest.mark.server
@pytest.mark.timeout(150)
def test_the_demo_shows_its_steps_and_where_its_files_are(shown: Demo) -> None:
    """Each command is shown as a person would type it, then the summary, and last where the files lie."""
    commands = [line for line in shown.said.splitlines() if line.startswith("$ replay-users ")]
    assert [command.split()[2] for command in commands] == ["ingest", "plan", "run"]
    assert "Plan: replay" in shown.said
    assert "changed " in shown.said
    links = dict(line.split(maxsplit=1) for line in shown.said.splitlines()[-5:])
    assert links.pop("recording") == str(shown.folder / "recording")
    assert list(links) == ["report", "junit", "markdown", "result"]
    for place in links.values():
        assert place.startswith("file:///")
        assert Path(unquote(urlsplit(place).path)).stat().st_size > 0


@pytest.mark.server
@pytest.mark.timeout(150)
def test_the_recording_is_of_a_bursty_load(shown: Demo) -> None:
    """The recording has 100 exchanges a second and more, in 15 s at most, in bursts and of sessions with a cookie."""
    recording = open_recording(open_store(str(shown.folder / "recording")))
    manifest = recording.manifest
    seconds = (manifest.last_at - manifest.first_at) / 1e9
    assert seconds <= 15
    assert manifest.rows / seconds >= 100
    assert manifest.session_kinds["cookie"] >= 0.9 * manifest.rows
    planned = recording.count_index().totals(manifest.first_at, manifest.last_at + 10**9, 1000)
    assert sum(planned.values()) == manifest.rows


@pytest.mark.server
@pytest.mark.timeout(150)
def test_every_exchange_is_accounted_for(shown: Demo) -> None:
    """All that was planned was sent and compared, at the recorded pace, with 100 pairs and more where something is planted."""
    result = shown.result
    totals = result["totals"]
    assert totals["planned"] == totals["sent"] + totals["dropped"]
    assert totals["sent"] == totals["compared"]
    assert totals["dropped_by"].keys() <= {"lag"}  # where the machine stood still for a second
    assert totals["sent"] > 0.8 * totals["planned"]
    assert result["run"]["pace"] == "1x"
    pairs = {endpoint["endpoint"]: endpoint["matched"] + endpoint["mismatched"] for endpoint in result["endpoints"]}
    for endpoint in ("GET /products/{id}", "GET /search", "GET /products/{id}/recommendations"):
        assert pairs[endpoint] >= 100


@pytest.mark.server
@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("number", "keep", "line"),
    [(signal.SIGTERM, False, "version 1"), (signal.SIGINT, True, "$ replay-users run")],
    ids=["told to end while recording", "Ctrl-C while replaying"],
)
def test_a_demo_that_is_stopped_leaves_no_process(
    shown: Demo, mark: str, tmp_path: Path, number: signal.Signals, keep: bool, line: str
) -> None:
    """A signal at any step ends the demo with 130, and the servers it started end with it."""
    runs = shown.runs if keep else tmp_path
    command = [sys.executable, "-m", "replay_users.cli", "demo", "--runs", str(runs), *(["--keep"] if keep else [])]
    with subprocess.Popen(
        command, env={**os.environ, _MARK: mark}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert any(said.startswith(line) for said in process.stdout)
        while len(marked(mark)) < 2:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(30) == 130


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(150)
def test_a_planted_change_that_is_not_there_is_missed(shown: Demo) -> None:
    """Without one of the planted changes in version 2, the same recording ends the demo with 3, naming what is missing."""
    less = demo(shown.runs, "--keep", SHOP_PLANTED="price,slow")
    assert less.code == 3, less.said
    assert [line.split()[:3] for line in less.said.splitlines() if "MISSING" in line] == [["MISSING", "GET", "/search"]]
    assert "UNEXPECTED" not in less.said


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(150)
def test_a_change_that_nobody_planted_is_found(shown: Demo) -> None:
    """With one change more in version 2, the same recording ends the demo with 3, naming it."""
    more = demo(shown.runs, "--keep", SHOP_EXTRA="1")
    assert more.code == 3, more.said
    unexpected = [line for line in more.said.splitlines() if "UNEXPECTED" in line]
    assert len(unexpected) == 1
    assert "GET /users/{id} root['newsletter'] removed" in unexpected[0]
    assert "MISSING" not in more.said


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(150)
def test_the_demo_goes_through_a_real_s3(tmp_path: Path, mark: str) -> None:
    """With the recording in a bucket, the demo finds the same, within a minute, and its server ends with it."""
    try:
        find_weed()
    except UsageError as error:
        pytest.skip(str(error))
    there = demo(tmp_path, "--s3", **{_MARK: mark, "AWS_ACCESS_KEY_ID": "somebody's", "AWS_PROFILE": "production"})
    assert there.code == 0, there.said
    assert there.seconds <= _MOST_S
    assert there.result["run"]["recording"].startswith("s3://")
    assert not (there.folder / "recording").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--s3", "--keep"], "leave one of them out"), (["--keep"], "run the demo without --keep first")],
    ids=["keep what is not on disk", "keep what is not there"],
)
def test_what_cannot_be_is_refused(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An impossible demo is a usage error of one sentence."""
    assert main(["demo", "--runs", str(tmp_path), *arguments]) == 2
    assert sentence in capsys.readouterr().err
