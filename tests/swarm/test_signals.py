"""The first signal asks, the second one ends."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import gevent

from replay_users.swarm.signals import STOPPED, Signals

if TYPE_CHECKING:
    import pytest


def test_the_first_one_is_handed_on_and_the_second_one_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Either signal may be the first, and the next of whatever kind exits at once with the code of a stop."""
    handlers: dict[int, Any] = {}
    first: list[signal.Signals] = []
    codes: list[int] = []
    monkeypatch.setattr(gevent, "signal_handler", lambda number, handler, *a: handlers.update({number: (handler, a)}))
    monkeypatch.setattr(os, "_exit", codes.append)
    signals = Signals(first.append)
    signals.listen()
    assert handlers.keys() == {signal.SIGINT, signal.SIGTERM}
    handler, given = handlers[signal.SIGTERM]
    handler(*given)
    assert (first, codes, signals.count) == ([signal.SIGTERM], [], 1)
    monkeypatch.setattr(signals, "_first", lambda _: None)
    handler, given = handlers[signal.SIGINT]
    handler(*given)
    assert codes == [STOPPED]
    assert "second signal, exiting without a report" in capsys.readouterr().err


def test_the_kernels_repetition_is_no_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERMs right after one another are one, as a parent of several threads leaves them; a later one is the second."""
    clock, codes = [10_000_000_000], list[int]()
    first: list[signal.Signals] = []
    monkeypatch.setattr(time, "monotonic_ns", lambda: clock[0])
    monkeypatch.setattr(os, "_exit", codes.append)
    signals = Signals(first.append)
    signals._came(signal.SIGTERM)
    clock[0] += 100_000_000
    signals._came(signal.SIGTERM)
    assert (first, codes, signals.count) == ([signal.SIGTERM], [], 1)
    clock[0] += 600_000_000
    signals._came(signal.SIGTERM)
    assert codes == [STOPPED]
