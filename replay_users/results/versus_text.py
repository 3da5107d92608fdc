"""Two runs side by side, for people: in a terminal, or as Markdown for a comment.

Law: pure; a `Versus` to text, nothing computed anew. What is worse comes first and why; then what is new, gone, more or less
frequent, then times. What does not fit is counted, and `--format json` has it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Kind
from replay_users.plan.layout import columns, labelled
from replay_users.results.gate import Decision
from replay_users.results.github_markdown import code, escaped, table
from replay_users.results.standings import SAME
from replay_users.results.wording import cut, milliseconds, parted, several, tail, times, weighty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.results.run_speeds import RunSpeed
    from replay_users.results.standings import Standing
    from replay_users.results.versus import Versus

__all__ = ["versus_markdown", "versus_text"]

_WORDS: Final = {
    Decision.PASS: "NO WORSE",
    Decision.FAIL: "WORSE",
    Decision.INCONCLUSIVE: "CANNOT BE TOLD",
}
_SIGNATURES, _ENDPOINTS, _CHECKS, _LABELS = 20, 30, 20, 10
_NAME, _PATH, _VALUE, _SENTENCE, _ID = 60, 60, 40, 400, 40


def versus_text(versus: Versus) -> str:
    """For a terminal."""
    blocks = [_verdict(versus), _passed_over(versus), _signatures(versus), _speeds(versus.speeds)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _verdict(versus: Versus) -> list[str]:
    first = f"{_WORDS[versus.gate.verdict]}: run {_run(versus.candidate)} against run {_run(versus.baseline)}"
    told, left = _decisive(versus)
    more = [f"and {several(left, 'more check')} (--format json has them all)"] if left else []
    return [first, *_block("why", [*(cut(check["sentence"], _SENTENCE) for check in told), *more])]


def _decisive(versus: Versus) -> tuple[Sequence[Mapping[str, Any]], int]:
    """The checks that made the verdict, and how many more."""
    return weighty([check.to_dict() for check in versus.gate.checks], str(versus.gate.verdict), _CHECKS)


def _passed_over(versus: Versus) -> list[str]:
    """Both runs by themselves."""
    return [*_block("baseline", [_facts(versus.baseline)]), *_block("candidate", [_facts(versus.candidate)])]


def _run(facts: Mapping[str, Any]) -> str:
    return cut(str(facts["id"]), _NAME)


def _facts(facts: Mapping[str, Any]) -> str:
    labels = [f"{name}={value}" for name, value in facts["labels"].items()][:_LABELS]
    told = [
        f"{facts['verdict']} by itself",
        f"sent {facts['sent']:,}, {facts['mismatched']:,} of {facts['compared']:,} differ",
    ]
    return cut(", ".join([f"{facts['started']} to {facts['target']}", *told, *labels]), _SENTENCE)


def _signatures(versus: Versus) -> list[str]:
    shown = [each for each in versus.signatures if each.how != SAME]
    rows = [(each.how, _counts(each), _candidate(each), _place(each), _told(each)) for each in shown[:_SIGNATURES]]
    lines = _left([("", "baseline", "candidate", "endpoint", "signature"), *rows]) if rows else []
    if len(shown) > _SIGNATURES:
        lines.append(f"and {several(len(shown) - _SIGNATURES, 'more signature')} (--format json has them all)")
    same = len(versus.signatures) - len(shown)
    lines.append(f"{several(same, 'signature')} as before" if versus.signatures else "no signature in either run")
    if versus.is_capped:
        lines.append("a run had more signatures than it could keep: one may be called new or gone that is not")
    return _block("changed", lines)


def _counts(each: Standing) -> str:
    """Answers of those compared, and sessions, of the baseline run."""
    return "not asked" if not each.baseline[1] else _share(each.baseline, each.baseline_sessions)


def _candidate(each: Standing) -> str:
    return _share(each.candidate, each.candidate_sessions)


def _share(answers: tuple[int, int], sessions: tuple[int, int]) -> str:
    return f"{answers[0]:,}/{answers[1]:,} in {sessions[0]:,}/{sessions[1]:,} sessions"


def _place(each: Standing) -> str:
    return cut(each.endpoint, _NAME)


def _told(each: Standing) -> str:
    is_status = each.kind == Kind.STATUS
    where = f"status {cut(each.path, _PATH)}" if is_status else f"{tail(each.path, _PATH)} {each.kind}"
    if each.example is None:
        return where
    recorded, replayed = parted(each.example["recorded"], each.example["replayed"], _VALUE)
    values = "" if is_status else f": {recorded} -> {replayed}"
    return f"{where}{values} (in {cut(each.example['id'], _ID)})"


def _speeds(speeds: Sequence[RunSpeed]) -> list[str]:
    if not speeds:
        return _block("times", ["no exchange is in both samples"])
    head = ("endpoint", "pairs", "baseline p50", "candidate p50", "baseline p95", "candidate p95", "ratio", "")
    rows = [tuple(_speed(each)) for each in speeds[:_ENDPOINTS]]
    more = [f"and {several(len(speeds) - _ENDPOINTS, 'more endpoint')}"] if len(speeds) > _ENDPOINTS else []
    return _block("times", [*columns([head, *rows]), *more])


def _speed(each: RunSpeed) -> Iterator[str]:
    yield cut(each.endpoint, _NAME)
    yield f"{each.pairs:,}"
    for value in (each.baseline_p50_ms, each.candidate_p50_ms, each.baseline_p95_ms, each.candidate_p95_ms):
        yield milliseconds(value)
    yield times(each.ratio)
    yield each.verdict or ""


def _left(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, every column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _block(label: str, lines: Sequence[str]) -> list[str]:
    return [labelled("" if number else label, line).rstrip() for number, line in enumerate(lines)]


# Markdown


def versus_markdown(versus: Versus) -> str:
    """For a comment: far below what GitHub takes, whatever the names."""
    runs = f"run {code(_run(versus.candidate), _NAME)} against run {code(_run(versus.baseline), _NAME)}"
    told, left = _decisive(versus)
    lines = [f"- **{escaped(check['name'], _ID)}**: {escaped(check['sentence'], _SENTENCE)}" for check in told]
    more = [f"- and {several(left, 'more check')}"] if left else []
    facts = [f"- {side}: {escaped(_facts(of), _SENTENCE)}" for side, of in _sides(versus)]
    blocks = [
        [f"## {_WORDS[versus.gate.verdict]}: {runs}"],
        [*lines, *more],
        facts,
        _changed(versus),
        _timed(versus.speeds),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _sides(versus: Versus) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return ("baseline", versus.baseline), ("candidate", versus.candidate)


def _changed(versus: Versus) -> list[str]:
    shown = [each for each in versus.signatures if each.how != SAME]
    if not shown:
        return ["No signature is new, gone, more or less frequent."]
    head = ["", "baseline:", "candidate:", "endpoint", "signature"]
    rows = [
        [each.how, _counts(each), _candidate(each), code(each.endpoint, _NAME), code(_told(each), _SENTENCE)]
        for each in shown[:_SIGNATURES]
    ]
    more = ["", f"and {several(len(shown) - _SIGNATURES, 'more signature')}"] if len(shown) > _SIGNATURES else []
    return ["### What changed", "", *table(head, rows), *more]


def _timed(speeds: Sequence[RunSpeed]) -> list[str]:
    if not speeds:
        return []
    head = ["endpoint", "pairs:", "baseline p50:", "candidate p50:", "baseline p95:", "candidate p95:", "ratio:", ""]
    rows = [[code(each.endpoint, _NAME), *list(_speed(each))[1:]] for each in speeds[:_ENDPOINTS]]
    more = ["", f"and {several(len(speeds) - _ENDPOINTS, 'more endpoint')}"] if len(speeds) > _ENDPOINTS else []
    return ["### Times", "", *table(head, rows), *more]
