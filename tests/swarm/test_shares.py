from __future__ import annotations

import pytest

from replay_users.swarm.messages import Done
from replay_users.swarm.shares import Shares, ShareState
from tests.swarm.conducting import S


def _shares() -> Shares:
    """Two workers with shares and one without."""
    return Shares({0: 5, 1: 0, 2: 7}, [(0, 1), (2,)], ["a", "b", "c"])


def _done(seq: int) -> Done:
    return Done(run="r", seq=seq, error=None, stopped_by=None)


def _state(shares: Shares, worker: str) -> ShareState:
    return next(share.state for share in shares if share.worker == worker)


def test_each_part_has_a_worker() -> None:
    """Parts go to workers in order, rows are added up, and workers beyond the parts are idle."""
    found = [(share.worker, share.partitions, share.rows, share.state) for share in _shares()]
    assert found == [
        ("a", (0, 1), 5, ShareState.GRANTED),
        ("b", (2,), 7, ShareState.GRANTED),
        ("c", (), 0, ShareState.IDLE),
    ]


@pytest.mark.parametrize("state", ShareState)
def test_only_done_lost_and_idle_are_closed(state: ShareState) -> None:
    """Of any other share something is still to come."""
    shares = _shares()
    shares.change("a", state=state)
    closed = {ShareState.DONE, ShareState.LOST, ShareState.IDLE}
    assert (shares.open("a") is None) is (state in closed)
    assert shares.open("x") is None
    assert shares.any_open  # b


def test_idle_workers_are_not_waited_for() -> None:
    """All are ready as soon as all who have a share are."""
    shares = _shares()
    shares.change("a", state=ShareState.READY)
    assert not shares.all_ready
    shares.change("b", state=ShareState.READY)
    assert shares.all_ready


def test_done_waits_for_the_last_report() -> None:
    """A worker that says done before its last report came is done when that has come."""
    shares = _shares()
    assert shares.report("a", 1)
    shares.drained(_done(3), "a", 0)
    assert _state(shares, "a") is ShareState.DRAINED
    assert shares.report("a", 2)
    assert _state(shares, "a") is ShareState.DRAINED
    assert shares.report("a", 3)
    assert _state(shares, "a") is ShareState.DONE


def test_done_after_the_last_report_is_done() -> None:
    """In the usual order there is nothing to wait for."""
    shares = _shares()
    shares.report("a", 3)
    shares.drained(_done(3), "a", 0)
    assert _state(shares, "a") is ShareState.DONE


def test_old_reports_are_no_news() -> None:
    """A report that comes twice, after a later one, or of a share that is closed, changes nothing."""
    shares = _shares()
    assert shares.report("a", 2)
    assert not shares.report("a", 2)
    assert not shares.report("a", 1)
    assert not shares.report("c", 1)
    shares.lose("a")
    assert not shares.report("a", 3)


def test_a_last_report_that_never_comes() -> None:
    """It is waited for during ten seconds."""
    shares = _shares()
    shares.drained(_done(1), "a", 0)
    assert shares.unreported(10 * S - 1) == []
    assert shares.unreported(10 * S) == ["a"]


def test_a_lost_share_keeps_what_its_worker_said() -> None:
    """Why it could not do all of it is not forgotten when its last report is lost as well."""
    shares = _shares()
    shares.drained(Done(run="r", seq=1, error="a slice is damaged", stopped_by=None), "a", 0)
    shares.lose("a", lost_at=5, fence=6)
    share = next(iter(shares))
    assert (share.state, share.lost_at, share.fence, share.error) == (ShareState.LOST, 5, 6, "a slice is damaged")
