"""The face of one process: its user begins the run, once, and whatever breaks down ends Locust."""

from __future__ import annotations

from typing import Any

import gevent
import pytest

from replay_users.errors import StoreError, UsageError
from replay_users.swarm import face as face_module
from replay_users.swarm import local as module
from replay_users.swarm.local import LocalFace
from tests.swarm.test_face import FakePrepared, FakeProgress, FakeRun, settle
from tests.swarm.test_hooks import user

USER = user()


@pytest.fixture
def face(environment: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A face that is ready, whose run is a fake."""
    monkeypatch.setattr(module, "Run", lambda _id, prepared, _environment, _hooks: FakeRun(prepared))
    monkeypatch.setattr(face_module, "Progress", FakeProgress)
    made = LocalFace(environment)
    made.ready = FakePrepared()  # type: ignore[assignment]
    return made


def test_the_user_begins_the_run_once(face: Any) -> None:
    """Whatever makes Locust spawn another user, there is one run."""
    face.begin(USER)
    run = face.run
    assert (isinstance(run, FakeRun), face.ready) == (True, None)
    face.ready = FakePrepared()
    face.begin(USER)
    assert face.run is run


def test_an_aa_run_is_begun_as_one(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for twice is run twice."""
    face.ready.settings = type("S", (), {"drain_timeout": 10_000_000, "twice": True, "autostop": (), "influx": None})
    begun: list[FakeRun] = []

    def twice(_id: str, prepared: Any, *_: Any) -> FakeRun:
        begun.append(FakeRun(prepared))
        return begun[-1]

    monkeypatch.setattr(module, "Twice", twice)
    face.begin(USER)
    assert begun == [face.run]


def test_a_user_without_anything_ready_begins_nothing(face: Any) -> None:
    """A user that comes too early, or after a signal, is ignored."""
    face.signals.count = 1
    face.begin(USER)
    face.signals.count, face.ready = 0, None
    face.begin(USER)
    assert face.run is None


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        pytest.param(StoreError("the disk is gone"), 1, "replay-users: the disk is gone\n", id="ours"),
        pytest.param(UsageError("no such thing"), 2, "replay-users: no such thing\n", id="usage"),
        pytest.param(ZeroDivisionError("a bug"), 1, "", id="a bug"),
    ],
)
def test_a_run_that_cannot_begin_ends_locust(
    face: Any,
    error: Exception,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is over, with a sentence of ours or a report of the bug, and its code."""

    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(module, "Run", broken)
    face.begin(USER)
    assert (face.is_over, face.environment.process_exit_code) == (True, code)
    assert told in capsys.readouterr().err


def test_a_user_that_breaks_down_before_it_begins_ends_locust(face: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Once Locust has spawned its user and none is there, nobody will begin: exit code 2, with a sentence."""
    face.look_after()
    assert not face.is_over  # nobody was spawned yet
    face.environment.runner.state = "running"
    greenlet = face.environment.runner.user_greenlets.spawn(gevent.sleep, 10)
    face.look_after()
    assert not face.is_over  # it takes its time
    greenlet.kill()
    settle()
    face.look_after()
    assert (face.is_over, face.environment.process_exit_code) == (True, 2)
    assert "the user ended before it began to replay" in capsys.readouterr().err


def test_a_user_that_ends_during_the_run_is_not_missed(face: Any) -> None:
    """A run goes on without its user, which has begun it."""
    face.begin(USER)
    face.environment.runner.state = "running"
    face.look_after()
    assert not face.is_over
