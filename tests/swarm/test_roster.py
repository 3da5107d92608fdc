from __future__ import annotations

import pytest

from replay_users.swarm.messages import Hello, Ping, Pong, Send
from replay_users.swarm.roster import HELLO_LIMIT, Roster
from tests.swarm.conducting import S


def _hello(host: str = "h", *, version: str = "1.0", boot: str = "boot") -> Hello:
    return Hello(version=version, host=host, pid=1, boot=boot)


def _answer(roster: Roster, sends: list[Send], now: int = 0, offset: int = 0) -> None:
    """Answer these pings, and all that follow."""
    while sends:
        worker, ping = sends[0].worker, sends[0].message
        assert isinstance(ping, Ping)
        now += 1000
        answer = Pong(nth=ping.nth, sent=ping.sent, monotonic=ping.sent + 500 + offset)
        sends = roster.pong(worker, answer, now) or []


@pytest.fixture
def roster() -> Roster:
    """Of a master of version 1.0."""
    return Roster("1.0", "boot")


def test_workers_stand_in_a_stable_order(roster: Roster) -> None:
    """By host and then by id, whoever came first; those who said nothing of themselves are not among them."""
    for worker, host in (("z", "a"), ("b", "b"), ("a", "b")):
        roster.hello(worker, _hello(host), 0)
    roster.connected("silent", 0)
    assert roster.workers == ["z", "a", "b"]
    assert len(roster) == 4


def test_a_hello_is_answered_with_a_ping(roster: Roster) -> None:
    """Who says hello is asked for the time, once."""
    assert [send.worker for send in roster.hello("w", _hello(), 0)] == ["w"]
    assert roster.hello("w", _hello(), 1) == []


def test_a_worker_that_says_nothing_is_asked(roster: Roster) -> None:
    """Two seconds after it connected, since its hello may have been lost; and again each second, twelve times in all."""
    roster.connected("w", 0)
    assert roster.tick(2 * S - 1) == []
    asked = [len(roster.tick(second * S)) for second in range(2, 30)]
    assert asked == [1] * 12 + [0] * 16


@pytest.mark.parametrize(("boot", "shared"), [("boot", True), ("other", False), ("", False)])
def test_clocks(roster: Roster, boot: str, shared: bool) -> None:
    """A worker on the master's machine has its clock; any other one is measured."""
    _answer(roster, roster.hello("w", _hello(boot=boot), 0))
    assert roster.is_measured(["w"])
    assert (roster.clock("w").error == 0) is shared
    assert roster.longest_trip(["w"]) == 1000


def test_without_boot_ids_no_clock_is_shared() -> None:
    """A system that has no boot id shares nothing with another one that has none."""
    roster = Roster("1.0", "")
    _answer(roster, roster.hello("w", _hello(boot=""), 0))
    assert roster.clock("w").error > 0


def test_the_last_round_counts(roster: Roster) -> None:
    """A clock is what the newest round found: a machine that was moved or suspended has another offset since."""
    _answer(roster, roster.hello("w", _hello(boot="other"), 0), offset=7)
    _answer(roster, roster.measure(["w"], S), S, offset=10**12)
    assert abs(roster.clock("w").offset - 10**12) < 1000


def test_a_clock_never_measured_is_an_error(roster: Roster) -> None:
    """Nobody starts a worker by a guess."""
    roster.connected("w", 0)
    with pytest.raises(LookupError, match="never measured"):
        roster.clock("w")


def test_a_pong_of_nobody_is_nothing(roster: Roster) -> None:
    """A pong that nobody asked for, or of a worker that is gone, is told from one that counts."""
    roster.hello("w", _hello(), 0)
    assert roster.pong("w", Pong(nth=5, sent=0, monotonic=0), 1) is None
    assert roster.pong("x", Pong(nth=0, sent=0, monotonic=0), 1) is None
    assert roster.lost("w")
    assert not roster.lost("w")
    assert roster.pong("w", Pong(nth=0, sent=0, monotonic=0), 1) is None


def test_absent_are_those_that_nobody_lists(roster: Roster) -> None:
    """Members that Locust does not have any more."""
    roster.connected("a", 0)
    roster.connected("b", 0)
    assert roster.absent({"b", "c"}) == ["a"]


def test_no_worker(roster: Roster) -> None:
    """Without workers the sentence says how to start some."""
    assert "--worker" in str(roster.refusal(0, 0, answered=False))


def test_too_few_workers(roster: Roster) -> None:
    """Fewer than expected: how many there are, and how many there should be."""
    roster.hello("w", _hello(), 0)
    assert "1 of the 2 expected workers" in str(roster.refusal(2, 0, answered=False))
    assert roster.refusal(1, 0, answered=False) is None


def test_a_worker_of_another_version(roster: Roster) -> None:
    """It is named, and so are both versions."""
    roster.hello("w", _hello(version="2.0"), 0)
    refusal = str(roster.refusal(0, 0, answered=False))
    assert "worker w has replay_users 2.0 and this master 1.0" in refusal


def test_a_worker_that_never_says_hello(roster: Roster) -> None:
    """It has ten seconds; then it is refused by name."""
    _answer(roster, roster.hello("w", _hello(), 0))
    roster.connected("x", 0)
    assert not roster.is_settled(HELLO_LIMIT - 1)
    assert roster.refusal(0, HELLO_LIMIT - 1, answered=False) is None
    assert roster.is_settled(HELLO_LIMIT)
    assert "worker x says nothing" in str(roster.refusal(0, HELLO_LIMIT, answered=False))


def test_a_worker_that_hangs(roster: Roster) -> None:
    """One that said hello and answers no ping is refused when its time is over."""
    roster.hello("w", _hello(), 0)
    assert not roster.is_settled(S)
    assert roster.refusal(0, S, answered=False) is None
    assert "worker w does not answer" in str(roster.refusal(0, S, answered=True))


def test_expected_workers_must_have_said_hello_in_the_end(roster: Roster) -> None:
    """One that has just connected may still be counted in the beginning, and not any more when all had their time."""
    _answer(roster, roster.hello("w", _hello(), 0))
    roster.connected("x", 5 * S)
    assert roster.refusal(2, 6 * S, answered=False) is None
    assert "1 of the 2 expected workers" in str(roster.refusal(2, 6 * S, answered=True))
