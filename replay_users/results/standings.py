"""Where each signature stands in two runs of the same: new, gone, more or less frequent, or as it was; every count with its n.

Law: pure; two results in, values out; nothing is judged, that is the gate's.
The subtle thing: a signature may be absent because its endpoint was not asked, and is called gone only where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.gate.shares import Share, rise_p

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SAME", "Standing", "standings"]

SAME: Final = "same"
_CHANCE: Final = 0.01
"""Below this a signature is called more or less frequent; of many, some are so by chance, and the gate knows that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A signature in both runs: answers that show it of those compared, and sessions of those looked at.

    `how` is `new`, `gone`, `more`, `less` or `same`; `class_` and `example` are of the run that shows it, the candidate first.
    """

    how: str
    endpoint: str
    path: str
    kind: str
    class_: str
    baseline: tuple[int, int]
    candidate: tuple[int, int]
    baseline_sessions: tuple[int, int]
    candidate_sessions: tuple[int, int]
    example: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        sides = {
            side: {"count": count, "of": of, "sessions": sessions, "of_sessions": of_sessions}
            for side, (count, of), (sessions, of_sessions) in (
                ("baseline", self.baseline, self.baseline_sessions),
                ("candidate", self.candidate, self.candidate_sessions),
            )
        }
        named = {"endpoint": self.endpoint, "path": self.path, "kind": self.kind, "class": self.class_}
        return {"how": self.how, **named, **sides, "example": None if self.example is None else dict(self.example)}


_Key = tuple[str, str, str]


def standings(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> list[Standing]:
    """All signatures of both runs: new ones first, and of these what most sessions show."""
    return sorted(_standings(baseline, candidate), key=_weight)


def _standings(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Standing]:
    before, now = _Seen(baseline), _Seen(candidate)
    for key in {**now.signatures, **before.signatures}:
        was, is_ = before.share(key), now.share(key)
        if now.looked_at(key[0]):
            shown = now.signatures.get(key) or before.signatures[key]
            yield Standing(
                how=_how(was, is_),
                endpoint=key[0],
                path=key[1],
                kind=key[2],
                class_=shown["class"],
                baseline=before.count(key),
                candidate=now.count(key),
                baseline_sessions=(was.differing, was.seen),
                candidate_sessions=(is_.differing, is_.seen),
                example=next(iter(shown["exemplars"]), None),
            )


class _Seen:
    """What one run showed, by signature, and how much of each endpoint was looked at."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self.signatures: dict[_Key, Mapping[str, Any]] = {}
        for each in result["signatures"]:
            self.signatures.setdefault((each["endpoint"], each["path"], each["kind"]), each)
        self._endpoints = {each["endpoint"]: each for each in result["endpoints"]}

    def looked_at(self, endpoint: str) -> int:
        """Answers of it that were compared."""
        row = self._endpoints.get(endpoint)
        return 0 if row is None else int(row["matched"] + row["mismatched"])

    def count(self, key: _Key) -> tuple[int, int]:
        """Answers that show it, of how many."""
        shown = self.signatures.get(key)
        return (0 if shown is None else int(shown["count"])), self.looked_at(key[0])

    def share(self, key: _Key) -> Share:
        """Sessions that show it, of how many."""
        shown, row = self.signatures.get(key), self._endpoints.get(key[0])
        differing = 0 if shown is None else int(shown["sessions"])
        seen = 0 if row is None else int(row.get("compared_sessions", row["sessions"]))
        return Share(differing, max(seen, differing))


def _how(before: Share, now: Share) -> str:
    if not before.differing:
        return "new"
    if not now.differing:
        return "gone"
    if rise_p(now, before) < _CHANCE:
        return "more"
    return "less" if rise_p(before, now) < _CHANCE else SAME


_ORDER: Final = ("new", "more", "gone", "less", SAME)


def _weight(each: Standing) -> tuple[int, int, str, str, str]:
    most = max(each.candidate_sessions[0], each.baseline_sessions[0])
    return _ORDER.index(each.how), -most, each.endpoint, each.path, each.kind
