"""The signature table: exchanges by signature, bounded, with a fair sample of examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Difference, Kind
from replay_users.path import Index, Key
from replay_users.results import signatures
from replay_users.results.signatures import SignatureTable
from tests.results.whole import state

if TYPE_CHECKING:
    from tests.results.conftest import Land


def differ(field: str = "price", endpoint: str = "GET /items", at: int = 0) -> Difference:
    """A changed value in the items of an answer."""
    path = (Key("items"), Index(at), Key(field))
    return Difference(endpoint, path, Kind.VALUE, f"{at}", f"{at}.5")


seen = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.sampled_from(["GET /x", "GET /y"])),
    max_size=40,
    unique=True,
)


def table(land: Land, rows: list[tuple[int, str, str]]) -> SignatureTable:
    """See one difference per row: exchange number, field, endpoint."""
    made = SignatureTable()
    for number, field, endpoint in rows:
        flight = land(number, session=b"s%d" % (number % 7))
        made.see(flight, [differ(field, endpoint, at=number)])
    return made


def test_a_signature_counts_exchanges_not_differences(land: Land) -> None:
    """Fifty changed items of one answer are one exchange under one signature."""
    made = SignatureTable()
    made.see(land(), [differ(at=n) for n in range(50)])
    [(key, count)] = made.ranked()
    assert key == ("GET /items", "root['items'][*]['price']", "value", "regression")
    assert (count.count, count.sessions.count, len(count.exemplars)) == (1, 1, 1)


@settings(max_examples=40)
@given(rows=seen, cut=st.integers(0, 40))
def test_merging_is_seeing_both(land: Land, rows: list[tuple[int, str, str]], cut: int) -> None:
    """Merging in either order equals one table that saw everything, examples included."""
    left, right = table(land, rows[:cut]), table(land, rows[cut:])
    left.merge(table(land, rows[cut:]))
    right.merge(table(land, rows[:cut]))
    assert state(left) == state(right) == state(table(land, rows))


def test_at_most_five_examples_are_kept(land: Land) -> None:
    """However many exchanges show a signature, five are kept, with both values and the id."""
    [(_, count)] = table(land, [(n, "price", "GET /x") for n in range(100)]).ranked()
    shown = count.shown()
    assert (count.count, count.sessions.count, len(shown)) == (100, 7, 5)
    assert all(e.id == f"id-{e.recorded}" and e.replayed == f"{e.recorded}.5" for e in shown)


def test_examples_hold_no_secret(land: Land) -> None:
    """A token in a query is not shown."""
    made = SignatureTable()
    made.see(land(target=b"/items?api_key=hunter2&page=3"), [differ()])
    [(_, count)] = made.ranked()
    assert count.shown()[0].target == "/items?api_key=[redacted:7]&page=3"


@pytest.mark.parametrize("split", [0, 150, 300])
def test_an_endpoint_keeps_200_signatures_and_counts_the_rest(land: Land, split: int) -> None:
    """What finds no place is counted under the endpoint, streamed or merged."""
    rows = [(n, f"field{n:03}", "GET /x") for n in range(300)]
    made = table(land, rows[:split])
    made.merge(table(land, rows[split:]))
    assert len(made.counts) == 200
    assert dict(made.overflow) == {"GET /x": 100}


def test_a_run_keeps_a_bounded_number_of_signatures(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap of the run holds over all endpoints, and nothing is lost without a count."""
    monkeypatch.setattr(signatures, "PER_RUN", 10)
    rows = [(n, f"field{n}", f"GET /{n % 5}") for n in range(30)]
    made = table(land, rows)
    assert (len(made.counts), sum(made.overflow.values())) == (10, 20)


def test_merging_keeps_the_most_frequent(land: Land, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a merge has too many signatures, the rare ones give way."""
    monkeypatch.setattr(signatures, "PER_ENDPOINT", 1)
    made = table(land, [(1, "rare", "GET /x")])
    made.merge(table(land, [(2, "often", "GET /x"), (3, "often", "GET /x")]))
    assert [key[1] for key, _ in made.ranked()] == ["root['items'][*]['often']"]
    assert dict(made.overflow) == {"GET /x": 1}


def test_indices_do_not_tell_signatures_apart() -> None:
    """The path of a signature has stars for indices."""
    assert signatures.key_of(differ(at=3)) == signatures.key_of(differ(at=9))


def test_one_that_is_held_stands_still(land: Land) -> None:
    """What was held is what it was then, whatever is counted meanwhile; let go, or never held, it is what it is."""
    made = table(land, [(number, field, "GET /x") for number in range(3) for field in "ab"])
    a, b = (("GET /x", f"root['items'][*]['{field}']", "value", "regression") for field in "ab")
    before = made.counts[a].copied()
    made.hold([a])
    for number in (7, 8):
        for field in "ab":
            made.see(land(number, session=b"new"), [differ(field, "GET /x", at=number)])
    assert made.release(a) == before
    assert before[0] == 3
    assert made.release(b) == made.counts[b].state()
    assert made.release(a) == made.counts[a].state() != before
