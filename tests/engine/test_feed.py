"""The look-ahead: loaded before it is due, and never more than there is room for."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.engine.feed import Feed, LookAhead
from replay_users.engine.loader import Loader
from replay_users.engine.rows import ROWS
from replay_users.engine.schedule import Limits, Schedule
from replay_users.model import Drop, Exchange, Flight, SessionKind, SkipReason
from replay_users.testing import make_exchange
from tests.engine.tables import table_of

MS = 1_000_000
SECOND = 1_000 * MS


class Rules:
    """Sends everything but trait 8."""

    def skip_reason(self, endpoint: int, traits: int) -> SkipReason | None:  # noqa: ARG002 - the protocol's names
        """As above."""
        return SkipReason.PROTOCOL if traits & 8 else None


class Wire:
    """The target and the body as wire bytes."""

    def build(self, *request: Any) -> bytes | SkipReason:
        """A request that is smaller than any real one."""
        _, _, target, _, body, _ = request
        return b"GET %b %b" % (target, body)

    build_request = build


class Table:
    """A feed, its schedule, and everything they told."""

    def __init__(self, **ahead: int) -> None:
        """Look-ahead as given."""
        self.skipped: list[tuple[int, SkipReason]] = []
        self.dropped: list[tuple[str, Drop]] = []
        self.pulled = self.waiting_bytes = 0
        self.schedule = Schedule(Limits(max_lag=10**18, max_wait=10**18), self._dropped)
        self.feed = Feed(
            self.schedule,
            Loader(origin=0, warp=lambda offset: offset, rules=Rules(), wire=Wire()),
            {"GET /items": 0, "GET /large": 1},
            skipped=lambda endpoint, reason: self.skipped.append((endpoint, reason)),
            pulled=self._pulled,
            ahead=LookAhead(**ahead),
            waiting_bytes=lambda: self.waiting_bytes,
        )

    def _dropped(self, flight: Flight, reason: Drop) -> None:
        self.dropped.append((flight.id, reason))
        self.feed.settled(flight)

    def _pulled(self) -> None:
        self.pulled += 1

    def push(self, *exchanges: Exchange, **more: Any) -> None:
        """Give a table."""
        self.feed.push(table_of(exchanges, **more))

    def work(self, now: int = 0) -> int:
        """Work until there is nothing to do; how often there was."""
        times = 0
        while self.feed.work(now):
            times += 1
            assert times < 10_000
        return times

    def answer(self, flight: Flight, now: int) -> None:
        """The flight was answered and judged."""
        self.schedule.answered(flight, now)
        self.feed.settled(flight)


def items(count: int, *, session: bytes | None = None, start: int = 0, **fields: Any) -> list[Exchange]:
    """Exchanges 10 ms apart, alone or of one session."""
    return [
        make_exchange(
            at=(start + n) * 10 * MS,
            id=str(start + n),
            duration=MS,
            session=session or b"%d" % (start + n),
            session_kind=SessionKind.COOKIE,
            **fields,
        )
        for n in range(count)
    ]


def test_rows_are_loaded_in_order_and_a_few_at_a_time() -> None:
    """One piece of work loads one piece of a table; tables come one after the other; each is reported when it is used up."""
    table = Table()
    table.push(*items(ROWS + 1))
    table.push(*items(1, start=ROWS + 1))
    assert table.feed.tables == 2
    loaded = []
    while table.feed.work(0):
        loaded.append((table.schedule.loaded, table.pulled))
    assert loaded == [(ROWS, 0), (ROWS + 1, 0), (ROWS + 1, 1), (ROWS + 2, 1), (ROWS + 2, 2)]
    taken = [flight.id for flight in iter(lambda: table.schedule.take(10**18), None)]
    assert taken == [str(n) for n in range(ROWS + 2)]


def test_drained() -> None:
    """A feed is drained when the last table is used up and no more will come, not before."""
    table = Table()
    states = [table.feed.drained]
    table.push(*items(1))
    table.feed.end()
    states.append(table.feed.drained)
    table.work()
    states.append(table.feed.drained)
    assert states == [False, False, True]


def test_an_empty_table_is_no_table() -> None:
    """Slices without selected rows take no place among the tables that are waiting."""
    table = Table()
    table.feed.push(table_of(items(1)).slice(0, 0))
    assert (table.feed.tables, table.work()) == (0, 0)


def test_skipped_rows_are_told_of_and_take_no_room() -> None:
    """A row that is not sent is counted by its endpoint and reason, and leaves the look-ahead to others."""
    table = Table(rows=ROWS)
    table.push(*items(2 * ROWS), traits=8, endpoint="GET /large")
    table.work()
    assert table.skipped == [(1, SkipReason.PROTOCOL)] * (2 * ROWS)
    assert (table.feed.held_rows, table.feed.held_bytes, table.feed.rows) == (0, 0, 2 * ROWS)


# Room


def test_bounded_in_rows() -> None:
    """No piece is begun when the look-ahead is full; what has ended makes room, and everything is loaded in the end."""
    table = Table(rows=100)
    table.push(*items(500))
    table.work()
    most = table.feed.held_rows
    assert 100 <= most < 100 + ROWS
    taken = 0
    while (flight := table.schedule.take(10**18)) is not None:
        table.answer(flight, 10**18)
        table.work()
        taken += 1
        most = max(most, table.feed.held_rows)
    assert (taken, table.feed.held_rows, table.feed.held_bytes) == (500, 0, 0)
    assert most < 100 + ROWS


def test_bounded_in_bytes() -> None:
    """Large rows fill the look-ahead by their bytes: the request's and the recorded answer's."""
    table = Table(bytes=1_000_000)
    table.push(*items(40, request_body=b"x" * 30_000, response_body=b"x" * 70_000))
    table.work()
    assert 1_000_000 <= table.feed.held_bytes < 1_000_000 + 3 * 101_000
    assert 9 <= table.feed.held_rows <= 12


def test_answers_that_wait_to_be_judged_take_room() -> None:
    """Their bytes and those of the rows share one bound; judging makes room."""
    table = Table(bytes=1_000_000)
    table.push(*items(40, response_body=b"x" * 100_000))
    table.waiting_bytes = 1_000_000
    assert table.work() == 0
    table.waiting_bytes = 500_000
    table.work()
    assert 500_000 <= table.feed.held_bytes < 500_000 + 3 * 101_000
    table.waiting_bytes = 0
    table.work()
    assert 1_000_000 <= table.feed.held_bytes < 1_000_000 + 3 * 101_000


def test_one_row_larger_than_the_room() -> None:
    """A row that alone is more than the look-ahead is loaded all the same, when nothing else is."""
    table = Table(bytes=1000)
    table.push(*items(3, response_body=b"x" * 300_000))
    for _ in range(3):
        table.work()
        assert table.feed.held_rows == 1
        flight = table.schedule.take(10**18)
        assert flight is not None
        table.answer(flight, 10**18)
    table.work()
    assert table.feed.held_rows == 0


def test_what_was_sent_and_not_judged_takes_room() -> None:
    """Rows under way, and answers that nobody has judged, still count: only settling makes room."""
    table = Table(rows=ROWS)
    table.push(*items(3 * ROWS))
    table.work()
    flights = list(iter(lambda: table.schedule.take(10**18), None))
    for flight in flights:
        table.schedule.answered(flight, 10**18)
    assert table.work() == 0
    for flight in flights:
        table.feed.settled(flight)
    assert table.work() == 1


def test_what_signing_made_of_the_wire_does_not_matter() -> None:
    """A flight gives back exactly the room it took, whatever its wire has become since."""
    table = Table()
    table.push(*items(1))
    table.work()
    flight = table.schedule.take(10**18)
    assert flight is not None
    flight.wire = b"x" * 10_000
    table.answer(flight, 10**18)
    assert table.feed.held_bytes == 0


# A saturated target


def test_when_all_wait_the_oldest_are_dropped() -> None:
    """With the look-ahead full of rows that wait for answers, the oldest give way once those behind them are late for it."""
    table = Table(rows=2 * ROWS)
    table.push(*items(6 * ROWS, session=b"one"))
    table.work()
    last_due = 10 * MS * (2 * ROWS - 1)
    now = last_due + table.schedule.patience
    assert table.schedule.take(last_due) is not None
    assert not table.feed.work(now - 1)
    assert table.schedule.take(now) is None
    assert table.feed.work(now)
    assert table.dropped == [(str(n), Drop.IN_FLIGHT) for n in range(1, ROWS + 1)]
    assert table.feed.work(now)
    assert (table.schedule.upcoming, table.feed.held_rows) == (ROWS, 2 * ROWS)


def test_nothing_is_dropped_because_judging_is_behind() -> None:
    """Rows that wait are not the target's fault where answers that nobody has judged fill the look-ahead."""
    table = Table()
    table.push(*items(6 * ROWS, session=b"one"))
    for _ in range(2):
        table.feed.work(0)
    now = 10 * MS * 2 * ROWS + table.schedule.patience
    assert table.schedule.take(now) is not None
    assert table.schedule.take(now) is None
    table.waiting_bytes = LookAhead().bytes
    assert not table.feed.work(now)
    assert table.dropped == []


