"""The verdict in words: what it is, why, and what to do next.

Law: pure. Nothing is judged here: the words follow the checks of the gate. The subtle thing: who opens a report has five
seconds. The headline is one sentence, reasons are the sentences of the checks that decided, and advice says where to start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.html.figures import count
from replay_users.results.html.headline import headline_of
from replay_users.results.html.reading import counts, figure, flag, mapping, number, rows, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Advice", "Verdict", "verdict_of"]

_WORDS: Final = {"pass": ("Pass", "✓"), "fail": ("Fail", "✕"), "inconclusive": ("Inconclusive", "?")}
_MOST_ADVICE = 4


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, and a command or a rule to copy, if there is one."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The top of the page."""

    name: str
    word: str
    sign: str
    headline: str
    why: list[str]
    beside: list[str]
    advice: list[Advice]


def verdict_of(result: Mapping[str, Any]) -> Verdict:
    """The story of a result."""
    name = text(mapping(result, "gate"), "verdict")
    word, sign = _WORDS.get(name, ("No verdict", "?"))
    checks = rows(mapping(result, "gate"), "checks")
    deciding = [check for check in checks if not flag(check, "advisory") and text(check, "verdict") == name]
    notable = [check for check in checks if check not in deciding and _is_notable(check)]
    if any(text(check, "name") == "failed" for check in deciding):  # then times say nothing that this does not
        notable = [check for check in notable if text(check, "kind") != "latency"]
    return Verdict(
        name=name if name in _WORDS else "inconclusive",
        word=word,
        sign=sign,
        headline=headline_of(result, name, deciding),
        why=_why(result, _summed(deciding)),
        beside=[_told(check) for check in _summed(notable)],
        advice=list(_advice(result, deciding))[:_MOST_ADVICE],
    )


def _is_notable(check: Mapping[str, Any]) -> bool:
    """What failed or cannot be told; of what decides nothing, and cannot be told of one endpoint, the table is the place."""
    if text(check, "verdict") == "inconclusive" and flag(check, "advisory"):
        return not text(check, "endpoint")
    return text(check, "verdict") in {"fail", "inconclusive"}


