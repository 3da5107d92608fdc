"""Answers of a run in a world made up from a seed, counted as a run counts them: what the gate is given of answers.

Law: seeded; the same seed is the same world. Exchanges are counted in numbers, not one by one: of each endpoint, which of its
sessions saw a rare error, a rare signature, or what a release broke, and how many the sketches of a tally would say these are.
The subtle thing: a session sends several requests of an endpoint, so that what hits one request in 100 hits more sessions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import log, log1p
from random import Random

from replay_users.results.gate.evidence import EndpointEvidence, Evidence, SignatureEvidence, Turned
from replay_users.results.gate.shares import EXACT_SESSIONS, Share
from replay_users.results.tally import Totals
from replay_users.results.validity import Validity

__all__ = ["World"]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What answers are like: shares of requests.

    `flaky` are 5xx on either side, `rare` each of 200 signatures of an endpoint; `broken` are 5xx and `changed` a new
    signature that the release brings to the first endpoint.
    """

    endpoints: tuple[int, ...] = field(default=(1_000,) * 40)
    per_session: int = 4
    flaky: float = 0.0
    rare: float = 0.0
    signatures: int = 200
    broken: float = 0.0
    changed: float = 0.0

    def run(self, seed: int) -> Evidence:
        """One run in it."""
        chance = Random(seed)
        ends, signatures = [], []
        for nth, requests in enumerate(self.endpoints):
            end, shown = self._endpoint(chance, f"GET /{nth}", requests, is_first=nth == 0)
            ends.append(end)
            signatures += shown
        return _evidence(ends, signatures)

    def _endpoint(
        self, chance: Random, name: str, requests: int, *, is_first: bool
    ) -> tuple[EndpointEvidence, list[SignatureEvidence]]:
        sessions = -(-requests // self.per_session)
        broken = _hit(chance, requests, self.flaky + (self.broken if is_first else 0.0))
        mended = _hit(chance, requests, self.flaky)
        paths = {f"root['rare{n}']": self.rare for n in range(self.signatures)} if self.rare else {}
        if is_first and self.changed:
            paths["root['changed']"] = self.changed
        shown = {path: hits for path, share in paths.items() if (hits := _hit(chance, requests, share))}
        differing = {row // self.per_session for hits in shown.values() for row in hits}
        seen = _estimated(chance, sessions)
        counts = Counter(row for hits in shown.values() for row in hits)
        end = EndpointEvidence(
            name=name,
            sent=requests,
            compared=requests,
            mismatched=len(counts) + len(broken) + len(mended),
            succeeded=requests - len(mended),
            share=_share(chance, len(differing), sessions, seen, EXACT_SESSIONS),
            broken=_turned(broken, self.per_session),
            mended=_turned(mended, self.per_session),
        )
        return end, [
            SignatureEvidence(
                endpoint=name,
                path=path,
                kind="value",
                count=len(hits),
                share=_share(chance, len({row // self.per_session for row in hits}), sessions, seen, 63),
            )
            for path, hits in shown.items()
        ]


def _hit(chance: Random, requests: int, share: float) -> list[int]:
    """The requests that something hits, each with this probability: from one to the next it is a geometric number of them."""
    rows: list[int] = []
    row = -1
    while share:
        row += 1 + int(log(1 - chance.random()) / log1p(-share))
        if row >= requests:
            break
        rows.append(row)
    return rows


def _turned(rows: list[int], per_session: int) -> Turned:
    return Turned(len(rows), len({row // per_session for row in rows}))


def _estimated(chance: Random, sessions: int) -> int:
    """What a sketch of 256 says."""
    return sessions if sessions <= EXACT_SESSIONS else round(sessions * chance.gauss(1, 1 / 254**0.5))


def _share(chance: Random, differing: int, sessions: int, seen: int, exact: int) -> Share:
    """As `Share.of` has it: exact, or in a fair sample."""
    sample = min(EXACT_SESSIONS, sessions)
    hits = sum(chance.random() < differing / sessions for _ in range(sample)) if differing > exact else 0
    return Share.of(differing, seen, (hits, sample), exact=exact)


def _evidence(ends: list[EndpointEvidence], signatures: list[SignatureEvidence]) -> Evidence:
    sent, mismatched = sum(each.sent for each in ends), sum(each.mismatched for each in ends)
    return Evidence(
        planned=sent,
        totals=Totals(
            sent=sent,
            compared=sent,
            matched=sent - mismatched,
            mismatched=mismatched,
            mismatched_by={"regression": mismatched} if mismatched else {},
        ),
        validity=Validity(valid=True),
        speeds={},
        sessions=Share(sum(each.share.differing for each in ends), sum(each.share.seen for each in ends)),
        broken_sessions=sum(each.broken.sessions for each in ends),
        mended_sessions=sum(each.mended.sessions for each in ends),
        endpoints=tuple(ends),
        signatures=tuple(signatures),
    )
