"""`replay-users run RECORDING --host URL`: the short form of a headless Locust run.

Law: turns itself into Locust, so that signals, exit codes and options are Locust's own; whatever it does not know goes
through. The subtle thing: of an option it does not know it cannot tell whether the next word is its value, so the
recording comes first. And processes of one machine find each other on a port that Locust takes to be free and open to
everybody, so one that is free is chosen, on loopback.
"""

from __future__ import annotations

import os
import socket
import sys
from argparse import SUPPRESS, RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import configargparse

import replay_users
from replay_users.errors import UsageError
from replay_users.swarm.options import add_options

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["add_to", "locust_command"]

_LOCUST = (
    "import sys; sys.argv[0] = 'replay-users run'; from replay_users.swarm.early import early; early.listen();"
    " from locust.main import main; main()"
)
"""What `python -m locust` does, but that its messages bear the name of the command that was typed, and signals have a sentence
while it is imported too."""

_LOGLEVELS = ("-L", "--loglevel")


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "run",
        help="replay a recording against a target",
        usage="replay-users run RECORDING --host URL [option ...]",
        description=(
            "Replays headless: the plan first, then a line of progress, the summary last. In one process; with"
            " --processes N in N of this machine, with --master here and --worker elsewhere on as many machines as you like."
        ),
        epilog=_passed_on(),
        formatter_class=RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "recording", metavar="RECORDING", help="folder or s3://bucket/prefix of a recording or a part of it"
    )
    command.add_argument("--host", default="", env_var="LOCUST_HOST", help="where to replay to: http://HOST:PORT")
    command.set_defaults(handle=handle)


def _passed_on() -> str:
    """Help for what is passed on; Locust itself is not imported for it."""
    parser = configargparse.ArgumentParser(usage=SUPPRESS, add_help=False)
    add_options(parser, web=False)
    return (
        str(parser.format_help()).lstrip()
        + "\nEvery other option is Locust's: -t 10m, --csv PREFIX, --html FILE, --processes N, --master --expect-workers N,"
        + "\n--worker --master-host HOST, ...\n"
    )


def locust_command(recording: str, host: str, rest: Sequence[str]) -> list[str]:
    """The Locust command line of a run."""
    locustfile = Path(replay_users.__file__).parent / "swarm" / "replayfile.py"
    command = [sys.executable, "-c", _LOCUST, "-f", str(locustfile), "--headless"]
    command += ["--only-summary", "--no-locust-tables"]
    if not _says_loglevel(rest):
        command += ["--loglevel", "WARNING"]
    command += ["--recording", recording]
    return [*command, *(["--host", host] if host else []), *_meeting_place(rest), *rest]


def _meeting_place(rest: Sequence[str]) -> list[str]:
    """Where `--processes` find their master, if nobody has said."""
    names = {word.partition("=")[0] for word in rest}
    if "--processes" not in names or names & {"--worker", "--master-port", "--master-bind-port"}:
        return []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]


def _says_loglevel(rest: Sequence[str]) -> bool:
    return "LOCUST_LOGLEVEL" in os.environ or any(word.startswith(_LOGLEVELS) for word in rest)


def handle(options: Any, rest: list[str]) -> int:
    """Become Locust; does not come back.

    Raises:
        UsageError: the recording does not come first, or is empty.
    """
    first = options.argv[options.argv.index("run") + 1]
    if first != options.recording:
        raise UsageError("name the recording first: replay-users run RECORDING --host URL [option ...]")
    if not first.strip():
        raise UsageError("the recording's address is empty: name a folder or s3://bucket/prefix")
    command = locust_command(options.recording, options.host, rest)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell, our own interpreter
