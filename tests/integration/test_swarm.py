"""A master and its workers, whole: the totals of one process, one sentence for what goes wrong, and nobody left behind."""

from __future__ import annotations

import csv
import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from replay_users.results.sample_files import read_samples
from replay_users.testing import ScriptedTarget, receive, stall
from tests.integration.replays import locust_command, make_traffic, replay, replaying, run_command, same_answers
from tests.integration.swarms import Form, processes, start_swarm
from tests.integration.test_headless import SCHEMA, see
from tests.recording.making import record_in
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.replays import Finished

pytestmark = pytest.mark.server

PARTS = ("sent", "dropped", "skipped", "unread", "in_doubt")
VERDICTS = ("compared", "unchecked", "failed")


def balanced(done: Finished) -> Any:
    """The totals of a run whose account must hold."""
    Draft202012Validator(SCHEMA).validate(done.result)
    totals = done.totals
    assert totals["planned"] == sum(totals[part] for part in PARTS)
    assert totals["sent"] == sum(totals[verdict] for verdict in VERDICTS)
    assert sum(worker["rows"] for worker in done.result["workers"]) == totals["planned"]
    assert "Traceback" not in done.said
    return totals


def locusts_total(prefix: Path) -> tuple[int, int]:
    """Requests and failures by Locust's own CSV."""
    with prefix.with_name(f"{prefix.name}_stats.csv").open() as file:
        [row] = [each for each in csv.DictReader(file) if each["Name"] == "Aggregated"]
    return int(row["Request Count"]), int(row["Failure Count"])


