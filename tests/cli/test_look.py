"""`replay-users inspect` and `replay-users plan`: what is there and what would happen, with nothing sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay_users.cli import main
from tests.integration.replays import record_traffic


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording: 40 exchanges, 10 of them writes."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "traffic", 40)


def test_inspect_shows_what_is_there(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As text: rows, methods, hosts, endpoints."""
    assert main(["inspect", recording]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Recording {recording}: 40 exchanges")
    assert "\nmethods     GET 30, POST 10\n" in said
    assert "\nPOST /orders/{id}/lines " in said
    assert said.endswith("\n")
    assert not said.endswith("\n\n")


def test_inspect_as_json(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON: the same for programs."""
    assert main(["inspect", recording, "--json"]) == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert (shown["recording"], shown["methods"]) == (recording, {"GET": 30, "POST": 10})


def test_inspect_takes_a_part_of_a_recording(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One day or hour of a recording can be looked at alone."""
    hour = next(Path(recording).rglob("hour=*"))
    assert main(["inspect", str(hour)]) == 0
    assert "40 exchanges" in capsys.readouterr().out


def test_a_plan_shows_what_would_happen(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan takes the options of a run, and needs no target."""
    assert main(["plan", recording, "--pace", "2x", "--methods", "GET"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Plan: replay {recording} (manifest generation 1) without a target\n")
    assert "\nplanned     40 exchanges, 30 to send\n" in said
    assert "\npace        2x, " in said


def test_a_plan_as_json(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With a target and writes allowed, as JSON."""
    arguments = ["--host", "http://staging", "--allow-writes", "--header", "X-Api-Key: ${NOT_SET}"]
    assert main(["plan", recording, "--json", *arguments]) == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert (shown["target"], shown["planned"], shown["will_send"]) == ("http://staging", 40, 40)
    assert "a run started here would be refused: " in shown["warnings"][-1]
    assert "variable NOT_SET, which is not set" in shown["warnings"][-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--host", "http://shop.example"], "a replay never goes to production", id="production"),
        pytest.param(["--pace", "fast"], "unknown pace 'fast'", id="pace"),
        pytest.param(["--header", "Authorization: Bearer x"], "may not be a literal", id="literal secret"),
        pytest.param(["--max-rate", "1/s"], "above --max-rate 1/s", id="too fast"),
        pytest.param(["--window", "yesterday"], "unknown window 'yesterday'", id="window"),
        pytest.param(["--window", "9999-12-31.."], "holds nothing of this recording", id="window outside"),
        pytest.param(["--max-lag", "banana"], "--max-lag 'banana' is not a length of time", id="lag"),
        pytest.param(["--max-in-flight", "banana"], "--max-in-flight 'banana': give a number", id="in flight"),
        pytest.param(["--rules", "/nonexistent"], "--rules /nonexistent cannot be read", id="rules"),
        pytest.param(["--label", "sha"], "--label 'sha': write key=value", id="label"),
        pytest.param(["--ca-file", "x", "--host", "http://staging"], "no target is https", id="tls of no target"),
        pytest.param(["--map", "api=http://staging"], "no target is given for the recorded host", id="hosts"),
        pytest.param(["--sample", "0.1%"], "no exchange of this recording in a sample of 0.1%", id="nothing"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    recording: str, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that would be refused is refused here too: exit code 2 and one sentence."""
    assert main(["plan", recording, *arguments]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err


@pytest.mark.parametrize("command", ["inspect", "plan"])
def test_no_recording_is_refused(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address with nothing there is exit code 2."""
    assert main([command, str(tmp_path / "none")]) == 2
    assert "there is no recording in" in capsys.readouterr().err


def test_a_plan_takes_the_environment(
    recording: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a run would take from REPLAY_ variables and LOCUST_HOST, so does its plan."""
    monkeypatch.setenv("REPLAY_PACE", "3x")
    monkeypatch.setenv("LOCUST_HOST", "http://staging")
    assert main(["plan", recording, "--json"]) == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert (shown["pace"], shown["target"]) == ("3x", "http://staging")


@pytest.mark.parametrize("command", ["inspect", "plan"])
def test_an_empty_address_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An unset variable in a script does not mean the current folder."""
    assert main([command, ""]) == 2
    assert capsys.readouterr().err.count("\n") == 1
