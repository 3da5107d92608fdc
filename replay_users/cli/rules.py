"""`replay-users rules check`: what a rules file says, before a run finds out.

Law: reads the file and, if asked, a recording's manifest; sends nothing. A file that cannot be used is the same usage error
that a run would be refused with; a rule that does nothing is a note.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from replay_users.cli.stores import add_store_options, store_of
from replay_users.compare.rules import Rules, covers_endpoint
from replay_users.compare.rules.notes import describe, expired_notes, idle_notes
from replay_users.errors import UsageError
from replay_users.recording.recording import open_recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from replay_users.compare.rules import Rule

__all__ = ["add_to"]


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("rules", help="look at comparison rules")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("check", help="show what a rules file says, and what in it does nothing")
    verb.add_argument("file", help="a YAML file, as for --rules")
    verb.add_argument(
        "--recording",
        default="",
        env_var="REPLAY_RECORDING",
        help="also look for rules that are about none of its endpoints",
    )
    verb.add_argument("--json", action="store_true", help="as JSON")
    add_store_options(verb)
    verb.set_defaults(handle=check)


def check(options: Any, _rest: list[str]) -> int:
    """Show the rules of a file.

    Raises:
        ReplayError: the file cannot be used, or there is no such recording.
    """
    rules = Rules.parse(_text(options.file), options.file)
    endpoints: list[str] = []
    if options.recording:
        manifest = open_recording(store_of(options, options.recording)).manifest
        endpoints = [info.name for info in manifest.endpoints]
    today = datetime.now(UTC).date()
    notes = [*expired_notes(rules, today), *(idle_notes(rules, endpoints) if options.recording else ())]
    if options.json:
        shown = {"rules": [_as_data(rule, endpoints) for rule in rules.rules], "notes": notes}
        sys.stdout.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_lines(options.file, rules, today, notes)) + "\n")
    return 0


def _lines(name: str, rules: Rules, today: date, notes: Sequence[str]) -> Iterator[str]:
    over = len(rules.expired(today))
    yield f"{name}: {len(rules.rules)} rules" + (f", {over} of them expired" if over else "")
    for rule in rules.rules:
        where = "" if rule.endpoint == "*" else f" on {rule.endpoint}"
        until = f" (until {rule.expires})" if rule.expires else ""
        yield f"{rule.line:>5}  {describe(rule)}{where}{until}: {rule.reason}"
    yield from [f"note: {note}" for note in notes]


def _as_data(rule: Rule, endpoints: Sequence[str]) -> dict[str, Any]:
    return {
        "line": rule.line,
        "endpoint": rule.endpoint,
        "does": describe(rule),
        "reason": rule.reason,
        "expires": rule.expires,
        "endpoints": [name for name in endpoints if covers_endpoint(rule, name)],
    }


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"{path} cannot be read: {reason}") from None
