"""`ReplayShape`: tells Locust how many users there are (one for each process that sends) and when the run is over.

Law: Locust asks once a second, and nothing else happens here. A run is over when it has drained; `-t` is honoured by
the run, because Locust ignores it where there is a shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust import LoadTestShape

from replay_users.swarm import wiring as _wiring  # noqa: F401 - importing it ties the face to Locust
from replay_users.swarm.face import face_of

if TYPE_CHECKING:
    from typing import ClassVar

__all__ = ["ReplayShape"]

_RATE = 100.0
"""Users per second; above it Locust warns."""


class ReplayShape(LoadTestShape):
    """Subclass it beside your `ReplayUser`."""

    abstract = True
    use_common_options: ClassVar[bool] = True  # so that -t is taken, in the form too

    def tick(self) -> tuple[int, float] | None:
        """One user for each process while the run lasts, `None` once it is over."""
        if self.runner is None:
            return None
        face = face_of(self.runner.environment)
        face.look_after()
        return None if face.is_over else (face.users, _RATE)
