"""The gate's checks as rows: verdict, what was found, what is allowed, and the numbers behind it.

Law: pure; views of result.json. The subtle thing: newer checks say more (an endpoint, a p-value, numbers of their own) than
older ones; what a check does not say is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.html.figures import Figure, count, ms, percent, probability
from replay_users.results.html.reading import figure, flag, mapping, rows, text, texts
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Check", "checks_of"]

_UNITS: Final = {"mismatch limit": "%", "p95 limit": "ms"}
"""Of checks whose numbers are neither shares nor counts."""
_SHARES: Final = {"latency evidence", "latency tail"}
"""Of times, whose numbers are ratios otherwise."""
_PROBABILITIES: Final = {"p_corrected", "alpha"}
_ORDER: Final = {"fail": 0, "inconclusive": 1, "pass": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    endpoint: str
    kind: str
    verdict: str
    advisory: bool
    is_void: bool
    sentence: str
    found: str
    allowed: str
    p: Figure
    numbers: dict[str, str]

    @property
    def is_routine(self) -> bool:
        """One of many like it, about which there is nothing to say: it passed, or decides nothing and cannot be told."""
        return bool(self.endpoint) and (self.verdict == "pass" or (self.advisory and self.verdict == "inconclusive"))


def checks_of(result: Mapping[str, Any]) -> list[Check]:
    """All checks, those that decide first, and of these the failed ones."""
    void = texts(mapping(result, "validity"), "void")
    found = [_check(check, void) for check in rows(mapping(result, "gate"), "checks")]
    return sorted(found, key=lambda check: (check.advisory, _ORDER.get(check.verdict, 3)))


def _check(check: Mapping[str, Any], void: list[str]) -> Check:
    return Check(
        name=text(check, "name"),
        endpoint=text(check, "endpoint"),
        kind=text(check, "kind"),
        verdict=text(check, "verdict"),
        advisory=flag(check, "advisory"),
        is_void=text(check, "kind") in void,
        sentence=text(check, "sentence"),
        found=_in_unit(check, "value"),
        allowed=_in_unit(check, "limit"),
        p=figure(check, "p"),
        numbers={str(name): _shown(name, value) for name, value in mapping(check, "numbers").items()},
    )


def _in_unit(check: Mapping[str, Any], name: str) -> str:
    """What was found, or is allowed: a share, a number of its own unit, or a count."""
    value = figure(check, name)
    if unit := _UNITS.get(text(check, "name")):
        return f"{ms(value)} {unit}" if value is not None else ms(value)
    is_share = text(check, "kind") != CheckKind.LATENCY or text(check, "name") in _SHARES
    if is_share and isinstance(value, float) and -1 <= value <= 1:
        return percent(value)
    return ms(value) if isinstance(value, float) and value != int(value) else count(value)


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)  # noqa: RUF001 - a dash as tables have it
    if name in _PROBABILITIES:
        return probability(value)
    return count(value) if isinstance(value, int) or value == int(value) else ms(value)
