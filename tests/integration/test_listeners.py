"""A user's own listeners in real runs: each process hears of what it does itself, and one that raises harms nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.replays import locust_command, replay, same_answers
from tests.integration.swarms import processes

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.testing import ScriptedTarget

pytestmark = pytest.mark.server

LISTENING = """
import json, os
from pathlib import Path
from replay_users import ReplayShape, ReplayUser
from replay_users.events import events

TOLD = Path(os.environ["TOLD"])


def note(**facts):
    with (TOLD / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps(facts) + "\\n")


@events.run_started.add_listener
def started(run_id, planned, to_send, labels, concludes, **_):
    note(event="started", run=run_id, planned=planned, to_send=to_send, labels=labels, concludes=concludes)


@events.outcomes.add_listener
def ended(outcomes, **_):
    note(event="outcomes", ids=[each.id for each in outcomes])


@events.outcomes.add_listener
def broken(**_):
    raise RuntimeError("this listener is broken")


@events.mismatches.add_listener
def differed(mismatches, **_):
    note(event="mismatches", kinds=[each.kind for mismatch in mismatches for each in mismatch.differences])


@events.progress.add_listener
def told(at_s, tally, workers, **_):
    note(
        event="progress", at_s=at_s, sent=tally.totals().sent, mismatched=tally.totals().mismatched,
        workers={name: [each.sent, each.lag.count, each.queued, each.in_flight] for name, each in workers.items()},
    )


@events.run_finished.add_listener
def finished(summary, **_):
    note(event="finished", run=summary["run"]["id"])


class Replay(ReplayUser):
    pass


class Shape(ReplayShape):
    pass
"""


def run(traffic: str, target: ScriptedTarget, folder: Path, *arguments: str) -> tuple[Any, list[list[Any]]]:
    """A replay whose answers all differ; what its processes were told, by process, those that sent something last."""
    target.play(same_answers(body=b'{"id":"7"}'))
    (folder / "told").mkdir()
    (folder / "listening.py").write_text(LISTENING)
    given = ("--recording", traffic, "--host", target.url, "--label", "sha=1a", *arguments)
    command = locust_command(*given, locustfile=folder / "listening.py")
    done = replay(command, folder / "run", TOLD=str(folder / "told"))
    assert done.code == 3
    files = [path.read_text().splitlines() for path in (folder / "told").iterdir()]
    return done, sorted(([json.loads(line) for line in lines] for lines in files), key=lambda told: "ids" in str(told))


def of(told: list[Any], event: str) -> list[Any]:
    """What was told of an event."""
    return [each for each in told if each["event"] == event]


def test_one_process_hears_of_everything(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """The start with its plan, every outcome once, every mismatch, progress at the end, the result; the broken one is counted."""
    done, [told] = run(traffic, target, tmp_path)
    [start] = of(told, "started")
    facts = (start["run"], start["planned"], start["to_send"], start["labels"], start["concludes"])
    assert facts == (done.result["run"]["id"], 80, 60, {"sha": "1a"}, True)
    batches = of(told, "outcomes")
    assert len({name for batch in batches for name in batch["ids"]}) == done.totals["sent"] == 60
    assert sum(len(batch["ids"]) for batch in batches) == 60
    assert [kind for batch in of(told, "mismatches") for kind in batch["kinds"]] == ["type"] * 60
    [*_, last] = of(told, "progress")
    assert (last["sent"], last["mismatched"], last["workers"]) == (60, 60, {"local": [60, 60, 0, 0]})
    assert (told[0]["event"], told[-1]["event"]) == ("started", "finished")
    assert done.result["user_code_failures"] == {"events": len(batches)}
    assert done.err.count("RuntimeError: this listener is broken") == 1


@pytest.mark.slow
def test_workers_hear_of_their_own_share(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Outcomes and mismatches come where they are made, each once; the master hears of start, progress and result."""
    done, [master, *workers] = run(traffic, target, tmp_path, "--pace", "0.1x", "-t", "7s", *processes(2))
    assert len(workers) == 2
    outcomes = [[name for batch in of(told, "outcomes") for name in batch["ids"]] for told in workers]
    assert all(outcomes)
    assert len(set(outcomes[0] + outcomes[1])) == len(outcomes[0] + outcomes[1]) == done.totals["sent"] > 30
    differing = sum(len(batch["kinds"]) for told in workers for batch in of(told, "mismatches"))
    assert differing == done.totals["mismatched"] == done.totals["compared"]
    assert [of(told, "started")[0]["concludes"] for told in (master, *workers)] == [True, False, False]
    assert [len(of(told, "progress")) + len(of(told, "finished")) for told in workers] == [0, 0]
    assert [each["event"] for each in master] == ["started", "progress", "progress", "finished"]
    first, last = of(master, "progress")
    assert 5 <= first["at_s"] < 6
    assert 0 < first["sent"] <= last["sent"] == done.totals["sent"]
    assert sorted(sent for sent, *_ in last["workers"].values()) == sorted(map(len, outcomes))
    assert done.result["user_code_failures"]["events"] == sum(len(of(told, "outcomes")) for told in workers)
