"""What the demo's replay must find, held against the result it wrote.

Law: pure; the content of result.json in, findings out. "Found" is exact: each planted change under its signature, and
nothing beside it: no other difference, no other slow endpoint, no answer that failed. The subtle thing: the noise that
a rule ignores must have been seen too, or else a shop without any noise would pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["MIN_PAIRS", "PLANTED", "Finding", "findings_of", "is_as_planted"]

MIN_PAIRS: Final = 100
"""Pairs that the endpoint of a planted change must have had, so that finding it was no luck."""

_PRODUCT, _SEARCH, _RELATED = "GET /products/{id}", "GET /search", "GET /products/{id}/recommendations"
_SLOW: Final = "slow"
_NOISE: Final = "root['generated_at'] value"

_ANSWERS: Final = frozenset({"mismatches", "server errors"})
"""Checks that fail for what was planted, which its signatures tell exactly."""

_Key = tuple[str, str, str]

PLANTED: Final[Mapping[_Key, str]] = {
    (_PRODUCT, "root['price']", "value"): "prices are rounded to ten cents",
    (_SEARCH, "", "status"): "a search sorted by price fails",
    (_RELATED, "", _SLOW): "recommendations are no longer cached",
}
"""Endpoint, path and kind of each change in version 2 of the shop, and what was done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should be there, or that is, or both; `note` has its numbers."""

    what: str
    planted: bool
    found: bool
    note: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it was planted and found."""
        return self.planted and self.found


def is_as_planted(findings: Iterable[Finding]) -> bool:
    """Whether all that was planted was found, and nothing beside it."""
    return all(finding.is_right for finding in findings)


def findings_of(result: Mapping[str, Any]) -> list[Finding]:
    """Every planted change, found or not, and everything that was found beside them."""
    seen = dict(_seen(result))
    pairs = {endpoint["endpoint"]: endpoint for endpoint in result["endpoints"]}
    planted = [_planted(key, change, seen.get(key), pairs.get(key[0])) for key, change in PLANTED.items()]
    beside = [
        Finding(" ".join(filter(None, key)), False, True, note) for key, note in seen.items() if key not in PLANTED
    ]
    return [*planted, _noise(result), *beside, *_faults(result)]


def _seen(result: Mapping[str, Any]) -> Iterator[tuple[_Key, str]]:
    """What the result says is different or slow, and how much."""
    for signature in result["signatures"]:
        path = "" if signature["kind"] == "status" else signature["path"]
        yield (signature["endpoint"], path, signature["kind"]), f"{signature['count']:,} answers"
    for endpoint in result["endpoints"]:
        if endpoint["verdict"] in {_SLOW, "failing"}:
            medians = f"median {endpoint['recorded_ms']['p50']} ms -> {endpoint['service_ms']['p50']} ms"
            yield (endpoint["endpoint"], "", endpoint["verdict"]), medians


def _planted(key: _Key, change: str, note: str | None, endpoint: Mapping[str, Any] | None) -> Finding:
    what = f"{' '.join(filter(None, key))}: {change}"
    if note is None:
        return Finding(what, planted=True, found=False)
    pairs = _pairs(endpoint, key[2])
    if pairs < MIN_PAIRS:
        return Finding(what, planted=True, found=False, note=f"only {pairs:,} pairs, {MIN_PAIRS} are needed")
    return Finding(what, planted=True, found=True, note=f"{note}, {pairs:,} pairs")


def _pairs(endpoint: Mapping[str, Any] | None, kind: str) -> int:
    """Answers that were held against their recording: their times, or what they say."""
    if endpoint is None:
        return 0
    return int(endpoint["used"] if kind == _SLOW else endpoint["matched"] + endpoint["mismatched"])


def _noise(result: Mapping[str, Any]) -> Finding:
    ignored = result["totals"]["ignored_by"].get(_NOISE, 0)
    what = f"{_PRODUCT} {_NOISE}: another time in each answer, ignored by a rule"
    return Finding(what, planted=True, found=ignored >= MIN_PAIRS, note=f"{ignored:,} answers")


def _faults(result: Mapping[str, Any]) -> Iterator[Finding]:
    """What makes an account incomplete: checks of it that did not pass, and answers that did not come or were not compared."""
    for check in result["gate"]["checks"]:
        if check["name"] not in _ANSWERS and check["verdict"] != "pass" and not check["advisory"]:
            yield Finding(f"check {check['name']}", planted=False, found=True, note=check["sentence"])
    for fate in ("failed", "unchecked"):
        if count := result["totals"][fate]:
            reasons = ", ".join(result["totals"][f"{fate}_by"])
            yield Finding(f"{fate} answers", planted=False, found=True, note=f"{count:,} ({reasons})")
