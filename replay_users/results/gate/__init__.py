"""The gate: checks that turn a finished run into a verdict, each with its numbers and one sentence.

Law: pure. What may fail a run, and what only makes it inconclusive, is decided here and nowhere else.
"""

from replay_users.results.gate.checks import Check, Decision, Evidence, checks_of, coverage, decide

__all__ = ["Check", "Decision", "Evidence", "checks_of", "coverage", "decide"]
