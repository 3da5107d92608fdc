"""What is the environment's and not the release's."""

from __future__ import annotations

from math import inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.gate.environment import NEVER, Environment, environment_of, log_ratios
from tests.results.gate.paired import MS, matched, noisy

BASES = (2, 5, 12, 20, 35, 60, 90, 150)


def endpoints(factor: float = 1.0, hop_ms: float = 0.0, counts: tuple[int, ...] = (60,) * len(BASES)) -> list:  # type: ignore[type-arg]
    """Eight endpoints of other speeds, all of which take `factor` times as long and `hop_ms` longer."""
    found = []
    for nth, (base, count) in enumerate(zip(BASES, counts, strict=True)):
        theirs, ours = noisy(count, base, seed=nth), noisy(count, base, seed=nth + 100)
        found.append(matched([factor * each + hop_ms for each in ours], theirs, endpoint=f"GET /{nth}"))
    return found


@given(st.floats(0.5, 3))
@settings(max_examples=20, deadline=None)
def test_a_factor_that_all_share_is_found(factor: float) -> None:
    """Within the noise of the votes, and with no hop made up beside it."""
    found = environment_of(endpoints(factor), 20)
    assert found.factor == pytest.approx(factor, rel=0.1)
    assert found.extra_ns == 0


@pytest.mark.parametrize("hop_ms", [6, 20])
def test_a_hop_that_connecting_does_not_show_is_found(hop_ms: float) -> None:
    """It is not mistaken for a factor, which would be another for each endpoint."""
    found = environment_of(endpoints(1.0, hop_ms), 20)
    assert found.extra_ns == pytest.approx(hop_ms * MS, rel=0.35)
    assert found.factor == pytest.approx(1, abs=0.1)


def test_endpoints_of_one_speed_tell_no_hop_from_a_factor() -> None:
    """Nothing is made up there, though one of them is a regression: it is all put down to the factor."""
    alike = [matched(noisy(90, seed=nth), noisy(90, seed=nth + 50), endpoint=f"GET /{nth}") for nth in range(6)]
    alike[3].ours = [2.2 * each for each in alike[3].ours]
    found = environment_of(alike, 20)
    assert found.extra_ns == 0
    assert found.factor == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "medians",
    [
        pytest.param([(41.6, 19.7), (37.4, 21.5), (25.2, 20.5), (16.8, 19.5), (20.3, 19.1)], id="of-one-speed"),
        pytest.param([(3.7, 4.7), (12.9, 11.4), (27.8, 20.6), (50.8, 30.5), (65.9, 66.9)], id="of-several"),
        pytest.param(
            [(8.1, 11.7), (17.5, 15.6), (31.1, 20.3), (60.5, 30.2), (45.4, 42.2)], id="a-way-longer-than-answers"
        ),
    ],
)
def test_endpoints_that_differ_by_themselves_are_no_hop(medians: list[tuple[float, float]]) -> None:
    """Twice as long and 25 ms less is no way that answers of 12 ms went, though five endpoints agree better on it."""
    several = [matched([ours] * 30, [theirs] * 30, endpoint=f"GET /{ours}") for ours, theirs in medians]
    assert environment_of(several, 20).extra_ns == 0


def test_each_endpoint_has_one_vote() -> None:
    """The one with 20 times the traffic of the others is 2x slower, and all of them know it."""
    counts = (60,) * 7 + (9_000,)
    several = endpoints(counts=counts)
    several[-1].ours = [2 * each for each in several[-1].ours]
    assert environment_of(several, 20).factor == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize(
    ("factors", "of_all"),
    [
        pytest.param((1, 2.2), 1, id="one-slower"),
        pytest.param((1, 0.4), 1, id="one-faster"),
        pytest.param((0.5, 2.2), 1, id="one-either-way"),
        pytest.param((1.4, 3), 1.4, id="both-slower"),
        pytest.param((0.6, 0.8), 0.8, id="both-faster"),
        pytest.param((1, 1, 2, 2), 1, id="half-of-four"),
        pytest.param((1, 2, 2), 2, id="most-of-three"),
    ],
)
def test_of_two_in_the_middle_the_one_that_changed_less_tells(factors: tuple[float, ...], of_all: float) -> None:
    """2.2x on one of two endpoints is not split between both, so that neither would be above the limit."""
    several = [
        matched([factor * each for each in noisy(60, seed=nth)], noisy(60, seed=nth), endpoint=f"GET /{nth}")
        for nth, factor in enumerate(factors)
    ]
    assert environment_of(several, 20).factor == pytest.approx(of_all, rel=1e-6)


