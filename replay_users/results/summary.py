"""A result as 25 lines that a tired person can act on.

Law: the content of result.json to text, nothing computed anew and no colours. It answers in this order: the verdict,
why, what changed, was it faithful, what next.
The subtle thing: each block has a budget of lines, so that the whole fits a screen whatever a run found; what is cut is
counted and stands in result.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from replay_users.plan.layout import amounts, labelled, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["summary_text"]

Result: TypeAlias = "Mapping[str, Any]"

_CHANGES, _SLOW, _REASONS = 5, 2, 3
_ENDPOINT, _PATH, _VALUE, _CONTEXT = 36, 44, 24, 5
_VERDICTS = {"pass": "PASS", "fail": "FAIL", "inconclusive": "INCONCLUSIVE"}


def summary_text(result: Result, folder: str = "") -> str:
    """The summary of a run, at most 25 lines.

    Args:
        result: the content of result.json.
        folder: where the run's files lie, for the lines that say where to look.
    """
    changes = [*_changes(result["signatures"]), *_ignored(result["totals"]), *_slow(result)]
    blocks = (_verdict(result), changes, _faithful(result), _next(result, folder))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _verdict(result: Result) -> list[str]:
    run, verdict = result["run"], _VERDICTS[result["gate"]["verdict"]]
    what = f"{shown(run['recording'])} at {shown(run['pace'])} against {shown(run['target'])}, run {shown(run['id'])}"
    return [labelled(f"{verdict} ", what), *_block("why", _why(result))]


def _why(result: Result) -> list[str]:
    gate = result["gate"]
    sentences = [c["sentence"] for c in gate["checks"] if not c["advisory"] and c["verdict"] == gate["verdict"]]
    return sentences[:_REASONS]


def _changes(signatures: Sequence[Result]) -> list[str]:
    top = signatures[:_CHANGES]
    counts = [f"{signature['count']:,}x" for signature in top]
    shares = ["" if s["share"] is None else f"{100 * s['share']:.1f} %" for s in top]
    names = [_cut(s["endpoint"], _ENDPOINT) for s in top]
    widths = [max(map(len, column), default=0) for column in (counts, shares, names)]
    lines = [
        f"{count:>{widths[0]}}  {share:>{widths[1]}}  {name:<{widths[2]}}  {_difference(signature)}"
        for count, share, name, signature in zip(counts, shares, names, top, strict=True)
    ]
    if len(signatures) > _CHANGES:
        lines.append(f"and {len(signatures) - _CHANGES:,} more signatures in result.json")
    return _block("changed", lines)


def _ignored(totals: Result) -> list[str]:
    return _block("ignored", [amounts(totals["ignored_by"])] if totals["ignored_by"] else [])


def _difference(signature: Result) -> str:
    where = "status" if signature["kind"] == "status" else f"{_tail(signature['path'], _PATH)} {signature['kind']}"
    if not signature["exemplars"]:
        return where
    example = signature["exemplars"][0]
    recorded, replayed = (_cut(text, _VALUE) or "nothing" for text in _apart(example["recorded"], example["replayed"]))
    return f"{where}: {recorded} -> {replayed} (in {_cut(example['id'], _VALUE)})"


def _apart(recorded: str, replayed: str) -> tuple[str, str]:
    """Two texts too long to show whole, from shortly before the place where they differ."""
    pairs = enumerate(zip(recorded, replayed, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(recorded), len(replayed)))
    if same <= _CONTEXT or max(len(recorded), len(replayed)) <= _VALUE:
        return recorded, replayed
    return "…" + recorded[same - _CONTEXT :], "…" + replayed[same - _CONTEXT :]


def _slow(result: Result) -> list[str]:
    slow = [endpoint for endpoint in result["endpoints"] if endpoint["verdict"] in {"slow", "failing"}]
    lines = [_slower(endpoint) for endpoint in slow[:_SLOW]]
    if len(slow) > _SLOW:
        lines.append(f"and {len(slow) - _SLOW:,} more endpoints in result.json")
    return _block("slow", lines)


def _slower(endpoint: Result) -> str:
    name, ratio = _cut(endpoint["endpoint"], _ENDPOINT), endpoint["ratio"]
    if endpoint["verdict"] == "failing":
        return f"{name}  more than half got no answer: {amounts(endpoint['failed_by'])}"
    medians = f"{_ms(endpoint['recorded_ms']['p50'])} -> {_ms(endpoint['service_ms']['p50'])}"
    bounds = f"{_times(ratio['lower'])} to {_times(ratio['upper'])}"
    return f"{name}  median {medians}, {_times(ratio['value'])} ({bounds}, {endpoint['used']:,} pairs), advisory"


def _faithful(result: Result) -> list[str]:
    validity, totals, fidelity = result["validity"], result["totals"], result["fidelity"]
    answer = "no" if not validity["valid"] else "for latency no, else yes" if validity["void"] else "yes"
    unsaid = [reason for reason in validity["reasons"] if not any(reason in sentence for sentence in _why(result))]
    ends = _sum(totals, "planned", ("sent", "dropped", "skipped", "unread", "in_doubt"))
    verdicts = _sum(totals, "sent", ("compared", "unchecked", "failed"))
    lag, wait, stretch = fidelity["lag_ms"], fidelity["wait_ms"], fidelity["stretch_percent"]
    timing = f"lag p50 {_ms(lag['p50'])}, p99 {_ms(lag['p99'])}; wait p99 {_ms(wait['p99'])}"
    if stretch is not None:
        timing += f"; stretch {round(stretch, 2) + 0.0:.2f} %"
    return _block("faithful", [": ".join([answer, *unsaid[:1]]), *unsaid[1:2], ends, verdicts, timing])


def _sum(totals: Result, whole: str, parts: Sequence[str]) -> str:
    """An equation of the account with its reasons, or what is wrong with it."""
    holds = totals[whole] == sum(totals[part] for part in parts)
    terms = [_term(totals, part) for part in parts if totals[part] or part == parts[0]]
    return f"{whole} {totals[whole]:,} {'=' if holds else 'is not'} {' + '.join(terms)}"


def _term(totals: Result, part: str) -> str:
    reasons = totals.get(f"{part}_by")
    told = f" ({amounts(reasons)})" if reasons else ""
    return f"{part.replace('_', ' ')} {totals[part]:,}{told}"


def _next(result: Result, folder: str) -> list[str]:
    place = f"{folder.rstrip('/')}/" if folder else ""
    files = [f"{place}result.json"] + ([f"{place}mismatches.jsonl"] if result["signatures"] else [])
    return _block("next", [", ".join(files), *list(_hints(result))[:2]])


def _hints(result: Result) -> Iterator[str]:
    totals, run = result["totals"], result["run"]
    if any(worker["lost_at_s"] is not None for worker in result["workers"]):
        yield "the log, and the memory, of the worker that was lost; then replay again"
    elif totals["unread"]:
        yield f"replay-users inspect {shown(run['recording'])}  says what is there; ingest again what is damaged"
    paths = [s["path"] for s in result["signatures"] if s["kind"] != "status"]
    if paths:
        yield f'if expected: --rules FILE with  - {{ignore: "{shown(paths[0])}", reason: ...}}'
    if totals["planned"] - totals["skipped"] <= 0 or not totals["sent"]:
        yield f"replay-users plan {shown(run['recording'])}  says what is skipped and why"
    if "latency" in result["validity"]["void"]:
        yield "for latency: a less busy machine, a lower pace, or more workers"


def _block(label: str, lines: Sequence[str]) -> list[str]:
    return [labelled("" if number else label, line).rstrip() for number, line in enumerate(lines)]


def _cut(text: str, width: int) -> str:
    plain = shown(text)
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"


def _tail(path: str, width: int) -> str:
    """The end of a path, which says more than its beginning."""
    plain = "".join(shown(c) for c in path)
    return plain if len(plain) <= width else f"…{plain[1 - width :]}"


def _ms(value: float | str | None) -> str:
    return "-" if value is None else value if isinstance(value, str) else f"{value:,.1f} ms"


def _times(ratio: float | str | None) -> str:
    return "-" if ratio is None else ratio if isinstance(ratio, str) else f"{ratio:.2f}x"
