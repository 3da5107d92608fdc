"""Claims that may be chance: settled together, each told with its numbers."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from replay_users.results.gate.claims import Claim, settle
from replay_users.results.gate.model import Decision
from replay_users.results.validity import CheckKind

CLAIM = Claim(
    name="mismatches",
    kind=CheckKind.MISMATCHES,
    endpoint="GET /a",
    sentence="more differ",
    p=0.004,
    holds=True,
    numbers={"differing": 7},
)


def test_one_claim_is_believed_at_alpha() -> None:
    """Alone, it needs no correction; its sentence is for people, its probability stands among its numbers."""
    [check] = settle([CLAIM], 0.01)
    assert check.verdict is Decision.FAIL
    assert check.sentence == "more differ"
    assert (check.p, check.endpoint, check.numbers) == (
        0.004,
        "GET /a",
        {"differing": 7, "p_corrected": 0.004, "together": 1, "alpha": 0.01},
    )


def test_the_same_among_others_is_not() -> None:
    """Holm multiplies it by how many there are, and the sentence says what that means."""
    check = settle([CLAIM, replace(CLAIM, p=0.5), replace(CLAIM, p=0.9)], 0.01)[0]
    assert check.verdict is Decision.PASS
    assert check.sentence == "more differ; this may be chance"
    assert check.numbers["p_corrected"] == pytest.approx(0.012)
    assert check.numbers["together"] == 3


def test_what_does_not_hold_fails_nothing() -> None:
    """However unlikely it is, without enough sessions or effect it is no failure."""
    [check] = settle([replace(CLAIM, p=0.0, holds=False)], 0.01)
    assert check.verdict is Decision.PASS
    assert check.sentence == "more differ"


def test_what_is_doubted_is_inconclusive() -> None:
    """With a doubt of its own, a claim that is not believed does not pass; one that is believed fails without it."""
    [unsure], [sure] = (settle([replace(CLAIM, p=p, doubt="; too few to be sure")], 0.01) for p in (0.02, 0.004))
    assert (unsure.verdict, unsure.sentence) == (Decision.INCONCLUSIVE, "more differ; too few to be sure")
    assert (sure.verdict, sure.sentence) == (Decision.FAIL, "more differ")


def test_the_order_of_claims_is_kept() -> None:
    """Checks come out as claims went in, whichever is corrected first."""
    claims = [replace(CLAIM, p=p, sentence=str(p)) for p in (0.9, 0.0001, 0.3)]
    assert [check.p for check in settle(claims, 0.01)] == [0.9, 0.0001, 0.3]
    assert settle([], 0.01) == []


def test_few_families_of_chance_fail() -> None:
    """Of 2,000 families of 100 claims with nothing behind them, about 1 in 100 has one that is believed."""
    chance = random.Random(3)
    families = ([replace(CLAIM, p=chance.random()) for _ in range(100)] for _ in range(2_000))
    failed = sum(any(check.verdict is Decision.FAIL for check in settle(family, 0.01)) for family in families)
    assert failed <= 32
