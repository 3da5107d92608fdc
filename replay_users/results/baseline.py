"""What a team has accepted: which signatures, how often, in how many sessions and pairs; the content of baseline.json.

Law: pure; JSON text in, values out, and back. The published schema is `baseline.schema.json` beside this file. A file says how
much was looked at, since what was not seen in 1,000 sessions may well be seen in the next 20,000.
The subtle thing is what accepting a second run does: what shows about as often as before adds to what is known, and what shows
more often replaces it, so that a run that was accepted passes from then on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from replay_users.errors import UsageError
from replay_users.results.gate.shares import Share
from replay_users.results.learnable import RECORDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.results.gate.evidence import EndpointEvidence, Evidence, SignatureEvidence

__all__ = ["BASELINE_VERSION", "AcceptedEndpoint", "AcceptedSignature", "Baseline", "accept", "parse_baseline"]

BASELINE_VERSION: Final = 1
_MIN_SESSIONS = 3

SignatureKey: TypeAlias = tuple[str, str, str]
"""Endpoint, path, kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedEndpoint:
    """What was looked at of an endpoint: `mismatched` of `pairs`, `differing` and `broken` of its `sessions`."""

    pairs: int
    mismatched: int
    sessions: int
    differing: int
    broken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedSignature:
    """How often a signature was seen: in `count` of `pairs`, in `differing` of `sessions`."""

    count: int
    pairs: int
    differing: int
    sessions: int

    @property
    def share(self) -> Share:
        """Of the sessions."""
        return Share(self.differing, self.sessions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was accepted, of which `runs`, whose answers were `compared_with` the recording or a first pass."""

    runs: tuple[str, ...] = ()
    compared_with: str = RECORDING
    endpoints: Mapping[str, AcceptedEndpoint] = field(default_factory=dict)
    signatures: Mapping[SignatureKey, AcceptedSignature] = field(default_factory=dict)

    def share(self, endpoint: str) -> Share | None:
        """How many sessions of an endpoint differed; `None` where nothing was looked at."""
        known = self.endpoints.get(endpoint)
        return Share(known.differing, known.sessions) if known and known.sessions else None

    def broken_share(self, endpoint: str) -> Share | None:
        """How many sessions of an endpoint saw a 2xx become 5xx."""
        known = self.endpoints.get(endpoint)
        return Share(known.broken, known.sessions) if known and known.sessions else None

    def is_broken(self, endpoint: str) -> bool:
        """Whether such answers of it are accepted."""
        share = self.broken_share(endpoint)
        return share is not None and share.differing > 0

    def signature(self, key: SignatureKey) -> Share | None:
        """How many sessions showed a signature: none of those looked at, if it is not known; `None` as before."""
        if (known := self.signatures.get(key)) is not None:
            return known.share
        whole = self.share(key[0])
        return None if whole is None else Share(0, whole.seen)

    def to_data(self) -> dict[str, Any]:
        """The content of baseline.json."""
        return {
            "schema_version": BASELINE_VERSION,
            "compared_with": self.compared_with,
            "runs": list(self.runs),
            "endpoints": [
                {
                    "endpoint": name,
                    "pairs": each.pairs,
                    "mismatched": each.mismatched,
                    "sessions": each.sessions,
                    "differing": each.differing,
                    "broken": each.broken,
                }
                for name, each in sorted(self.endpoints.items())
            ],
            "signatures": [
                {
                    "endpoint": key[0],
                    "path": key[1],
                    "kind": key[2],
                    "count": each.count,
                    "pairs": each.pairs,
                    "differing": each.differing,
                    "sessions": each.sessions,
                }
                for key, each in sorted(self.signatures.items())
            ],
        }


def parse_baseline(text: str, name: str) -> Baseline:
    """Read a baseline.json; `name` is what messages call it.

    Raises:
        UsageError: it is none, or of another version.
    """
    try:
        data = json.loads(text)
        version = data["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{name} is no baseline: make one with `replay-users baseline accept RUN --to {name}`"
        ) from None
    if version != BASELINE_VERSION:
        raise UsageError(
            f"{name} has schema version {version!r:.20}, this replay-users reads {BASELINE_VERSION}: accept the runs again"
        )
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{name} is damaged ({why}): accept the runs again") from None


def _read(data: Mapping[str, Any]) -> Baseline:
    endpoints = {_text(each["endpoint"]): _endpoint(each) for each in data["endpoints"]}
    signatures = {
        (_text(each["endpoint"]), _text(each["path"]), _text(each["kind"])): _signature(each)
        for each in data["signatures"]
    }
    return Baseline(
        runs=tuple(map(_text, data["runs"])),
        compared_with=_text(data["compared_with"]),
        endpoints=endpoints,
        signatures=signatures,
    )


def _endpoint(data: Mapping[str, Any]) -> AcceptedEndpoint:
    pairs, sessions = _count(data["pairs"]), _count(data["sessions"])
    return AcceptedEndpoint(
        pairs=pairs,
        mismatched=_count(data["mismatched"], pairs),
        sessions=sessions,
        differing=_count(data["differing"], sessions),
        broken=_count(data["broken"], sessions),
    )


def _signature(data: Mapping[str, Any]) -> AcceptedSignature:
    pairs, sessions = _count(data["pairs"]), _count(data["sessions"])
    return AcceptedSignature(
        count=_count(data["count"], pairs),
        pairs=pairs,
        differing=_count(data["differing"], sessions),
        sessions=sessions,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _count(value: object, most: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.40} is no count")
    if most is not None and value > most:
        raise ValueError(f"{value} is more than the {most} looked at")
    return value


# Accepting


def accept(baseline: Baseline, evidence: Evidence, run: str) -> Baseline:
    """A baseline that knows what this run showed as well; one that knows the run already stays as it is.

    Raises:
        UsageError: nothing was compared, or with something else than before.
    """
    if run in baseline.runs:
        return baseline
    if not evidence.totals.compared:
        raise UsageError(f"nothing of run {run} was compared: there is nothing to accept")
    if baseline.runs and baseline.compared_with != evidence.compared_with:
        raise UsageError(
            f"run {run} was compared with the {evidence.compared_with.replace('_', ' ')}, the baseline's with the"
            f" {baseline.compared_with.replace('_', ' ')}: keep them apart"
        )
    seen = {each.name: each for each in evidence.endpoints if each.share.seen}
    return Baseline(
        runs=(*baseline.runs, run),
        compared_with=evidence.compared_with,
        endpoints=_endpoints(baseline, seen),
        signatures=_signatures(baseline, evidence, seen),
    )


def _endpoints(baseline: Baseline, seen: Mapping[str, EndpointEvidence]) -> dict[str, AcceptedEndpoint]:
    known = dict(baseline.endpoints)
    for name, each in seen.items():
        now = AcceptedEndpoint(
            pairs=each.compared,
            mismatched=each.mismatched,
            sessions=each.share.seen,
            differing=each.share.differing,
            broken=min(each.broken.sessions, each.share.seen),
        )
        before = known.get(name)
        known[name] = now if before is None else _joined_endpoint(before, now)
    return known


def _joined_endpoint(before: AcceptedEndpoint, now: AcceptedEndpoint) -> AcceptedEndpoint:
    """Each of its shares is that of both, or of now where that is more; all are of one number of sessions."""
    sessions = before.sessions + now.sessions
    return AcceptedEndpoint(
        pairs=before.pairs + now.pairs,
        mismatched=before.mismatched + now.mismatched,
        sessions=sessions,
        differing=_scaled(Share(before.differing, before.sessions), Share(now.differing, now.sessions), sessions),
        broken=_scaled(Share(before.broken, before.sessions), Share(now.broken, now.sessions), sessions),
    )


def _scaled(before: Share, now: Share, sessions: int) -> int:
    joined = Share(before.differing + now.differing, sessions)
    return -(-now.differing * sessions // now.seen) if _replaces(now, before, joined) else joined.differing


def _replaces(now: Share, before: Share, joined: Share) -> bool:
    """Whether this run shows it so much more often that it would fail, by what was known or would be."""
    return now.is_enough(_MIN_SESSIONS) and (now.low > before.high or now.low > joined.high)


def _signatures(
    baseline: Baseline, evidence: Evidence, seen: Mapping[str, EndpointEvidence]
) -> dict[SignatureKey, AcceptedSignature]:
    known = {key: _looked_at(each, seen.get(key[0])) for key, each in baseline.signatures.items()}
    for each in evidence.signatures:
        if each.endpoint in seen:
            before = baseline.signature(each.key)
            known[each.key] = _accepted(each, seen[each.endpoint], baseline.signatures.get(each.key), before)
    return known


def _looked_at(known: AcceptedSignature, endpoint: EndpointEvidence | None) -> AcceptedSignature:
    """A run that did not show it was looked at too."""
    if endpoint is None:
        return known
    return replace(known, pairs=known.pairs + endpoint.compared, sessions=known.sessions + endpoint.share.seen)


def _accepted(
    each: SignatureEvidence, endpoint: EndpointEvidence, known: AcceptedSignature | None, before: Share | None
) -> AcceptedSignature:
    now = AcceptedSignature(
        count=min(each.count, endpoint.compared),
        pairs=endpoint.compared,
        differing=each.share.differing,
        sessions=each.share.seen,
    )
    if known is None or before is None:
        return now
    joined = AcceptedSignature(
        count=known.count + now.count,
        pairs=known.pairs + now.pairs,
        differing=known.differing + now.differing,
        sessions=known.sessions + now.sessions,
    )
    return now if _replaces(now.share, before, joined.share) else joined
