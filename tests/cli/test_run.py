"""`replay-users run`: the Locust command line that it turns itself into."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from replay_users.cli import main
from replay_users.cli.run import locust_command
from replay_users.swarm.options import OPTIONS


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that the process turned itself into."""
    commands: list[list[str]] = []

    def execv(path: str, command: list[str]) -> None:
        assert path == command[0]
        commands.append(command)
        raise SystemExit(0)  # it does not come back

    monkeypatch.setattr(os, "execv", execv)
    for name in ("LOCUST_LOGLEVEL", "LOCUST_HOST"):
        monkeypatch.delenv(name, raising=False)
    return commands


def run(*arguments: str) -> None:
    """Run the command."""
    with pytest.raises(SystemExit):
        main(["run", *arguments])


def test_it_becomes_a_headless_locust(became: list[list[str]]) -> None:
    """Recording and host are passed on, Locust's tables and log are left out, and every other option goes through as it is."""
    run("recs/a", "--host", "http://staging", "--pace", "2x", "-t", "10m", "--label", "a=b c")
    [command] = became
    assert command[:2] == [sys.executable, "-c"]
    assert Path(command[4]).name == "replayfile.py"
    assert Path(command[4]).exists()
    assert command[5:] == [
        *("--headless", "--only-summary", "--no-locust-tables", "--loglevel", "WARNING", "--recording", "recs/a"),
        *("--host", "http://staging", "--pace", "2x", "-t", "10m", "--label", "a=b c"),
    ]


@pytest.mark.parametrize(
    "given", [["--loglevel", "DEBUG"], ["-L", "DEBUG"], ["-LDEBUG"], ["--loglevel=DEBUG"]], ids=" ".join
)
def test_the_persons_loglevel_is_kept(given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a log gets it."""
    monkeypatch.delenv("LOCUST_LOGLEVEL", raising=False)
    command = locust_command("recs/a", "", given)
    assert "WARNING" not in command
    assert command[-len(given) :] == given


def test_the_environments_loglevel_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does who asks by LOCUST_LOGLEVEL."""
    monkeypatch.setenv("LOCUST_LOGLEVEL", "INFO")
    assert "--loglevel" not in locust_command("recs/a", "", [])


def test_processes_meet_on_a_free_port_of_this_machine(became: list[list[str]]) -> None:
    """Two runs with processes do not get in each other's way, and nobody else on the network can reach them."""
    run("recs/a", "--processes", "2")
    *_, host, address, bound, port, asked, same, processes, count = became[0]
    assert (host, address) == ("--master-bind-host", "127.0.0.1")
    assert (bound, asked, port) == ("--master-bind-port", "--master-port", same)
    assert 1024 < int(port) < 65536
    assert (processes, count) == ("--processes", "2")


@pytest.mark.parametrize(
    "given",
    [
        ["-t", "1m"],
        ["--worker", "--processes=2"],
        ["--master", "--expect-workers", "2"],
        ["--processes", "2", "--master-port", "5557"],
        ["--processes=2", "--master-bind-port=5557"],
    ],
    ids=" ".join,
)
def test_where_others_meet_is_the_persons_choice(became: list[list[str]], given: list[str]) -> None:
    """Masters and workers go through as they are."""
    run("recs/a", *given)
    assert became[0][-2 - len(given) :] == ["--recording", "recs/a", *given]


def test_without_a_host_locust_decides(became: list[list[str]]) -> None:
    """Where no host is given, none is passed on: a configuration file may have one, or it is refused with a sentence."""
    run("recs/a")
    assert "--host" not in became[0]


def test_the_host_may_come_from_the_environment(became: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """LOCUST_HOST is Locust's own variable."""
    monkeypatch.setenv("LOCUST_HOST", "http://staging")
    run("recs/a")
    assert became[0][-2:] == ["--host", "http://staging"]


def test_the_recording_comes_first(became: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Of an option that Locust knows and we do not, the value could be taken for the recording: so that is refused."""
    assert main(["run", "--pace", "2x", "recs/a"]) == 2
    assert became == []
    assert "name the recording first: replay-users run RECORDING --host URL" in capsys.readouterr().err


def test_help_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` shows the options that are passed on, and says that there are Locust's."""
    with pytest.raises(SystemExit) as exit_info:
        main(["run", "--help"])
    said = capsys.readouterr().out
    assert exit_info.value.code == 0
    assert not [option.name for option in OPTIONS if f"--{option.name}" not in said]
    assert "Every other option is Locust's" in said


def test_an_empty_address_is_refused(became: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """An unset variable in a script does not mean the current folder."""
    assert main(["run", "", "--host", "http://staging"]) == 2
    assert became == []
    assert "the recording's address is empty" in capsys.readouterr().err


def test_locusts_messages_bear_our_name() -> None:
    """An argument that nobody knows is refused by Locust, as `replay-users run`, with exit code 2."""
    command = locust_command("recs/a", "http://127.0.0.1:9", ["--no-such-option"])
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "replay-users run: error: unrecognized arguments: --no-such-option" in ended.stderr
    assert "__main__" not in ended.stderr
