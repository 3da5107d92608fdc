"""The command line as a whole: its commands, its errors, its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from replay_users import __version__
from replay_users.cli import ingest, main
from replay_users.errors import DamagedRecording, StoreError, UsageError
from tests.integration.replays import record_traffic

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("ingest", "inspect", "plan", "run", "demo")


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` lists the commands with what they do."""
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    assert exit_info.value.code == 0
    said = capsys.readouterr().out
    assert not [name for name in COMMANDS if f"\n    {name} " not in said]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says which this is."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"replay-users {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no command"),
        pytest.param(["replay"], id="unknown command"),
        pytest.param(["inspect"], id="nothing to inspect"),
        pytest.param(["inspect", "recs/a", "--bogus"], id="unknown option"),
        pytest.param(["plan", "recs/a", "--order", "sideways"], id="unknown choice"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that cannot be is exit code 2, on stderr."""
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    said = capsys.readouterr()
    assert (said.out, "error: " in said.err) == ("", True)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        pytest.param(UsageError("no such thing"), 2, "no such thing", id="usage"),
        pytest.param(DamagedRecording("slice 7 is damaged"), 1, "slice 7 is damaged", id="damaged"),
        pytest.param(StoreError("no bucket"), 1, "no bucket", id="store"),
        pytest.param(OSError(28, "No space left on device", "x"), 1, "No space left on device (x)", id="system"),
        pytest.param(OSError("odd"), 1, "odd: check the disk", id="system, without a number"),
        pytest.param(KeyboardInterrupt(), 130, "interrupted", id="Ctrl-C"),
    ],
)
def test_an_error_is_one_sentence(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a command raises that is not a bug becomes a sentence on stderr and an exit code."""

    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(ingest, "recording_to_extend", fail)
    assert main(["ingest", os.devnull, "--to", "nowhere"]) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("replay-users: ")
    assert sentence in said.err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`replay-users ... | head` ends quietly, though the rest has nowhere to go."""
    recording = record_traffic(tmp_path / "recording", 4)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        command = [sys.executable, "-m", "replay_users.cli", "inspect", recording]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
