"""Comparison: does a replayed answer say what the recorded one said, and if not, what differs and how.

Law: this stage is pure, all of it; it reads two responses and rules, and returns values. `judge` is the seam: who calls it,
where and how often is decided elsewhere. Nothing here can be made to raise by a body, and nothing shown holds a secret.
"""

from replay_users.compare.difference import (
    MAX_DIFFERENCES,
    Difference,
    Differences,
    Kind,
    Match,
    Signature,
    Unchecked,
    UncheckedReason,
)
from replay_users.compare.judge import MAX_BODY, Recorded, judge
from replay_users.compare.rules import EndpointRules, Rule, Rules

__all__ = [
    "MAX_BODY",
    "MAX_DIFFERENCES",
    "Difference",
    "Differences",
    "EndpointRules",
    "Kind",
    "Match",
    "Recorded",
    "Rule",
    "Rules",
    "Signature",
    "Unchecked",
    "UncheckedReason",
    "judge",
]