def _summed(checks: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without those of single endpoints where one of the same name speaks for the whole run."""
    whole = {text(check, "name") for check in checks if not text(check, "endpoint")}
    return [check for check in checks if not text(check, "endpoint") or text(check, "name") not in whole]


def _told(check: Mapping[str, Any]) -> str:
    said = text(check, "sentence") or text(check, "name")
    return f"{said} (advisory)" if flag(check, "advisory") else said


def _why(result: Mapping[str, Any], deciding: list[Mapping[str, Any]]) -> list[str]:
    stop = text(mapping(result, "run"), "autostop")
    said = [text(check, "sentence") or text(check, "name") for check in deciding]
    return [stop, *said] if stop and not any(stop in sentence for sentence in said) else said


def _advice(result: Mapping[str, Any], deciding: list[Mapping[str, Any]]) -> Iterator[Advice]:
    totals = mapping(result, "totals")
    if not number(totals, "sent") and not counts(totals, "skipped_by").get("stopped"):
        yield Advice(
            "See what the plan leaves out, and why; the options that chose what is sent belong to it too.",
            f"replay-users plan {_quoted(text(mapping(result, 'run'), 'recording'))}",
        )
    if any(text(check, "name") == "conservation" for check in deciding):
        yield Advice("The account does not add up. This is a bug of replay-users: please report it with result.json.")
    if any(worker.get("lost_at_s") is not None for worker in rows(result, "workers")):
        yield Advice("A worker was lost: look at its log and its memory, then replay again.")
    is_passed = text(mapping(result, "gate"), "verdict") == "pass"
    yield from _cures(totals, deciding)
    if any(text(check, "kind") == "mismatches" for check in deciding) and not is_passed:
        yield from _causes(result)
    yield from _unread(totals)
    if "latency" in texts(mapping(result, "validity"), "void"):
        yield Advice("For figures on latency: a less busy machine, a lower pace, or more workers.")
    yield from _slow(result)
    yield from _apart(totals)
    if is_passed:
        yield Advice("Nothing has to be done. Keep this run's folder to compare the next one with.")


def _cures(totals: Mapping[str, Any], deciding: list[Mapping[str, Any]]) -> Iterator[Advice]:
    """Of each check that did not pass its own; a target that cannot be reached at all explains the others."""
    troubled = dict.fromkeys(text(check, "name") for check in deciding if text(check, "verdict") != "pass")
    if "failed" in troubled and counts(totals, "failed_by").get("connect", 0) == number(totals, "sent"):
        yield Advice("No connection could be opened: is the target up, and is its address right?")
        return
    if "failed" in troubled or "autostop" in troubled:
        troubled.pop("coverage", None)
    yield from [Advice(_CURES[name]) for name in troubled if name in _CURES]


_CURES: Final = {
    "coverage": "See below where the exchanges went that were not compared, and what to do about it.",
    "failed": "Find out why the target did not answer: the reasons are below, the moments in the chart.",
    "upstream": "Look at what the target calls: it answered 502, 503 or 504 for it.",
    "staging": "Make the target more like production (data, logins, limits), then replay again.",
    "complete": "Let the run come to its end.",
    "autostop": "Autostop ended the run: the chart shows what the target did just before.",
    "slow endpoints": "Compare with a run against the earlier version in the same environment.",
}
"""By the name of a check that decided."""


def _quoted(name: str) -> str:
    return (
        f"'{name}'"
        if name and not name.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum()
        else name
    )


def _causes(result: Mapping[str, Any]) -> Iterator[Advice]:
    """Where to begin: the cause that weighs most, and how to accept it if it is meant."""
    found = [cause for cause in rows(result, "causes") if text(cause, "class") == "regression"]
    if not found:
        return
    example = mapping(found[0], "exemplar")
    several = f"Start with the first of {len(found):,} causes below" if len(found) > 1 else "There is one cause, below"
    command = f"replay-users show . {_quoted(text(example, 'id'))}" if text(example, "id") else ""
    yield Advice(f"{several}; in this report's folder, its example is shown whole by:", command)
    if rule := next((rule for cause in found if (rule := _rule(cause))), ""):
        yield Advice("If a change is meant, say so in a rules file (--rules FILE):", rule)


def _rule(cause: Mapping[str, Any]) -> str:
    """What a rule says that ignores a cause; nothing where one cannot or should not."""
    kind, paths = text(cause, "kind"), texts(cause, "paths")
    if kind == "status" or not paths or paths[0] == "root":  # a rule for a whole body compares nothing any more
        return ""
    where = f"{kind}:{text(cause, 'field')}" if kind in {"header", "trailer"} else paths[0]
    return f'- {{ignore: "{where}", reason: ...}}' if where.isprintable() and '"' not in where else ""


def _unread(totals: Mapping[str, Any]) -> Iterator[Advice]:
    if number(totals, "unread"):
        yield Advice("Part of the recording could not be read: ingest again what is damaged.")


def _slow(result: Mapping[str, Any]) -> Iterator[Advice]:
    slow = [text(each, "endpoint") for each in rows(result, "endpoints") if text(each, "verdict") == "slow"]
    if slow:
        more = f" and {len(slow) - 1:,} more" if len(slow) > 1 else ""
        yield Advice(f"Look at {slow[0]}{more} among the endpoints: much slower than recorded.")


def _apart(totals: Mapping[str, Any]) -> Iterator[Advice]:
    apart = number(totals, "mismatched") - number(mapping(totals, "mismatched_by"), "regression")
    if isinstance(figure(totals, "compared"), int | float) and apart * 20 > number(totals, "compared"):
        yield Advice(
            f"{count(apart)} answers differ because of the target's state, logins or limits: see what stands apart."
        )
