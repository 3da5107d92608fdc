"""Locust's `init`: whether this Locust can replay at all, then a face of its own for the environment.

Law: refuses with one sentence and an exit code, before anything is sent; what happens afterwards is the face's. The
subtle thing: Locust takes whatever classes a locustfile holds and says nothing of those it never uses, so that is asked
here.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, NoReturn

from locust.runners import MasterRunner, WorkerRunner

from replay_users.errors import ReplayError, UsageError
from replay_users.swarm.face import Face, add_face
from replay_users.swarm.local import LocalFace
from replay_users.swarm.master import MasterFace
from replay_users.swarm.orphans import forks
from replay_users.swarm.signals import STOPPED
from replay_users.swarm.telling import tell
from replay_users.swarm.worker import WorkerFace

__all__ = ["install", "refuse_setup"]


def install(environment: Any, runner: Any, web_ui: Any, **_: Any) -> None:
    """Wire a face to this environment's events.

    Exits with one sentence if Locust is set up for something else, or if the options of a run that starts by itself
    cannot be.
    """
    forks.let_be()
    try:
        refuse_setup(environment)
        face = _face(environment, runner)
        if isinstance(face, Face) and (web_ui is None or environment.parsed_options.autostart):
            face.announce(face.make_ready())
    except ReplayError as error:
        _exit(str(error), error.exit_code)
    except KeyboardInterrupt:
        _exit("stopped before anything was sent", STOPPED)
    if web_ui is not None and isinstance(face, Face):
        from replay_users.swarm.web import guard  # noqa: PLC0415 - Flask, only where there is a web UI

        guard(web_ui, face)
    if environment.parsed_options.no_locust_tables:
        logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)
    add_face(environment, face)
    face.listen()


def _face(environment: Any, runner: Any) -> Face | WorkerFace:
    if isinstance(runner, MasterRunner):
        return MasterFace(environment)
    return WorkerFace(environment) if isinstance(runner, WorkerRunner) else LocalFace(environment)


def _exit(sentence: str, code: int) -> NoReturn:
    tell(f"replay-users: {sentence}")
    sys.exit(code)


def refuse_setup(environment: Any) -> None:
    """One user class, one shape.

    Raises:
        UsageError: the locustfile has other classes than it should.
    """
    from replay_users.swarm.shape import ReplayShape  # noqa: PLC0415 - it imports Locust and wires this module
    from replay_users.swarm.user import ReplayUser  # noqa: PLC0415

    replays = [each for each in environment.user_classes if issubclass(each, ReplayUser)]
    if len(environment.user_classes) != 1 or len(replays) != 1:
        names = ", ".join(each.__name__ for each in environment.user_classes) or "none"
        raise UsageError(f"a replay is one user class, a subclass of ReplayUser; the locustfile has {names}")
    if replays[0].fixed_count:
        name = replays[0].__name__
        raise UsageError(f"{name}.fixed_count would keep workers without a user: leave it out, each process gets one")
    if not isinstance(environment.shape_class, ReplayShape):
        raise UsageError(
            "the locustfile has no subclass of ReplayShape, which ends the run: copy locustfiles/replay.py"
        )
