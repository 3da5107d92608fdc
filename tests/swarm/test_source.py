"""Rows on their way into the feed: all of them in order, a bounded number ahead, and none lost without a count."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event
from gevent.monkey import get_original

from replay_users.errors import DamagedRecording, ReplayError
from replay_users.recording.folder import FolderStore
from replay_users.recording.reader import Selection, decode
from replay_users.recording.recording import Recording, open_recording
from replay_users.swarm import source as module
from replay_users.swarm.source import Source
from tests.recording.making import HOUR, START, make_exchange, record_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOURS, ROWS = 5, 10
_WITHIN = 10.0  # s: only a test that fails waits so long


class FakeFeed:
    """Takes tables and uses none of them up until it is told."""

    def __init__(self) -> None:
        self.tables = 0
        self.rows: list[int] = []
        self.ended = Event()

    def push(self, table: Any) -> None:
        """Keep the times."""
        self.tables += 1
        self.rows += table["at"].to_pylist()

    def end(self) -> None:
        """No more will come."""
        self.ended.set()


class Reading:
    """A source at work on a recording, and what it told."""

    def __init__(self, recording: Recording, expected: dict[str, int] | None = None, **changes: Any) -> None:
        """It reads everything unless told otherwise."""
        everything = Selection(partitions=frozenset(range(16)), start=0, end=1 << 62, buckets=1000)
        selection = replace(everything, **changes)
        counted = recording.count_index().slices(selection.start, selection.end, selection.buckets)
        self.unread: list[tuple[int, str]] = []
        self.feed = FakeFeed()
        self.woken = Event()
        self.source = Source(
            recording,
            selection,
            counted if expected is None else expected,
            unread=lambda rows, where: self.unread.append((rows, where)),
            wake=self.woken.set,
        )
        self.source.start(self.feed)  # type: ignore[arg-type]

    def use_up(self) -> None:
        """The feed has used up a table, as it does."""
        self.feed.tables -= 1
        self.source.pulled()

    def finish(self) -> list[int]:
        """Use up tables until no more come; gives the times of all rows."""
        self.wait_for(lambda: self.feed.tables > 0 or self.feed.ended.is_set())
        while not self.feed.ended.is_set():
            if self.feed.tables:
                self.use_up()
            gevent.sleep(0.001)
        return self.feed.rows

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        with gevent.Timeout(_WITHIN):
            while not condition():
                gevent.sleep(0.001)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording of five hours, each with ten rows in a slice of its own."""
    hours = [make_exchange(nth, at=START + (nth // ROWS) * HOUR + nth, id=f"{nth}") for nth in range(HOURS * ROWS)]
    record_in(tmp_path / "recording", hours)
    return tmp_path / "recording"


@pytest.fixture
def read(folder: Path) -> Iterator[Callable[..., Reading]]:
    """Starts reading that recording; the pool threads end with the test."""
    readings: list[Reading] = []

    def start(**options: Any) -> Reading:
        readings.append(Reading(open_recording(FolderStore(folder)), **options))
        return readings[-1]

    yield start
    for reading in readings:
        reading.source.stop()
        reading.source.close()


def slices(folder: Path) -> list[Path]:
    """The slices by time."""
    return sorted(folder.rglob("slice-*.parquet"), key=lambda path: path.parent)


def test_all_rows_come_in_order(read: Callable[..., Reading]) -> None:
    """Every row of every slice is pushed once, in time order, and then the end; nothing is unread."""
    reading = read()
    times = reading.finish()
    assert times == sorted(times)
    assert len(times) == HOURS * ROWS
    assert (reading.unread, reading.source.first_error) == ([], None)
    assert reading.woken.is_set()


def test_a_window_reads_its_slices_only(read: Callable[..., Reading], folder: Path) -> None:
    """Slices outside the window are not read: they may even be gone."""
    reading = read(start=START + HOUR, end=START + 2 * HOUR)
    for path in slices(folder)[2:]:
        path.unlink()
    assert reading.finish() == [START + HOUR + nth for nth in range(ROWS, 2 * ROWS)]
    assert reading.unread == []


def spy(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    """Replace a function of the module by itself; gives the threads it was called in, as they come."""
    threads: list[int] = []
    inner = getattr(module, name)

    def watched(*arguments: Any) -> Any:
        threads.append(_thread())
        return inner(*arguments)

    monkeypatch.setattr(module, name, watched)
    return threads


def _thread() -> int:
    return int(get_original("threading", "get_native_id")())


def test_it_reads_a_bounded_number_ahead(read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """While the feed uses nothing up, two tables are pushed and one slice's bytes fetched, no more."""
    fetched = spy(monkeypatch, "fetch")
    reading = read()
    reading.wait_for(lambda: len(fetched) == 3)
    for _ in range(50):
        gevent.sleep(0.001)
    assert (reading.feed.tables, len(fetched)) == (2, 3)
    reading.use_up()
    reading.wait_for(lambda: len(fetched) == 4 and len(reading.feed.rows) == 3 * ROWS)
    assert len(reading.finish()) == HOURS * ROWS


def test_a_folder_is_read_off_the_hub(read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose reads block is read in the pool thread, and slices are decoded there too."""
    fetched, decoded = spy(monkeypatch, "fetch"), spy(monkeypatch, "decode")
    read().finish()
    assert len(fetched) == len(decoded) == HOURS
    assert set(fetched) == set(decoded)
    assert _thread() not in fetched


def test_decoding_gives_way_to_sending(read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that decodes is nicer than the hub's, which stays as it was."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    nice: list[int] = []

    def watched(*given: Any) -> Any:
        nice.append(os.getpriority(os.PRIO_PROCESS, _thread()))
        return decode(*given)

    monkeypatch.setattr(module, "decode", watched)
    read().finish()
    assert len(nice) == HOURS
    assert min(nice) >= max(before, 5)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


@pytest.mark.parametrize("nth", [0, 2, 4])
def test_a_damaged_slice_is_unread_and_the_rest_goes_on(read: Callable[..., Reading], folder: Path, nth: int) -> None:
    """The rows of a damaged slice are counted as unread under its name; those of all others come."""
    path = slices(folder)[nth]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    reading = read()
    assert len(reading.finish()) == (HOURS - 1) * ROWS
    assert reading.unread == [(ROWS, path.relative_to(folder).as_posix())]
    assert isinstance(reading.source.first_error, DamagedRecording)
    assert path.name in str(reading.source.first_error)
    assert reading.source.stop() == 0


def test_a_slice_that_changes_during_the_run_is_unread(
    read: Callable[..., Reading], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A slice rewritten after the recording was opened is not read, though its content may be good; no traceback."""
    reading = read()
    reading.wait_for(lambda: reading.feed.tables == 2)
    last = slices(folder)[-1]
    content = last.read_bytes()
    last.unlink()
    last.write_bytes(content)
    assert len(reading.finish()) == (HOURS - 1) * ROWS
    assert [rows for rows, _ in reading.unread] == [ROWS]
    assert "changed after the recording was opened" in str(reading.source.first_error)
    assert "Traceback" not in capfd.readouterr().err


def test_a_slice_with_other_rows_than_counted_is_unread(read: Callable[..., Reading], folder: Path) -> None:
    """A slice that holds more or fewer of the planned rows than the index says would break the account: it is unread."""
    counted = dict.fromkeys((path.relative_to(folder).as_posix() for path in slices(folder)), ROWS)
    odd = next(iter(counted))
    counted[odd] = ROWS - 1
    reading = read(expected=counted)
    assert len(reading.finish()) == (HOURS - 1) * ROWS
    assert reading.unread == [(ROWS - 1, odd)]
    assert "holds 10 of the planned rows where its index says 9" in str(reading.source.first_error)


def test_a_stop_gives_back_what_was_never_pushed(read: Callable[..., Reading]) -> None:
    """A stop says how many planned rows the feed never saw, and pushes no more."""
    reading = read()
    reading.wait_for(lambda: reading.feed.tables == 2)
    assert reading.source.stop() == (HOURS - 2) * ROWS
    reading.use_up()
    gevent.sleep(0.01)
    assert len(reading.feed.rows) == 2 * ROWS


def test_a_slice_that_fails_while_it_stops_is_counted_once(
    read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice being decoded at the moment of a stop counts as stopped, whatever decoding then says."""
    marks: list[str] = []

    def failing(*_: Any) -> Any:
        marks.append("begun")
        while "stopped" not in marks:
            get_original("time", "sleep")(0.001)
        raise DamagedRecording("too late")

    monkeypatch.setattr(module, "decode", failing)
    reading = read()
    reading.wait_for(lambda: "begun" in marks)
    assert reading.source.stop() == HOURS * ROWS
    marks.append("stopped")
    reading.source.close()
    assert reading.unread == []


def test_a_bug_while_reading_ends_the_run(read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody thought of makes the rest unread, with an error, instead of a run that waits for ever."""

    def broken(*_: Any) -> Any:
        raise MemoryError("a bug of ours")

    monkeypatch.setattr(module, "decode", broken)
    reading = read()
    assert reading.finish() == []
    assert reading.unread == [(HOURS * ROWS, "the rest")]
    assert isinstance(reading.source.first_error, ReplayError)
    assert "a bug of ours" in str(reading.source.first_error)
