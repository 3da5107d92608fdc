"""Live engines that must leave nothing behind, and the scripted target they fly to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from gevent.hub import get_hub

from replay_users.testing import ScriptedTarget
from tests.engine.rig import Rig, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def _process() -> Iterator[ScriptedTarget]:
    with ScriptedTarget() as target:
        yield target


@pytest.fixture
def target(_process: ScriptedTarget) -> ScriptedTarget:
    """A scripted target that answers everything with an empty 200, until it is told otherwise."""
    _process.play()
    return _process


@pytest.fixture(autouse=True)
def _no_errors_in_the_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a callback of the hub is otherwise only printed."""
    errors: list[object] = []
    monkeypatch.setattr(get_hub(), "handle_error", lambda *error: errors.append(error))
    yield
    assert errors == []


@pytest.fixture
def rig(target: ScriptedTarget) -> Iterator[Callable[..., Rig]]:
    """Makes live engines, flying to the target unless told otherwise; they must give back every descriptor and watcher."""
    rigs: list[Rig] = []
    before = resources()

    def make(**options: Any) -> Rig:
        rigs.append(Rig(**{"addresses": [target.address], **options}))
        return rigs[-1]

    yield make
    for each in rigs:
        each.engine.close()
    assert resources() == before
