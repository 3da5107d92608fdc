"""The tally: every exchange counted once, the same however many processes counted."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.path import Key
from replay_users.results import pairs
from replay_users.results.tally import Tally
from tests.results.whole import state

if TYPE_CHECKING:
    import pytest

    from tests.results.conftest import Land

ENDPOINTS = ["GET /a", "GET /b", "POST /c"]

rows = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.integers(0, 50),
            "endpoint": st.integers(0, 2),
            "session": st.sampled_from([None, b"s1", b"s2", b"s3"]),
            "due": st.integers(0, 1_000),
            "wait": st.integers(0, 9),
            "lag": st.integers(0, 20),
            "service": st.integers(0, 99),
            "duration": st.none() | st.integers(0, 99),
            "answer": st.sampled_from([200, 404, 500]),
            "fault": st.none() | st.sampled_from(Fault),
            "judged": st.sampled_from(Verdict),
            "resent": st.booleans(),
        }
    ),
    max_size=20,
)
others = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(Drop), st.sampled_from(SkipReason)), max_size=6)


def price(endpoint: int) -> Difference:
    """A changed price."""
    return Difference(ENDPOINTS[endpoint], (Key("price"),), Kind.VALUE, "1", "2")


def tallied(land: Land, sent: list[dict[str, Any]], unsent: list[tuple[int, Drop, SkipReason]]) -> Tally:
    """Count these exchanges in one tally."""
    tally = Tally(ENDPOINTS)
    flights = [land(**row) for row in sent]
    tally.settle(flights)
    for flight in flights:
        if flight.judged is Verdict.MISMATCHED:
            tally.differences(flight, Differences([price(flight.endpoint)], capped=1))
        if flight.judged is Verdict.UNCHECKED:
            tally.unchecked(flight, "size")
        if flight.judged is Verdict.MATCHED:
            tally.ignored([price(flight.endpoint)])
    for endpoint, drop, skip in unsent:
        tally.drop(land(endpoint=endpoint), drop)
        tally.skip(endpoint, skip, rows=3)
        tally.unread(2, f"slice-{endpoint}")
        tally.doubt(1)
        tally.stopped(4)
        tally.hub(1_000_000)
    return tally


@settings(max_examples=60)
@given(sent=rows, unsent=others, cut=st.integers(0, 20))
def test_merging_is_counting_in_one_place(
    land: Land,
    sent: list[dict[str, Any]],
    unsent: list[tuple[int, Drop, SkipReason]],
    cut: int,
) -> None:
    """Two tallies merge, in either order, into the one that counted everything."""
    left, right, backwards = (
        tallied(land, *part) for part in ((sent[:cut], unsent), (sent[cut:], []), (sent[cut:], []))
    )
    backwards.merge(left)
    left.merge(right)
    whole = tallied(land, sent, unsent)
    assert state(left) == state(backwards) == state(whole)
    assert asdict(left.totals()) == asdict(whole.totals())


@settings(max_examples=40)
@given(sent=rows, unsent=others)
def test_everything_sent_ends_in_one_verdict(
    land: Land, sent: list[dict[str, Any]], unsent: list[tuple[int, Drop, SkipReason]]
) -> None:
    """The totals balance, and each count is the sum of its reasons."""
    totals = tallied(land, sent, unsent).totals()
    assert totals.sent == len(sent) == totals.compared + totals.unchecked + totals.failed
    assert totals.compared == totals.matched + totals.mismatched
    for name in ("dropped", "skipped", "unread", "failed", "unchecked"):
        assert getattr(totals, name) == sum(getattr(totals, f"{name}_by").values())


@settings(max_examples=40)
@given(sent=rows)
def test_every_sent_exchange_is_a_pair_or_excluded(land: Land, sent: list[dict[str, Any]]) -> None:
    """For each endpoint, pairs and exclusions add up to what was sent."""
    for mine in tallied(land, sent, []).endpoints.values():
        assert mine.sent == mine.ratio.count + sum(mine.excluded_by.values())
        assert mine.sent == mine.service.count == mine.latency.count
        assert mine.sent == sum(mine.statuses.values())


def test_the_reasons_of_what_was_not_sent(land: Land) -> None:
    """Drops, skips, unread rows and rows in doubt are totals with their reasons beside them."""
    tally = Tally(ENDPOINTS)
    tally.drop(land(), Drop.LAG)
    tally.drop(land(endpoint=1), Drop.LAG)
    tally.drop(land(), Drop.WAIT)
    tally.skip(2, SkipReason.METHOD, rows=40)
    tally.unread(7, "slice-1.parquet has changed")
    tally.doubt(5)
    totals = tally.totals()
    assert (totals.dropped, totals.skipped, totals.unread, totals.in_doubt) == (3, 40, 7, 5)
    assert list(totals.dropped_by.items()) == [("lag", 2), ("wait", 1)]
    assert (totals.skipped_by, totals.unread_by) == (
        {"method": 40},
        {"slice-1.parquet has changed": 7},
    )
    assert (tally.fidelity.lag.over, tally.fidelity.wait.over) == (2, 1)


def test_differences_are_counted_under_their_signature(land: Land) -> None:
    """Mismatches reach the signature table; ignored ones are counted by path and kind."""
    tally = Tally(ENDPOINTS)
    tally.differences(land(1), Differences([price(0), price(0)], ignored=(price(0),), capped=3))
    tally.ignored([price(0), price(0)], capped=4)
    assert tally.signatures.counts["GET /a", "root['price']", "value", "regression"].count == 1
    assert tally.totals().ignored_by == {"root['price'] value": 2}
    assert tally.totals().capped == 7


def test_mismatches_are_counted_by_class(land: Land) -> None:
    """An exchange is of the class that matters most among its differences; without any it is a regression."""
    tally = Tally(ENDPOINTS)
    missing, both, plain = (land(n, judged=Verdict.MISMATCHED) for n in range(3))
    missing.differences = Differences([price(0)], classes=(Class.MISSING,))
    both.differences = Differences([price(0), price(1)], classes=(Class.MISSING, Class.REGRESSION))
    tally.settle([missing, both, plain])
    tally.differences(both, both.differences)
    assert tally.totals().mismatched_by == {"regression": 2, "missing_in_staging": 1}
    assert tally.totals().regressions == 2
    assert {key[3] for key in tally.signatures.counts} == {"missing_in_staging", "regression"}


def test_endless_reasons_are_bounded() -> None:
    """Reasons beyond a hundred of a kind are counted together, not lost."""
    tally = Tally(ENDPOINTS)
    for n in range(150):
        tally.unread(1, f"slice-{n:03}")
    assert len(tally.totals().unread_by) == 101
    assert tally.totals().unread_by["other"] == 50
    assert tally.totals().unread == 150


def test_hub_stalls_have_their_own_histogram() -> None:
    """How late the hub ran a timer is kept apart from lag."""
    tally = Tally(ENDPOINTS)
    tally.hub(5_000_000)
    assert (tally.fidelity.hub.maximum, tally.fidelity.lag.maximum) == (5_000_000, None)


def test_endpoints_meet_by_name(land: Land) -> None:
    """Tallies of plans with other endpoint orders add up under the right names."""
    left, right = Tally(["GET /a"]), Tally(["GET /b", "GET /a"])
    left.settle([land(endpoint=0)])
    right.settle([land(endpoint=1), land(endpoint=0)])
    left.merge(right)
    assert {name: mine.sent for name, mine in left.endpoints.items()} == {"GET /a": 2, "GET /b": 1}


def test_an_endpoint_that_appears_during_the_run_gets_an_index(land: Land) -> None:
    """A name that a user's code gives is known under the next index from then on."""
    tally = Tally(["GET /a"])
    assert (tally.index("GET /a"), tally.index("mine"), tally.index("mine")) == (0, 1, 1)
    tally.settle([land(endpoint=1)])
    assert tally.endpoints["mine"].sent == 1


