"""`ReplayUser`: one user, whose task is the whole replay."""

from __future__ import annotations

from typing import Any

import gevent

from replay_users.model import Answer, Fate, Outcome, Request
from replay_users.swarm.face import add_face
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.user import ReplayUser


class Replay(ReplayUser):
    """As in a locustfile."""


class FakeFace:
    """Remembers who began."""

    def __init__(self) -> None:
        self.begun: list[Any] = []

    def begin(self, user: Any) -> None:
        """Begin."""
        self.begun.append(user)


def test_it_begins_the_run_and_stays(environment: Any) -> None:
    """The task begins the run once, and lasts until Locust wants the user to stop."""
    face = FakeFace()
    add_face(environment, face)
    user = Replay(environment)
    user._state = "running"
    task = gevent.spawn(user.replay)
    gevent.sleep(0.01)
    assert face.begun == [user]
    assert not task.ready()
    user._state = "stopping"
    task.join(10)
    assert task.ready()
    assert face.begun == [user]


def test_how_many_there_are_is_the_shapes_choice(environment: Any) -> None:
    """Locust would count a fixed number over all workers, so there is none; the base class itself is never a user."""
    assert (Replay.fixed_count, Replay.abstract, ReplayUser.abstract) == (0, False, True)
    assert Replay.wait_time(Replay(environment)) == 0


def test_it_changes_nothing_by_itself(environment: Any) -> None:
    """Nothing is overridden, so nothing costs; and called all the same, its methods leave things as they are."""
    user: Any = Replay(environment)
    hooks = Hooks(user, ReplayUser)
    assert (hooks.loads, hooks.signs, hooks.answers) == (False, False, False)
    request = Request(method="GET", target=b"/", authority="shop.example", endpoint="GET /")
    assert user.rewrite(request) is user.sign(request) is request
    assert user.endpoint(request) == "GET /"
    outcome = Outcome(id="1", endpoint="", method="GET", target=b"/", session=None, fate=Fate.SENT)
    assert user.on_answer(outcome, Answer(200, b"", b""), None) is None
