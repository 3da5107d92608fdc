"""How many sessions saw what, as result.json says it."""

from __future__ import annotations

from replay_users.model import Verdict
from replay_users.results.session_counts import endpoint_sessions, sampled_sessions, sessions_of
from replay_users.results.sessions import SessionSketch
from replay_users.results.tally import Tally
from replay_users.testing import make_flight
from tests.results.gate.runs import NAMES, tally_of


def sketch(sessions: range, k: int = 256) -> SessionSketch:
    """A sketch that has seen these sessions."""
    seen = SessionSketch(k)
    for each in sessions:
        seen.see(b"session %d" % each)
    return seen


def test_a_sample_is_exact_where_nothing_was_left_out() -> None:
    """All are seen, and those that differ are counted."""
    assert sampled_sessions(sketch(range(20)), sketch(range(100))) == {"seen": 100, "differing": 20}


def test_a_sample_of_large_sketches_has_the_true_share() -> None:
    """Whatever the sizes of the two sketches are."""
    for k in (64, 256):
        found = sampled_sessions(sketch(range(2_000), k), sketch(range(10_000)))
        assert 0.1 < found["differing"] / found["seen"] < 0.3
        assert found["seen"] <= 256


def test_an_endpoint_says_how_many_sessions_saw_what() -> None:
    """Those compared, those that differ, and those with an answer that broke or was mended."""
    tally = tally_of(
        800,
        differs=lambda end, row: "price" if end == 1 and row < 400 else "",
        status=lambda end, row: 500 if end == 2 and row < 80 else 200,
    )
    found = endpoint_sessions(tally.endpoints[NAMES[1]])
    assert (found["compared_sessions"], found["differing_sessions"]) == (80, 40)
    assert found["sampled_sessions"] == {"seen": 80, "differing": 40}
    assert endpoint_sessions(tally.endpoints[NAMES[2]])["broken"] == {"count": 10, "sessions": 8}


def test_sessions_of_a_run_are_counted_once() -> None:
    """A session that asks every endpoint is one session."""
    tally = tally_of(800, differs=lambda _end, row: "price" if row < 100 else "")
    assert sessions_of(tally) == {
        "sent": 80,
        "compared": 80,
        "differing": 10,
        "sampled": {"seen": 80, "differing": 10},
        "broken": 0,
        "mended": 0,
    }


def test_a_run_of_nothing_has_none() -> None:
    """Zeros, not an error."""
    assert set(map(str, sessions_of(tally_of(0)).values())) == {"0", "{'seen': 0, 'differing': 0}"}


def test_the_run_has_no_fewer_broken_sessions_than_an_endpoint() -> None:
    """Estimates of both come of other samples, and must not contradict each other."""
    tally = Tally(["GET /a", "GET /b"])
    sessions = [b"session-%d" % n for n in range(300)]
    for end in (0, 1):
        tally.settle(
            [
                make_flight(endpoint=end, session=each, answer_status=500, judged=Verdict.MISMATCHED)
                for each in sessions[: 200 + 90 * end]
            ]
        )
    told = sessions_of(tally)
    of_ends = [endpoint_sessions(mine)["broken"]["sessions"] for mine in tally.endpoints.values()]
    assert all(64 <= each <= told["broken"] <= told["compared"] for each in of_ends)
