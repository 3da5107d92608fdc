"""Comparison: does a replayed answer say what the recorded one said, and if not, what differs and how.

Law: this stage is pure; it reads two responses and rules, and returns values. `judge` is the seam: who calls it,
where and how often is decided elsewhere. No body can make it raise, and what it shows of a body is short and redacted.
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
