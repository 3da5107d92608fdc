"""Whatever happens to a pool, its books balance."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from replay_users.engine.pool import Keep
from replay_users.model import Fault
from tests.engine.sky import A, B, C, Line, Sky

MS = 1_000_000
SECOND = 1_000 * MS
KEYS = st.sampled_from([None, None, "a", "b", "c"])


class Books(RuleBasedStateMachine):
    """A pool in whatever order things happen to it."""

    @initialize(
        age=st.sampled_from([None, 3 * SECOND]), recorded=st.booleans(), seed=st.integers(0, 9), most=st.integers(1, 3)
    )
    def begin(self, age: int | None, recorded: bool, seed: int, most: int) -> None:
        """Some pool."""
        self.sky = Sky(A, B, keep=Keep(max_age=age, recorded=recorded), seed=seed, most_kept=most)
        self.answers = [{A, B}]
        self.launched = self.ended_with_answer = self.failed_open = self.failed_exchange = 0

    def pick(self, nth: int, *, connected: bool) -> Line | None:
        """One of the busy connections that are, or are not, open yet."""
        busy = [line for line in self.sky.open_lines() if line.flight is not None and line.connected is connected]
        return busy[nth % len(busy)] if busy else None

    @rule(key=KEYS, method=st.sampled_from(["GET", "POST"]), out=st.sampled_from([False, False, False, True]))
    def dispatch(self, key: str | None, method: str, out: bool) -> None:
        """A flight goes out on the connection that was idle longest, if it is not too old; at times no socket is to be had."""
        sky = self.sky
        idle: list[Any] = [line for line in sky.pool._idle if not line.closed]
        waiting = [line for line in idle if line.retire_at > sky.time]
        opened = len(sky.lines)
        is_full = out and not sky.pool._kept._resting and len(waiting) == len(idle)  # who is too old makes room
        sky.most_sockets = len(sky.open_lines()) if out else 1 << 30
        flight = sky.send(key, method)
        sky.most_sockets = 1 << 30
        self.launched += 1
        if key is None or not sky.pool._recorded:
            assert (len(sky.lines) == opened) == (bool(waiting) or is_full)
            assert not waiting or sky.line_of(flight) is waiting[0]
        assert all(line.address in self.answers[-1] for line in sky.lines[opened:])

    @rule(keys=st.lists(KEYS, min_size=2, max_size=5))
    def fly(self, keys: list[str | None]) -> None:
        """Several flights go out together and are answered."""
        self.sky.fly(*keys)
        self.launched += len(keys)

    @rule(nth=st.integers(0, 5), passed=st.integers(0, 50 * MS))
    def open(self, nth: int, passed: int) -> None:
        """A connection opens."""
        if line := self.pick(nth, connected=False):
            self.sky.time += passed
            line.open()

    @rule(nth=st.integers(0, 5), last=st.booleans())
    def answer(self, nth: int, last: bool) -> None:
        """An answer comes."""
        if line := self.pick(nth, connected=True):
            line.answer(last=last)
            self.ended_with_answer += last

    @rule(nth=st.integers(0, 5), fault=st.sampled_from([Fault.CONNECT, Fault.CONNECT_TIMEOUT, Fault.TLS, Fault.PROXY]))
    def refuse(self, nth: int, fault: Fault) -> None:
        """A connection does not open."""
        if line := self.pick(nth, connected=False):
            line.fail(fault)
            self.failed_open += 1

    @rule(nth=st.integers(0, 5), fault=st.sampled_from([Fault.CLOSED_BEFORE_HEADERS, Fault.RESET_IN_BODY]))
    def fail(self, nth: int, fault: Fault) -> None:
        """An exchange fails."""
        if line := self.pick(nth, connected=True):
            line.fail(fault)
            self.failed_exchange += 1

    @rule(nth=st.integers(0, 5), late=st.booleans())
    def lose(self, nth: int, late: bool) -> None:
        """An idle connection ends."""
        idle = [line for line in self.sky.open_lines() if line.flight is None]
        if idle:
            idle[nth % len(idle)].lose(late_bytes=late)

    @rule(seconds=st.sampled_from([0, 1, 1, 2, 61]), swept=st.booleans())
    def wait(self, seconds: int, swept: bool) -> None:
        """Time goes by, and the sweep comes, or has not come yet."""
        sky = self.sky
        sky.time += seconds * SECOND
        if not swept:
            return
        late = [line for line in sky.open_lines() if line.flight is not None and line.deadline < sky.time]
        self.failed_open += sum(not line.connected for line in late)
        self.failed_exchange += sum(line.connected for line in late)
        sky.pool.sweep(sky.time)
        for line in sky.open_lines():
            assert (line.deadline if line.flight is not None else line.retire_at) >= sky.time
        assert len(sky.pool._kept._resting) == 0 or len(sky.pool._kept) <= sky.pool._kept._most

    @rule(addresses=st.sets(st.sampled_from([A, B, C]), min_size=1))
    def readdress(self, addresses: set[tuple[int, tuple[str, int]]]) -> None:
        """The name is resolved: only what it has not given three times in a row may go, and in the end must."""
        idle = [line for line in self.sky.open_lines() if line.flight is None]
        self.sky.readdress(sorted(addresses))
        self.answers.append(addresses)
        assert not any(line.closed for line in idle if line.address in set().union(*self.answers[-3:]))

    @precondition(lambda self: self.launched > 20)
    @rule()
    def stop(self) -> None:
        """The run is stopped, which is when nothing is tried again."""
        self.sky.stopped = True

    @invariant()
    def each_connection_is_in_one_place(self) -> None:
        """Idle, resting for its key, busy or closed: one of them, always, and nothing closed is held."""
        pool: Any = self.sky.pool
        lines, known = self.sky.lines, set().union(*self.answers[-30:])
        assert pool._all == {line for line in lines if not line.closed}
        for line in lines:
            idle = list(pool._idle).count(line)
            resting = [key for key in pool._kept._resting if pool._kept._by_key[key] is line]
            if not line.closed:
                assert (line.flight is not None) + idle + len(resting) == 1
            assert resting in ([], [line.key])
            assert line.closed or line.flight is not None or line.address in known
        assert all(not line.closed and line.key == key for key, line in pool._kept._by_key.items())

    @invariant()
    def each_flight_is_in_one_place(self) -> None:
        """In flight on one connection, or ended once."""
        busy = [line.flight for line in self.sky.lines if line.flight is not None]
        assert self.sky.schedule.in_flight == len(busy)
        assert len({*busy, *self.sky.finished}) == len(busy) + len(self.sky.finished) == self.launched

    @invariant()
    def the_counters_add_up(self) -> None:
        """Every connection that was begun is connecting, has failed to open or has opened; the latter is open or was closed."""
        counters, lines = self.sky.counters, self.sky.lines
        reached = counters.addresses.values()
        connecting = sum(not line.closed and not line.connected for line in lines)
        assert counters.opened == sum(each.opened for each in reached) == sum(line.connected for line in lines)
        assert self.failed_open == sum(each.failed for each in reached) == counters.connect.over
        assert len(lines) == connecting + counters.opened + self.failed_open
        gone = counters.retired + counters.forgotten + counters.closed_idle + counters.late_bytes
        gone += self.ended_with_answer + self.failed_exchange
        still = sum(not line.closed and line.connected for line in lines)
        assert 0 <= counters.opened - still - gone <= counters.extra

    def teardown(self) -> None:
        """At the end everything is closed, and every flight has ended."""
        if not hasattr(self, "sky"):
            return
        self.sky.stopped = True
        self.sky.pool.abandon()
        self.sky.pool.close()
        assert (self.sky.open_lines(), len(self.sky.pool), len(self.sky.pool._kept)) == ([], 0, 0)
        assert (len(self.sky.finished), self.sky.schedule.in_flight) == (self.launched, 0)


Books.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_the_books_balance = Books.TestCase
