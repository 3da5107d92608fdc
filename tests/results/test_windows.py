"""Windows over counts that only grow: judged as somebody would who kept every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.model import Verdict
from replay_users.plan.duration import SECOND
from replay_users.results.autostop_text import parse_autostop
from replay_users.results.tally import Tally
from replay_users.results.windows import Autostop, added_up, count_endpoint, no_counts
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from replay_users.results.windows import Counts

NAMES = ("GET /a", "GET /b", "GET /c")

Request = tuple[int, str, bool]
"""Second of the run, endpoint, whether it was answered 503."""


def counts_of(tally: Tally, *texts: str) -> Counts:
    """What a tally has for these criteria."""
    criteria = parse_autostop(texts)
    counts = no_counts(criteria)
    for name, mine in tally.endpoints.items():
        count_endpoint(counts, criteria, name, mine)
    return counts


def replay(requests: list[Request], text: str, seconds: int, step: int = 1) -> list[int]:
    """In which seconds a criterion is met, by windows over a tally."""
    tally, criteria, found = Tally([]), parse_autostop([text]), []
    autostop = Autostop(criteria, step * SECOND)
    for now in range(1, seconds + 1):
        for second, name, bad in requests:
            if second == now - 1:
                flight = make_flight(
                    answer_status=503 if bad else 200, judged=Verdict.MATCHED, endpoint=tally.index(name)
                )
                tally.settle([flight])
        if now % step == 0 and any(sentence is not None for sentence in autostop.judge(counts_of(tally, text))):
            found.append(now)
    return found


def naive(requests: list[Request], text: str, seconds: int, step: int = 1) -> list[int]:
    """The same by every single request."""
    [criterion] = parse_autostop([text])
    window = -(-criterion.window // (step * SECOND)) * step
    found = []
    for now in range(step, seconds + 1, step):
        inside = [each for each in requests if now - window <= each[0] < now and criterion.covers(each[1])]
        groups = (
            [inside] if criterion.pattern is None else [[each for each in inside if each[1] == name] for name in NAMES]
        )
        met = any(criterion.is_met(sum(bad for *_, bad in group), len(group)) for group in groups)
        if met and (now >= window or not criterion.is_share):
            found.append(now)
    return found


SOME = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(NAMES), st.booleans(), st.integers(1, 25)), max_size=20
).map(lambda groups: [(second, name, bad) for second, name, bad, times in groups for _ in range(times)])


@settings(max_examples=80)
@given(SOME, st.integers(1, 8), st.sampled_from(["40%", "75%", "9", "30"]), st.sampled_from(["", ",GET /a", ",*"]))
@pytest.mark.parametrize("step", [1, 3])
def test_windows_say_what_all_requests_say(
    step: int, requests: list[Request], window: int, limit: str, endpoint: str
) -> None:
    """Whatever comes when, a criterion is met in the same seconds as for somebody who counts all of them again."""
    text = f"http(503,{limit},{window}s{endpoint})"
    assert replay(requests, text, 12, step) == naive(requests, text, 12, step)


def test_a_window_that_has_only_begun_says_nothing_of_shares() -> None:
    """From its first full length on it does; a number is reached when it is."""
    bad = [(0, "GET /a", True)] * 30
    assert replay(bad, "http(503,50%,4s)", 6) == [4]
    assert replay(bad, "http(503,25,4s)", 6) == [1, 2, 3, 4]


def test_an_endpoint_that_comes_late_had_nothing_before() -> None:
    """Its window is as long as the others', and what it counted is all new."""
    late = [(7, "GET /b", True)] * 30
    assert replay([(0, "GET /a", False), *late], "http(503,50%,4s,*)", 12) == [8, 9, 10, 11]


@pytest.mark.parametrize(
    ("window", "step", "judged", "said"),
    [
        pytest.param("10m", 1, 60, "within 600 s", id="a long one"),
        pytest.param("61s", 1, 31, "within 62 s", id="a little more than is kept"),
        pytest.param("5s", 3, 2, "within 6 s", id="reports of workers"),
        pytest.param("10m", 3, 50, "within 600 s", id="a long one of reports"),
    ],
)
def test_memory_is_bounded(window: str, step: int, judged: int, said: str) -> None:
    """Of a longer window at most sixty readings are kept, in longer steps; the sentence says the window that was judged."""
    text = f"http(503,50%,{window})"
    autostop = Autostop(parse_autostop([text]), step * SECOND)
    told = [list(autostop.judge([{"": (50 * nth, 50 * nth)}])) for nth in range(1, 1300)]
    sentence = next(sentence for [sentence] in told if sentence is not None)
    assert said in sentence
    [kept] = autostop._windows[0]._past.values()
    assert len(kept._readings) == judged <= 60
    assert len(kept._seen) == 1


