"""`replay-users baseline accept RUN`: what a run showed is known from now on, and only what is new fails.

Law: reads a run's result, writes one file beside its place and renames it; what accepting means is decided in
`results.baseline`. It holds no values, only paths and counts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.results.baseline import Baseline, accept, parse_baseline
from replay_users.results.finished import read_whole_result
from replay_users.results.gate import evidence_of
from replay_users.results.gate.hard import AS_PLANNED
from replay_users.results.wording import plain, several

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["add_to"]


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("baseline", help="accept what differs, so that only what is new fails")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("accept", help="take what runs showed into a baseline.json")
    verb.add_argument("runs", nargs="+", metavar="RUN", help="directory of a finished run")
    verb.add_argument("--to", default="baseline.json", help="file to write; one that is there learns more")
    verb.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Accept.

    Raises:
        UsageError: a run cannot be accepted, or the file not read or written.
    """
    path = Path(options.to)
    before = baseline = _known(path)
    notes: list[str] = []
    for run in options.runs:
        result = read_whole_result(run)
        notes += _notes(result)
        baseline = accept(baseline, evidence_of(result), str(result["run"]["id"]))
    _write(path, baseline)
    sys.stdout.write("\n".join([*_told(options.to, before, baseline), *notes]) + "\n")
    return 0


def _notes(result: Mapping[str, Any]) -> Iterator[str]:
    """What makes a run a poor measure."""
    stopped = result["run"]["stopped_by"]
    if stopped not in AS_PLANNED:
        yield f"note: run {plain(str(result['run']['id']))} was stopped ({plain(str(stopped))}), so it showed only a part"


def _known(path: Path) -> Baseline:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Baseline()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"--to {path} cannot be read: {reason}") from None
    return parse_baseline(text, str(path))


def _write(path: Path, baseline: Baseline) -> None:
    beside = path.with_name(f".{path.name}.new")
    text = json.dumps(baseline.to_data(), indent=1, ensure_ascii=True) + "\n"
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105 - atomic, and over an existing file
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"--to {path} cannot be written: {error.strerror}") from None


def _told(name: str, before: Baseline, now: Baseline) -> Iterator[str]:
    added = [run for run in now.runs if run not in before.runs]
    if not added:
        yield f"{name}: these runs are in it already"
        return
    new = sum(key not in before.signatures for key in now.signatures)
    pairs = sum(each.pairs for each in now.endpoints.values())
    yield (
        f"{name}: {several(len(now.signatures), 'signature')} ({new:,} new) on {several(len(now.endpoints), 'endpoint')},"
        f" of {pairs:,} compared answers in {several(len(now.runs), 'run')}; review it, and give it with --baseline"
    )
