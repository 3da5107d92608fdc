"""`replay-users inspect` and `replay-users plan`: what is there, and what a run would do.

Law: reads manifests and count indices, never a slice, and sends nothing. `plan` takes the very options that a run takes.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from replay_users.cli.stores import add_store_options, store_of
from replay_users.compare.rules.notes import expired_notes, idle_notes
from replay_users.errors import UsageError
from replay_users.plan.empty import refuse_empty
from replay_users.plan.headers import resolve
from replay_users.plan.overview import inspect_json, inspect_text
from replay_users.plan.plan import make_plan
from replay_users.plan.render import plan_json, plan_text
from replay_users.recording.recording import open_recording
from replay_users.recording.store import open_store
from replay_users.results.gate.idle import idle_names
from replay_users.swarm.options import add_options
from replay_users.swarm.settings import planned_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from replay_users.plan.headers import HeaderSpec

__all__ = ["add_to"]


def add_to(commands: Any) -> None:
    """Add the two commands."""
    command = commands.add_parser("inspect", help="show what is in a recording")
    command.add_argument("recording", help="folder or s3://bucket/prefix of a recording or a part of it")
    command.add_argument("--json", action="store_true", help="as JSON")
    add_store_options(command)
    command.set_defaults(handle=inspect)
    command = commands.add_parser("plan", help="show what a run would do, and send nothing")
    command.add_argument("recording_argument", metavar="RECORDING", help="folder or s3://bucket/prefix")
    command.add_argument(
        "--host", default="", env_var="LOCUST_HOST", help="where it would be replayed to: http://HOST:PORT"
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    add_options(command, web=False)
    command.set_defaults(handle=plan)


def inspect(options: Any, _rest: list[str]) -> int:
    """Show a recording.

    Raises:
        ReplayError: there is none, or it is damaged.
    """
    store = store_of(options, options.recording)
    manifest = open_recording(store).manifest
    _show(inspect_json(manifest, store.name) if options.json else inspect_text(manifest, store.name))
    return 0


def plan(options: Any, _rest: list[str]) -> int:
    """Show a plan.

    Raises:
        ReplayError: the run cannot be as asked.
    """
    options.recording = options.recording_argument
    settings = planned_settings(options, options.host)
    recording = open_recording(open_store(settings.recording, settings.store))
    made = make_plan(recording.manifest, recording.count_index(), settings.plan)
    refuse_empty(made, recording.manifest)
    secrets = _missing_secrets((*settings.headers, *settings.proxy_headers))
    rules = settings.rules
    endpoints = [info.name for info in recording.manifest.endpoints]
    idle = (
        *expired_notes(rules, datetime.now(UTC).date()),
        *idle_notes(rules, endpoints),
        *idle_names(settings.gate.settings, endpoints),
    )
    made = replace(made, warnings=(*made.warnings, *secrets, *idle))
    _show(plan_json(made) if options.json else plan_text(made))
    return 0


def _missing_secrets(headers: Iterable[HeaderSpec]) -> Iterator[str]:
    """What a header refers to need not be here, where nothing is sent, but must be where the run is."""
    for header in headers:
        try:
            resolve(header, os.environ, lambda path: Path(path).read_text(encoding="utf-8"))
        except UsageError as error:
            yield f"a run started here would be refused: {error}"


def _show(content: str | Mapping[str, Any]) -> None:
    text = content if isinstance(content, str) else orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(text.rstrip("\n") + "\n")
