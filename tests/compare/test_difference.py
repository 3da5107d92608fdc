from __future__ import annotations

import pickle

from replay_users.compare.difference import Difference, Differences, Kind, Signature
from replay_users.path import Index, Key, parse_path

PRICE = Difference("GET /items", (Key("items"), Index(2), Key("price")), Kind.VALUE, "1", "2")


def test_a_signature_is_the_difference_without_its_indices() -> None:
    """Two exchanges that differ for one reason have one signature, whatever their values and positions."""
    other = Difference("GET /items", (Key("items"), Index(7), Key("price")), Kind.VALUE, "3", "4")
    assert PRICE.signature == other.signature == Signature("GET /items", "root['items'][*]['price']", Kind.VALUE)


def test_a_signatures_path_can_be_pasted_into_a_rule() -> None:
    """The path of a signature is a path, and the kind is a plain text in results."""
    assert parse_path(PRICE.signature.path_text)[-1] == Key("price")
    assert f"{PRICE.signature.kind}" == "value"


def test_differences_are_a_tuple_with_accounts_beside_it() -> None:
    """Whoever wants only the differences iterates; what was ignored and cut travels along, between processes too."""
    differences = Differences([PRICE], ignored=(PRICE, PRICE), capped=3)
    assert differences == (PRICE,)
    there = pickle.loads(pickle.dumps(differences))  # noqa: S301 - our own
    assert (there, there.ignored, there.capped) == ((PRICE,), (PRICE, PRICE), 3)
