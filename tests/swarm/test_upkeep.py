"""Targets that change during a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.origin import Origin
from replay_users.engine.target import Target
from replay_users.errors import UsageError
from replay_users.results.result import RunEvent
from replay_users.swarm import upkeep as module
from replay_users.swarm.upkeep import Upkeep

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = (2, ("10.0.0.1", 80)), (2, ("10.0.0.2", 80))


class Files:
    """A `Tls` whose files are what the test says."""

    def __init__(self) -> None:
        self.wrong: str | None = None
        self.looks = 0

    def renew(self) -> str | None:
        """Look at the files."""
        self.looks += 1
        return self.wrong


class Names:
    """A name service: names that it does not know do not resolve."""

    def __init__(self, known: dict[str, tuple[int, tuple[str, int]]]) -> None:
        self.known = known

    def resolve(self, name: str, port: int) -> list[tuple[int, tuple[str, int]]]:
        """As the real one does."""
        if name not in self.known:
            raise UsageError(f"{name}:{port} does not resolve")
        return [self.known[name]]


@pytest.fixture
def told() -> list[tuple[int, Sequence[Any]]]:
    """What the engine was told."""
    return []


@pytest.fixture
def files() -> Files:
    """TLS files that fit."""
    return Files()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Two hosts."""
    made = Names({"a": OLD, "b": OLD})
    monkeypatch.setattr(module, "resolve", made.resolve)
    return made


@pytest.fixture
def upkeep(told: list[Any], files: Any, names: Names) -> Upkeep:  # noqa: ARG001 - resolves for it
    """Of a run with two targets, ten seconds after its start; the second speaks TLS."""
    targets = [
        Target(Origin(name="a", port=80), [OLD]),
        Target(Origin(name="b", port=443, tls=files), [OLD]),
    ]
    return Upkeep(targets, lambda nth, addresses: told.append((nth, addresses)), lambda: 10_000_000_000)


def test_every_target_is_resolved_again(upkeep: Upkeep, names: Names, told: list[Any], files: Files) -> None:
    """The engine is told the addresses that each target has now, and the files of TLS are looked at."""
    names.known["b"] = NEW
    upkeep.look()
    assert told == [(0, [OLD]), (1, [NEW])]
    assert (files.looks, upkeep.events) == (1, [])


def test_a_name_that_does_not_resolve_any_more(
    upkeep: Upkeep, names: Names, told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Its addresses stay, which is told once; the other targets are looked at all the same."""
    del names.known["a"]
    upkeep.look()
    upkeep.look()
    assert told == [(1, [OLD])] * 2
    assert upkeep.events == [
        RunEvent(at_s=10.0, event="warning", text="keeping the old addresses: a:80 does not resolve")
    ]
    assert len(caplog.records) == 1


def test_files_that_do_not_fit_any_more(upkeep: Upkeep, files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """A renewed certificate that cannot be used is a warning of the run, once for each thing that is wrong."""
    for wrong in ("no key", "no key", None, "no PEM"):
        files.wrong = wrong
        upkeep.look()
    assert [event.text for event in upkeep.events] == ["no key", "no PEM"]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


def test_so_many_things_are_told_of_a_run(upkeep: Upkeep, files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever else goes wrong is logged, and in the result no more."""
    for nth in range(50):
        files.wrong = f"cannot be read the {nth}th time"
        upkeep.look()
    assert (len(upkeep.events), len(caplog.records)) == (20, 50)
    assert upkeep.events[0].text.endswith("0th time")
