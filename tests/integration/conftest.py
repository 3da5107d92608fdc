"""What the replays of these tests share: recordings, and a target that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.testing import ScriptedTarget
from tests.integration.replays import record_traffic, same_answers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording: 80 exchanges in 0.8 s, 20 of them writes."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "traffic", 80)


@pytest.fixture(scope="session")
def long_traffic(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording that takes a minute: 1,200 exchanges, 300 of them writes."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "long", 1200, every_ms=50)


@pytest.fixture(scope="session")
def _process() -> Iterator[ScriptedTarget]:
    with ScriptedTarget() as target:
        yield target


@pytest.fixture
def target(_process: ScriptedTarget) -> ScriptedTarget:
    """A target that answers everything as it was recorded, until it is told otherwise."""
    _process.play(same_answers())
    return _process
