"""`replay-users show`: one exchange, found again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay_users.cli import main
from replay_users.compare.rules import Rules
from tests.cli.finished import finish
from tests.recording.making import make_exchange, record_in

PAIRS: list[tuple[str, object, object]] = [("GET /c", {"n": 1, "token": "abc"}, {"n": 2, "token": "abc"})]


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run of a recording that holds its one exchange."""
    exchange = make_exchange(
        id="id-0",
        target=b"/c?session=s3cr3ts3cr3ts3cr3ts3cr3t00",
        request_head=b"Authorization: Bearer s3cr3t\r\nAccept: */*\r\n",
        response_head=b"content-type: application/json\r\nset-cookie: sid=s3cr3t; Path=/\r\n",
        response_body=b'{"n": 1, "token": "s3cr3t"}',
        response_size=27,
        trailers=b"grpc-status: 0\r\nx-auth-token: s3cr3t\r\n",
    )
    record_in(tmp_path / "recording", [exchange])
    window = [exchange.at, exchange.at + 1]
    return finish(tmp_path / "run", PAIRS, Rules(), recording=str(tmp_path / "recording"), window_ns=tuple(window))


def test_an_exchange_is_shown_as_it_was_recorded_and_what_differed(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Request, both answers, differences and a line to ask again; nothing of a secret."""
    assert main(["show", run, "id-0"]) == 0
    said = capsys.readouterr().out
    assert "s3cr3t" not in said
    assert "request: GET /c?session=[redacted:" in said
    assert "  set-cookie: sid=[redacted:6:" in said
    assert "\n  trailers:\n  grpc-status: 0\n  x-auth-token: [redacted:6:" in said
    assert "differences that were kept (a run keeps five examples of each):\n  value root['n']: 1 -> 2" in said
    assert "replayed answer: 200" in said
    assert "again: curl -sS -X GET" in said


def test_an_a_a_run_shows_the_answer_it_was_compared_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is the first pass's, not the recorded one, in which the values that differ need not stand."""
    run = finish(tmp_path / "run", PAIRS, Rules(), compared_with="first_pass")
    assert main(["show", run, "id-0"]) == 0
    said = capsys.readouterr().out
    first, replayed = said.index("answer of the first pass: 200"), said.index("replayed answer: 200")
    assert first < said.index('"n": 1') < replayed < said.index('"n": 2')


def test_what_an_a_a_run_did_not_keep_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of an exchange with no kept pair there is only the recorded answer."""
    run = finish(tmp_path / "run", PAIRS, Rules(), compared_with="first_pass")
    (tmp_path / "run" / "exhibits.jsonl").write_text("")
    assert main(["show", run, "id-0"]) == 0
    assert "answer of the first pass: not kept" in capsys.readouterr().out


def test_it_is_shown_as_json_too(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, for programs."""
    assert main(["show", run, "id-0", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["recorded"]["endpoint"]
    assert [each["path"] for each in shown["differences"]] == ["root['n']"]
    assert json.loads(shown["replayed"]["body"])["n"] == 2


def test_without_the_recording_what_the_run_kept_is_shown(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may lie elsewhere by now, which can be said."""
    (tmp_path / "recording").rename(tmp_path / "moved")
    assert main(["show", run, "id-0"]) == 0
    assert "the recording cannot be read" in capsys.readouterr().out
    assert main(["show", run, "id-0", "--recording", str(tmp_path / "moved")]) == 0
    assert "recorded answer: 200" in capsys.readouterr().out


def test_an_exchange_that_nobody_knows_is_refused(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence that says where was looked."""
    assert main(["show", run, "id-9"]) == 2
    assert "has none of that id in the run's window" in capsys.readouterr().err


@pytest.mark.parametrize("window", [True, "x", [1], [1, "x"], {}, [None, 2]], ids=str)
def test_a_window_that_is_none_hides_nothing(run: str, window: object, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a damaged result: the whole recording is looked through, without a traceback."""
    file = Path(run) / "result.json"
    result = json.loads(file.read_text())
    result["run"]["window_ns"] = window
    file.write_text(json.dumps(result))
    assert main(["show", run, "id-0"]) == 0
    assert "recorded answer: 200" in capsys.readouterr().out


def test_a_relative_recording_is_found_from_the_runs_own_directory(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report says `show . ID`: its reader is in its directory, and the run was started elsewhere."""
    file = tmp_path / "run" / "result.json"
    result = json.loads(file.read_text())
    result["run"]["recording"] = "recording"
    file.write_text(json.dumps(result))
    monkeypatch.chdir(run)
    assert main(["show", ".", "id-0"]) == 0
    assert "request: GET /c?session=" in capsys.readouterr().out
