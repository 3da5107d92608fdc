"""One exchange of a recording by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.recording.finding import find
from tests.recording.making import SECOND, START, make_exchanges, record_in

if TYPE_CHECKING:
    from pathlib import Path


def test_an_exchange_is_found_by_its_id(tmp_path: Path) -> None:
    """With all its columns, wherever it lies in the recording."""
    exchanges = make_exchanges(40)
    recording = record_in(tmp_path, exchanges)
    for exchange in (exchanges[0], exchanges[17], exchanges[-1]):
        row = find(recording, exchange.id)
        assert row is not None
        assert (row["id"], row["target"], row["response_body"]) == (
            exchange.id,
            exchange.target,
            exchange.response_body,
        )


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Nor what lies outside of the window."""
    exchanges = make_exchanges(3)
    recording = record_in(tmp_path, exchanges)
    assert find(recording, "nobody") is None
    assert find(recording, exchanges[0].id, (START - 2 * SECOND, START - SECOND)) is None
    assert find(recording, exchanges[0].id, (exchanges[0].at, exchanges[0].at + 1)) is not None
