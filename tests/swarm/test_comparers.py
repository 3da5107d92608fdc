"""Comparers that work, die, hang, talk too much or nonsense: every flight comes back with a verdict."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.monkey import get_original

from replay_users.compare.comparer import NOBODY
from replay_users.compare.desk import COMPARER, QUEUE_FULL
from replay_users.model import Verdict
from replay_users.swarm import comparers as module
from tests.swarm.comparing import Office, bad, differing, office, open_files, pair, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.model import Flight

BAD = b'{"bad":1}', b'{"bad":2}'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for another try."""
    monkeypatch.setattr(module, "_BACK_OFF_S", 0.005)


@pytest.fixture
def one() -> Iterator[Office]:
    """An office with one good comparer."""
    with office() as opened:
        yield opened


def is_there(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_everything_is_judged_as_it_would_be_here(one: Office) -> None:
    """Matches, noise, differences and what is unchecked are counted as a desk without comparers counts them."""
    flights = [
        *differing(300),
        *(pair(b'{"a":%d}' % nth, b'{"a":"x"}', endpoint=1) for nth in range(200)),
        pair(b"{}", b"{}", answer_size=9),
        pair(b'{"a":1}', b'{"a": 1}'),
    ]
    assert len(one.judged(flights)) == len(flights)
    totals = one.tally.totals()
    assert (totals.matched, totals.mismatched, totals.unchecked) == (301, 200, 1)
    assert (totals.unchecked_by, totals.ignored_by) == ({"size": 1}, {"root['at'] type": 300})
    ((key, count),) = one.tally.signatures.ranked()
    assert (key[:2], count.count) == (("GET /b", "root['a']"), 200)
    assert one.crew.counters() == {
        "processes": 1, "started": 1, "restarts": 0, "hung": 0, "pairs": 502, "given_up": 0, "stopped": 0,
    }  # fmt: skip


def test_the_end_of_a_run_is_no_failure() -> None:
    """Comparers that were closed because all was judged have not stopped comparing, as the result would say."""
    with office() as opened:
        opened.judged([pair(b"1", b"2")])
    assert opened.crew.counters()["stopped"] == 0


def test_nothing_is_started_before_there_is_something_to_judge(one: Office) -> None:
    """What is equal on the wire needs no process."""
    equal = pair(b"x", b"x", response_head=b"")
    assert one.judged([equal]) == [equal]
    assert (one.pids, one.crew.started) == ([], 0)


def test_a_second_one_is_started_when_the_first_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both work then, and no process more than was asked for is there."""
    monkeypatch.setattr(module, "_HELD", 64)
    with office(2) as two:
        two.judged(differing(1))
        assert len(two.pids) == 1
        two.desk.receive(differing(600))
        while two.crew.hand_over():  # the hub hears nothing meanwhile, however fast the first one is
            pass
        assert len(two.pids) == 2
        two.judged([])
        assert two.tally.totals().matched == 601


def test_a_comparer_holds_little(one: Office) -> None:
    """The rest waits in the queue, so that little has to be handed over again; bytes count as well as pairs."""
    one.desk.receive(differing(1000))
    while one.crew.hand_over():
        pass
    assert one.crew.pairs == module._HELD
    large = b'{"a":"%s"}' % (b"x" * 200_000)
    with office() as another:
        another.desk.receive([pair(large, large + b" ") for _ in range(20)])
        while another.crew.hand_over():
            pass
        assert 1 <= another.crew.pairs <= 3
        another.work_until(lambda: not len(another.desk))


def test_endpoints_that_come_up_later_are_told(one: Office) -> None:
    """A user's code may name new ones while the run goes on."""
    one.judged(differing(1))
    one.endpoints.append("GET /new")
    one.tally.index("GET /new")
    one.judged([pair(b'{"a":1}', b'{"a":2}', endpoint=2)])
    assert [key[0] for key, _ in one.tally.signatures.ranked()] == ["GET /new"]


def test_one_that_is_killed_is_replaced_and_nothing_is_lost(one: Office, caplog: pytest.LogCaptureFixture) -> None:
    """A death that no pair is to blame for costs no verdict: what it held is handed over again."""
    one.judged(differing(1))
    for _ in range(3):
        one.desk.receive(differing(200))
        one.crew.hand_over()
        (pid,) = one.pids
        os.kill(pid, signal.SIGKILL)
        one.work_until(lambda: not len(one.desk))
        assert not is_there(pid)
    assert one.crew.counters()["restarts"] == 3
    assert one.tally.unchecked_by == {}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_pair_that_kills_it_twice_is_unchecked(caplog: pytest.LogCaptureFixture) -> None:
    """It is named once in the log, with the status of the process; the pairs before and after it are compared."""
    with office(command=bad("os._exit(3)")) as opened:
        flights = [*differing(50), pair(*BAD, id="poison"), *differing(50)]
        done = opened.judged(flights)
        assert sorted(map(id, done)) == sorted(map(id, flights))
        totals = opened.tally.totals()
        assert (totals.matched, totals.unchecked_by) == (100, {COMPARER: 1})
        assert flights[50].judged is Verdict.UNCHECKED
        counters = opened.crew.counters()
        assert (counters["restarts"], counters["given_up"], counters["stopped"]) == (2, 1, 0)
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "exchange poison" in record.message
    assert "with status 3" in record.message


def test_last_words_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """Why it ended, if it said so, however much it said before."""
    doing = "sys.stderr.write('noise ' * 100_000 + chr(10) + 'out of luck' + chr(10)); sys.stderr.flush(); os._exit(1)"
    with office(command=bad("os.write(2, b'out of luck'); os._exit(1)")) as opened:
        opened.judged([pair(*BAD)])
    assert "saying 'out of luck'" in caplog.text
    with office(command=bad(doing.replace("os._exit(1)", "None"))) as opened:
        opened.judged([pair(*BAD), *differing(3)])
        assert opened.tally.totals().compared == 4
        assert opened.crew.restarts == 0


def test_many_poisonous_pairs_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Ten are named, the others counted."""
    with office(command=bad("raise LookupError")) as opened:
        opened.judged([pair(*BAD, id=f"e{nth}") for nth in range(40)])
        assert opened.tally.totals().unchecked_by == {COMPARER: 40}
        assert opened.crew.counters()["given_up"] == 40
        assert opened.crew.restarts == 0
    assert sum("LookupError in misjudge" in record.message for record in caplog.records) == 10
    assert "counted only" in caplog.records[-1].message


def test_one_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pair that holds it up is unchecked at once, and the others are compared."""
    monkeypatch.setattr(module, "_HANGS_S", 2.5)  # a start takes a second where others are busy
    hang = "import signal; signal.setitimer(signal.ITIMER_REAL, 0); time.sleep(600)"
    with office(command=bad(hang)) as opened:
        opened.judged([*differing(20), pair(*BAD), *differing(20)])
        totals = opened.tally.totals()
        assert (totals.matched, totals.unchecked_by) == (40, {COMPARER: 1})
        assert (opened.crew.hung, opened.crew.restarts) == (1, 1)


def test_one_that_is_slow_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it gets on with what it has, it may take its time."""
    monkeypatch.setattr(module, "_HANGS_S", 2.5)
    with office(command=bad("time.sleep(0.05)")) as opened:
        opened.judged(differing(1))
        opened.judged([pair(*BAD) for _ in range(60)])
        assert (opened.crew.hung, opened.tally.totals().mismatched) == (0, 60)


def test_one_whose_verdicts_nobody_has_read_is_let_be(one: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that stood still takes what was said meanwhile for what it is: nobody hung."""
    monkeypatch.setattr(module, "_HANGS_S", 0.6)
    one.judged(differing(1))
    pids, [seat] = one.pids, one.crew._seats
    seat._place = NOBODY  # as a look finds it between two pairs
    done = one.desk.receive(differing(3))
    one.desk.work(0)
    get_original("time", "sleep")(1.2)
    one.work_until(lambda: not len(one.desk), done)
    assert (one.crew.hung, one.crew.restarts, one.pids) == (0, 0, pids)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("os._exit(1)", id="dies at once"),
        pytest.param("os.write(1, b'Hello, world')", id="talks nonsense"),
        pytest.param(
            "os.write(1, bytes([9, 0, 0, 0]) + b'V' + bytes([148, 0, 145, 0, 144, 0]))", id="verdicts of nothing"
        ),
        pytest.param("os.write(1, bytes([255] * 8))", id="a frame without end"),
    ],
)
def test_where_nothing_can_be_judged_nothing_is(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some deaths in a row there are no more tries: all is unchecked, at once, and it is told."""
    monkeypatch.setattr(module, "_DEATHS", 3)
    with office(command=bad(first=f"{first}\ntime.sleep(0.05)\nos._exit(1)")) as opened:
        opened.judged(differing(30))
        assert opened.tally.totals().unchecked_by == {COMPARER: 30}
        assert (opened.crew.started, opened.crew.stopped) == (module._DEATHS, True)
        assert [text[:38] for text in opened.told] == ["answers are not compared any more: 3 c"]
        opened.judged(differing(5))
        assert opened.tally.unchecked_by == {COMPARER: 35}
        assert opened.crew.started == module._DEATHS


def test_one_that_cannot_be_started_is_as_one_that_dies() -> None:
    """No such program, no descriptors, no processes left: judging stops, the run does not."""
    with office(command=("/nonexistent/python",)) as opened:
        opened.judged(differing(3))
        assert opened.tally.totals().unchecked_by == {COMPARER: 3}
        assert "No such file" in opened.told[0]


def test_one_that_has_grown_is_replaced_without_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so itself; that is no death."""
    monkeypatch.setattr(module, "_DEATHS", 2)
    grown = "comparer._LARGE_BYTES = 0; comparer._LOOK_EVERY = 4"
    with office(command=bad(first=grown)) as opened:
        opened.judged(differing(1500))
        assert opened.tally.totals().matched == 1500
        assert opened.crew.restarts >= 3
        assert not opened.crew.stopped


def test_giving_up_ends_all_waiting(one: Office) -> None:
    """What is not judged then comes back unchecked, with the reason that there was no time."""
    flights = differing(2000)
    one.desk.receive(flights)
    one.crew.hand_over()
    one.desk.give_up()
    one.desk.give_up()
    done: list[Flight] = []
    one.work_until(lambda: not len(one.desk), done)
    assert len(done) == 2000
    assert one.tally.unchecked_by == {QUEUE_FULL: 2000}
    assert one.desk.waiting_bytes == 0


def test_a_hub_is_never_held_up() -> None:
    """A comparer that reads nothing takes no more than its pipe does: handing over never waits."""
    with office(command=bad(first="time.sleep(600)")) as opened:
        large = b'{"a":"%s"}' % (b"x" * 400_000)
        opened.desk.receive([pair(large, large + b" ") for _ in range(30)])
        for _ in range(100):
            opened.desk.work(10**6)
        assert len(opened.desk) == 30
        (pid,) = opened.pids
    assert not is_there(pid)


def test_closing_leaves_no_process_and_no_descriptor(one: Office) -> None:
    """Whatever they are at, and those that have died before as well."""
    before = open_files()
    with office(3) as opened:
        opened.desk.receive(differing(700))
        while opened.crew.hand_over():
            pass
        pids = opened.pids
        os.kill(pids[0], signal.SIGKILL)
        gevent.sleep(0.05)
        pids += opened.pids
    assert not any(map(is_there, pids))
    gevent.sleep(0.01)  # gevent closes descriptors a moment later
    assert open_files() == before
    one.crew.close()


def test_the_desk_is_woken(one: Office) -> None:
    """Nobody has to ask: verdicts, room and deaths say so themselves."""
    one.desk.receive(differing(10))
    one.desk.work(10**6)
    before = one.wakes
    wait_for(lambda: one.wakes > before)
    assert one.crew.ready