def test_memory_of_busy_windows_is_bounded() -> None:
    """However long an answer may take, sixty windows are looked back at and no more."""
    autostop = Autostop(parse_autostop(["failed(50%,5s)"]), SECOND, patience=3600 * SECOND)
    for nth in range(1, 200):
        assert list(autostop.judge([{"": (0, 50 * nth)}])) == [None]
    [kept] = autostop._windows[0]._past.values()
    assert len(kept._seen) == 61


def course(text: str, *steps: tuple[int, int], patience: int = 30) -> list[int]:
    """In which seconds a criterion is met, where so many hits of so many requests come in each second."""
    autostop, hits, seen, found = Autostop(parse_autostop([text]), SECOND, patience=patience * SECOND), 0, 0, []
    for second, (bad, whole) in enumerate(steps, 1):
        hits, seen = hits + bad, seen + whole
        if any(sentence is not None for sentence in autostop.judge([{"": (hits, seen)}])):
            found.append(second)
    return found


@pytest.mark.parametrize(
    ("text", "steady", "pause"),
    [
        pytest.param("failed(10%,5s)", (10, 1000), (10, 10), id="one-in-a-hundred-times-out"),
        pytest.param("quantile(95,500ms,5s)", (20, 1000), (20, 20), id="one-in-fifty-is-slow"),
        pytest.param("time(1.5s,5s)", (400 * SECOND, 1000), (300 * SECOND, 10), id="they-take-30-s"),
    ],
)
def test_what_comes_in_last_is_not_all_there_was(text: str, steady: tuple[int, int], pause: tuple[int, int]) -> None:
    """At a pause and at the end only what takes long still comes in: a run that was fine so far stays so."""
    requests = [steady] * 60 + [pause] * 30 + [(0, 0)] * 60 + [steady] * 60 + [pause] * 30
    assert course(text, *requests) == []
    assert course(text, *requests, patience=0)


def test_a_target_that_breaks_down_is_seen_as_before() -> None:
    """If everything times out from some moment on, there is nothing for that long, and the first timeouts say it."""
    good, nothing, bad = [(0, 1000)] * 60, [(0, 0)] * 30, [(1000, 1000)] * 10
    assert course("failed(50%,5s)", *good, *nothing, *bad)[0] == 60 + 30 + 2
    assert course("failed(50%,5s)", *good, *bad)[0] == 60 + 3


def test_a_quiet_target_that_breaks_down_is_seen_a_little_later() -> None:
    """After a burst a share is one of the burst's, but for no longer than an answer may take."""
    burst, lull = [(0, 1000)] * 10, [(20, 20)] * 60
    assert course("http(5xx,10%,5s)", *burst, *lull)[0] == 10 + 30 + 5


@pytest.mark.parametrize("passed", [2, 4, 5, 6, 60])
@pytest.mark.parametrize("window", [1, 3, 5])
def test_steps_that_nobody_looked_at_do_not_widen_a_window(passed: int, window: int) -> None:
    """After a stall the window is as long as ever: what came meanwhile is taken to have come evenly."""
    criteria = parse_autostop([f"http(5xx,{10 * window + 1},{window}s)"])
    whole, stalled = Autostop(criteria, SECOND), Autostop(criteria, SECOND)
    for second in range(1, 11 + passed):
        assert list(whole.judge([{"": (10 * second, 100 * second)}])) == [None]
        if second <= 10:
            assert list(stalled.judge([{"": (10 * second, 100 * second)}])) == [None]
    end = 10 + passed
    assert list(stalled.judge([{"": (10 * end, 100 * end)}], passed)) == [None]
    end += 1
    [said], [as_said] = ([*each.judge([{"": (10 * end + 1, 100 * end)}])] for each in (stalled, whole))
    assert said == as_said
    assert said is not None


def test_windows_of_our_own_standstill_say_nothing() -> None:
    """Answers that we read late were not late, nor were those to the burst after it; then it is judged as before."""
    autostop, found = Autostop(parse_autostop(["quantile(95,500ms,3s)"]), SECOND), []
    for second in range(1, 16):
        hits = max(0, second - 9) * 50
        [said] = autostop.judge([{"": (hits, 100 * second)}], stood=[int(second >= 10)])
        if said is not None:
            found.append(second)
    assert found == [14, 15]


def test_counts_of_several_add_up() -> None:
    """Workers count apart; endpoints meet by name, and those that only one has are there too."""
    texts = ("http(5xx,1,5s)", "http(5xx,1,5s,GET /a)")
    criteria = parse_autostop(texts)
    one, other, whole = Tally(["GET /a"]), Tally(["GET /b", "GET /a"]), Tally(["GET /a", "GET /b"])
    for tally, names in ((one, ["GET /a"]), (other, ["GET /b", "GET /a"]), (whole, ["GET /a", "GET /b", "GET /a"])):
        for name in names:
            tally.settle([make_flight(answer_status=500, judged=Verdict.MATCHED, endpoint=tally.index(name))])
    assert added_up([counts_of(one, *texts), counts_of(other, *texts)], criteria) == counts_of(whole, *texts)
    assert counts_of(whole, *texts) == [{"": (3, 3)}, {"GET /a": (2, 2)}]
