"""Where signatures stand in two runs."""

from __future__ import annotations

from replay_users.results.standings import standings
from tests.results.two_runs import ITEM, SEARCH, run


def hows(before: dict[str, int], now: dict[str, int]) -> dict[str, str]:
    """How each field of an endpoint stands."""
    one, other = run("a", odd=before)[0], run("b", odd=now)[0]
    return {each.path.split("'")[1]: each.how for each in standings(one, other)}


def test_a_signature_is_new_gone_more_less_or_as_before() -> None:
    """By the sessions that show it; what chance explains is as before."""
    before = {"gone": 5, "same": 9, "less": 40, "more": 2}
    now = {"new": 7, "same": 11, "less": 9, "more": 20}
    assert hows(before, now) == {"new": "new", "more": "more", "gone": "gone", "less": "less", "same": "same"}


def test_new_ones_come_first_and_what_most_sessions_show() -> None:
    """The order in which a person asks."""
    assert list(hows({"gone": 30}, {"few": 3, "many": 40})) == ["many", "few", "gone"]


def test_every_count_has_its_n() -> None:
    """Answers of those compared, sessions of those looked at, and an example of the run that shows it."""
    [gone, new] = sorted(standings(run("a", odd={"gone": 60})[0], run("b", broken=12)[0]), key=lambda each: each.how)
    assert (gone.baseline, gone.candidate) == ((60, 400), (0, 400))
    assert (gone.baseline_sessions, gone.candidate_sessions) == ((40, 40), (0, 40))
    assert (new.endpoint, new.path, new.baseline, new.candidate) == (SEARCH, "200 -> 500", (0, 133), (12, 133))
    data = new.to_dict()
    assert data["candidate"] == {"count": 12, "of": 133, "sessions": 12, "of_sessions": 40}
    assert data["example"]["recorded"] == "200"


def test_what_was_not_asked_is_not_gone() -> None:
    """A candidate run that left an endpoint out says nothing of it; one that the baseline run left out has no n there."""
    one, other = run("a", odd={"x": 9})[0], run("b", endpoints=("GET /other", SEARCH), odd={"y": 9})[0]
    [only] = standings(one, other)
    assert (only.endpoint, only.how, only.baseline) == ("GET /other", "new", (0, 0))


def test_a_run_against_itself_has_nothing_new() -> None:
    """All signatures are as before."""
    result = run("a", odd={"x": 9}, broken=3)[0]
    assert {each.how for each in standings(result, result)} == {"same"}
    assert {each.endpoint for each in standings(result, result)} == {ITEM, SEARCH}
