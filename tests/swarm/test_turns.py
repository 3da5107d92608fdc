"""Long work gives turns now and then."""

from __future__ import annotations

from replay_users.swarm.turns import Turns


def test_a_turn_is_given_when_one_is_due() -> None:
    """However many pieces of work there are, a turn is given each twentieth of a second, and it is a real wait."""
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += 0.3

    turns = Turns(lambda: now[0], sleep)
    for _ in range(12):
        turns.pause()
        now[0] += 0.01
    assert len(slept) == 2
    assert min(slept) > 0
