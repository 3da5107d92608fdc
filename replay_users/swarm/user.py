"""`ReplayUser`: the one Locust user of a process, whose task is the whole replay.

Law: no logic of its own; it tells the face that it is there and keeps Locust's idea of a running user until it is
stopped. What people override lives here, and does nothing unless they do. The subtle thing: a user is a stream, not a
person: `-u` has no meaning. It has no `fixed_count`, since Locust counts that over all workers, and each has a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from locust import User, constant, task

from replay_users.swarm import wiring as _wiring  # noqa: F401 - importing it ties the face to Locust
from replay_users.swarm.face import face_of

if TYPE_CHECKING:
    from replay_users.model import Answer, Outcome, Request, Skip

__all__ = ["ReplayUser"]


class ReplayUser(User):
    """Subclass it in a locustfile; override what you need, leave the rest."""

    abstract = True
    wait_time = constant(0)

    def rewrite(self, request: Request) -> Request | Skip:
        """The request to send in place of this one, or `Skip(reason)`. Called once per row, ahead of its time; no I/O."""
        return request

    def endpoint(self, request: Request) -> str:
        """The endpoint to count a request under, such as `POST /graphql getUser`. Called once per row; no I/O."""
        return request.endpoint

    def sign(self, request: Request) -> Request:
        """The request with what only holds at send time, such as a signature over the date. On the hot path: pure, no I/O."""
        return request

    def on_answer(self, exchange: Outcome, answer: Answer, session: bytes | None) -> None:
        """An answer has come and was compared. Off the hot path, in batches; no blocking I/O."""

    @task
    def replay(self) -> None:
        """Begin the run and stay until Locust wants the user to stop."""
        face_of(self.environment).begin(self)
        while self._state != "stopping":
            gevent.sleep(0.2)
