from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.peers import wrk

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = """Running 2s test @ http://127.0.0.1:18091/api/items?page=0
  1 threads and 32 connections
  324014 requests in 2.02s, 127.62MB read
{errors}Requests/sec: 160274.61
Transfer/sec:     63.12MB
"""


@pytest.mark.parametrize(
    ("errors", "failed"),
    [
        pytest.param("", 0, id="clean"),
        pytest.param("  Socket errors: connect 1, read 2, write 0, timeout 4\n", 7, id="socket errors"),
        pytest.param("  Non-2xx or 3xx responses: 9\n", 9, id="bad answers"),
    ],
)
def test_output(errors: str, failed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrk's words become the figures every contender prints, its errors among them."""
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/wrk")
    said: Callable[[str], str] = lambda _: SAID.format(errors=errors)  # noqa: E731
    monkeypatch.setattr(wrk, "_run", said)
    measured = wrk.measure()
    assert (measured["n"], measured["rps"], measured["failed"]) == (324014, 160274.61, failed)


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without wrk the contender skips itself and says what to install."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "wrk is not installed" in str(wrk.measure()["skip"])
