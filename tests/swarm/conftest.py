"""Options as Locust parses them, a recording, a target, and a Locust environment that is gone after each test."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from locust.env import Environment
from locust.event import Events

from replay_users.swarm.options import OPTIONS
from replay_users.testing import ScriptedTarget
from tests.integration.replays import record_traffic, same_answers

if TYPE_CHECKING:
    from collections.abc import Iterator


class MakeOptions(Protocol):
    """Parsed options: the defaults, with changes."""

    def __call__(self, **changes: Any) -> Namespace:
        """By name."""


@pytest.fixture(scope="session")
def options() -> MakeOptions:
    """What Locust's parser gives for a command line, by name."""
    locusts = {"run_time": None, "csv_prefix": "", "autostart": False, "headless": True}
    ours = {option.dest: option.default for option in OPTIONS}

    def make(**changes: Any) -> Namespace:
        return Namespace(**{**locusts, **ours, **changes})

    return make


PATIENT = {"max_lag": "1m"}
"""For runs in which nothing is to be dropped: a test's process may stand still for longer than a second."""


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording: 40 exchanges in 0.4 s, 10 of them writes."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "traffic", 40)


@pytest.fixture
def environment(options: MakeOptions) -> Iterator[Any]:
    """A Locust environment with a local runner and the default options."""
    make_events: Any = Events
    made: Any = Environment(events=make_events(), parsed_options=options(), host="http://127.0.0.1:9")
    made.create_local_runner()
    yield made
    made.runner.quit()


@pytest.fixture(scope="session")
def _process() -> Iterator[ScriptedTarget]:
    with ScriptedTarget() as target:
        yield target


@pytest.fixture
def target(_process: ScriptedTarget) -> ScriptedTarget:
    """A target that answers everything as it was recorded, until it is told otherwise."""
    _process.play(same_answers())
    return _process
