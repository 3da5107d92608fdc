"""Validity: our lag voids latency, a broken account voids everything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.model import Drop, SkipReason
from replay_users.results.tally import Tally
from replay_users.results.validity import CheckKind, Validity, validate

if TYPE_CHECKING:
    from tests.results.conftest import Land


def validity(tally: Tally, planned: int) -> Validity:
    """Judge a tally."""
    return validate(planned, tally.totals(), tally.fidelity)


def test_a_punctual_run_is_valid(land: Land) -> None:
    """A run without lag whose account balances has nothing to say."""
    tally = Tally(["GET /"])
    tally.settle([land(n, lag=0.2) for n in range(10)])
    assert validity(tally, 10) == Validity(valid=True)


def test_the_target_s_slowness_voids_nothing(land: Land) -> None:
    """Waiting for the target's answers is not our lag."""
    tally = Tally(["GET /"])
    tally.settle([land(n, wait=500) for n in range(10)])
    for _ in range(5):
        tally.drop(land(), Drop.WAIT)
    assert validity(tally, 15) == Validity(valid=True)


@pytest.mark.parametrize(
    ("late", "void"), [pytest.param(1, (), id="one-percent"), pytest.param(2, (CheckKind.LATENCY,), id="two-percent")]
)
def test_lag_voids_latency_only(land: Land, late: int, void: tuple[CheckKind, ...]) -> None:
    """Beyond 10 ms at the 99th percentile latency means nothing, while answers still do."""
    tally = Tally(["GET /"])
    tally.settle([land(n, lag=40 if n < late else 0) for n in range(100)])
    found = validity(tally, 100)
    assert (found.valid, found.void, len(found.reasons)) == (True, void, len(void))


@pytest.mark.parametrize("reason", [Drop.LAG, Drop.LEASE_GAP])
def test_drops_for_our_lag_void_latency_above_one_in_a_thousand(land: Land, reason: Drop) -> None:
    """One dropped row of a thousand is tolerated, two are not."""
    tally = Tally(["GET /"])
    tally.settle([land(n) for n in range(998)])
    tally.drop(land(), reason)
    tally.skip(0, SkipReason.METHOD)
    assert validity(tally, 1_000).void == ()
    tally.drop(land(), reason)
    found = validity(tally, 1_001)
    assert found.void == (CheckKind.LATENCY,)
    assert "2 of 1,001 planned were dropped for our own lag" in found.reasons[0]


def test_many_drops_make_the_lag_itself_over(land: Land) -> None:
    """Where more than 1 % came too late to be sent, the percentile says so."""
    tally = Tally(["GET /"])
    tally.settle([land(n) for n in range(90)])
    for _ in range(10):
        tally.drop(land(), Drop.LAG)
    assert "lag p99 is over" in validity(tally, 100).reasons[0]


def test_unread_rows_make_a_run_invalid_and_are_named(land: Land) -> None:
    """Rows nobody could read make the run invalid, with what failed."""
    tally = Tally(["GET /"])
    tally.settle([land()])
    tally.unread(7, "slice-1.parquet has changed")
    found = validity(tally, 8)
    assert (found.valid, found.void) == (False, ())
    assert found.reasons == ("7 planned rows could not be read: slice-1.parquet has changed (7)",)


def test_rows_in_doubt_make_a_run_invalid(land: Land) -> None:
    """Nobody knows whether they were sent, so the run cannot be told from one that sent them; its answers still count."""
    tally = Tally(["GET /"])
    tally.settle([land()])
    tally.doubt(3)
    found = validity(tally, 4)
    assert (found.valid, found.void) == (False, ())
    assert found.reasons == ("3 planned rows are in doubt: nobody knows whether they were sent",)


def test_a_lost_worker_is_named(land: Land) -> None:
    """What it left is said once, under its name, before what else was wrong, even if all its rows had come to an end."""
    tally = Tally(["GET /"])
    tally.settle([land()])
    gone = "worker pod-2 was lost at 3.0 s"
    lost = (f"{gone}: 2 rows in doubt, 4 unread",)
    assert validate(1, tally.totals(), tally.fidelity, lost) == Validity(valid=False, reasons=lost)
    tally.doubt(2)
    tally.unread(4, gone)
    assert validate(7, tally.totals(), tally.fidelity, lost) == Validity(valid=False, reasons=lost)
    tally.unread(3, "slice-1.parquet has changed")
    assert validate(10, tally.totals(), tally.fidelity, lost).reasons == (
        *lost,
        "3 planned rows could not be read: slice-1.parquet has changed (3)",
    )


def test_a_broken_account_voids_everything(land: Land) -> None:
    """Where conservation fails no check can be trusted, and the reason says which sum."""
    tally = Tally(["GET /"])
    tally.settle([land()])
    found = validity(tally, 2)
    assert (found.valid, set(found.void)) == (False, set(CheckKind))
    assert "conservation is broken: planned 2" in found.reasons[0]
    assert validate(1, replace(tally.totals(), matched=2), tally.fidelity).valid is False
