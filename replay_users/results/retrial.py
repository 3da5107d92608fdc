"""Rules tried on the pairs that a finished run has kept: what they would settle, and what would still differ.

Law: pure. Only what was kept is judged, so it says whether rules do what they are meant to, not how a run would end. The subtle
thing is what redaction took away: a secret has its length and a mark, so that equal ones are equal and different ones are
not; what it looked like is gone, and a difference there is told apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.compare.case import Judge
from replay_users.compare.difference import Differences, Match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.compare.difference import Difference, Signature
    from replay_users.compare.rules import HostMap, Rules
    from replay_users.results.exhibits import Exhibit

__all__ = ["Retrial", "retry"]

_REDACTED = "[redacted:"


@dataclass(slots=True)
class Retrial:
    """What came of it, in pairs: how many were `tried`, `matched`, still `differ` or could not be compared (`unchecked`).

    `settled` counts the signatures that the rules take away, `left` those that stay, `hidden` those of them whose values
    are redacted, so that nobody can say what a rule about their shape would do.
    """

    tried: int = 0
    matched: int = 0
    differ: int = 0
    unchecked: int = 0
    settled: Counter[Signature] = field(default_factory=Counter)
    left: Counter[Signature] = field(default_factory=Counter)
    hidden: Counter[Signature] = field(default_factory=Counter)


def retry(exhibits: Iterable[Exhibit], rules: Rules, hosts: HostMap | None = None) -> Retrial:
    """Judge them by these rules; `hosts` are those of the run."""
    judge, retrial = Judge(rules, hosts=hosts), Retrial()
    for exhibit in exhibits:
        retrial.tried += 1
        said = judge.judge(exhibit.case(), exhibit.endpoint)
        if isinstance(said, Match):
            retrial.matched += 1
        elif isinstance(said, Differences):
            retrial.differ += 1
            _count(retrial, said)
        else:
            retrial.unchecked += 1
            continue
        retrial.settled.update({each.signature for each in said.ignored})
    return retrial


def _count(retrial: Retrial, differences: Differences) -> None:
    retrial.left.update({each.signature for each in differences})
    retrial.hidden.update({each.signature for each in differences if _is_hidden(each)})


def _is_hidden(difference: Difference) -> bool:
    return _REDACTED in difference.recorded or _REDACTED in difference.replayed
