"""`replay-users rules check` and `rules try`: what a rules file says and does, before a run finds out.

Law: reads the file and, if asked, a recording's manifest or what a run has kept; sends nothing. A file that cannot be used
is the same usage error that a run would be refused with; a rule that does nothing is a note.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from replay_users.cli.stores import add_store_options, store_of
from replay_users.compare.rules import HostMap, IgnoreStatus, Rules, covers_endpoint, format_place
from replay_users.compare.rules.notes import describe, expired_notes, idle_notes
from replay_users.errors import UsageError
from replay_users.path_json import format_json_path
from replay_users.recording.recording import open_recording
from replay_users.results.exhibits import Exhibit
from replay_users.results.finished import read_lines, read_result
from replay_users.results.retrial import retry
from replay_users.results.wording import place, several

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from datetime import date

    from replay_users.compare.difference import Signature
    from replay_users.compare.rules import Rule
    from replay_users.compare.rules.model import Place
    from replay_users.results.retrial import Retrial

__all__ = ["add_to"]

_SHOWN = 20


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
    verb = verbs.add_parser("try", help="judge the answers that a finished run has kept by other rules")
    verb.add_argument("run", metavar="RUN", help="directory of a finished run")
    verb.add_argument("--rules", required=True, help="a YAML file, as for a run")
    verb.add_argument("--json", action="store_true", help="as JSON")
    verb.set_defaults(handle=try_)


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


def try_(options: Any, _rest: list[str]) -> int:
    """Show what rules would do to what a run has kept: up to 200 pairs, redacted.

    Raises:
        ReplayError: the rules cannot be used, or the run has kept nothing.
    """
    rules = Rules.parse(_text(options.rules), options.rules).on(datetime.now(UTC).date())
    hosts, exhibits = _hosts(options.run), _exhibits(options.run)
    retrial = retry(exhibits, rules, hosts)
    if options.json:
        sys.stdout.write(orjson.dumps(_as_result(retrial), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write("\n".join(_told(options.run, retrial)) + "\n")
    return 0


def _hosts(run: str) -> HostMap | None:
    """What stood for the recorded hosts; a result of before they were written has none."""
    hosts = read_result(run)["run"].get("hosts")
    return HostMap.of({str(each): str(there) for each, there in hosts.items()}) if isinstance(hosts, dict) else None


def _exhibits(run: str) -> list[Exhibit]:
    folder = Path(run) if Path(run).is_dir() else Path(run).parent
    try:
        exhibits = [Exhibit.read(line) for line in read_lines(folder / "exhibits.jsonl")]
    except ValueError as error:
        raise UsageError(f"{folder / 'exhibits.jsonl'} is not what a run has kept: {error}") from None
    if not exhibits:
        raise UsageError(f"{run} has kept no answers: nothing differed, or its exhibits.jsonl is gone")
    return exhibits


def _as_result(retrial: Retrial) -> dict[str, Any]:
    counts = {name: getattr(retrial, name) for name in ("tried", "matched", "differ", "unchecked")}
    groups = {"settled": retrial.settled, "left": retrial.left, "redacted": retrial.hidden}
    return counts | {name: [[*_mark(mark), count] for mark, count in _ranked(of)] for name, of in groups.items()}


def _told(run: str, retrial: Retrial) -> Iterator[str]:
    yield (
        f"{run}: of {retrial.tried} kept pairs {retrial.matched} match, {retrial.differ} differ and {retrial.unchecked} cannot"
        " be compared"
    )
    for title, marks in (("settled", retrial.settled), ("left", retrial.left)):
        for mark, count in _ranked(marks)[:_SHOWN]:
            hidden = (
                " (redacted: a rule about its shape cannot be tried)"
                if title == "left" and mark in retrial.hidden
                else ""
            )
            told = "  ".join(filter(None, (mark.endpoint, *place(mark.path_text, mark.kind))))
            yield f"{title:>8}  {count}x  {told}{hidden}"
        if len(marks) > _SHOWN:
            yield f"{title:>8}  and {len(marks) - _SHOWN} more (--json has all)"


def _ranked(marks: Counter[Signature]) -> list[tuple[Signature, int]]:
    return sorted(marks.items(), key=lambda item: (-item[1], _mark(item[0])))


def _mark(mark: Signature) -> tuple[str, str, str]:
    return mark.endpoint, mark.path_text, str(mark.kind)


def _lines(name: str, rules: Rules, today: date, notes: Sequence[str]) -> Iterator[str]:
    over = len(rules.expired(today))
    yield f"{name}: {several(len(rules.rules), 'rule')}" + (f", {over} of them expired" if over else "")
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
        "places": [format_place(place) for place in _places(rule)],
        "json_paths": [format_json_path(place) for place in _places(rule) if isinstance(place, tuple)],
        "reason": rule.reason,
        "expires": rule.expires,
        "endpoints": [name for name in endpoints if covers_endpoint(rule, name)],
    }


def _places(rule: Rule) -> Sequence[Place]:
    return () if isinstance(rule, IgnoreStatus) else rule.where


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"{path} cannot be read: {reason}") from None
