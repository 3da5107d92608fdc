"""`replay-users compare RUN_A RUN_B`: a candidate run set against a baseline run of the same recording.

Law: reads two runs' directories, changes neither. The exit code is the gate's: 0 no worse, 3 worse, 4 cannot be told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from replay_users.cli.report import put
from replay_users.results.finished import folder_of, read_whole_result
from replay_users.results.gate_files import read_gate
from replay_users.results.sample_files import read_samples
from replay_users.results.versus import versus
from replay_users.results.versus_text import versus_markdown, versus_text

if TYPE_CHECKING:
    from replay_users.results.versus import Versus

__all__ = ["add_to"]


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "compare",
        help="set a candidate run against a baseline run of the same recording",
        description="Ends with 0 if the candidate is no worse by the gate's rules, 3 if it is, 4 if it cannot be told.",
    )
    command.add_argument(
        "baseline", metavar="RUN_A", help="directory of the baseline run, against a build that was good"
    )
    command.add_argument("candidate", metavar="RUN_B", help="directory of the candidate run")
    command.add_argument(
        "--gate", default="", metavar="FILE", help="gate.yaml to judge by (default: the gate's defaults)"
    )
    command.add_argument("--format", default="text", choices=("text", "md", "json"), help="default: text")
    command.add_argument("--to", default="", metavar="FILE", help="where to write it (default: to the terminal)")
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Compare them.

    Raises:
        UsageError: one of them is no run, or they cannot be set side by side.
        StoreError: the comparison could not be written.
    """
    runs = [read_whole_result(name) for name in (options.baseline, options.candidate)]
    theirs, ours = (folder_of(name) for name in (options.baseline, options.candidate))
    settings = read_gate(options.gate) if options.gate else None
    found = versus(runs[0], runs[1], (read_samples(theirs), read_samples(ours)), settings)
    put(_text(found, options.format), options.to, ours)
    return found.exit_code


def _text(found: Versus, kind: str) -> str:
    if kind == "json":
        return json.dumps(found.to_dict(), indent=2) + "\n"
    return versus_markdown(found) if kind == "md" else versus_text(found)