def test_what_takes_a_fraction_of_a_millisecond_more_has_not_changed() -> None:
    """0.3 ms after 0.7 is how busy the machine was, and makes no regression of the endpoint that took 50 ms both times."""
    quick = [matched([0.3] * 60, [0.7] * 60, endpoint=f"GET /{nth}") for nth in range(3)]
    several = [*quick, matched(noisy(60, 50, seed=1), noisy(60, 50, seed=2), endpoint="GET /slow")]
    assert environment_of(several, 20).factor == pytest.approx(1, abs=0.1)
    assert environment_of(several, 20, floor_ns=0).factor == pytest.approx(3 / 7)
    for each in quick:
        each.ours = [2.5 * MS] * 60
    assert environment_of(several, 20).factor == pytest.approx(2.5 / 0.7)


@pytest.mark.parametrize(("factor", "of_all"), [(1.4, 1.4), (0.6, 0.6), (1.0, 1.0)])
def test_endpoints_too_quick_to_tell_vote_with_those_that_can(factor: float, of_all: float) -> None:
    """Half of them take 0.5 ms: a staging that is slower as a whole is no regression of the others, and a faster one no cover."""
    quick = [matched([0.5 * factor] * 60, [0.5] * 60, endpoint=f"GET /quick/{nth}") for nth in range(5)]
    slow = [
        matched([factor * each for each in noisy(60, 30, seed=nth)], noisy(60, 30, seed=nth), endpoint=f"GET /{nth}")
        for nth in range(5)
    ]
    assert environment_of([*quick, *slow], 20).factor == pytest.approx(of_all)


def test_small_endpoints_do_not_vote() -> None:
    """Unless there are no others: then all pairs together do."""
    several = endpoints(counts=(60,) * 4 + (5,) * 4)
    assert environment_of(several, 20).voters == ("GET /0", "GET /1", "GET /2", "GET /3")
    few = environment_of(endpoints(2.0, counts=(5,) * 8), 20)
    assert few.voters == ("all",)
    assert few.factor == pytest.approx(2, rel=0.25)


@pytest.mark.parametrize("several", [[], [matched([], [])]], ids=["no-endpoint", "no-pair"])
def test_nothing_to_look_at_is_no_environment(several: list) -> None:  # type: ignore[type-arg]
    """A factor of one."""
    assert environment_of(several, 20) == Environment(factor=1.0, extra_ns=0.0, voters=())


def test_endpoints_that_never_answer_have_no_vote() -> None:
    """Mostly unanswered in either run is a ratio that no environment has."""
    dead = matched([inf] * 30, noisy(30), endpoint="GET /dead")
    assert environment_of([dead, *endpoints(1.3)], 20).factor == pytest.approx(1.3, rel=0.1)
    assert environment_of([dead], 20).factor == 1
    half = matched([inf, 1.0] * 15, [1.0] * 30, endpoint="GET /half")
    back = matched([1.0] * 30, [inf, 1.0] * 15, endpoint="GET /back")
    for each in (half, back):
        assert environment_of([each, *endpoints(1.3)[5:6]], 20).factor == pytest.approx(1.3, rel=0.2)


def test_ratios_are_what_the_environment_does_not_explain() -> None:
    """Logarithms after factor and hop; never answered is more than anything, and nothing if it is so in both runs."""
    environment = Environment(factor=2, extra_ns=3 * MS, voters=())
    ratios = log_ratios(matched([23, 43, inf, 5, inf], [10, 10, 10, inf, inf]), environment)
    assert ratios == pytest.approx([0, log(2), NEVER, -NEVER, 0])


def test_longer_is_beyond_the_environment_too() -> None:
    """In ns, endless only on one side."""
    environment = Environment(factor=2, extra_ns=3 * MS, voters=())
    assert environment.longer_ns(30 * MS, 10 * MS) == 7 * MS
    assert environment.longer_ns(inf, 10 * MS) == inf
    assert environment.longer_ns(inf, inf) == 0
