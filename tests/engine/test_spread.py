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
    """New connections go to the new addresses, and none to those that are missing."""
    spread = Spread([A, B])
    spread.renew([B, C])
    assert set(turns(spread, 4)) == {B, C}
    assert (A in spread, B in spread, len(spread)) == (False, True, 2)


def test_one_connection_tries_again() -> None:
    """After the name was resolved again an avoided address gets one connection, and no other until that has opened."""
    spread = Spread([A, B])
    spread.avoid(B)
    spread.renew([A, B])
    assert turns(spread, 5) == [B, A, A, A, A]
    spread.renew([A, B])
    assert turns(spread, 3) == [A, A, A]
    spread.opened(B)
    assert set(turns(spread, 2)) == {A, B}


@pytest.mark.parametrize("how", ["avoid", "failed"])
def test_the_one_that_tries_again_fails(how: str) -> None:
    """An address whose one connection failed stays avoided, which is no news, and is tried again after the next resolving."""
    spread = Spread([A, B])
    spread.avoid(B)
    spread.renew([A, B])
    assert spread.next() == B
    assert not getattr(spread, how)(B)
    assert turns(spread, 3) == [A, A, A]
    spread.renew([A, B])
    assert turns(spread, 3) == [B, A, A]


def test_connections_from_before_it_was_avoided() -> None:
    """As long as any connection to an avoided address is still being opened, it gets no other."""
    spread = Spread([A, B])
    turns(spread, 4)
    spread.avoid(B)
    spread.renew([A, B])
    assert turns(spread, 2) == [A, A]
    spread.avoid(B)
    assert turns(spread, 2) == [B, A]


def test_who_tried_another_does_not_try_an_avoided_one() -> None:
    """What has waited for one address in vain is not sent to another one that may be as deaf."""
    spread = Spread([A, B, C])
    spread.avoid(B)
    spread.renew([A, B, C])
    assert B not in {spread.next(probes=False) for _ in range(4)}
    assert spread.next() == B


def test_a_target_that_comes_back() -> None:
    """Where all are avoided and one opens, the others get a connection each without waiting for the name."""
    spread = Spread([A, B])
    for address in [*turns(spread, 2), *turns(spread, 2)]:
        spread.avoid(address)  # type: ignore[arg-type]
    spread.opened(A)
    assert turns(spread, 3) == [B, A, A]


def test_an_address_is_gone() -> None:
    """An address is gone that was missing three times in a row; what was avoided is forgotten with it."""
    spread = Spread([A, B, C])
    spread.avoid(A)
    gone = []
    for _ in range(3):
        spread.renew([B, C])
        gone.append(spread.is_gone(A))
    assert gone == [False, False, True]
    spread.renew([A, B, C])
    assert set(turns(spread, 3)) == {A, B, C}


def test_an_address_that_was_missing_stays_avoided() -> None:
    """An avoided address that comes back to the name gets one connection, not its share."""
    spread = Spread([A, B, C])
    spread.avoid(A)
    spread.renew([B, C])
    spread.renew([A, B])
    assert turns(spread, 3).count(A) == 1


def test_a_name_that_gives_some_of_its_addresses() -> None:
    """Of 50 addresses of which each answer has eight others, none is gone; those that then stay away are, in the end."""
    every = [(2, (f"10.0.1.{nth}", 80)) for nth in range(50)]
    answers = [[every[(8 * nth + each) % 50] for each in range(8)] for nth in range(40)]
    spread = Spread(every)
    for answer in [[*every[:8]], [*every], *answers]:
        spread.renew(answer)
        assert not any(map(spread.is_gone, every))
    for _ in range(30):
        spread.renew([A])
    assert all(map(spread.is_gone, every))