def test_endpoints_that_a_user_s_code_names_share_the_room_for_pairs(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there come to be, all their samples together stay within what a run keeps, and workers still add up."""
    monkeypatch.setattr(pairs, "PER_RUN", 12)
    flights = [land(nth, endpoint=nth % 6) for nth in range(60)]
    whole, parts = Tally(["GET /0"]), [Tally(["GET /0"]), Tally(["GET /0"])]
    for tally in (whole, *parts):
        tally.settle([flight for flight in flights if flight.endpoint == 0][:4])
        for nth in range(1, 6):
            tally.index(f"GET /{nth}")
    whole.settle(flights)
    parts[0].settle(flights[:20])
    parts[1].settle(flights[20:])
    for tally in (whole, *parts):
        assert sum(len(mine.pairs.pairs()) for mine in tally.endpoints.values()) <= 12
    merged = Tally(["GET /0"])
    for part in parts:
        merged.merge(part)
    for name in list(whole.endpoints)[1:]:
        assert merged.endpoints[name].pairs == whole.endpoints[name].pairs


def test_rows_that_a_stop_left_unloaded_are_skipped() -> None:
    """Rows nobody loaded have no endpoint, and still are counted as skipped(stopped)."""
    tally = Tally(["GET /a"])
    tally.skip(0, SkipReason.STOPPED, rows=2)
    tally.stopped(40)
    assert (tally.totals().skipped, tally.totals().skipped_by) == (42, {"stopped": 42})


def test_held_endpoints_stand_still_while_counting_goes_on(land: Land) -> None:
    """What is counted meanwhile is in the totals at once, and in the endpoint when it is let go."""
    tally = Tally(ENDPOINTS)
    tally.settle([land(1), land(2, endpoint=1)])
    before = state(tally.endpoints["GET /a"])
    tally.hold(["GET /a"])
    tally.settle([land(3), land(4, endpoint=1)])
    tally.drop(land(5), Drop.LAG)
    tally.skip(0, SkipReason.METHOD, rows=2)
    assert state(tally.endpoints["GET /a"]) == before
    assert tally.endpoints["GET /b"].sent == 2
    totals = tally.totals()
    assert (totals.sent, totals.matched, totals.dropped, totals.skipped) == (4, 4, 1, 2)
    tally.release("GET /a")
    tally.release("GET /b")  # was not held
    whole = Tally(ENDPOINTS)
    whole.settle([land(1), land(2, endpoint=1), land(3), land(4, endpoint=1)])
    whole.drop(land(5), Drop.LAG)
    whole.skip(0, SkipReason.METHOD, rows=2)
    assert state(tally) == state(whole)
    tally.settle([land(6)])
    assert tally.endpoints["GET /a"].sent == 3
