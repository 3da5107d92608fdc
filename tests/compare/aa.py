"""A/A runs made up: pairs of bodies, judged and counted as a run counts them, and what can be learnt of that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from replay_users.compare.difference import Differences
from replay_users.compare.judge import Recorded, judge
from replay_users.compare.rules import Rules
from replay_users.model import Answer, Verdict
from replay_users.results.learnable import FIRST_PASS, evidence_of
from replay_users.results.result import RunFacts, conclude, result_json
from replay_users.results.tally import Tally
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.compare.difference import Match, Unchecked
    from replay_users.compare.learning import Evidence

__all__ = ["ENDPOINTS", "counted", "facts", "said_of", "seen_in"]

ENDPOINTS = ["GET /a/{id}", "GET /a/{id}/b", "GET /c"]


def said_of(endpoint: str, one: object, other: object, rules: Rules) -> Match | Unchecked | Differences:
    """What comparing two bodies of JSON says."""
    a, b = json.dumps(one).encode(), json.dumps(other).encode()
    return judge(Recorded(200, b"", a, len(a)), Answer(200, b"", b), rules, endpoint)


def counted(pairs: Iterable[tuple[str, object, object]], rules: Rules | None = None) -> Tally:
    """A run of such pairs, each of a session of its own."""
    tally = Tally(ENDPOINTS)
    for nth, (endpoint, one, other) in enumerate(pairs):
        said = said_of(endpoint, one, other, rules or Rules())
        flight = make_flight(
            id=f"id-{nth}", session=b"%d" % nth, endpoint=ENDPOINTS.index(endpoint), status=200, answer_status=200
        )
        flight.judged = Verdict.MATCHED
        if isinstance(said, Differences):
            flight.judged = Verdict.MISMATCHED
            tally.differences(flight, said)
        else:
            tally.ignored(getattr(said, "ignored", ()))
        tally.settle([flight])
    return tally


def facts(**changes: object) -> RunFacts:
    """What such a run was."""
    given = {
        "id": "r1",
        "started": "2026-11-25T10:00:00Z",
        "recording": "recordings/shop",
        "manifest": 1,
        "target": "http://127.0.0.1:8080",
        "pace": "1x",
        "version": "0.0",
        "compared_with": FIRST_PASS,
    }
    return RunFacts(**{**given, **changes})  # type: ignore[arg-type]


def seen_in(pairs: Iterable[tuple[str, object, object]], rules: Rules | None = None) -> Evidence:
    """What can be learnt of such a run."""
    tally = counted(pairs, rules)
    return evidence_of(result_json(conclude(facts(), tally, tally.totals().sent)), "run")
