from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from replay_users.compare.rules.nodes import Nodes, listed
from replay_users.errors import UsageError

if TYPE_CHECKING:
    import yaml

NODES = Nodes("x.yaml")


def node(text: str) -> yaml.Node:
    """A file's root."""
    root = NODES.compose(text)
    assert root is not None
    return root


def test_nodes_are_read_as_what_is_asked_for() -> None:
    """Texts, words, counts, numbers, parts and days, one or several."""
    assert NODES.text(node("a"), "k") == "a"
    assert NODES.texts(node("a"), "k") == NODES.texts(node("[a]"), "k") == ["a"]
    assert NODES.words(node("[b, a]"), "k", ("a", "b")) == ["b", "a"]
    assert NODES.counts(node("[200, 204]"), "k", 100, 599) == [200, 204]
    assert NODES.number(node(".5"), "k") == NODES.number(node("5e-1"), "k") == Decimal("0.5")
    assert NODES.part(node("5%"), "k") == NODES.part(node("0.05"), "k") == Decimal("0.05")
    assert NODES.day(node("2027-01-31"), "k") == date(2027, 1, 31)
    assert NODES.compose("# nothing") is None


@pytest.mark.parametrize("text", ["20270131", "2027-W05-1", "2027-1-31", "[2027-01-31]", "2027-01-31 10:00:00"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    """What Python takes for a day besides is refused with how it is written."""
    with pytest.raises(UsageError, match=r"x\.yaml, line 1, column 1: 'k' is a day, written 2027-01-31\."):
        NODES.day(node(text), "k")


@pytest.mark.parametrize("text", ["1_000", "0x10", "1:30", "9" * 40, "-0.1", "'a'", "{}", "true", "1 %%"])
def test_a_number_is_written_in_one_way(text: str) -> None:
    """Not in one of the other ways that YAML has for numbers."""
    with pytest.raises(UsageError, match="above 0"):
        NODES.number(node(text), "k")


def test_words_are_listed_as_a_sentence_has_them() -> None:
    """With one, too."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