@pytest.mark.parametrize("state", ["upcoming", "released", "in flight"])
def test_nothing_is_dropped_while_anything_else_may_make_room(state: str) -> None:
    """A full look-ahead is no reason to drop while a row in it is not due, or ready, or under way alone."""
    table = Table(rows=2 * ROWS)
    table.push(*items(2 * ROWS, session=None if state == "in flight" else b"one"), *items(9, start=2 * ROWS))
    table.work()
    now = 10 * MS * (ROWS if state == "upcoming" else 2 * ROWS)
    first = table.schedule.take(now)
    assert first is not None
    while table.schedule.take(now) is not None:
        pass
    if state == "released":
        table.schedule.answered(first, now)
    assert not table.feed.work(now)
    assert table.dropped == []


# Stopping


@pytest.mark.parametrize("pieces", [0, 1, 2, 3, 4])
def test_stop_counts_what_was_not_loaded(pieces: int) -> None:
    """Loaded and not loaded add up to what was pushed, wherever the stop comes; a second stop has nothing left."""
    table = Table()
    table.push(*items(ROWS + 5))
    table.push(*items(7, start=ROWS + 5))
    for _ in range(pieces):
        table.feed.work(0)
    left = table.feed.stop()
    assert left == ROWS + 12 - table.schedule.loaded
    assert (table.feed.stop(), table.feed.drained, table.work()) == (0, True, 0)
