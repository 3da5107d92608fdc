"""`replay-users show RUN ID`: one exchange behind a run, as it was recorded and what of it differed.

Law: reads the run's files and the recording, sends nothing, and shows nothing unredacted: heads and bodies go through the
redaction that exhibits go through. What cannot be found is said, and the rest is shown.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.cli.stores import add_store_options, store_of
from replay_users.compare.redaction import Redaction
from replay_users.compare.show import redact_target
from replay_users.errors import ReplayError, UsageError
from replay_users.recording.finding import find
from replay_users.recording.recording import open_recording
from replay_users.results.finished import read_lines, read_result
from replay_users.results.learnable import FIRST_PASS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["add_to"]

_MOST = 4_000
"""Characters of a body that are shown."""


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("show", help="show one exchange of a run: as recorded, and what differed")
    command.add_argument("run", metavar="RUN", help="directory of a finished run")
    command.add_argument("id", metavar="ID", help="id of the exchange, as the summary and mismatches.jsonl have it")
    command.add_argument("--recording", default="", help="where the recording is now, if it was moved")
    command.add_argument("--json", action="store_true", help="as JSON")
    add_store_options(command)
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Show it.

    Raises:
        UsageError: there is no such run, or nothing is known of the exchange.
    """
    result = read_result(options.run)
    folder = Path(options.run)
    folder = folder if folder.is_dir() else folder.parent
    mismatches = [line for line in read_lines(folder / "mismatches.jsonl") if line.get("id") == options.id]
    row, why = _recorded(options, result)
    if row is None and not mismatches:
        raise UsageError(f"{options.run} knows no exchange {options.id!r}{why}")
    exhibit = next((line for line in read_lines(folder / "exhibits.jsonl") if line.get("id") == options.id), None)
    first = _first(exhibit) if result["run"].get("compared_with") == FIRST_PASS else None
    shown = {"recorded": row, "first_pass": first, "differences": mismatches, "replayed": _replayed(exhibit)}
    if options.json:
        sys.stdout.write(json.dumps(shown, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_text(options.id, shown, why)) + "\n")
    return 0


def _recorded(options: Any, result: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The exchange in the recording, redacted, or None and why."""
    address = options.recording or _found(str(result["run"].get("recording", "")), Path(options.run))
    try:
        row = find(open_recording(store_of(options, address)), options.id, _window(result))
    except ReplayError as error:
        return None, f" (the recording cannot be read: {error})"
    if row is None:
        return None, f" ({address} has none of that id in the run's window)"
    return _redacted(row), ""


def _window(result: Mapping[str, Any]) -> tuple[int, int] | None:
    """What was replayed of the recording; all of it where a result does not say so in two numbers."""
    found = result["run"].get("window_ns")
    is_one = isinstance(found, list) and [type(each) for each in found] == [int, int]
    return (found[0], found[1]) if is_one else None


def _found(address: str, run: Path) -> str:
    """Where the run's recording is: a relative address is looked for in the directories that the run lies in, too.

    A report says `replay-users show . ID`, and its reader is in its directory, not where the run was started.
    """
    if "://" in address or not address or Path(address).exists():
        return address
    return next((str(above / address) for above in run.resolve().parents if (above / address).is_dir()), address)


def _redacted(row: Mapping[str, Any]) -> dict[str, Any]:
    redaction = Redaction(secrets.token_bytes(32))
    head = row["response_head"] or b""
    return {
        "id": row["id"],
        "at": row["at"],
        "endpoint": row["endpoint"],
        "session": (row["session"] or b"").hex(),
        "method": row["method"],
        "target": redact_target(row["target"]),
        "authority": row["authority"],
        "request_head": redaction.head(row["request_head"] or b""),
        "request_body": _body(redaction, row["request_body"], row["request_head"] or b"", row["request_size"]),
        "status": row["status"],
        "response_head": redaction.head(head),
        "response_body": _body(redaction, row["response_body"], head, row["response_size"]),
        "response_trailers": redaction.head(row["trailers"] or b""),
    }


def _body(redaction: Redaction, body: bytes | None, head: bytes, size: int) -> str:
    if body is None or len(body) < size:
        return f"({size:,} bytes, not recorded)" if body is None else f"({size:,} bytes, {len(body):,} recorded)"
    if not body:
        return ""
    text = redaction.body(body, head)
    return f"({len(body):,} bytes, no text or too long to show)" if text is None else text


def _replayed(exhibit: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if exhibit is None:
        return None
    names = ("answer_status", "answer_head", "answer_body", "answer_trailers")
    return {name.removeprefix("answer_"): exhibit.get(name) for name in names}


def _first(exhibit: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer that an A/A run compared the replayed one with, which is not the recorded one."""
    return {name: (exhibit or {}).get(name) for name in ("status", "head", "body", "trailers")}


def _text(name: str, shown: Mapping[str, Any], why: str) -> Iterator[str]:
    row, replayed = shown["recorded"], shown["replayed"]
    yield f"exchange {name}"
    if row is None:
        yield f"not in the recording{why}"
    else:
        yield f"{row['endpoint']}, session {row['session']}"
        yield from _message("request", f"{row['method']} {row['target']} (host {row['authority']})", row, "request_")
        yield from _message("recorded answer", str(row["status"]), row, "response_")
    if shown["first_pass"] is not None:
        first = shown["first_pass"]
        yield from _message("answer of the first pass", str(first["status"] or "not kept"), first, "")
    if replayed is not None:
        yield from _message("replayed answer", str(replayed["status"]), replayed, "")
    yield from _differences(shown["differences"])


def _message(title: str, first: str, of: Mapping[str, Any], prefix: str) -> Iterator[str]:
    yield ""
    yield f"{title}: {first}"
    yield from [f"  {_plain(line)}" for line in str(of[f"{prefix}head"] or "").splitlines()]
    body = of[f"{prefix}body"] or ""
    if body:
        yield ""
        yield from [f"  {_plain(line)}" for line in body[:_MOST].splitlines()]
    if len(body) > _MOST:
        yield f"  and {len(body) - _MOST:,} characters more (--json has all)"
    if trailers := of.get(f"{prefix}trailers"):
        yield from ["", "  trailers:", *[f"  {_plain(line)}" for line in str(trailers).splitlines()]]


def _differences(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    kept = "kept (a run keeps five examples of each)"
    yield f"differences that were {kept}:" if lines else f"no difference of it was {kept}"
    for line in lines:
        yield f"  {line['kind']} {line['path']}: {line['recorded'] or 'nothing'} -> {line['replayed'] or 'nothing'}"
    if lines and lines[0].get("explanation"):
        yield from ["", "DeepDiff says:", *[f"  {_plain(each)}" for each in lines[0]["explanation"]]]
    if lines:
        yield from ["", f"again: {lines[0]['curl']}"]


def _plain(text: str) -> str:
    return "".join([char if char.isprintable() else " " for char in text])
