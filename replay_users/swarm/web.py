"""Locust's web form: a start that cannot be is refused with its reason, before anything happens.

Law: one check in front of `/swarm`; the form itself is Locust's. The subtle thing: Locust answers a bad number with an
error page, and with a shape it says success and does nothing, so everything is read and the recording opened here.
Where a replay may go and what it may read is the operator's choice on the command line, never the form's.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

import gevent
from flask import jsonify, request

from replay_users.errors import ReplayError, UsageError
from replay_users.plan.host import parse_host
from replay_users.plan.pace_text import parse_rate
from replay_users.swarm.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.swarm.face import Face

__all__ = ["form_options", "guard", "refuse_unallowed"]

_ENDING_STEPS, _ENDING_STEP_S = 60, 0.05


def guard(web_ui: Any, face: Face) -> None:
    """Check every start of a test."""
    operator = Namespace(**vars(face.environment.parsed_options))
    host = face.environment.host

    def check() -> Any:
        if not request.path.endswith("/swarm") or request.method != "POST":
            return None
        try:
            _accept(face, operator, host, request.form)
        except ReplayError as error:
            return jsonify({"success": False, "message": str(error), "host": face.environment.host})
        return None

    web_ui.app.before_request(check)


def _accept(face: Face, operator: Namespace, host: str | None, form: Mapping[str, str]) -> None:
    _refuse_while_busy(face)
    face.refuse_start()
    chosen = form_options(operator, form)
    _refuse_faster(operator.max_rate, chosen.max_rate)
    target = form.get("host") or host or ""
    refuse_unallowed(operator, host, chosen.recording, target)
    prepared = face.make_ready(chosen, target)
    face.announce(prepared)


def _refuse_while_busy(face: Face) -> None:
    """One run at a time; one that has ended may take Locust another second to be done with."""
    for _ in range(_ENDING_STEPS):
        if not (face.is_busy and face.is_over):
            break
        gevent.sleep(_ENDING_STEP_S)
    if face.is_busy:
        raise UsageError("a replay is running: stop it before starting another")


def _refuse_faster(operators: str, chosen: str) -> None:
    """The operator's ceiling holds; the form may lower it."""
    if operators and (not chosen or parse_rate(chosen) > parse_rate(operators)):
        raise UsageError(
            f"--max-rate {chosen or 'none'} is above the ceiling that Locust was started with, {operators}"
        )


def form_options(operator: Namespace, form: Mapping[str, str]) -> Namespace:
    """The operator's options with what the form may change."""
    chosen = Namespace(**vars(operator))
    for option in OPTIONS:
        if not option.web or option.dest not in form:
            continue
        value = form[option.dest]
        setattr(chosen, option.dest, value == "true" if isinstance(option.default, bool) else value.strip())
    if form.get("run_time"):
        chosen.run_time = form["run_time"]
    return chosen


def refuse_unallowed(operator: Namespace, host: str | None, recording: str, target: str) -> None:
    """Refuse targets and recordings that the operator did not name.

    Raises:
        UsageError: the form asks for another one.
    """
    targets = {parse_host(url).url for url in (*operator.allow_target, *([host] if host else []))}
    if (target or not operator.map) and parse_host(target).url not in targets:
        raise UsageError(f"target {target!r} is not allowed here: {_allowed('--allow-target', targets)}")
    prefixes = [p for p in (*operator.allow_recording, operator.recording) if p]
    if not any(_is_within(recording, prefix) for prefix in prefixes):
        raise UsageError(f"recording {recording!r} is not allowed here: {_allowed('--allow-recording', prefixes)}")


def _is_within(recording: str, prefix: str) -> bool:
    """Whether it is what the operator named, or below it by name; `..` would lead out of it again."""
    if recording.rstrip("/") == prefix.rstrip("/"):
        return True
    rest = recording.removeprefix(prefix.rstrip("/") + "/")
    return rest != recording and ".." not in rest.split("/")


def _allowed(option: str, values: Any) -> str:
    known = ", ".join(sorted(values)) or "none"
    return f"start Locust with {option} for it (allowed: {known})"
