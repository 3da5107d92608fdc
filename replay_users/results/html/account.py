"""Where every planned exchange went, with the reasons, and what was ignored by rules.

Law: pure; views of result.json. The subtle thing: the equations are shown as they are in the result; where one does not hold,
the page says so instead of making it fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.html.charts import bar_chart
from replay_users.results.html.reading import counts, mapping, number
from replay_users.results.html.reasons import ACCOUNTS, PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

__all__ = ["Part", "Reason", "Sum", "ignored_of", "reasons_of", "sums_of"]

_SUMS: Final = (
    ("planned", ("sent", "dropped", "skipped", "unread", "in_doubt")),
    ("sent", ("compared", "unchecked", "failed")),
    ("compared", ("matched", "mismatched")),
)
_TITLES: Final = (
    ("failed_by", "No answer"),
    ("unchecked_by", "Not compared"),
    ("dropped_by", "Dropped"),
    ("skipped_by", "Skipped"),
    ("unread_by", "Unread"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A term of an equation."""

    name: str
    count: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """One equation, as a bar and in numbers."""

    name: str
    whole: int
    parts: list[Part]
    holds: bool
    bar: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why so many were not sent, not answered or not compared."""

    account: str
    name: str
    count: int
    says: str


def sums_of(result: Mapping[str, Any]) -> list[Sum]:
    """The three equations of the account."""
    totals = mapping(result, "totals")
    return [_sum(totals, name, parts) for name, parts in _SUMS]


def _sum(totals: Mapping[str, Any], name: str, names: tuple[str, ...]) -> Sum:
    parts = [Part(part, number(totals, part), PARTS[part]) for part in names]
    return Sum(
        name=name,
        whole=number(totals, name),
        parts=parts,
        holds=number(totals, name) == sum(part.count for part in parts),
        bar=bar_chart([(_plain(part.name), part.count, f"part-{part.name}") for part in parts]),
    )


def reasons_of(result: Mapping[str, Any]) -> dict[str, list[Reason]]:
    """By account, those that have any."""
    totals = mapping(result, "totals")
    found = {
        title: [
            Reason(account=title, name=why, count=n, says=ACCOUNTS[key].get(why, ""))
            for why, n in counts(totals, key).items()
        ]
        for key, title in _TITLES
    }
    return {title: reasons for title, reasons in found.items() if reasons}


def ignored_of(result: Mapping[str, Any]) -> dict[str, int]:
    """Differences that rules ignored, by path and kind."""
    return counts(mapping(result, "totals"), "ignored_by")


def _plain(name: str) -> str:
    return name.replace("_", " ")
