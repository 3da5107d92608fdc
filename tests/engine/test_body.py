"""What is kept of a body, and of all bodies that are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.engine import body as module
from replay_users.engine.body import KEPT_END, Rest, end_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Little room, none of it taken, all of it given back at the end."""
    monkeypatch.setattr(module, "KEPT_BODY", 10)
    monkeypatch.setattr(module, "KEPT_IN_ALL", 25)
    monkeypatch.setattr(Rest, "under_way", 0)
    yield
    assert Rest.under_way == 0


def rest(*pieces: bytes, first: bytes = b"1") -> Rest:
    """What follows a first piece."""
    made = Rest()
    for piece in pieces:
        made.add(piece, len(first))
    return made


def test_a_body_is_put_together() -> None:
    """Its pieces come out in order behind the first, and their sizes are counted."""
    made = rest(b"23", b"456")
    assert (made.after(b"1"), made.size) == (b"123456", 5)
    made.clear()
    assert (made.after(b"7"), made.size) == (b"7", 0)


def test_of_a_large_body_the_beginning_is_kept() -> None:
    """From the first piece on that is too much, later ones are only counted, however small."""
    made = rest(b"2345", b"6789ab", b"c")
    assert (made.after(b"1"), made.size) == (b"12345", 11)
    made.clear()


def test_many_bodies_share_their_room() -> None:
    """Where others have taken the room a piece is not kept, nor any after it when there is room again."""
    first, second, third = rest(b"x" * 9), rest(b"x" * 9), rest(b"x" * 9, b"y")
    assert (Rest.under_way, third.after(b"1"), third.size) == (18, b"1", 10)
    first.clear()
    third.add(b"z", 1)
    assert (Rest.under_way, third.after(b"1"), third.size) == (9, b"1", 11)
    for each in (second, third, third):
        each.clear()


@given(st.lists(st.lists(st.binary(min_size=1, max_size=6), max_size=6), max_size=8))
def test_what_is_kept_is_a_beginning_and_never_too_much(bodies: list[list[bytes]]) -> None:
    """Whatever comes, each body keeps a beginning of itself, all of them together no more than there is room for."""
    made = [rest(*pieces, first=b"") for pieces in bodies]
    assert Rest.under_way == sum(len(one.after(b"")) for one in made) <= 25
    for one, pieces in zip(made, bodies, strict=True):
        assert b"".join(pieces).startswith(one.after(b""))
        assert one.size == len(b"".join(pieces))
        one.clear()


def test_the_end_is_kept_of_what_comes() -> None:
    """All of it up to 8 KiB; of more, what comes before is marked as left out, once."""
    end = b""
    for _ in range(KEPT_END):
        end = end_of(end, b"x")
    assert end == b"x" * KEPT_END
    assert end_of(end, b"y") == b"\0" + b"x" * (KEPT_END - 1) + b"y"
    assert end_of(end_of(end, b"y"), b"z" * KEPT_END) == b"\0" + b"z" * KEPT_END
