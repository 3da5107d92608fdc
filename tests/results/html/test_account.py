"""Where every exchange went."""

from __future__ import annotations

from replay_users.results.html.account import ignored_of, reasons_of, sums_of
from tests.results.html.worlds import small, totals


def test_the_three_equations() -> None:
    """Planned, sent and compared are the sums of their parts."""
    planned, sent, compared = sums_of(small())
    assert [(part.name, part.count) for part in planned.parts][:3] == [("sent", 920), ("dropped", 20), ("skipped", 60)]
    assert all(each.holds for each in (planned, sent, compared))
    assert "dropped 20 (2.0 %)" in planned.bar


def test_a_broken_account_is_shown_as_it_is() -> None:
    """Where an equation does not hold the page does not make it fit."""
    planned, *_ = sums_of({"totals": totals(planned=10, sent=9)})
    assert (planned.whole, planned.holds) == (10, False)


def test_reasons_have_words() -> None:
    """Each reason says what it means; one that nobody knows is shown by its name."""
    found = reasons_of(small())
    assert list(found) == ["No answer", "Not compared", "Dropped", "Skipped"]
    assert [(each.name, each.count) for each in found["No answer"]] == [("timeout", 8), ("connect", 3)]
    assert found["Skipped"][0].says.startswith("writes are left out")
    [unknown] = reasons_of({"totals": {"dropped_by": {"gravity": 3}}})["Dropped"]
    assert (unknown.name, unknown.says) == ("gravity", "")


def test_nothing_happened() -> None:
    """An empty result has equations of nothing and no reasons."""
    assert [each.whole for each in sums_of({})] == [0, 0, 0]
    assert reasons_of({}) == {}
    assert ignored_of({}) == {}
