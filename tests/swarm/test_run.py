"""One run from its first row to its result, in this process, to a scripted target."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.hub import get_hub
from gevent.monkey import get_original

from replay_users.compare.lift.opaque import body_hash
from replay_users.endpoint import ENDPOINT_CAP
from replay_users.engine.feed import LookAhead
from replay_users.events import events
from replay_users.model import Capture, Request, Skip
from replay_users.recording.reader import fetch
from replay_users.results.conservation import broken_laws
from replay_users.swarm import run as module
from replay_users.swarm import source, upkeep
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.prepare import prepare
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings
from replay_users.testing import (
    ScriptedTarget,
    close,
    http_answer,
    make_exchange,
    make_flight,
    receive,
    reset,
    send,
    serve,
    stall,
)
from tests.engine.tables import table_of
from tests.integration.replays import BODY, JSON, make_traffic, same_answers
from tests.recording.making import record_in
from tests.swarm.conftest import PATIENT, MakeOptions
from tests.swarm.test_hooks import Base, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from replay_users.results.tally import Totals

_WITHIN = 20.0  # s: only a test that fails waits so long
ANSWER = http_answer(BODY, head=JSON)


def resources() -> tuple[int, int, set[Any]]:
    """Open descriptors, active watchers of the hub and greenlets of this process, once the hub has been round."""
    gevent.sleep(0.01)
    gc.collect()
    greenlets = {each for each in gc.get_objects() if isinstance(each, gevent.Greenlet) and not each.dead}
    return len(list(Path("/proc/self/fd").iterdir())), get_hub().loop.activecnt, greenlets


@pytest.fixture
def make(environment: Any, options: MakeOptions, traffic: str, target: ScriptedTarget) -> Callable[..., Run]:
    """Makes a run of the small recording at four times its pace; options and the user's methods may be given."""

    def make(user_code: dict[str, Any] | None = None, host: str = target.url, **changes: Any) -> Run:
        settings = read_settings(
            options(**{"recording": traffic, "pace": "4x", "drain_timeout": "1s", **PATIENT, **changes}), host
        )
        return Run("r1", prepare(settings), environment, Hooks(user(**user_code or {}), Base))

    return make


@pytest.fixture
def begin(make: Callable[..., Run]) -> Callable[..., Run]:
    """Makes such a run and begins it."""

    def make_and_begin(*given: Any, **changes: Any) -> Run:
        run = make(*given, **changes)
        run.begin()
        return run

    return make_and_begin


def finish(run: Run) -> Totals:
    """Wait for its end; every planned exchange must be accounted for."""
    assert run.done.wait(_WITHIN), "the run does not end"
    totals = run.tally.totals()
    assert not broken_laws(run.plan.planned, totals)
    return totals


