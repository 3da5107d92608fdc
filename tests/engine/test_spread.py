"""Which address is next."""

from __future__ import annotations

import pytest

from replay_users.engine.spread import Spread

A, B, C = ((2, (f"10.0.0.{nth}", 80)) for nth in (1, 2, 3))


def turns(spread: Spread, count: int) -> list[object]:
    """The next addresses."""
    return [spread.next() for _ in range(count)]


def test_addresses_take_turns() -> None:
    """Each address is next as often as any other."""
    assert turns(Spread([A, B, C]), 7) == [A, B, C, A, B, C, A]


def test_an_address_is_avoided() -> None:
    """An address that did not answer is left out, which is news once."""
    spread = Spread([A, B, C])
    assert [spread.avoid(B), spread.avoid(B)] == [True, False]
    assert set(turns(spread, 6)) == {A, C}
    assert (len(spread), B in spread) == (3, True)


def test_where_all_are_avoided_all_are_used() -> None:
    """A target that is down keeps being tried at all its addresses."""
    spread = Spread([A, B])
    assert [spread.avoid(A), spread.avoid(B)] == [True, True]
    assert set(turns(spread, 2)) == {A, B}


@pytest.mark.parametrize("address", [A, B], ids=["the only one", "another's"])
def test_the_only_address_is_not_avoided(address: tuple[int, tuple[str, int]]) -> None:
    """There is nothing else to use, and that is not counted as avoiding."""
    spread = Spread([A])
    assert not spread.avoid(address)
    assert spread.next() == A


def test_addresses_are_new() -> None:
    """New addresses replace the old ones, and what was avoided is worth another try."""
    spread = Spread([A, B])
    spread.avoid(B)
    spread.renew([B, C])
    assert set(turns(spread, 2)) == {B, C}
    assert (A in spread, B in spread, len(spread)) == (False, True, 2)
