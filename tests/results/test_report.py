"""Reports and ledgers: whatever is lost on the way, the master's account is one the worker had, and at the end its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Drop, SkipReason, Verdict
from replay_users.path import Key
from replay_users.results.conservation import broken_laws
from replay_users.results.report import Ledger, Reporter
from replay_users.results.tally import Tally
from tests.results.counting import big_tally, count_more
from tests.results.whole import filled, state, unfilled, without_pairs

if TYPE_CHECKING:
    from tests.results.conftest import Land

SECOND = 1_000_000_000
ENDPOINTS = [f"GET /{n}" for n in range(7)]
OPENED = {"opened": 3}


def sent(report: dict[str, Any]) -> Any:
    """A report after its way through Locust's messages."""
    return msgpack.loads(msgpack.dumps(report, use_bin_type=True), raw=False, strict_map_key=False)


def test_everything_a_tally_holds_reaches_the_master(land: Land) -> None:
    """Each slot of tally, endpoint, fidelity and signatures is in the report: one that is added and not carried fails here."""
    tally = filled(land)
    assert unfilled(tally) == []
    ledger = Ledger()
    ledger.take(sent(Reporter(tally, OPENED.copy).next(7)))
    assert state(ledger.tally()) == state(tally)
    assert asdict(ledger.totals()) == asdict(tally.totals())
    assert {name: mine.service for name, mine in ledger.answers()} == {
        name: mine.service for name, mine in tally.endpoints.items()
    }
    assert state(ledger.fidelity()) == state(tally.fidelity)
    assert (ledger.seq, ledger.at, ledger.sent, ledger.connections) == (1, 7, tally.totals().sent, OPENED)


@dataclass
class Worker:
    """A worker that counts and reports, and what its tally was at each report."""

    land: Land
    tally: Tally = field(default_factory=lambda: Tally(ENDPOINTS))
    seen: dict[int, dict[str, Any]] = field(default_factory=dict)
    sent: int = 0

    def __post_init__(self) -> None:
        """Nothing is reported yet."""
        self.reporter = Reporter(self.tally, OPENED.copy)
        self.cut: dict[str, Any] | None = None
        self.now = 0

    def count(self, endpoint: int, what: int) -> None:
        """One exchange more, with some end."""
        self.sent += 1
        flight = self.land(
            self.sent, endpoint=endpoint, session=b"%d" % what, service=what, judged=list(Verdict)[what % 3]
        )
        if what % 5 == 0:
            self.tally.drop(flight, Drop.LAG)
            return
        if what % 7 == 0:
            self.tally.skip(endpoint, SkipReason.METHOD, rows=what)
            return
        if flight.judged is Verdict.UNCHECKED:
            self.tally.unchecked(flight, "size")
        if flight.judged is Verdict.MISMATCHED:
            price = Difference(ENDPOINTS[endpoint], (Key(f"price{what % 2}"),), Kind.VALUE, "1", "2")
            self.tally.differences(flight, Differences([price]))
        self.tally.settle([flight])

    def work(self) -> None:
        """A piece of the next report; the first cuts."""
        self.now += 2 * SECOND
        before = plain(self.tally) if self.cut is None else self.cut
        if self.reporter.work(self.now):
            self.cut = before

    def prepared(self) -> Any:
        """A report while the run goes on."""
        self.seen[len(self.seen) + 1] = self.cut or plain(self.tally)
        self.cut = None
        return sent(self.reporter.prepared(self.now))

    def next(self) -> Any:
        """A report of this moment."""
        self.cut = None
        report = sent(self.reporter.next(self.now))
        self.seen[len(self.seen) + 1] = plain(self.tally)
        return report


def plain(tally: Tally) -> dict[str, Any]:
    """All of it, in one order; what is held is counted in."""
    whole = Tally(())
    for name, mine in tally.endpoints.items():
        whole.add(name, mine)
        if tally._order[tally.index(name)] is not mine:
            whole.add(name, tally._order[tally.index(name)])
    return {**state(tally), "endpoints": state(whole)["endpoints"]}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.integers(0, len(ENDPOINTS) - 1), st.integers(1, 40)),
        st.tuples(st.sampled_from(["work", "prepared", "next", "new"]), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=120, deadline=None)
