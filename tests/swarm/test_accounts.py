"""What workers have told, added up, and what became of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.counters import Counters
from replay_users.model import SkipReason, Verdict
from replay_users.recording.index import CountIndex
from replay_users.results.autostop_text import parse_autostop
from replay_users.results.conservation import broken_laws
from replay_users.results.lost import Lost
from replay_users.results.report import Ledger, Reporter
from replay_users.results.result import RunEvent
from replay_users.results.tally import Tally
from replay_users.swarm.accounts import Accounts, loss
from replay_users.swarm.messages import Refused
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from replay_users.swarm.shares import Share, ShareState
from replay_users.testing import make_flight
from tests.swarm.conducting import Rig, order_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.swarm.prepare import Prepared
    from tests.swarm.conftest import MakeOptions

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def prepared(options: MakeOptions, traffic: str) -> Prepared:
    """The plan of 40 rows, 10 of which are skipped."""
    return prepare(read_settings(options(recording=traffic), "http://127.0.0.1:9"), sends=False)


def said(
    sent: int,
    skipped: int = 0,
    failures: dict[str, int] | None = None,
    opened: int = 1,
    warnings: Sequence[tuple[float, str]] = (),
) -> dict[str, Any]:
    """A worker's first report."""
    tally = Tally(["GET /items/{id}"])
    tally.settle([make_flight(answer_status=200, judged=Verdict.MATCHED) for _ in range(sent)])
    tally.skip(0, SkipReason.METHOD, skipped)
    reporter = Reporter(tally, Counters(opened=opened).to_dict)
    told = [list(warning) for warning in warnings]
    return {
        "run": "r1",
        "failures": failures or {},
        "warnings": told,
        "comparers": {"restarts": sent},
        "report": reporter.next(0),
    }


def share(worker: str, prepared: Prepared, state: ShareState = ShareState.DONE, **more: Any) -> Share:
    """All of the recording as one worker's."""
    whole = {"partitions": tuple(range(prepared.recording.manifest.partitions)), "rows": prepared.plan.planned}
    return Share(worker=worker, state=state, **{**whole, **more})


def test_the_sum_is_of_all_workers(prepared: Prepared) -> None:
    """Totals, connections and failures of the user's code are those of the workers together."""
    accounts = Accounts(prepared)
    assert accounts.take("a", said(20, 4, {"rewrite": 1})) == 1
    assert accounts.take("b", said(10, 6, {"rewrite": 2, "sign": 1}, opened=3)) == 1
    tally, counters = accounts.sum([share("a", prepared), share("b", prepared)])
    totals = tally.totals()
    assert (totals.sent, totals.matched, totals.skipped, counters.opened) == (30, 30, 10, 4)
    assert not broken_laws(40, totals)
    assert accounts.failures == {"rewrite": 3, "sign": 1}
    assert accounts.comparers == {"restarts": 30}


def test_the_pulse_is_of_the_last_reports(prepared: Prepared) -> None:
    """What a progress line shows needs no worker to have come to its end."""
    accounts = Accounts(prepared)
    assert accounts.pulse().ended == 0
    accounts.take("a", said(20, 4))
    accounts.take("b", said(1))
    pulse = accounts.pulse()
    assert (pulse.ended, pulse.sent, pulse.mismatched) == (25, 21, 0)
    assert pulse.lag_p99 == 0


def test_progress_is_the_sum_of_the_last_reports(prepared: Prepared) -> None:
    """Also while workers are under way; of each is told what it sent, what it waits for and how late it is."""
    accounts = Accounts(prepared)
    assert accounts.progress()[1] == {}
    accounts.take("a", {**said(20, 4), "queued": 7, "in_flight": 3})
    accounts.take("b", said(1))
    tally, workers = accounts.progress()
    assert (tally.totals().sent, tally.totals().skipped) == (21, 4)
    assert [(name, each.sent, each.queued, each.in_flight) for name, each in workers.items()] == [
        ("a", 20, 7, 3),
        ("b", 1, 0, 0),
    ]
    assert (workers["a"].lag.count, workers["a"].at_s) == (20, 0.0)
    assert accounts.workers() == workers


