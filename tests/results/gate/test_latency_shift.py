"""When an endpoint as a whole is slower."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.environment import Environment, log_ratios
from replay_users.results.gate.latency_blocks import blocks_of
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.latency_shift import Shift, bound_p, shift_finding, shift_of
from replay_users.results.gate.model import Decision
from tests.results.gate.paired import SPAN, matched, noisy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.results.gate.latency_finding import Finding

AS_IS = Environment(factor=1.0, extra_ns=0.0, voters=())
MANY = 400


def shift(ours: Sequence[float], theirs: Sequence[float], **changes: Callable[[int], int]) -> Shift:
    """An endpoint that took so long."""
    found = matched(ours, theirs, **changes)  # type: ignore[arg-type]
    return shift_of(found, log_ratios(found, AS_IS), blocks_of(found, SPAN))


def judged(found: Shift, *, likeness: float = 0.0, unrest: float = 0.0, **settings: float) -> Finding:
    """What is said of it."""
    asked = LatencySettings(**settings)  # type: ignore[arg-type]
    return shift_finding(found, SPAN, AS_IS, asked, run_likeness=likeness, unrest=unrest, other="in the baseline run")


def slower(times: float, count: int = MANY, base_ms: float = 40.0) -> Shift:
    """So many times slower, with noise on both sides."""
    theirs = noisy(count, base_ms, seed=1)
    return shift([times * each for each in noisy(count, base_ms, seed=2)], theirs)


def test_twice_as_slow_is_found_and_said_in_words() -> None:
    """With the ratio, what is sure of it, both medians and how many pairs."""
    found = judged(slower(2.0))
    assert found.verdict is Decision.FAIL
    assert found.p is not None
    assert found.p < 1e-12
    assert found.value == pytest.approx(2, rel=0.1)
    assert found.sentence == (
        "GET /a takes 2.06x as long as in the baseline run (at least 1.87x, 40 ms -> 80 ms in the median of 400 pairs),"
        " the limit is 1.5x"
    )
    assert found.numbers["lower"] == pytest.approx(1.87, abs=0.01)


@pytest.mark.parametrize(
    ("found", "settings"),
    [
        pytest.param(slower(1.0), {}, id="unchanged"),
        pytest.param(slower(1.35), {}, id="within-what-may-be"),
        pytest.param(slower(2.0), {"shift": 2.5}, id="more-may-be"),
        pytest.param(slower(2.0, base_ms=3), {}, id="less-than-5-ms"),
        pytest.param(slower(0.5), {}, id="faster"),
    ],
)
def test_what_is_no_finding(found: Shift, settings: dict[str, float]) -> None:
    """It passes whatever its p."""
    assert judged(found, **settings).verdict is Decision.PASS


def test_a_handful_of_pairs_is_no_evidence() -> None:
    """Eight pairs twice as slow may be chance, and p says so."""
    found = judged(slower(2.0, 8))
    assert found.p is not None
    assert found.p > 1e-3


def test_a_drift_that_no_clock_sees_hides_nothing() -> None:
    """A quiet service drifts by a thousandth within a run, as all do, and takes six times as long: nothing is surer."""
    drifting = shift([60 * (1 + nth / 40_000) for nth in range(36)], [10.0] * 36)
    assert bound_p(drifting, 1.5, 0.0) < 1e-6
    assert drifting.likeness < 0.01
    assert drifting.sway(0.0) == 1


def test_a_drift_that_can_be_seen_counts() -> None:
    """From as long to twice as long within the run: its blocks are no independent witnesses."""
    drifting = shift([40 * (1 + nth / MANY) for nth in range(MANY)], [40.0] * MANY)
    assert drifting.likeness > 0.8
    assert drifting.sway(0.0) > 10


def test_outliers_hide_nothing() -> None:
    """A few pairs in which the other run was a thousand times slower weigh no more than any that are clearly faster."""
    theirs = [each * (1_000 if nth % 20 == 0 else 1) for nth, each in enumerate(noisy(100, seed=1))]
    found = judged(shift([2 * each for each in noisy(100, seed=2)], theirs))
    assert found.p is not None
    assert found.p < 1e-6


def test_a_ratio_beside_a_run_that_differs_says_so() -> None:
    """Where everything takes half as long, twice as long as the others is as long as it was."""
    found = slower(2.0)
    environment = Environment(factor=0.5, extra_ns=0.0, voters=())
    finding = shift_finding(
        found, SPAN, environment, LatencySettings(), run_likeness=0.0, unrest=0.0, other="in the baseline run"
    )
    assert "as long as in the baseline run, relative to 0.50x of the run as a whole (" in finding.sentence


def test_what_most_never_got_is_endless() -> None:
    """Unanswered requests rank above all; there is no ratio to tell, and it is a finding."""
    found = judged(shift([inf] * 300 + [40.0] * 100, [40.0] * MANY, session=lambda nth: nth % 50))
    assert found.value is None
    assert found.p is not None
    assert found.sentence == "GET /a mostly gets no answer (400 pairs)"


def test_half_unanswered_is_no_number_either() -> None:
    """The median lies between a time and never."""
    found = judged(shift([inf if nth % 2 else 40.0 for nth in range(MANY)], [40.0] * MANY))
    assert found.value is None
    assert "gets no answer" in found.sentence


def test_a_slow_third_of_the_run_is_an_event() -> None:
    """However slow it was: the median of all may move, the stretches do not agree."""
    theirs = noisy(MANY, seed=1)
    ours = [each * (6 if nth < 150 else 1.3) for nth, each in enumerate(noisy(MANY, seed=2))]
    found = judged(shift(ours, theirs), shift_bound=1.45)
    assert found.verdict is Decision.PASS


def test_one_session_is_no_release() -> None:
    """Two users alone see it, though they ask more than half."""
    theirs = noisy(MANY, seed=1)
    session = {nth: nth % 10 for nth in range(MANY)}
    ours = [each * (3 if session[nth] < 2 else 0.9) for nth, each in enumerate(noisy(MANY, seed=2))]
    found = judged(shift(ours, theirs, session=lambda nth: min(2, session[nth])), shift=1.05, shift_bound=1.01)
    assert found.verdict is Decision.PASS


def test_lasting_noise_is_less_sure() -> None:
    """The same ratios are worth less in a run whose noise lasts, and the bound that is told is lower."""
    sure, unsure = judged(slower(1.7, 60)), judged(slower(1.7, 60), likeness=0.8)
    assert sure.p is not None
    assert unsure.p is not None
    assert unsure.p > 100 * sure.p
    assert float(str(unsure.numbers["lower"])) < float(str(sure.numbers["lower"]))


def test_it_must_be_worse_than_endpoints_are_by_themselves() -> None:
    """1.7x is surely more than 1.2x, but not more than what every third run does to some endpoint."""
    calm, uneasy = judged(slower(1.7)), judged(slower(1.7), unrest=0.15)
    assert calm.p is not None
    assert uneasy.p is not None
    assert calm.p < 1e-9
    assert uneasy.p > 1e-4
    assert uneasy.numbers["bound"] == pytest.approx(1.2 * 1.35, abs=0.01)
    assert "by themselves endpoints differ by 15 %" in uneasy.sentence


def test_a_bound_can_be_asked_by_itself() -> None:
    """2x is surely more than 1.5x, and surely not more than 2.5x."""
    assert bound_p(slower(2.0), 1.5, 0.0) < 1e-9
    assert bound_p(slower(2.0), 2.5, 0.0) > 0.99


def at(moments_s: Sequence[float], times: float, *, session: Callable[[int], int] = lambda nth: nth % 20) -> Shift:
    """So many times slower at each of these moments, at which ten requests are made; 2 % of noise."""
    theirs = noisy(10 * len(moments_s), sigma=0.02)
    ours = [times * each for each in noisy(len(theirs), seed=2, sigma=0.02)]
    found = matched(ours, theirs, session=session)
    found.due = [round((moment + 0.1 * nth) * 1e9) for moment in moments_s for nth in range(10)]
    return shift_of(found, log_ratios(found, AS_IS), blocks_of(found, SPAN))


def test_what_was_asked_in_bursts_only_is_doubtful_if_slower() -> None:
    """Nobody can tell it from an event, and it is no pass either; it fails nothing."""
    found = judged(at([100, 101, 102, 103, 330], 5.0))
    assert found.verdict is Decision.PASS
    assert found.doubt.startswith("; it was asked in 2 of 20 parts of the run only, where an event looks just the same")
    assert "event" not in found.sentence
    assert not judged(at([100, 101, 102, 103, 330], 1.2)).doubt


def test_too_few_moments_to_be_sure_are_doubtful() -> None:
    """One session that asks at eight moments: five times as long at each of them is p = 2^-8 at best, whatever is asked of it."""
    moments = [40, 110, 180, 250, 320, 390, 460, 530]
    found = judged(at(moments, 5.0, session=lambda _: 0))
    assert (found.p, found.verdict) == (2**-8, Decision.FAIL)
    assert found.doubt.startswith("; the moments at which it was asked are too few")
    assert not judged(at(moments, 1.0, session=lambda _: 0)).doubt


def test_what_a_session_of_many_met_is_not_doubted() -> None:
    """All others were as fast as before, so it is no release."""
    times = [5.0 if nth % 10 < 6 else 1.0 for nth in range(50)]
    theirs = noisy(50, sigma=0.02)
    found = matched(
        [one * each for one, each in zip(times, theirs, strict=True)],
        theirs,
        over_s=60,
        session=lambda nth: nth % 10 // 6,
    )
    assert not judged(shift_of(found, log_ratios(found, AS_IS), blocks_of(found, SPAN))).doubt
