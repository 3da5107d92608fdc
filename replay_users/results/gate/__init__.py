"""The gate: checks that turn a finished run into a verdict, each with its numbers and one sentence.

Law: pure. What may fail a run, and what only makes it inconclusive, is decided here and nowhere else; `judge_run` is the one way
to a verdict, at the end of a run and any time after.
"""

from replay_users.results.gate.evidence import Evidence, evidence_of
from replay_users.results.gate.hard import coverage
from replay_users.results.gate.judge import Yardstick, checks_of, judge_run
from replay_users.results.gate.model import Check, Decision, Gate, decide
from replay_users.results.gate.read import parse_gate
from replay_users.results.gate.settings import GateSettings

__all__ = [
    "Check",
    "Decision",
    "Evidence",
    "Gate",
    "GateSettings",
    "Yardstick",
    "checks_of",
    "coverage",
    "decide",
    "evidence_of",
    "judge_run",
    "parse_gate",
]
