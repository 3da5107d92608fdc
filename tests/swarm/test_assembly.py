"""The parts of one run, made from what was prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.loader import HookedLoader, Loader, RoutedLoader
from replay_users.engine.schedule import Schedule
from replay_users.swarm.assembly import Assembly
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from tests.swarm.test_hooks import Base, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.swarm.conftest import MakeOptions

HOST = "http://127.0.0.1:9"


@pytest.fixture
def make(options: MakeOptions, traffic: str) -> Callable[..., Assembly]:
    """Makes the parts of a run of the small recording, by options and the user's methods."""

    def make(user_code: dict[str, Any] | None = None, **changes: Any) -> Assembly:
        prepared = prepare(read_settings(options(recording=traffic, **changes), HOST, writes=False))
        names = [info.name for info in prepared.recording.manifest.endpoints]
        return Assembly("r1", prepared, Hooks(user(**user_code or {}), Base), names)

    return make


def nothing(*_: Any) -> Any:
    """Whatever is told or asked."""


@pytest.mark.parametrize(
    ("code", "changes", "kind"),
    [
        pytest.param({}, {}, Loader, id="as recorded"),
        pytest.param({}, {"map": [f"shop.example={HOST}"]}, RoutedLoader, id="several targets"),
        pytest.param({}, {"connections": "recorded"}, RoutedLoader, id="recorded connections"),
        pytest.param({"rewrite": nothing}, {}, HookedLoader, id="the user rewrites"),
        pytest.param({"sign": nothing}, {}, HookedLoader, id="the user signs"),
        pytest.param({"on_answer": nothing}, {}, Loader, id="the user only looks"),
    ],
)
def test_nobody_pays_for_what_he_does_not_use(
    make: Callable[..., Assembly], code: dict[str, Any], changes: dict[str, Any], kind: type
) -> None:
    """Rows are loaded by the plainest loader that does what was asked."""
    assert type(make(code, **changes)._loader(lambda _: 0)) is kind


@pytest.mark.parametrize("code", [{}, {"sign": nothing}], ids=["unsigned", "signed"])
def test_only_a_signer_is_asked(make: Callable[..., Assembly], code: dict[str, Any]) -> None:
    """Requests are signed as they leave, if the user's code does; otherwise nothing is called for each."""
    made = make(code)
    schedule = Schedule(made._prepared.settings.limits, nothing, causal=True)
    engine = made.engine(schedule, wake=nothing, unsigned=nothing)
    try:
        assert (engine._sign is not None) is bool(code)
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("partitions", "share"), [(None, None), (frozenset({0, 1}), frozenset({0, 1}))], ids=["all", "a share"]
)
def test_a_share_of_the_recording_is_read(
    make: Callable[..., Assembly], partitions: frozenset[int] | None, share: frozenset[int] | None
) -> None:
    """With the columns that are asked for and those that the settings need, each once."""
    made = make(connections="recorded")
    source = made.source(("id", "connection"), partitions, unread=nothing, wake=nothing)
    selection = source._selection
    assert (selection.columns, selection.trailers) == (("id", "connection", "source"), True)
    assert selection.partitions == share or frozenset(range(made._prepared.recording.manifest.partitions))
    source.close()


@pytest.mark.parametrize(("choice", "fires"), [("always", True), ("never", False)])
def test_locust_is_told_as_the_settings_say(
    make: Callable[..., Assembly], environment: Any, choice: str, *, fires: bool
) -> None:
    """Of each exchange or not, under the run's own list of names, which may become more."""
    made = make(fire_request_events=choice)
    stats = made.stats(environment)
    assert stats._fire is fires
    assert stats._endpoints is made._names