def test_what_may_stop_a_run_is_read_of_each_report_once(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are added up; a ledger that has not moved is not unpacked again."""
    accounts, criteria = Accounts(prepared), parse_autostop(["http(2xx,10%,5s)", "http(2xx,10%,5s,*)"])
    unpacked: list[int] = []
    answers = Ledger.answers

    def counting(ledger: Ledger) -> Any:
        unpacked.append(ledger.seq)
        return answers(ledger)

    monkeypatch.setattr(Ledger, "answers", counting)
    assert accounts.counted(criteria) == [{}, {}]
    accounts.take("a", said(20, 4))
    accounts.take("b", said(3))
    for _ in range(3):
        assert accounts.counted(criteria) == [{"": (23, 23)}, {"GET /items/{id}": (23, 23)}]
    assert unpacked == [1, 1]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"failures": {}, "warnings": [], "report": {"seq": 2}}, id="half a report"),
        pytest.param({"failures": {"rewrite": "often"}, "warnings": [], "report": {}}, id="no number"),
        pytest.param({"failures": {}, "warnings": [["soon", "x"]], "report": {}}, id="no time"),
        pytest.param({"failures": {}, "warnings": ["a sentence"], "report": {}}, id="no pairs"),
        pytest.param({"failures": None, "warnings": None, "report": None}, id="no values"),
    ],
)
def test_what_cannot_be_read_changes_nothing(prepared: Prepared, broken: dict[str, Any]) -> None:
    """A report that is none is counted, and the ledger stays where it was."""
    accounts = Accounts(prepared)
    accounts.take("a", said(20, failures={"sign": 1}))
    assert accounts.take("a", broken) is None
    assert accounts.unreadable == 1
    assert accounts.sum([share("a", prepared)])[0].totals().sent == 20
    assert accounts.failures == {"sign": 1}


def test_what_a_lost_worker_leaves(prepared: Prepared) -> None:
    """Its rows without an end are in doubt as far as they were due, and the account balances."""
    accounts = Accounts(prepared)
    accounts.take("a", said(12, 10))
    lost = share("a", prepared, ShareState.LOST, lost_at=2 * SECOND, fence=9 * SECOND)
    left = accounts.left(lost)
    totals = accounts.sum([lost])[0].totals()
    assert (left.in_doubt, left.unread) == (totals.in_doubt, totals.unread) == (18, 0)
    assert not broken_laws(40, totals)


def test_the_index_is_read_once_for_each_lost_worker(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the sums are looked at, what a lost worker was to send is read from the count index a single time."""
    asked: list[Sequence[int]] = []
    read = CountIndex.partition_curve

    def partition_curve(index: CountIndex, *given: Any) -> list[int]:
        asked.append(given[3])
        return read(index, *given)

    monkeypatch.setattr(CountIndex, "partition_curve", partition_curve)
    accounts = Accounts(prepared)
    lost = [
        share(name, prepared, ShareState.LOST, partitions=parts, fence=9 * SECOND)
        for name, parts in [("a", (0, 1)), ("b", (2, 3))]
    ]
    for _ in range(3):
        accounts.sum([*lost, share("c", prepared)])
        accounts.left(lost[1])
    assert asked == [(0, 1), (2, 3)]


def test_warnings_bear_the_name_of_their_worker(prepared: Prepared) -> None:
    """Each report tells all of a worker's warnings, of which a few are kept, no longer than a sentence is."""
    accounts = Accounts(prepared)
    accounts.take("a", said(1, warnings=[(30.0, "no key")]))
    accounts.take("b", said(1, warnings=[(60.0, "x" * 1000)] * 1000))
    accounts.take("a", said(1, warnings=[(30.0, "no key"), (90.0, "no PEM")]))
    mine = [warning for warning in accounts.warnings if warning.text.startswith("worker a")]
    assert mine == [
        RunEvent(at_s=30.0, event="warning", text="worker a: no key"),
        RunEvent(at_s=90.0, event="warning", text="worker a: no PEM"),
    ]
    assert len(accounts.warnings) == 22
    assert max(len(warning.text) for warning in accounts.warnings) < 520


def test_a_worker_lost_before_it_told_anything_leaves_all(prepared: Prepared) -> None:
    """What was never due when it was lost is unread, named by its worker and the time."""
    lost = share("a", prepared, ShareState.LOST, lost_at=1_250_000_000, error="no memory", fence=-1)
    tally, _ = Accounts(prepared).sum([lost])
    assert tally.totals().unread_by == {"worker a was lost at 1.2 s (no memory)": 40}
    assert loss(lost) == "worker a was lost at 1.2 s (no memory)"


def test_a_worker_that_refused_leaves_nothing_in_doubt(prepared: Prepared) -> None:
    """It says that it has sent nothing, so not even what is due in the first second may have been sent."""
    partitions = tuple(range(prepared.recording.manifest.partitions))
    rig = Rig("a")
    rig.start(order_of(rows={each: 40 if each == 0 else 0 for each in partitions}))
    rig.say("a", Refused(run=rig.run, epoch=1, sentence="the start reached it late", code=1))
    assert Accounts(prepared).left(rig.share("a")) == Lost(in_doubt=0, unread=40)


def test_a_worker_that_was_stopped_before_it_began_leaves_skipped_rows(prepared: Prepared) -> None:
    """It is done and told nothing: nothing of its share was begun."""
    tally, _ = Accounts(prepared).sum([share("a", prepared), share("b", prepared, ShareState.IDLE, rows=0)])
    assert tally.totals().skipped_by == {"stopped": 40}


def test_a_run_that_was_stopped_before_anybody_had_a_share(prepared: Prepared) -> None:
    """While workers were still being asked for nothing was begun either."""
    tally, _ = Accounts(prepared).sum([])
    assert tally.totals().skipped_by == {"stopped": 40}


def test_exhibits_of_all_workers_are_kept_once(prepared: Prepared) -> None:
    """They come with the last report; what is none is left out."""
    accounts = Accounts(prepared)
    accounts.take("a", {**said(1), "exhibits": [{"id": "x", "n": 1}, {"id": "y"}, "nonsense"]})
    accounts.take("b", {**said(1), "exhibits": [{"id": "x", "n": 1}]})
    accounts.take("c", {**said(1), "exhibits": "nonsense"})
    assert sorted(line["id"] for line in accounts.exhibits) == ["x", "y"]