@pytest.fixture(scope="module")
def alone(traffic: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of one process."""
    with ScriptedTarget(same_answers()) as target:
        done = replay(run_command(traffic, "--host", target.url), tmp_path_factory.mktemp("alone") / "run")
    assert (done.code, done.result["workers"]) == (0, [])
    return done.result


def counts(result: Any) -> Any:
    """What does not depend on who sent it, or when."""
    endpoints = {each["endpoint"]: (each["count"], each["sessions"], each["statuses"]) for each in result["endpoints"]}
    return result["totals"], endpoints


# The same as one process


def test_processes_do_what_one_does(alone: Any, traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`replay-users run --processes 2` gives the totals of one process, here and in Locust's files, from two workers."""
    seen = see(run_command(traffic, "--processes", "2"), tmp_path, target)
    done = seen.done
    totals = balanced(done)
    assert counts(done.result) == counts(alone)
    assert done.code == done.result["exit_code"] == 0
    assert totals["sent"] == len(target.received()) == 60
    assert seen.rows == seen.page == seen.ours
    workers = done.result["workers"]
    assert len(workers) == 2
    assert sum(worker["partitions"] for worker in workers) == 16
    assert all(worker["rows"] > 20 and worker["start_ms"] < 5_000 and worker["lost_at_s"] is None for worker in workers)
    assert [worker["clock_error_ms"] for worker in workers] == [0, 0]
    assert done.out == (tmp_path / "run" / "summary.txt").read_text("utf-8")
    all_pairs_are_there(tmp_path / "run", done.result)


def all_pairs_are_there(folder: Path, result: Any) -> None:
    """The samples beside the result hold what all workers counted, once."""
    samples = read_samples(folder)
    assert samples is not None
    ends = [each for each in result["endpoints"] if each["count"]]
    paired = {each["endpoint"]: each["used"] + each["excluded_by"].get("status", 0) for each in ends}
    assert {name: len(rows) for name, rows in samples.pairs.items()} == dict(samples.seen) == paired
    assert sum(slot.sent for slot in samples.timeline.slots) == result["totals"]["sent"]
    assert sum(samples.planned) == pytest.approx(result["totals"]["planned"] - result["totals"]["skipped"])


@pytest.mark.slow
def test_master_and_workers_do_what_one_process_does(
    alone: Any, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """So does a master with workers; options are the master's, secrets each worker's own, and everybody exits with 0."""
    given = ("--recording", traffic, "--host", target.url, "--expect-workers", "2")
    header = ("--header", "Authorization: Bearer ${TOKEN}")
    with start_swarm(tmp_path, *given, *header, "--csv", str(tmp_path / "locust"), TOKEN="s3cret-of-all") as swarm:
        done = swarm.master.finish()
        codes = [worker.finish().code for worker in swarm.workers]
        swarm.wait_until_gone()
        said = "".join(worker.err for worker in swarm.workers)
    balanced(done)
    all_pairs_are_there(tmp_path / "run", done.result)
    assert counts(done.result) == counts(alone)
    assert (done.code, codes) == (0, [0, 0])
    assert locusts_total(tmp_path / "locust") == (60, 0)
    assert all(b"\r\nAuthorization: Bearer s3cret-of-all\r\n" in received.data for received in target.received())
    assert "s3cret-of-all" not in done.said + said
    assert "Traceback" not in said


@pytest.mark.slow
def test_more_workers_than_rows_can_use_are_idle(target: ScriptedTarget, traffic: str, tmp_path: Path) -> None:
    """Where fewer partitions have rows than there are workers, some have nothing to do, which is said and no failure."""
    given = ("--recording", traffic, "--host", target.url, "--sample", "20%", *processes(4))
    done = replay(locust_command(*given), tmp_path)
    totals = balanced(done)
    idle = [worker for worker in done.result["workers"] if not worker["partitions"]]
    assert done.code == 0
    assert totals["sent"] == len(target.received())
    assert idle
    assert any("have no part" in event["text"] for event in done.result["events"])


@pytest.mark.slow
def test_a_time_limit_is_everybodys(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`-t` ends all workers in time, and the verdict is of what was sent."""
    done = replay(run_command(long_traffic, "--host", target.url, *processes(2), "-t", "2s"), tmp_path)
    totals = balanced(done)
    assert (done.code, done.result["run"]["stopped_by"]) == (0, "time")
    assert 10 < totals["sent"] == len(target.received()) < 200


# Told to stop


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_to_all_drains_all(
    number: signal.Signals, long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """Ctrl-C reaches master and workers at once: all drain, the master has every report, and nobody is left: exit code 4."""
    target.play(same_answers(seconds=0.3))
    prefix = tmp_path / "locust"
    command = run_command(long_traffic, "--host", target.url, *processes(2), "--csv", str(prefix))
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: len(target.received()) > 10)
        running.signal_all(number)
        done = running.finish()
        running.wait_for(lambda: running.is_gone)
    totals = balanced(done)
    assert (done.code, done.result["run"]["stopped_by"]) == (4, "signal")
    assert totals["sent"] == totals["matched"] == len(target.received())
    assert totals["skipped_by"]["stopped"] > 600
    assert locusts_total(prefix) == (totals["sent"], 0)
    assert done.seconds < 45


@pytest.mark.slow
def test_a_signal_to_the_master_drains_the_workers(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """SIGTERM to the master alone, as in a container: the workers are told, drain, report and leave with 0."""
    target.play(same_answers(seconds=0.3))
    given = ("--recording", long_traffic, "--host", target.url, "--expect-workers", "2")
    with start_swarm(tmp_path, *given) as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 10)
        swarm.master.signal(signal.SIGTERM)
        done = swarm.master.finish()
        codes = [worker.finish().code for worker in swarm.workers]
    totals = balanced(done)
    assert (done.code, codes, done.result["run"]["stopped_by"]) == (4, [0, 0], "signal")
    assert totals["sent"] == totals["matched"] == len(target.received())
    assert totals["in_doubt"] == totals["unread"] == 0


@pytest.mark.slow
def test_a_second_signal_ends_all_at_once(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Who presses Ctrl-C twice does not wait for answers, nor for workers."""
    target.play([receive(), stall()])
    command = locust_command("--recording", long_traffic, "--host", target.url, *processes(2), "--drain-timeout", "1m")
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: len(target.received()) > 3)
        running.signal_all(signal.SIGINT)
        running.wait_for(lambda: "answers under way are awaited" in running.err)
        began = time.monotonic()
        running.signal_all(signal.SIGINT)
        done = running.finish()
        running.wait_for(lambda: running.is_gone)
    assert (done.code, time.monotonic() - began < 30) == (4, True)
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.slow
def test_one_worker_may_leave(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """SIGTERM to one worker: it drains, reports and leaves; the others go on, and its rest is skipped: exit code 4."""
    given = ("--recording", long_traffic, "--host", target.url, "--expect-workers", "2", "--pace", "8x")
    with start_swarm(tmp_path, *given) as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 20)
        leaver = swarm.workers[0]
        leaver.signal(signal.SIGTERM)
        assert leaver.finish().code == 0
        sent_by_then = len(target.received())
        done = swarm.master.finish()
        assert swarm.workers[1].finish().code == 0
    totals = balanced(done)
    assert (done.code, done.result["run"]["stopped_by"]) == (4, "worker")
    assert totals["sent"] == totals["matched"] == len(target.received()) > sent_by_then
    assert totals["in_doubt"] == totals["unread"] == 0
    assert totals["skipped_by"]["stopped"] > 100
    assert any("stopped by itself" in event["text"] for event in done.result["events"])


# Killed


@pytest.mark.slow
def test_a_killed_worker_leaves_doubt(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Of a worker that is killed the rest is in doubt or unread; the others go on, and the run is not valid: exit code 4."""
    given = ("--recording", long_traffic, "--host", target.url, "--expect-workers", "2", "--pace", "2x")
    with start_swarm(tmp_path, *given) as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 100)
        swarm.workers[0].signal(signal.SIGKILL)
        done = swarm.master.finish()
        assert swarm.workers[1].finish().code == 0
    totals = balanced(done)
    [lost] = [worker for worker in done.result["workers"] if worker["lost_at_s"] is not None]
    assert done.code == 4
    assert totals["in_doubt"] > 0
    assert totals["unread"] > 0
    assert totals["sent"] <= len(target.received()) <= totals["sent"] + totals["in_doubt"]
    assert not done.result["validity"]["valid"]
    sentence = (
        rf"worker {lost['worker']} was lost at \d+\.\d s: {totals['in_doubt']} rows in doubt, {totals['unread']} unread"
    )
    assert re.search(sentence, done.out)
    assert any(event["event"] == "worker lost" for event in done.result["events"])


@pytest.mark.slow
def test_the_last_worker_killed_ends_the_run(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """When no worker is left the run is over, with what was reported, and is not valid."""
    given = ("--recording", long_traffic, "--host", target.url)
    with start_swarm(tmp_path, *given, workers=1) as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 40)
        swarm.workers[0].signal(signal.SIGKILL)
        done = swarm.master.finish()
    totals = balanced(done)
    assert (done.code, done.result["run"]["stopped_by"]) == (4, None)
    assert totals["unread"] > 0


@pytest.mark.parametrize("own", [True, False], ids=["its own processes", "workers elsewhere"])
@pytest.mark.slow
def test_a_killed_master_leaves_nobody(own: bool, long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Workers whose master is gone drain and leave: processes of its own at once, others when they hear nothing for 10 s."""
    given = ("--recording", long_traffic, "--host", target.url)
    many = processes(2) if own else ("--expect-workers", "2")
    if own:
        with replaying(locust_command(*given, *many), tmp_path / "run") as running:
            running.wait_for(lambda: len(target.received()) > 10)
            began = time.monotonic()
            running.signal(signal.SIGKILL)
            running.process.wait()
            while running.others and time.monotonic() < began + 30:
                time.sleep(0.05)
            assert running.others == []
        return
    with start_swarm(tmp_path, *given, *many) as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 10)
        began = time.monotonic()
        swarm.master.signal(signal.SIGKILL)
        codes = [worker.finish().code for worker in swarm.workers]
        assert 8 < time.monotonic() - began < 30
    assert codes == [1, 1]
    sent = len(target.received())
    time.sleep(0.3)
    assert len(target.received()) == sent


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(
    long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """`--worker --processes 2`: what is sent to the process that started them, and would only end that, ends them too."""
    given = ("--recording", long_traffic, "--host", target.url, "--expect-workers", "2", "--pace", "8x")
    with start_swarm(tmp_path, *given, workers=0) as swarm:
        parent = swarm.launch("--processes", "2")
        swarm.master.wait_for(lambda: len(target.received()) > 20)
        parent.signal(signal.SIGTERM)
        swarm.master.wait_for(lambda: parent.is_gone)
        done = swarm.master.finish()
    totals = balanced(done)
    assert done.code == 4
    assert totals["sent"] == len(target.received())
    assert totals["skipped_by"]["stopped"] > 0


# Refused


def test_what_a_worker_lacks_is_said_on_the_master(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A worker that cannot take part ends the run before anything is sent, with its sentence and its code."""
    given = ("--recording", traffic, "--host", target.url, "--header", "Authorization: Bearer ${TOKEN_OF_EACH}")
    done = replay(run_command(traffic, *given[2:], *processes(2)), tmp_path)
    assert (done.code, target.received()) == (2, [])
    assert "replay-users: worker " in done.err
    assert "TOKEN_OF_EACH" in done.err
    assert "Traceback" not in done.said
    assert not (tmp_path / "result.json").exists()


OTHER_VERSION = """
import replay_users
replay_users.__version__ = "0.0.7"
from replay_users import ReplayShape, ReplayUser
class Replay(ReplayUser): pass
class Shape(ReplayShape): pass
"""

STRANGER = """
from locust import User, constant, events, task
events.init_command_line_parser.add_listener(lambda parser, **_: parser.add_argument("--out"))
class Person(User):
    wait_time = constant(1)
    @task
    def nothing(self): pass
"""

BROKEN = """
from replay_users import ReplayShape, ReplayUser
class Replay(ReplayUser):
    def on_start(self): raise RuntimeError("no such account")
class Shape(ReplayShape): pass
"""


@pytest.mark.parametrize(
    ("locustfile", "sentence"),
    [
        pytest.param(OTHER_VERSION, "has replay_users 0.0.7 and this master", id="another version"),
        pytest.param(
            BROKEN, "the user ended before it began to replay", id="a user that breaks down", marks=pytest.mark.slow
        ),
        pytest.param(STRANGER, "says nothing about replaying", id="another locustfile", marks=pytest.mark.slow),
    ],
)
def test_a_worker_that_does_not_fit_is_refused(
    locustfile: str, sentence: str, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """A worker of another version, another locustfile or with a broken user ends the run with one sentence: exit code 2."""
    path = tmp_path / "other.py"
    path.write_text(locustfile)
    given = ("--recording", traffic, "--host", target.url)
    with start_swarm(tmp_path, *given, workers=0) as swarm:
        swarm.launch(locustfile=path)
        done = swarm.master.finish()
        swarm.wait_until_gone()
    assert (done.code, target.received()) == (2, [])
    assert sentence in done.err


def test_a_worker_with_another_manifest_is_refused(target: ScriptedTarget, tmp_path: Path) -> None:
    """What is ingested between the master's plan and a worker's makes another plan: one sentence, exit code 2."""
    record_in(tmp_path / "recording", make_traffic(40))
    given = ("--recording", str(tmp_path / "recording"), "--host", target.url)
    with start_swarm(tmp_path, *given, workers=0) as swarm:
        swarm.master.wait_for(lambda: "Plan: replay" in swarm.master.err)
        record_in(tmp_path / "recording", make_traffic(40, id="later", method="GET"))
        swarm.launch()
        done = swarm.master.finish()
        swarm.wait_until_gone()
    assert (done.code, target.received()) == (2, [])
    assert "makes another plan than the master: it has another manifest, rules or options; give both" in done.err
    assert "Traceback" not in done.said


def test_a_master_whose_workers_do_not_come_says_so(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """When `--expect-workers-max-wait` is over, that is one sentence with its cure: exit code 2."""
    given = ("--recording", traffic, "--host", target.url, "--expect-workers", "2", "--expect-workers-max-wait", "1")
    with start_swarm(tmp_path, *given, workers=0) as swarm:
        done = swarm.master.finish()
    assert done.code == 2
    assert "replay-users: no worker is connected: start some with `--worker`" in done.err
    assert "Gave up" not in done.err
    assert "Traceback" not in done.said


def test_ctrl_c_ends_a_master_that_waits_for_workers(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A master that waits for workers which do not come is ended by a signal, and its one worker with it."""
    given = ("--recording", traffic, "--host", target.url, "--expect-workers", "2")
    with start_swarm(tmp_path, *given, workers=0) as swarm:
        swarm.master.wait_for(lambda: "Plan: replay" in swarm.master.err)
        swarm.add()
        swarm.master.signal(signal.SIGINT)
        done = swarm.master.finish()
        swarm.wait_until_gone()
    assert (done.code, target.received()) == (4, [])
    assert "Traceback" not in done.said


# The web form


@pytest.fixture
def form(long_traffic: str, target: ScriptedTarget) -> tuple[Form, tuple[str, ...]]:
    """A form on a free port, and the options of the Locust that shows it."""
    port = free_port()
    given = ("--recording", long_traffic, "--host", target.url, "--web-host", "127.0.0.1", "--web-port", str(port))
    return Form(port, target.url), given


@pytest.mark.slow
def test_runs_from_the_form_one_after_the_other(
    form: tuple[Form, tuple[str, ...]], target: ScriptedTarget, tmp_path: Path
) -> None:
    """With processes the form starts a run, refuses a second one, stops it, and starts the next with other options."""
    web, given = form
    runs = tmp_path / "runs"
    command = locust_command(*given, *processes(2), headless=False)
    with replaying(command, runs / "{id}") as running:
        running.wait_for(lambda: web.is_up and web.workers == 2)
        assert web.swarm()["success"] is True
        running.wait_for(lambda: len(target.received()) > 10)
        assert "a replay is running" in web.swarm()["message"]
        assert web.post("/stop")["success"] is True
        [first] = _results(runs)
        assert web.swarm(pace="20x")["success"] is True
        running.wait_for(lambda: len(_results(runs)) == 2)
        assert web.swarm(pace="40x")["success"] is True
        running.wait_for(lambda: len(_results(runs)) == 3)
        running.signal_all(signal.SIGINT)
        done = running.finish()
        running.wait_for(lambda: running.is_gone)
    _, second, third = _results(runs)
    assert (first["run"]["stopped_by"], first["exit_code"]) == ("person", 4)
    assert [(run["run"]["stopped_by"], run["totals"]["sent"], run["exit_code"]) for run in (second, third)] == [
        (None, 900, 0)
    ] * 2
    assert [run["run"]["pace"] for run in (second, third)] == ["20x", "40x"]
    assert first["totals"]["sent"] + 1800 == len(target.received())
    assert all(len(run["workers"]) == 2 for run in (first, second, third))
    assert "Traceback" not in done.said


@pytest.mark.slow
def test_a_stop_right_after_the_start_costs_no_worker(form: tuple[Form, tuple[str, ...]], tmp_path: Path) -> None:
    """Whoever presses Stop before Locust has its users keeps the workers, for the run after it too."""
    web, given = form
    runs = tmp_path / "runs"
    command = locust_command(*given, *processes(2), "--window", "+0s..+4s", headless=False)
    with replaying(command, runs / "{id}") as running:
        running.wait_for(lambda: web.is_up and web.workers == 2)
        assert web.swarm(pace="20x")["success"] is True
        running.wait_for(lambda: len(_results(runs)) == 1)
        for _ in range(3):
            running.wait_for(lambda: web.swarm()["success"])
            assert web.post("/stop")["success"] is True
        running.wait_for(lambda: web.workers == 2)
        before = len(_results(runs))
        running.wait_for(lambda: web.swarm(pace="20x")["success"])
        running.wait_for(lambda: len(_results(runs)) > before)
        running.signal_all(signal.SIGINT)
        done = running.finish()
        running.wait_for(lambda: running.is_gone)
    ended = [run for run in _results(runs) if run["run"]["stopped_by"] is None]
    assert [(run["exit_code"], run["totals"]["sent"], len(run["workers"])) for run in ended] == [(0, 60, 2)] * 2
    assert "Asking worker to quit" not in done.said


def _results(runs: Path) -> list[Any]:
    return [json.loads(path.read_bytes()) for path in sorted(runs.glob("*/result.json"))]


def test_the_form_needs_workers(form: tuple[Form, tuple[str, ...]], target: ScriptedTarget, tmp_path: Path) -> None:
    """Without workers, or with fewer than expected, a start is refused with the reason, and one that comes later is no start."""
    web, given = form
    with start_swarm(tmp_path, *given, "--expect-workers", "2", workers=0, headless=False) as swarm:
        swarm.master.wait_for(lambda: web.is_up)
        assert "no worker is connected" in web.swarm()["message"]
        swarm.add()
        assert "1 of the 2 expected workers are connected" in web.swarm()["message"]
        swarm.add()
        assert json.loads(web.get("/stats/requests"))["state"] == "ready"
        assert web.swarm(pace="20x", window="+0s..+4s")["success"] is True
        swarm.master.wait_for((tmp_path / "run" / "result.json").exists)
        swarm.master.signal(signal.SIGTERM)
        done = swarm.master.finish()
        swarm.wait_until_gone()
    assert balanced(done)["sent"] == len(target.received()) == 60


@pytest.mark.slow
def test_autostart_waits_for_workers_and_ends_by_itself(
    form: tuple[Form, tuple[str, ...]], target: ScriptedTarget, tmp_path: Path
) -> None:
    """As operators in Kubernetes run a master: `--autostart --autoquit 0 --expect-workers N`; its exit code is the verdict."""
    _, given = form
    more = ("--autostart", "--autoquit", "0", "--expect-workers", "2", "--pace", "20x")
    with start_swarm(tmp_path, *given, *more, headless=False) as swarm:
        done = swarm.master.finish()
        codes = [worker.finish().code for worker in swarm.workers]
    assert (done.code, codes, balanced(done)["sent"]) == (0, [0, 0], len(target.received()))


@pytest.mark.slow
def test_a_signal_ends_a_master_with_a_form(
    form: tuple[Form, tuple[str, ...]], target: ScriptedTarget, tmp_path: Path
) -> None:
    """Ctrl-C during a run from the form drains the workers, writes the result and ends everybody: exit code 4."""
    web, given = form
    command = locust_command(*given, *processes(2), headless=False)
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: web.is_up and web.workers == 2)
        assert web.swarm()["success"] is True
        running.wait_for(lambda: len(target.received()) > 10)
        running.signal_all(signal.SIGINT)
        done = running.finish()
        running.wait_for(lambda: running.is_gone)
    totals = balanced(done)
    assert (done.code, done.result["run"]["stopped_by"]) == (4, "signal")
    assert totals["sent"] == totals["matched"] == len(target.received())


@pytest.mark.slow
def test_a_worker_that_comes_late_has_no_part(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A worker that joins a run is idle, and Locust's moving its users about disturbs nobody."""
    given = ("--recording", long_traffic, "--host", target.url, "--expect-workers", "2", "--pace", "5x")
    with start_swarm(tmp_path, *given, "--enable-rebalancing") as swarm:
        swarm.master.wait_for(lambda: len(target.received()) > 20)
        swarm.add()
        done = swarm.master.finish()
        swarm.wait_until_gone()
    totals = balanced(done)
    assert (done.code, totals["sent"], len(target.received())) == (0, 900, 900)
    assert len(done.result["workers"]) == 2
    assert any("joined while the run was under way" in event["text"] for event in done.result["events"])
