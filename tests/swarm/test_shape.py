"""`ReplayShape`: how many users there are, and when the run is over."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.swarm.face import add_face
from replay_users.swarm.shape import ReplayShape


class Shape(ReplayShape):
    """As in a locustfile."""


_MAKE: Any = Shape
"""Locust's shapes have untyped constructors."""


@pytest.fixture
def face(environment: Any) -> Any:
    """A face of the environment that says what it is told to."""

    class FakeFace:
        is_over = False
        looks = 0
        users = 3

        def look_after(self) -> None:
            self.looks += 1

    made = FakeFace()
    add_face(environment, made)
    return made


def test_there_is_a_user_for_each_process_until_the_run_is_over(environment: Any, face: Any) -> None:
    """As many users as the face wants while the run lasts, then the end."""
    shape = _MAKE()
    shape.runner = environment.runner
    assert shape.tick() == (3, 100.0)
    assert face.looks == 1
    face.is_over = True
    assert shape.tick() is None


def test_without_a_runner_there_is_nothing_to_do() -> None:
    """A shape that belongs to nobody ends at once."""
    assert _MAKE().tick() is None


def test_the_time_limit_is_taken() -> None:
    """Locust offers its run time, on the command line and in the form, because the shape says that it is used."""
    assert Shape.use_common_options
    assert ReplayShape.abstract
