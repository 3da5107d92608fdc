"""The first sentence of a report: what came of the run, with the number that matters most.

Law: pure; it follows the checks that decided and judges nothing. The subtle thing: a run in which nothing answered has failed
for coverage too, and one that a criterion stopped for whatever that made of it; only what explains the rest is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.results.html.figures import count, percent
from replay_users.results.html.reading import counts, mapping, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["headline_of"]

_STOPPED: Final = "stopped"
_LATENCY: Final = "latency"
_KINDS: Final = {
    "coverage": "too little of the recording could be replayed and compared",
    "mismatches": "answers regressed",
    "latency": "the target got slower",
}
_ANSWERS: Final = frozenset({"mismatches", "signatures"})
_NAMES: Final = {
    "autostop": "autostop stopped the run",
    "issues": "there are more issues than the gate allows",
    "noise": "what is known to be noise became more",
    "p95 limit": "answers take longer than the gate allows",
}
"""Of checks that mean something else than others of their kind."""


def headline_of(result: Mapping[str, Any], verdict: str, deciding: Sequence[Mapping[str, Any]]) -> str:
    """One sentence; `deciding` are the checks of which the verdict comes."""
    totals = mapping(result, "totals")
    if not number(totals, "sent"):
        return "Nothing was sent, so nothing can be said about the target."
    if verdict == "pass":
        return _passed(result)
    if verdict == "inconclusive":
        return _undecided(totals, deciding)
    said = list(dict.fromkeys(_failures(result, deciding)))
    return f"{_joined(said)}." if said else "The target did not hold against the recording."


def _passed(result: Mapping[str, Any]) -> str:
    totals = mapping(result, "totals")
    found = _regressions(totals)
    apart = number(totals, "mismatched") - found
    allowed = "the baseline accepts" if mapping(mapping(result, "gate"), "baseline") else "the gate allows"
    told = (
        f"{count(found)} of them {'differs' if found == 1 else 'differ'}, no more than {allowed}"
        if found
        else "none regressed"
    )
    compared = number(totals, "compared")
    beside = f"; {count(apart)} stand apart" if apart else ""
    return f"{count(compared)} {'answer' if compared == 1 else 'answers'} compared, {told}{beside}."


def _undecided(totals: Mapping[str, Any], deciding: Sequence[Mapping[str, Any]]) -> str:
    found = _regressions(totals)
    if deciding and all(text(check, "kind") == _LATENCY for check in deciding):
        differ = "1 answer differs" if found == 1 else f"{count(found)} answers differ"
        answers = f"{differ}, no more than allowed" if found else "No answer regressed"
        return f"{answers}, but whether the target got slower cannot be told."
    if deciding and all(text(check, "name") in _ANSWERS for check in deciding):
        return "Answers differ that did not in the baseline, in too few sessions to be sure."
    so_far = f"; {count(found)} {'answer' if found == 1 else 'answers'} regressed as far as it went" if found else ""
    return f"This run cannot say whether the target got worse{so_far}."


def _failures(result: Mapping[str, Any], deciding: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What failed, in the order of the checks."""
    totals = mapping(result, "totals")
    names = {text(check, "name") for check in deciding}
    for check in deciding:
        name, kind = text(check, "name"), text(check, "kind")
        if name in _NAMES:
            yield _NAMES[name]
        elif name == "failed":
            yield _unanswered(totals)
        elif name == "upstream":
            n = number(mapping(totals, "mismatched_by"), "upstream")
            yield f"{count(n)} {'answer' if n == 1 else 'answers'} became 502, 503 or 504"
        elif kind == "mismatches":
            yield _regressed(result)
        elif kind in _KINDS and not (kind == "coverage" and names & {"failed", "autostop"}):
            yield _KINDS[kind]


def _unanswered(totals: Mapping[str, Any]) -> str:
    failed = sum(n for why, n in counts(totals, "failed_by").items() if why != _STOPPED)
    sent = number(totals, "sent") - counts(totals, "failed_by").get(_STOPPED, 0)
    if failed == sent:
        return "the only request got no answer" if sent == 1 else f"none of {count(sent)} requests got an answer"
    return f"{count(failed)} of {count(sent)} requests ({percent(failed, sent)}) got no answer"


def _regressed(result: Mapping[str, Any]) -> str:
    totals = mapping(result, "totals")
    found, compared = _regressions(totals), number(totals, "compared")
    if mapping(mapping(result, "gate"), "baseline"):
        return "answers differ more than the baseline accepts"
    if not found:
        return _KINDS["mismatches"]
    return f"{count(found)} of {count(compared)} answers ({percent(found, compared)}) regressed"


def _regressions(totals: Mapping[str, Any]) -> int:
    return number(mapping(totals, "mismatched_by"), "regression")


def _joined(said: Sequence[str]) -> str:
    told = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"
    return told[0].upper() + told[1:]
