"""What the gate says: a verdict, and the checks behind it, each with its numbers and one sentence.

Law: values only. A check that decides nothing is `advisory`; one about a single endpoint names it; one that rests on chance
carries its probability `p`, as it was before it was corrected for the number of checks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.validity import CheckKind

__all__ = ["CONSERVATION", "TOOL_ERROR", "Check", "Decision", "Gate", "decide", "exit_code_of"]

TOOL_ERROR = 1
"""The exit code of a run in which something of ours failed."""
CONSERVATION = "conservation"
"""The check that is there only where the account is broken: a bug of ours."""


class Decision(StrEnum):
    """The verdict of a check and of the whole gate."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


_EXITS = {Decision.PASS: 0, Decision.FAIL: 3, Decision.INCONCLUSIVE: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what it is about, what was found, what is allowed, and a sentence for people.

    `endpoint` is `None` for a check of the whole run. `numbers` are those that the sentence says, for programs.
    """

    name: str
    kind: CheckKind
    verdict: Decision
    sentence: str
    value: float | None = None
    limit: float | None = None
    advisory: bool = False
    endpoint: str | None = None
    p: float | None = None
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        data = asdict(self)
        return {**data, "kind": str(self.kind), "verdict": str(self.verdict), "numbers": dict(self.numbers)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The verdict on a run, its checks with those of the whole run first, and the exit code they amount to.

    `about` says what it was judged by: settings, baselines, and how many probabilities were corrected for.
    """

    verdict: Decision
    checks: tuple[Check, ...]
    exit_code: int
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The section `gate` of result.json."""
        return {"verdict": str(self.verdict), "checks": [check.to_dict() for check in self.checks], **self.about}


def decide(checks: Sequence[Check]) -> Decision:
    """The verdict of the run; a broken account outweighs what it may have counted."""
    verdicts = {check.verdict for check in checks if not check.advisory}
    if any(check.name == CONSERVATION for check in checks):
        return Decision.INCONCLUSIVE
    for decision in (Decision.FAIL, Decision.INCONCLUSIVE):
        if decision in verdicts:
            return decision
    return Decision.PASS


def exit_code_of(checks: Sequence[Check], *, tool_failed: bool = False) -> int:
    """0 pass, 3 failed, 4 inconclusive; 1 where something of ours failed, such as the account."""
    if tool_failed or any(check.name == CONSERVATION for check in checks):
        return TOOL_ERROR
    return _EXITS[decide(checks)]