@given(steps=steps, data=st.data())
def test_any_reports_leave_an_account_the_worker_had(land: Land, steps: list[Any], data: st.DataObject) -> None:
    """After any part of the reports the ledger is the tally of one moment, and after the last the tally itself."""
    worker = Worker(land)
    reports: list[Any] = []
    for step, endpoint, what in steps:
        if step == "count":
            worker.count(endpoint, what)
        elif step == "work":
            worker.work()
        elif step == "new":
            worker.tally.index(f"GET /new/{len(reports)}")
        else:
            reports.append(getattr(worker, step)())
    kept = data.draw(st.lists(st.sampled_from(reports), unique_by=lambda r: r["seq"])) if reports else []
    ledger = Ledger()
    for report in kept:
        ledger.take(report)
        if ledger.seq:
            assert without_pairs(state(ledger.tally())) == without_pairs(worker.seen[ledger.seq])
            assert not [law for law in broken_laws(0, ledger.totals()) if "planned" not in law]
    ledger.take(worker.next())
    assert state(ledger.tally()) == plain(worker.tally) == state(worker.tally)
    assert asdict(ledger.totals()) == asdict(worker.tally.totals()) == asdict(ledger.tally().totals())


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(1, 40)), max_size=60))
def test_workers_add_up(land: Land, steps: list[tuple[int, int, int]]) -> None:
    """The ledgers of several workers merge into what their tallies merge into."""
    workers = [Worker(land) for _ in range(3)]
    for nth, endpoint, what in steps:
        workers[nth].count(endpoint, what)
    reported, counted = Tally(()), Tally(())
    for worker in workers:
        ledger = Ledger()
        ledger.take(worker.next())
        reported.merge(ledger.tally())
        counted.merge(worker.tally)
    assert state(reported) == state(counted)


@pytest.fixture
def worker(land: Land) -> Worker:
    """One that has counted something everywhere, and reported it."""
    worker = Worker(land)
    for endpoint in range(len(ENDPOINTS)):
        worker.count(endpoint, 12)
    return worker


def test_a_report_holds_what_changed_since_the_last(worker: Worker) -> None:
    """Endpoints and signatures that nothing happened to are not told again, nor are exemplars that stayed."""
    worker.prepared()
    worker.count(3, 13)
    report = worker.prepared()
    assert (report["since"], report["seq"]) == (1, 2)
    assert [name for name, _ in report["endpoints"]] == [ENDPOINTS[3]]
    worker.tally.signatures.counts.clear()
    assert worker.prepared()["endpoints"] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t, f: t.settle([f]), id="sent"),
        pytest.param(lambda t, f: t.drop(f, Drop.WAIT), id="dropped"),
        pytest.param(lambda t, _: t.skip(2, SkipReason.METHOD), id="skipped"),
    ],
)
def test_whatever_is_counted_marks_its_endpoint(worker: Worker, land: Land, change: Any) -> None:
    """An endpoint is told again after each kind of end."""
    worker.prepared()
    change(worker.tally, land(endpoint=2))
    assert [name for name, _ in worker.prepared()["endpoints"]] == [ENDPOINTS[2]]


def test_exemplars_travel_when_they_change(worker: Worker) -> None:
    """A signature that only counts on leaves its exemplars at home; the ledger has them."""
    ledger = Ledger()
    for n in range(60):
        worker.count(1, 13 if n % 2 else 22)
    ledger.take(worker.prepared())
    for _ in range(40):
        worker.sent = 8  # so that it has an id that was seen before
        worker.count(1, 13)
    report = worker.prepared()
    assert report["signatures"]
    assert [packed[-1] for *_, packed in report["signatures"]] == [None] * len(report["signatures"])
    ledger.take(report)
    assert state(ledger.tally().signatures) == state(worker.tally.signatures)


def test_a_lost_report_is_made_good(worker: Worker) -> None:
    """Reports that build on a lost one are left out, and counted, until a whole one comes, every tenth at the latest."""
    ledger = Ledger()
    reports = [worker.prepared() for _ in range(12)]
    assert [report["since"] for report in reports] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 11]
    ledger.take(reports[0])
    for report in reports[2:10]:
        ledger.take(report)
    assert (ledger.seq, ledger.missed) == (1, 8)
    for report in reports[10:]:
        ledger.take(report)
    assert (ledger.seq, ledger.missed) == (12, 8)


def test_older_and_repeated_reports_change_nothing(worker: Worker) -> None:
    """A report that comes late or twice does not turn the account back."""
    first = worker.next()
    worker.count(0, 12)
    second = worker.next()
    ledger = Ledger()
    for report in (second, first, second):
        ledger.take(report)
    assert (ledger.seq, ledger.missed) == (2, 0)
    assert state(ledger.tally()) == state(worker.tally)


