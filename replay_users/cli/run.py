"""`replay-users run RECORDING --host URL`: the short form of a headless Locust run.

Law: turns itself into Locust, so that signals, exit codes and options are Locust's own; whatever it does not know goes
through.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import replay_users

__all__ = ["add_to", "locust_command"]


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "run",
        help="replay a recording against a target",
        description="Options of the replay (see `replay-users plan --help`) and of Locust are passed on.",
    )
    command.add_argument("recording", help="folder or s3://bucket/prefix of a recording or a part of it")
    command.add_argument("--host", default="", env_var="LOCUST_HOST", help="where to replay to: http://HOST:PORT")
    command.set_defaults(handle=handle)


def locust_command(recording: str, host: str, rest: list[str]) -> list[str]:
    """The Locust command line of a run."""
    locustfile = Path(replay_users.__file__).parent / "swarm" / "replayfile.py"
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--only-summary"]
    command += ["--recording", recording]
    return [*command, *(["--host", host] if host else []), *rest]


def handle(options: Any, rest: list[str]) -> int:
    """Become Locust; does not come back."""
    command = locust_command(options.recording, options.host, rest)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell, our own interpreter
