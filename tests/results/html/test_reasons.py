"""Every reason that a result may give has words."""

from __future__ import annotations

from replay_users.compare.difference import Class, Kind, UncheckedReason
from replay_users.model import Drop, Fault, SkipReason
from replay_users.results.html.reasons import ACCOUNTS, CLASSES, KINDS, SEVERITIES


def test_all_reasons_are_explained() -> None:
    """A new reason without words is noticed here."""
    assert set(ACCOUNTS["dropped_by"]) == set(Drop)
    assert set(ACCOUNTS["skipped_by"]) == set(SkipReason)
    assert set(ACCOUNTS["failed_by"]) == set(Fault)
    assert set(ACCOUNTS["unchecked_by"]) >= set(UncheckedReason)


def test_all_differences_are_explained() -> None:
    """Classes have a title and a cure, kinds a verb; a status speaks for itself."""
    assert set(CLASSES) == set(Class)
    assert set(KINDS) == set(Kind) - {Kind.STATUS}
    assert set(SEVERITIES) == {1, 2, 4, 6, 8}