def test_everything_is_sent_and_compared(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A run ends when the last answer was compared, and knows of every planned exchange."""
    run = begin()
    totals = finish(run)
    assert (run.plan.planned, totals.sent, totals.matched, totals.skipped) == (40, 30, 30, 10)
    assert len(target.received()) == 30
    assert (run.error, run.stopped_by, run.user_code_failures) == (None, None, {})


def test_it_leaves_nothing_behind(begin: Callable[..., Run]) -> None:
    """Descriptors, watchers, greenlets and the collector's settings are afterwards what they were before.

    But for greenlets of earlier tests that wait for the time at which a stopped run would have been abandoned, which may come.
    """
    finish(begin())  # what is made once, such as the pool's thread, is there
    (files, watchers, greenlets), thresholds = resources(), gc.get_threshold()
    finish(begin())
    finish(begin())
    files_now, watchers_now, greenlets_now = resources()
    assert greenlets_now <= greenlets
    assert (files_now, watchers_now) == (files, watchers - len(greenlets - greenlets_now))
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0


def test_loading_and_starting_are_two_steps(make: Callable[..., Run], target: ScriptedTarget) -> None:
    """What is loaded waits for its start, which may be ahead; the time of the run counts from there, and its lateness is kept."""
    run = make()
    run.load()
    gevent.sleep(0.05)
    assert (run.done.is_set(), run.elapsed, run.late, target.received()) == (False, 0, None, [])
    before = time.time()
    at = time.monotonic_ns() + 500_000_000
    run.start(at)
    assert run.elapsed == 0
    assert before + 0.499 <= run.started_at <= time.time() + 0.501
    assert finish(run).sent == 30
    assert run.late is not None
    assert 0 <= run.late < run.elapsed


def test_two_shares_make_the_whole(make: Callable[..., Run], environment: Any, target: ScriptedTarget) -> None:
    """Runs of some partitions each send what the others do not, and together all of it."""
    prepared = make().prepared
    partitions = range(prepared.recording.manifest.partitions)
    shares = [frozenset(p for p in partitions if p % 2 == odd) for odd in (0, 1)]
    runs = [Run("r1", prepared, environment, Hooks(user(), Base), partitions=share) for share in shares]
    for run in runs:
        run.begin()
    totals = []
    for run in runs:
        assert run.done.wait(_WITHIN)
        assert (run.error, run.workers, run.lost) == (None, (), ())
        totals.append(run.tally.totals())
    assert [each.sent + each.skipped for each in totals] == [
        sum(prepared.index.slices(0, 1 << 62, 10**4, share).values()) for share in shares
    ]
    assert sum(each.sent for each in totals) == len(target.received()) == 30


def test_a_share_without_rows_ends_at_its_start(make: Callable[..., Run], environment: Any) -> None:
    """A run that has nothing to do is loaded, started and done."""
    run = Run("r1", make().prepared, environment, Hooks(user(), Base), partitions=frozenset())
    run.load()
    gevent.sleep(0.1)
    assert not run.done.is_set()
    run.start(time.monotonic_ns())
    assert run.done.wait(_WITHIN)
    assert run.tally.totals().sent == 0


class Door:
    """Holds the pool thread that fetches the recording until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is shut."""
        self._open: list[bool] = []
        monkeypatch.setattr(source, "fetch", self._held)

    def open(self) -> None:
        """Let it go on."""
        self._open.append(True)

    def _held(self, *given: Any) -> Any:
        while not self._open:
            get_original("time", "sleep")(0.001)
        return fetch(*given)


WAITING = "still waiting for the first rows of the recording"


def test_a_slow_store_delays_the_start(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the first rows are being read the clock does not run, it is said once, and nothing is late for it."""
    monkeypatch.setattr(module, "_PRIMING_S", 0.01)
    door, run = Door(monkeypatch), make()
    beginning = gevent.spawn(run.begin)
    gevent.sleep(0.1)
    assert (beginning.dead, run.engine.start) == (False, 0)
    door.open()
    totals = finish(run)
    assert (totals.sent, totals.dropped) == (30, 0)
    assert [record.getMessage() for record in caplog.records].count(WAITING) == 1


def test_a_stop_ends_the_wait_for_the_first_rows(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is stopped before there was anything to send ends with everything skipped."""
    door, run = Door(monkeypatch), make()
    beginning = gevent.spawn(run.begin)
    gevent.sleep(0.02)
    run.stop("signal")
    beginning.join(_WITHIN)
    door.open()
    totals = finish(run)
    assert (totals.sent, totals.skipped_by) == (0, {"stopped": 40})


def test_python_switches_threads_often_while_it_runs(begin: Callable[..., Run]) -> None:
    """The decoding thread gives way within 0.2 ms during a run; afterwards the interval is what it was."""
    before = sys.getswitchinterval()
    run = begin()
    during = sys.getswitchinterval()
    finish(run)
    assert during == pytest.approx(0.0002) != before
    assert sys.getswitchinterval() == before


def test_the_targets_addresses_are_looked_up_again(
    begin: Callable[..., Run], target: ScriptedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During a run the target's name is resolved from time to time, and new connections go where it leads."""
    monkeypatch.setattr(module, "_READDRESS_S", 0.01)
    run = begin(pace="0.2x", host=f"http://127.0.0.1:{target.refusing[1][1]}", order="none")
    monkeypatch.setattr(upkeep, "resolve", lambda *_: [(socket.AF_INET, ("127.0.0.1", target.port))])
    totals = finish(run)
    assert totals.sent == 30
    assert totals.compared == len(target.received()) > 0


def test_answers_that_nobody_has_judged_hold_up_loading(make: Callable[..., Run]) -> None:
    """The look-ahead sees the desk's queue: while its answers fill it nothing is loaded, and judging them makes room."""
    run = make(comparers="0")
    run.feed.push(table_of([make_exchange()], endpoint="GET /items/{id}"))
    body = b"x" * LookAhead().bytes
    run.desk.receive([make_flight(status=200, answer_status=200, answer_body=body, answer_size=len(body))])
    assert not run.feed.work(0)
    assert len(run.desk.work(10**9)) == 1
    assert run.feed.work(0)
    run._close()


def test_loading_comes_first_when_little_is_loaded(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are loaded before answers are settled while few are upcoming, and after it otherwise."""
    run, done = make(), []

    def work(_: int) -> bool:
        done.append("load")
        return True

    def receive_(_: Any) -> list[Any]:
        done.append("settle")
        return []

    monkeypatch.setattr(run.feed, "work", work)
    monkeypatch.setattr(run._judging, "receive", receive_)
    run.engine.finished.append(make_flight())
    run._chores._one()
    monkeypatch.setattr(module, "_LOW", 0)
    run._chores._one()
    assert done == ["load", "settle"]
    run._close()


@pytest.mark.parametrize("choice", ["never", "always"])
def test_locust_counts_the_same_either_way(begin: Callable[..., Run], environment: Any, choice: str) -> None:
    """Whether Locust's `request` event is fired for each exchange or not, its statistics are those of the run."""
    finish(begin(fire_request_events=choice))
    stats = environment.runner.stats
    assert {key: entry.num_requests for key, entry in stats.entries.items()} == {
        ("/items/{id}", "GET"): 20,
        ("/users/{id}", "GET"): 10,
    }
    assert (stats.total.num_requests, stats.total.num_failures) == (30, 0)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param([receive(), reset()], "reset_before_headers", id="reset"),
        pytest.param([receive(), close()], "closed_before_headers", id="close"),
        pytest.param([receive(), send(ANSWER[:20]), close()], "closed_in_headers", id="half a head"),
        pytest.param([receive(), send(ANSWER[:-2]), reset()], "reset_in_body", id="half a body"),
        pytest.param([receive(), stall()], "timeout", id="silence"),
        pytest.param([receive(), send(ANSWER[:-2]), stall()], "timeout_in_body", id="half a body and silence"),
        pytest.param([receive(), send(b"hello\r\n\r\n"), close()], "protocol", id="nonsense"),
    ],
)
def test_a_target_that_fails_always_fails_everything(
    begin: Callable[..., Run], target: ScriptedTarget, script: Any, kind: str
) -> None:
    """Each exchange is sent, failed and counted by its kind, and the run ends."""
    target.play(script)
    totals = finish(begin(timeout="1s", order="none"))
    assert totals.failed_by == {kind: 30}
    assert (totals.sent, totals.failed, totals.compared) == (30, 30, 0)


def test_a_target_that_refuses_fails_everything(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A refused connection counts as sent and failed, because the target had its chance."""
    port = target.refusing[1][1]
    totals = finish(begin(host=f"http://127.0.0.1:{port}"))
    assert (totals.sent, totals.failed_by) == (30, {"connect": 30})


def test_a_stop_leaves_the_rest_unsent(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """After a stop nothing more is sent, answers under way come back, and the rest counts as skipped, once."""
    target.play(same_answers(seconds=0.2))
    run = begin(pace="0.1x")
    with gevent.Timeout(_WITHIN):
        while len(target.received()) < 3:
            gevent.sleep(0.01)
    run.stop("person")
    run.stop("signal")
    totals = finish(run)
    assert run.stopped_by == "person"
    assert 3 <= totals.sent == totals.matched == len(target.received()) < 30
    assert totals.skipped_by["stopped"] > 0


def test_a_stop_before_the_first_row_is_a_stop(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A run that is stopped before its start sends nothing, and everything counts as skipped."""
    run = begin()
    run.stop("signal")
    totals = finish(run)
    assert (totals.sent, totals.skipped, target.received()) == (0, 40, [])


def test_answers_that_do_not_come_back_are_given_up(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """What is under way when a run is stopped has the drain timeout, then it counts as failed."""
    target.play([receive(), stall()])
    run = begin(pace="0.1x")
    with gevent.Timeout(_WITHIN):
        while not target.received():
            gevent.sleep(0.01)
    run.stop("person")
    totals = finish(run)
    assert totals.sent >= 1
    assert totals.failed_by == {"stopped": totals.sent}


def test_a_time_limit_stops_it(begin: Callable[..., Run]) -> None:
    """A run of ten seconds with a limit of one ends by time."""
    run = begin(pace="0.04x", run_time=1)
    totals = finish(run)
    assert run.stopped_by == "time"
    assert 0 < totals.sent < 20


def test_a_target_that_hangs_until_the_time_limit_is_told_of(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """What had long been waiting for its answers when the time was over is dropped for that, and not skipped by choice."""
    target.play([receive(), stall()])
    totals = finish(begin(pace="0.1x", run_time=2, max_lag="200ms"))
    assert totals.dropped_by["wait"] > 0
    assert totals.skipped_by["stopped"] > 0


def test_however_much_lag_is_put_up_with_a_target_that_hangs_is_told_of(
    begin: Callable[..., Run], target: ScriptedTarget
) -> None:
    """A large `--max-lag` excuses no target: what waited for its answers when the time was over is no choice of anybody."""
    target.play([receive(), stall()])
    totals = finish(begin(pace="0.1x", run_time=3, max_lag="1m"))
    assert totals.dropped_by.keys() == {"wait"}


def test_a_standstill_until_the_time_limit_is_ours(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """What was due within the limit while this process stood still is dropped for our lag; later rows were never asked for."""
    run = begin(pace="0.1x", run_time=1, max_lag="200ms")
    with gevent.Timeout(_WITHIN):
        while not target.received():
            gevent.sleep(0.01)
    get_original("time", "sleep")(1.5)
    totals = finish(run)
    assert run.stopped_by == "time"
    assert totals.dropped_by.keys() == {"lag"}
    assert totals.skipped_by["stopped"] > 0


def test_answers_that_came_in_time_are_read_before_a_drain_ends(
    begin: Callable[..., Run], target: ScriptedTarget
) -> None:
    """A process that stands still while it drains gives up nothing that was answered meanwhile."""
    target.play(same_answers(seconds=0.7))
    run = begin(pace="0.1x", drain_timeout="500ms")
    with gevent.Timeout(_WITHIN):
        while not target.received():
            gevent.sleep(0.01)
    run.stop("person")
    get_original("time", "sleep")(1.5)
    totals = finish(run)
    assert (totals.failed, totals.compared) == (0, totals.sent)


@pytest.fixture
def two_hosts(tmp_path: Path) -> str:
    """The address of a recording of two hosts, in turn; every other pair of rows over https, on three connections of a pod.

    It is of one session, in which a request waits for the answer before it.
    """
    rows = [
        replace(
            row,
            method="GET",
            authority=f"{'ab'[nth % 2]}.example",
            scheme=("http", "http", "https", "https")[nth % 4],
            connection=str(nth % 3),
            source="pod",
            session=b"one",
        )
        for nth, row in enumerate(make_traffic(24))
    ]
    record_in(tmp_path / "two", rows)
    return str(tmp_path / "two")


def hosts_of(target: ScriptedTarget) -> list[str]:
    """The Host of each request that came."""
    return sorted(
        request.data.partition(b"\r\nHost: ")[2].partition(b"\r\n")[0].decode() for request in target.received()
    )


def test_each_host_goes_to_its_target(begin: Callable[..., Run], two_hosts: str, target: ScriptedTarget) -> None:
    """Of two targets, each gets what was recorded of its host, with its own Host; `--host` gets the rest."""
    with ScriptedTarget() as other:
        other.play(same_answers())
        totals = finish(begin(recording=two_hosts, map=[f"b.example={other.url}"]))
        assert (totals.sent, totals.matched) == (24, 24)
        assert hosts_of(other) == [other.url.removeprefix("http://")] * 12
        assert hosts_of(target) == [target.url.removeprefix("http://")] * 12


@pytest.mark.parametrize("settings", [{"comparers": "0"}, {"comparers": "1"}, {"connections": "recorded"}], ids=str)
def test_answers_that_capture_cut_are_compared_by_their_hash(
    begin: Callable[..., Run], tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Equal ones match, wherever answers are judged; of others, and where there is no hash, it is not known."""
    cut: dict[str, Any] = {"method": "GET", "capture": Capture.RESPONSE_TRUNCATED, "response_size": len(BODY)}
    rows = [
        *make_traffic(8, **cut, response_body=BODY[:3], response_hash=body_hash(BODY)),
        *make_traffic(4, **cut, response_body=None, response_hash=body_hash(BODY)),
        *make_traffic(2, **cut, response_body=None, response_hash=body_hash(b"x")),
        *make_traffic(1, **cut, response_body=None),
    ]
    record_in(tmp_path / "cut", [replace(row, id=f"row-{nth}") for nth, row in enumerate(rows)])
    totals = finish(begin(recording=str(tmp_path / "cut"), **settings))
    assert (totals.matched, totals.mismatched, totals.unchecked_by) == (12, 0, {"not_recorded": 3})


@pytest.mark.parametrize("comparers", ["0", "1"])
def test_recorded_hosts_equal_those_of_the_target(
    begin: Callable[..., Run], tmp_path: Path, target: ScriptedTarget, comparers: str
) -> None:
    """Where the recording names its host in headers and bodies, the target may name itself, wherever answers are judged."""

    def answer(url: str, more: str = "") -> tuple[bytes, bytes]:
        return (
            f"Content-Type: application/json\r\nLocation: {url}/new\r\n".encode(),
            f'{{"self":"{url}/7{more}"}}'.encode(),
        )

    head, body = answer("https://shop.example")
    changes: dict[str, Any] = {"authority": "shop.example", "response_head": head, "response_body": body}
    record_in(tmp_path / "urls", make_traffic(12, method="GET", response_size=len(body), **changes))
    settings = {"recording": str(tmp_path / "urls"), "comparers": comparers}
    for url, more, verdicts in ((target.url, "", (12, 0)), (target.url, "8", (0, 12)), ("http://other:1", "", (0, 12))):
        head, body = answer(url, more)
        target.play([serve(http_answer(body, head=head))])
        run = begin(**settings)
        totals = finish(run)
        assert (totals.matched, totals.mismatched) == verdicts
        assert run.tally.totals().ignored_by == {}


def test_a_map_may_be_about_a_scheme(begin: Callable[..., Run], two_hosts: str, target: ScriptedTarget) -> None:
    """Then each row's own scheme decides; what no map covers is skipped for that, and accounted for."""
    maps = [f"https://a.example={target.url}", f"b.example={target.url}"]
    run = begin(host="", recording=two_hosts, map=maps, preserve_host=True)
    totals = finish(run)
    assert (totals.sent, totals.matched, totals.skipped_by) == (18, 18, {"unmapped": 6})
    assert hosts_of(target) == ["a.example"] * 6 + ["b.example"] * 12
    assert any("a scheme that no map covers" in warning for warning in run.plan.warnings)


def test_a_users_code_chooses_the_target_by_authority(
    begin: Callable[..., Run], two_hosts: str, target: ScriptedTarget
) -> None:
    """What `rewrite` makes the authority is routed; one that nothing covers is skipped."""

    def rewrite(request: Request) -> Request:
        return replace(request, authority="elsewhere" if request.authority == "b.example" else "c.example")

    maps = [f"*.example={target.url}"]
    totals = finish(begin({"rewrite": rewrite}, host="", recording=two_hosts, map=maps, preserve_host=True))
    assert (totals.sent, totals.skipped_by) == (12, {"unmapped": 12})
    assert hosts_of(target) == ["c.example"] * 12


def test_recorded_connections_are_read_and_kept(begin: Callable[..., Run], two_hosts: str) -> None:
    """Each connection of the recording has one of its own, though one would do for all."""
    assert finish(run := begin(connections="recorded", recording=two_hosts)).sent == 24
    assert run.connections["opened"] == 3
    assert finish(run := begin(recording=two_hosts)).sent == 24
    assert run.connections["opened"] == 1


def test_a_proxy_gets_whole_urls(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A run through a forward proxy connects to that, wherever its target is."""
    totals = finish(begin(host="http://no-such-name.invalid:81", proxy=target.url))
    assert (totals.sent, totals.matched) == (30, 30)
    lines = {request.data.split(b"/", 3)[2] for request in target.received()}
    assert lines == {b"no-such-name.invalid:81"}


def test_a_damaged_slice_is_the_runs_error(
    begin: Callable[..., Run], traffic: str, tmp_path: Path, target: ScriptedTarget
) -> None:
    """Rows that cannot be read are unread, named, and an error of the run, which ends all the same."""
    shutil.copytree(traffic, tmp_path / "copy")
    path = next((tmp_path / "copy").rglob("slice-*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    run = begin(recording=str(tmp_path / "copy"))
    totals = finish(run)
    assert (totals.unread, totals.sent, target.received()) == (40, 0, [])
    assert path.name in str(run.error)


def test_a_slice_that_changed_is_the_runs_error(
    environment: Any, options: MakeOptions, traffic: str, tmp_path: Path, target: ScriptedTarget
) -> None:
    """A slice that was written anew after the plan was made is not replayed."""
    shutil.copytree(traffic, tmp_path / "copy")
    prepared = prepare(read_settings(options(recording=str(tmp_path / "copy")), target.url))
    os.utime(next((tmp_path / "copy").rglob("slice-*.parquet")))
    run = Run("r1", prepared, environment, Hooks(user(), Base))
    run.begin()
    totals = finish(run)
    assert (totals.unread, totals.sent) == (40, 0)
    assert "changed after the recording was opened" in str(run.error)


def test_too_many_in_flight_are_dropped_and_told(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """What the safety limit keeps from being sent is dropped, counted, and an outcome for whoever listens."""
    told: list[Any] = []

    def listen(outcomes: Any, **_: Any) -> None:
        told.extend(outcomes)

    target.play(same_answers(seconds=0.1))
    with listening(events.outcomes, listen):
        totals = finish(begin(max_in_flight="1", order="none"))
    assert totals.dropped_by.keys() == {"in_flight"}
    assert totals.sent + totals.dropped == len(told) == 30
    assert [each.reason for each in told if each.fate == "dropped"] == ["in_flight"] * totals.dropped


@contextmanager
def listening(hook: Any, listener: Callable[..., object]) -> Iterator[None]:
    """A listener of a hook, while the block runs."""
    hook.add_listener(listener)
    try:
        yield
    finally:
        hook.remove_listener(listener)


def test_the_host_header_can_be_the_recorded_one(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """Requests say the target's name, or the recorded one with `--preserve-host`."""
    finish(begin())
    assert all(f"\r\nHost: 127.0.0.1:{target.port}\r\n".encode() in r.data for r in target.received())
    target.play(same_answers())
    finish(begin(preserve_host=True))
    assert all(b"\r\nHost: shop.example\r\n" in r.data for r in target.received())


def test_an_added_header_replaces_the_recorded_one(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A header of the run is there once, in place of the recorded one of its name."""
    finish(begin(header=["User-agent: replay"]))
    assert {r.data.lower().count(b"user-agent:") for r in target.received()} == {1}
    assert all(b"\r\nUser-agent: replay\r\n" in r.data for r in target.received())


def test_the_users_code_is_asked(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """What the user rewrites, leaves out, names and signs is what is sent and counted, and every answer is handed over."""
    answers: list[Any] = []

    def rewrite(request: Request) -> Request | Skip:
        return Skip("no users") if request.path.startswith("/users") else request.with_header("X-Mine", "1")

    code: dict[str, Any] = {
        "rewrite": rewrite,
        "endpoint": lambda request: f"{request.method} mine",
        "sign": lambda request: request.with_header("X-Signature", "2"),
        "on_answer": lambda *given: answers.append(given),
    }
    run = begin(code)
    totals = finish(run)
    assert totals.skipped_by == {"rewrite": 10, "method": 10}
    assert run.tally.endpoints["GET mine"].sent == totals.sent == len(answers) == 20
    assert all(b"\r\nX-Mine: 1\r\nX-Signature: 2\r\n" in r.data for r in target.received())


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"method": "POST"}, "method"), ({"target": b"/logout"}, "endpoint_rule")],
    ids=["a write", "a read that acts"],
)
def test_the_users_code_cannot_turn_a_read_into_a_write(
    begin: Callable[..., Run], target: ScriptedTarget, change: dict[str, Any], reason: str
) -> None:
    """What `rewrite` makes is sent only if it may be: with `--allow-writes`."""
    code = {"rewrite": lambda request: replace(request, **change)}
    totals = finish(begin(code))
    assert (totals.sent, target.received()) == (0, [])
    assert sum(totals.skipped_by.values()) == totals.skipped_by[reason] + (reason != "method") * 10 == 40
    target.play(same_answers())
    assert finish(begin(code, allow_writes=True)).sent == 40


def test_what_cannot_be_signed_is_not_sent(begin: Callable[..., Run], target: ScriptedTarget) -> None:
    """A request that `sign` fails on is skipped for want of a credential, and the failures are counted."""
    run = begin({"sign": lambda _: None})
    totals = finish(run)
    assert (totals.sent, target.received()) == (0, [])
    assert totals.skipped_by == {"no_credential": 30, "method": 10}
    assert run.user_code_failures == {"sign": 30}


def test_names_of_the_user_are_capped(begin: Callable[..., Run]) -> None:
    """A user's code that names single requests does not grow the tables: beyond the cap they count together."""
    run = begin()
    finish(run)
    indices = [run._index_of(f"GET /{nth}") for nth in range(2 * ENDPOINT_CAP)]
    assert len(run.names) == len(run.tally.endpoints) == ENDPOINT_CAP + 1
    assert run.names[indices[-1]] == "__other__"
    assert run._index_of("GET /0") == indices[0]
