"""Locust's `init`: what it cannot replay with is refused, before anything is sent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from locust import User
from locust.runners import MasterRunner, WorkerRunner

from replay_users.swarm.face import Face, face_of
from replay_users.swarm.install import install
from replay_users.swarm.local import LocalFace
from replay_users.swarm.master import MasterFace
from replay_users.swarm.orphans import forks
from replay_users.swarm.shape import ReplayShape
from replay_users.swarm.signals import STOPPED
from replay_users.swarm.user import ReplayUser
from replay_users.swarm.worker import WorkerFace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.swarm.conftest import MakeOptions


class Replay(ReplayUser):
    """As in a locustfile."""


class Shape(ReplayShape):
    """As in a locustfile."""


class Fixed(ReplayUser):
    """One of these for all workers together."""

    fixed_count = 1


class Person(User):
    """A user of another kind."""


_MAKE_SHAPE: Any = Shape


@pytest.fixture
def ready(environment: Any, traffic: str, options: MakeOptions, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An environment as Locust makes it for `locustfiles/replay.py`, with a recording and a host."""
    level = logging.getLogger("locust.stats_logger").level
    monkeypatch.setattr(gevent, "signal_handler", lambda *_: None)
    environment.user_classes = [Replay]
    environment.shape_class = _MAKE_SHAPE()
    environment.parsed_options = options(recording=traffic)
    yield environment
    logging.getLogger("locust.stats_logger").setLevel(level)


def refused(environment: Any, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """The exit code and the sentence with which `init` ends the process."""
    with pytest.raises(SystemExit) as exit_info:
        install(environment=environment, runner=environment.runner, web_ui=None)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return exit_info.value.code, said.err


def test_a_headless_run_is_planned_at_once(ready: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan is shown and the run is ready before Locust spawns anybody."""
    install(environment=ready, runner=ready.runner, web_ui=None)
    assert face_of(ready).ready is not None
    assert capsys.readouterr().err.startswith("Plan: replay ")
    assert ready.events.test_start._handlers


def test_what_cannot_be_ends_the_process(ready: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that cannot be is exit code 2 and one sentence."""
    ready.parsed_options.pace = "fast"
    code, sentence = refused(ready, capsys)
    assert code == 2
    assert sentence.startswith("replay-users: unknown pace 'fast'")


def test_an_impatient_person_gets_no_traceback(
    ready: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a large recording is being opened is exit code 4 and one sentence."""

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Face, "make_ready", interrupted)
    assert refused(ready, capsys) == (STOPPED, "replay-users: stopped before anything was sent\n")


def test_the_web_ui_waits_for_its_form(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a web UI nothing is opened before somebody presses Start, unless Locust starts by itself."""
    guarded: list[Any] = []
    monkeypatch.setattr("replay_users.swarm.web.guard", lambda web_ui, _: guarded.append(web_ui))
    install(environment=ready, runner=ready.runner, web_ui="ui")
    assert (face_of(ready).ready, guarded) == (None, ["ui"])
    ready.parsed_options.autostart = True
    install(environment=ready, runner=ready.runner, web_ui="ui")
    assert face_of(ready).ready is not None


@pytest.mark.parametrize("quiet", [True, False])
def test_locusts_tables_can_be_left_out(ready: Any, quiet: bool) -> None:
    """`--no-locust-tables` silences them, and nothing that Locust writes to files."""
    ready.parsed_options.no_locust_tables = quiet
    logging.getLogger("locust.stats_logger").setLevel(logging.INFO)
    install(environment=ready, runner=ready.runner, web_ui=None)
    assert logging.getLogger("locust.stats_logger").isEnabledFor(logging.INFO) is not quiet


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"user_classes": []}, "the locustfile has none", id="no user"),
        pytest.param({"user_classes": [Replay, Person]}, "the locustfile has Replay, Person", id="another user"),
        pytest.param({"user_classes": [Person]}, "the locustfile has Person", id="no replay"),
        pytest.param(
            {"user_classes": [Fixed]}, "Fixed.fixed_count would keep workers without a user", id="a fixed count"
        ),
        pytest.param({"shape_class": None}, "no subclass of ReplayShape", id="no shape"),
    ],
)
def test_a_locustfile_of_which_a_part_would_not_run_is_refused(
    ready: Any, changes: dict[str, Any], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One user class and a shape of ours, or exit code 2."""
    for name, value in changes.items():
        setattr(ready, name, value)
    code, said = refused(ready, capsys)
    assert code == 2
    assert sentence in said


@pytest.mark.parametrize(
    ("kind", "face"),
    [
        pytest.param("local", LocalFace, id="one process"),
        pytest.param("master", MasterFace, id="a master"),
        pytest.param("worker", WorkerFace, id="a worker"),
    ],
)
def test_each_process_has_the_face_of_its_kind(
    ready: Any, kind: str, face: type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One process and a master plan at once, a worker waits to be told; whatever is forked from then on is its own."""
    runners = {"local": ready.runner, "master": object.__new__(MasterRunner), "worker": object.__new__(WorkerRunner)}
    for runner in (MasterRunner, WorkerRunner):
        monkeypatch.setattr(runner, "__del__", lambda _: None)
    monkeypatch.setattr(face, "listen", lambda _: None)
    install(environment=ready, runner=runners[kind], web_ui=None)
    assert type(face_of(ready)) is face
    assert ("Plan: replay" in capsys.readouterr().err) is (kind != "worker")
    assert not forks._watching
