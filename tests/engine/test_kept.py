"""Connections by recorded connection."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.engine.kept import LONG_IDLE, Kept


def connections(count: int) -> list[Any]:
    """Things that are only told apart."""
    return [object() for _ in range(count)]


def resting(kept: Kept, *keys: str) -> dict[str, Any]:
    """A resting connection for each key, each a ns later than the one before."""
    made = dict(zip(keys, connections(len(keys)), strict=True))
    for now, (key, connection) in enumerate(made.items()):
        kept.keep(key, connection)
        assert kept.rest(key, connection, now)
    return made


def test_a_key_gets_its_own_connection_again() -> None:
    """A resting connection is given for its key, once, and for no other."""
    kept = Kept()
    made = resting(kept, "a", "b")
    assert [kept.take("b"), kept.take("b"), kept.take("c")] == [made["b"], None, None]
    assert kept.rest("b", made["b"], 5)
    assert kept.take("b") is made["b"]


def test_one_in_excess() -> None:
    """A second connection of a key has no place to rest while the first lives, and takes its place when it does not."""
    kept = Kept()
    first, second = connections(2)
    assert [kept.keep("a", first), kept.keep("a", second)] == [True, False]
    assert not kept.rest("a", second, 1)
    kept.forget("a", first)
    assert kept.rest("a", second, 2)
    assert (kept.take("a"), len(kept)) == (second, 1)


def test_forgetting_one_in_excess() -> None:
    """The end of a second connection is nothing to the first."""
    kept = Kept()
    made = resting(kept, "a")
    kept.forget("a", connections(1)[0])
    assert kept.take("a") is made["a"]


def test_a_forgotten_key() -> None:
    """Of a key whose connection is gone nothing is left."""
    kept = Kept()
    made = resting(kept, "a")
    kept.forget("a", made["a"])
    assert (kept.take("a"), len(kept), kept.stale(10 * LONG_IDLE)) == (None, 0, [])


def test_what_has_rested_too_long() -> None:
    """Only resting connections become stale, by how long they have had nothing to do."""
    kept = Kept()
    made = resting(kept, "a", "b", "c")
    kept.take("b")
    assert kept.stale(LONG_IDLE) == []
    assert kept.stale(LONG_IDLE + 1) == [made["a"]]
    assert kept.stale(2 * LONG_IDLE) == [made["a"], made["c"]]
    kept.rest("b", made["b"], LONG_IDLE)
    kept.take("a")
    kept.rest("a", made["a"], LONG_IDLE)
    assert kept.stale(2 * LONG_IDLE) == [made["c"]]


@pytest.mark.parametrize(
    ("keys", "going"), [("", ""), ("a", "a"), ("abcd", "a"), ("abcde", "ab"), ("abcdefgh", "ab")], ids=len
)
def test_making_room(keys: str, going: str) -> None:
    """When descriptors run out a quarter of the resting connections can go, those that have rested longest; busy ones stay."""
    kept = Kept()
    made = resting(kept, *keys, "z")
    kept.take("z")
    assert kept.longest_resting() == [made[key] for key in going]


def test_room() -> None:
    """Above the most that are kept those go that have rested longest; busy ones never."""
    kept = Kept(most=2)
    made = resting(kept, "a", "b", "c", "d", "e")
    kept.take("a")
    assert kept.stale(5) == [made["b"], made["c"], made["d"]]
    for key in "bcde":
        kept.take(key)
    assert kept.stale(5) == []