def test_a_report_is_begun_ahead_and_packed_in_pieces(worker: Worker) -> None:
    """Two and a half seconds after the last one the next is begun; endpoints are packed a few at a time, then no more is done."""
    worker.prepared()
    for endpoint in range(len(ENDPOINTS)):
        worker.count(endpoint, 13)
    reporter = worker.reporter
    assert not reporter.work(2_499_999_999)
    begun, endpoints, signatures = [True], [True] * 4, [True]
    assert [reporter.work(2_500_000_000 + n) for n in range(7)] == [*begun, *endpoints, *signatures, False]


def test_a_begun_report_is_of_the_moment_it_was_begun(worker: Worker) -> None:
    """What is counted while a report is packed is in the tally at once, and in the next report."""
    ledger = Ledger()
    worker.reporter.work(3 * SECOND)
    before = plain(worker.tally)
    sent_before = worker.tally.totals().sent
    worker.count(0, 12)
    worker.count(6, 13)
    assert worker.tally.totals().sent == sent_before + 2
    ledger.take(sent(worker.reporter.prepared(4 * SECOND)))
    assert without_pairs(state(ledger.tally())) == without_pairs(before)
    ledger.take(sent(worker.reporter.prepared(5 * SECOND)))
    assert without_pairs(state(ledger.tally())) == without_pairs(state(worker.tally)) != without_pairs(before)


def test_pairs_travel_once(worker: Worker) -> None:
    """Only the last report of a run carries the samples of pairs, a tenth of its other reports too being whole."""
    reports = [worker.prepared() for _ in range(11)]
    assert reports[0]["since"] == reports[10]["since"] == 0
    assert {packed[-1] for report in reports for _, packed in report["endpoints"]} == {None}
    ledger = Ledger()
    for report in (*reports, worker.next()):
        assert not any(mine.pairs.pairs() for mine in ledger.tally().endpoints.values())
        ledger.take(report)
    kept = {name: mine.pairs.pairs() for name, mine in ledger.tally().endpoints.items()}
    assert kept == {name: mine.pairs.pairs() for name, mine in worker.tally.endpoints.items()}
    assert any(kept.values())


def test_a_ledgers_tally_is_the_callers(worker: Worker) -> None:
    """Merging into it leaves the ledger as it was."""
    ledger = Ledger()
    ledger.take(worker.next())
    mine = ledger.tally()
    mine.merge(ledger.tally())
    assert mine.totals().sent == 2 * ledger.tally().totals().sent
    assert state(ledger.tally()) == state(worker.tally)


def test_a_ledger_without_reports_is_empty() -> None:
    """A worker that never reported has sent nothing that is known."""
    assert state(Ledger().tally()) == state(Tally(()))
    assert Ledger().totals() == Tally(()).totals()
    assert state(Ledger().fidelity()) == state(Tally(()).fidelity)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"seq": None}, id="no number"),
        pytest.param({"endpoints": 7}, id="no endpoints"),
        pytest.param({"connections": None}, id="no connections"),
        pytest.param({"signatures": [["a", "b", "c", "d", [1, b"xyz1", [["id"]]]]]}, id="no exemplar"),
    ],
)
def test_what_is_no_report_is_refused(worker: Worker, change: dict[str, Any]) -> None:
    """A message that is no report raises, and the ledger stays where it was."""
    ledger = Ledger()
    ledger.take(worker.next())
    before = state(ledger.tally())
    with pytest.raises(ValueError, match="not a report"):
        ledger.take({**worker.next(), **change})
    with pytest.raises(ValueError, match="not a report"):
        ledger.take({})
    assert ledger.seq == 1
    assert state(ledger.tally()) == before


def test_beginning_a_report_copies_no_signature() -> None:
    """What is begun in one go, with 2,000 of them, is a list of their names: copying them would hold the hub for 5 ms."""
    tally = big_tally(2, 2_000)
    count_more(tally, Random(1))
    reporter = Reporter(tally, OPENED.copy)
    copies: list[str] = []
    for nth, counted in enumerate(tally.signatures.counts.values()):
        counted.exemplars = Counting(copies, nth)
    assert reporter.work(3 * SECOND)
    assert not copies
    pieces = [len(copies) for _ in iter(lambda: reporter.work(3 * SECOND), False)]
    assert max(later - sooner for sooner, later in pairwise([0, *pieces])) <= 100
    assert len(reporter.prepared(3 * SECOND)["signatures"]) == 2_000


class Counting(dict[int, Any]):
    """Exemplars that tell when somebody looks at them."""

    def __init__(self, looks: list[str], nth: int) -> None:
        """The numbers of those looked at go into `looks`."""
        super().__init__()
        self._looks, self._nth = looks, nth

    def __iter__(self) -> Any:
        """Look."""
        self._looks.append(str(self._nth))
        return super().__iter__()

    def values(self) -> Any:
        """Look."""
        self._looks.append(str(self._nth))
        return super().values()
