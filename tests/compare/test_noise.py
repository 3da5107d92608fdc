"""Noise or not, as tables; and the inequality, simulated."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Class, Kind
from replay_users.compare.noise import (
    Accepted,
    Decision,
    Drift,
    Rate,
    Refusal,
    Refused,
    confidence_text,
    decide,
    rose,
    unseen,
    wilson,
)
from replay_users.path import parse_path

FEW = frozenset({"root['by_day']['2024-01-01']", "root['by_day']['2024-01-02']"})
ANY = frozenset(f"root['by_day']['{n}']" for n in range(9))
LINES = frozenset(f"root[{n}]" for n in range(9))
PARTS = frozenset({"root['body']['p'][3]['#text']"})


def drift(path: str = "root['ms']", kind: Kind = Kind.VALUE, **changes: object) -> Drift:
    """Something that differed in a tenth of the answers."""
    given = {"endpoint": "GET /a", "rate": Rate(seen=10, total=100), **changes}
    return Drift(path_text=path, kind=kind, **given)  # type: ignore[arg-type]


def at(*paths: str) -> Accepted:
    """Accepted at these paths."""
    return Accepted(tuple(map(parse_path, paths)))


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        pytest.param(drift(), at("root['ms']"), id="a-scalar"),
        pytest.param(drift("root['rows'][*]['at']"), at("root['rows'][*]['at']"), id="a-field-of-rows"),
        pytest.param(drift("root"), Refused(Refusal.ROOT), id="the-whole-body"),
        pytest.param(drift("root['by_day'][*]", members=FEW), at(*sorted(FEW)), id="two-members-of-a-map"),
        pytest.param(drift("root['by_day'][*]", members=ANY), at("root['by_day'][*]"), id="any-member-of-a-map"),
        pytest.param(drift("root[*]", members=LINES), Refused(Refusal.OVER_BROAD), id="any-line-of-a-text"),
        pytest.param(
            drift("root['body']['p'][*]['#text']", members=PARTS), at(*PARTS), id="the-third-paragraph-of-a-page"
        ),
        pytest.param(
            drift("root['body']['p'][*]['#text']", members=ANY),
            Refused(Refusal.OVER_BROAD),
            id="any-paragraph-of-a-page",
        ),
        pytest.param(
            drift("root['m'][*]", members=frozenset({"root['m']['[redacted:40]']"})),
            Refused(Refusal.OVER_BROAD),
            id="a-member-whose-key-is-a-secret",
        ),
        pytest.param(drift(found=Class.MISSING), Refused(Refusal.CLASS), id="missing-in-staging"),
        pytest.param(drift(found=Class.THROTTLED), Refused(Refusal.CLASS), id="throttled"),
        *[
            pytest.param(drift(kind=kind), Refused(Refusal.STRUCTURE), id=f"{kind}-unasked")
            for kind in Kind
            if kind is not Kind.VALUE
        ],
    ],
)
def test_only_values_of_scalars_are_noise_by_themselves(seen: Drift, decision: Decision) -> None:
    """Another value of one field is accepted, at the paths where it was seen; anything else is refused with its reason."""
    assert decide(seen) == decision


@pytest.mark.parametrize("kind", list(Kind))
def test_what_a_person_accepts_is_accepted(kind: Kind) -> None:
    """Any kind, of what is no sign of something else."""
    path = "200 -> 304" if kind is Kind.STATUS else "root['etag']"
    assert isinstance(decide(drift(path, kind), lambda _: True), Accepted)
    assert decide(drift(path, kind, found=Class.CREDENTIAL), lambda _: True) == Refused(Refusal.CLASS)


@pytest.mark.parametrize(
    ("total", "text"),
    [
        pytest.param(200, "unseen at 1 % rate: 13 % at n = 200", id="200"),
        pytest.param(1_000, "unseen at 1 % rate: 0 % at n = 1000", id="1000"),
        pytest.param(0, "unseen at 1 % rate: 100 % at n = 0", id="nothing"),
    ],
)
def test_confidence_is_told_in_words(total: int, text: str) -> None:
    """How likely noise that shows in one answer of a hundred was never seen."""
    assert confidence_text(total) == text


def test_the_formula_is_the_reference_s() -> None:
    """37 % at a rate of 0.1 % and 1,000 pairs."""
    assert round(unseen(0.001, 1_000), 2) == 0.37


@pytest.mark.parametrize(
    ("learnt", "now", "alarm"),
    [
        pytest.param((4, 200), (600, 1_000), True, id="from-2-to-60-percent"),
        pytest.param((4, 200), (25, 1_000), False, id="about-the-same"),
        pytest.param((4, 200), (3, 3), True, id="three-of-three"),
        pytest.param((4, 200), (2, 2), False, id="too-few-to-say"),
        pytest.param((1_000, 1_000), (1_000, 1_000), False, id="always"),
        pytest.param((900, 1_000), (1_000, 1_000), False, id="a-fifth-more-at-most"),
        pytest.param((600, 1_000), (20, 1_000), False, id="less-is-no-alarm"),
        pytest.param((0, 100_000), (2, 100_000), False, id="twice-is-nothing"),
        pytest.param((0, 1_000_000), (250, 1_000_000), False, id="0.025-percent"),
        pytest.param((0, 1_000_000), (400, 1_000_000), True, id="0.04-percent-of-a-million"),
        pytest.param((5, 1_000), (0, 0), False, id="nothing-compared"),
    ],
)
def test_noise_alarms_by_the_inequality(learnt: tuple[int, int], now: tuple[int, int], alarm: bool) -> None:
    """More than it was, by a fifth of both and 0.03 %, and beyond what chance explains."""
    one, other = (Rate(seen=seen, total=total) for seen, total in (learnt, now))
    assert rose(one, other) is alarm


def test_one_session_is_one_observation() -> None:
    """400 answers of one user who meets another state say as little as one."""
    learnt = Rate(seen=10, total=1_000, sessions=300)
    assert rose(learnt, Rate(seen=400, total=1_000, sessions=300))
    assert not rose(learnt, Rate(seen=400, total=1_000, sessions=2))


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.9], ids=["rare", "often", "nearly-always"])
def test_unchanged_noise_does_not_alarm(rate: float) -> None:
    """Simulated: of 300 fields of unchanged rate, learnt on 400 answers and seen in 2,000, at most one alarms."""
    dice = random.Random(5)
    alarms = sum(rose(_drawn(dice, rate, 400), _drawn(dice, rate, 2_000), checks=300) for _ in range(300))
    assert alarms <= 1


@pytest.mark.parametrize(("was", "now"), [(0.02, 0.6), (0.1, 0.3), (0.3, 0.7)], ids=["2-60", "10-30", "30-70"])
def test_more_noise_is_found(was: float, now: float) -> None:
    """Simulated: of 300 fields that became noisier, 95 % alarm although 300 are looked at."""
    dice = random.Random(6)
    alarms = sum(rose(_drawn(dice, was, 400), _drawn(dice, now, 2_000), checks=300) for _ in range(300))
    assert alarms >= 285


def _drawn(dice: random.Random, rate: float, total: int) -> Rate:
    return Rate(seen=sum(dice.random() < rate for _ in range(total)), total=total)


@settings(max_examples=100)
@given(total=st.integers(0, 10_000), share=st.floats(0, 1), z=st.floats(0.5, 5))
def test_bounds_hold_the_share(total: int, share: float, z: float) -> None:
    """A bound is never beyond what was seen, nor beyond 0 and 1."""
    rate = Rate(seen=round(share * total), total=total)
    lower, upper = wilson(rate, z)
    assert 0.0 <= lower <= upper <= 1.0
    assert lower - 1e-9 <= rate.share <= upper + 1e-9
