"""The commands: `ingest | inspect | plan | run | gate | report | compare | show | learn | rules | baseline | demo`.

Law: parses, calls, prints; every decision lies in the stage it belongs to. An error of ours is one sentence on stderr
and its exit code, never a traceback. The subtle thing: only `run` imports Locust, which patches the process; the other
commands must not.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import configargparse

from replay_users import __version__
from replay_users.cli import baseline, compare, demo, gate, ingest, learn, look, report, rules, run, show
from replay_users.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["command", "main", "parser"]

_INTERRUPTED = 130


def parser() -> configargparse.ArgumentParser:
    """The whole command line."""
    top = configargparse.ArgumentParser(
        prog="replay-users",
        description="Record production traffic, replay it with its original timing, get a verdict you can trust.",
    )
    top.add_argument("--version", action="version", version=f"replay-users {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (ingest, look, run, gate, report, compare, show, learn, rules, baseline, demo):
        module.add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code (0 pass, 1 tool error, 2 usage, 3 failed, 4 inconclusive)."""
    try:
        options, rest = parser().parse_known_args(argv)
        options.argv = list(sys.argv[1:] if argv is None else argv)
        if rest and options.command != "run":
            parser().error(f"unknown arguments: {' '.join(rest)}")
        code = int(options.handle(options, rest))
        sys.stdout.flush()  # here, where a reader that has gone is no error yet
    except ReplayError as error:
        sys.stderr.write(f"replay-users: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        return 0  # the reader of our output has seen enough
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"replay-users: {error.strerror or error}{where}: check the disk and its permissions\n")
        return ReplayError.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("replay-users: interrupted\n")
        return _INTERRUPTED
    return code


def command() -> NoReturn:
    """`replay-users`: run one command and end the process with its exit code.

    At once, without taking Python and Arrow down: Arrow's threads are never joined, and once in some hundred runs on a busy
    machine C++ ended a process that had printed everything with SIGABRT (pyarrow 26).
    """
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
