"""A result as 25 lines that a tired person can act on.

Law: the content of result.json to text, nothing computed anew and no colours. It answers in this order: the verdict,
why, what changed, what stands apart from that, was it faithful, what next.
The subtle thing: each block has a budget of lines, and what changed takes what the others leave, so that the whole fits a
screen whatever a run found; what is cut is counted and stands in result.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from replay_users.compare.difference import Class, Kind
from replay_users.plan.layout import amounts, labelled, shown
from replay_users.results.validity import says_of
from replay_users.results.wording import VERDICTS, bounds, cut, difference, milliseconds, several, tail, times, where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["summary_text"]

Result: TypeAlias = "Mapping[str, Any]"

_LINES, _MARGINS = 25, 3  # of the whole, and the empty ones between its blocks
_CHANGES, _APART, _SLOW, _REASONS = 10, 3, 2, 3
_ENDPOINT, _PATH, _VALUE = 36, 44, 24
_WHOLE = "root"
"""The path of a whole body; a rule that ignores it compares nothing any more, and nobody is told to."""
_LEAST, _WIDTH = 3, 130
"""Causes that have a line of their own however many there are, and the width of lines that only name the others."""
_ADVICE = {
    Class.MISSING: "load this data, or replay what writes it (--allow-writes)",
    Class.CREDENTIAL: "give logins that hold there (sign), or leave this out",
    Class.PRECONDITION: "its state is another one: load it fresh",
    Class.THROTTLED: "lift its rate limit, or lower the pace",
    Class.UPSTREAM: "what it calls is away or too slow",
}


def summary_text(result: Result, folder: str = "", reports: Sequence[str] = ()) -> str:
    """The summary of a run, at most 25 lines.

    Args:
        result: the content of result.json.
        folder: where the run's files lie, for the lines that say where to look.
        reports: which reports lie there too.
    """
    verdict, faithful, after = _verdict(result), _faithful(result), _next(result, folder, reports)
    beside = [*_apart(result), *_ignored(result["totals"]), *_noisier(result), *_mute(result), *_slow(result)]
    left = _LINES - _MARGINS - sum(map(len, (verdict, beside, faithful, after)))
    blocks = (verdict, [*_changes(result["causes"], left), *beside], faithful, after)
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _verdict(result: Result) -> list[str]:
    run, verdict = result["run"], VERDICTS[result["gate"]["verdict"]]
    what = f"{shown(run['recording'])} at {shown(run['pace'])} against {shown(run['target'])}, run {shown(run['id'])}"
    return [labelled(f"{verdict} ", what), *_block("why", _why(result))]


def _why(result: Result) -> list[str]:
    """An endpoint is named where no check of the whole run says the same."""
    gate = result["gate"]
    told = [c for c in gate["checks"] if not c["advisory"] and c["verdict"] == gate["verdict"]]
    whole = {c["name"] for c in told if c.get("endpoint") is None}
    return [c["sentence"] for c in told if c.get("endpoint") is None or c["name"] not in whole][:_REASONS]


def _changes(causes: Sequence[Result], left: int) -> list[str]:
    found = [cause for cause in causes if cause["class"] == Class.REGRESSION]
    most, rest = _divided(found, left)
    top = found[:most]
    counts = [f"{cause['count']:,}x" for cause in top]
    sessions = [several(cause["sessions"], "session") for cause in top]
    places = [_place(cause) for cause in top]
    widths = [max(map(len, column), default=0) for column in (counts, sessions, places)]
    lines = [
        f"{count:>{widths[0]}}  {session:>{widths[1]}}  {place:<{widths[2]}}  {difference(cause, path=_PATH, value=_VALUE)}"
        for count, session, place, cause in zip(counts, sessions, places, top, strict=True)
    ]
    return _block("changed", [*lines, *rest])


def _divided(causes: Sequence[Result], left: int) -> tuple[int, list[str]]:
    """How many causes have a line of their own, and the lines that name the others: as many as can be if all are named."""
    if len(causes) <= min(_CHANGES, left):
        return len(causes), []
    for most in range(min(_CHANGES, left - 1), _LEAST, -1):
        lines, is_all = _brief(causes[most:], left - most)
        if is_all:
            return most, lines
    most = max(1, min(_LEAST, left - 1))
    return most, _brief(causes[most:], max(1, left - most))[0]


def _brief(causes: Sequence[Result], most: int) -> tuple[list[str], bool]:
    """Causes by name, on so many lines; whether these are all of them, or the last ones are only counted."""
    lines = [f"and {several(len(causes), 'more cause')} in result.json:"]
    for number, name in enumerate(dict.fromkeys(map(_named, causes))):
        text = f"{',' * (number > 0)} {name}"
        if len(lines[-1]) + len(text) <= _WIDTH:
            lines[-1] += text
        elif len(lines) < most:
            lines[-1] += "," * (number > 0)
            lines.append(name)
        else:
            return [*lines[:-1], f"{lines[-1]}, …"], False
    return lines, True


def _place(cause: Result) -> str:
    """The endpoint, or how many."""
    several = cause["endpoint_count"] > 1
    return f"{cause['endpoint_count']:,} endpoints" if several else cut(cause["endpoints"][0], _ENDPOINT)


def _apart(result: Result) -> list[str]:
    """What differs for another reason than the release: a line of advice for each class."""
    classes = [name for name in result["totals"]["mismatched_by"] if name != Class.REGRESSION]
    lines = [_advice(name, result) for name in classes[:_APART]]
    if len(classes) > _APART:
        lines[-1:] = [f"and {len(classes) - _APART + 1:,} more classes in result.json"]
    return _block("apart", lines)


def _advice(name: str, result: Result) -> str:
    """How much of a class there is, where, and what to do about it."""
    ends = [(each["endpoint"], each["mismatched_by"].get(name, 0), each) for each in result["endpoints"]]
    ends = sorted((end for end in ends if end[1]), key=lambda end: (-end[1], end[0]))
    whole = [(endpoint, count) for endpoint, count, each in ends if count == each["matched"] + each["mismatched"]]
    where = cut(ends[0][0], _ENDPOINT) if len(ends) == 1 else f"{len(ends):,} endpoints"
    told = f"{name.replace('_', ' ')} {result['totals']['mismatched_by'][name]:,} on {where}"
    if whole:
        endpoint, count = whole[0]
        told += ", all of it" if len(ends) == 1 else f", all {count:,} of {cut(endpoint, _ENDPOINT)}"
        told += f" and of {len(whole) - 1:,} more" if len(whole) > 1 else ""
        told += ", which tests nothing there"
    return f"{told}: {_ADVICE[Class(name)]}"


def _ignored(totals: Result) -> list[str]:
    return _block("ignored", [amounts(totals["ignored_by"])] if totals["ignored_by"] else [])


def _noisier(result: Result) -> list[str]:
    """What was learnt to be noise and has become more."""
    more = [each for each in result["noise"] if each["alarm"]]
    if not more:
        return []
    first = more[0]
    rates = f"{100 * first['learnt']['rate']:.1f} % -> {100 * first['seen']['rate']:.1f} %"
    told = f"{tail(first['path'], _PATH)} on {cut(first['endpoint'], _ENDPOINT)} differs in {rates} of the answers"
    return _block("noisier", [told + (f", and {len(more) - 1:,} more in result.json" if len(more) > 1 else "")])


def _named(cause: Result) -> str:
    if cause["field_count"] > 1:
        return where(cause, _PATH).partition(" (")[0]
    field = cut(cause["field"].partition(" (")[0], _PATH)
    is_named = cause["kind"] in {Kind.STATUS, Kind.HEADER, Kind.TRAILER}
    return f"{cause['kind']} {field}" if is_named else f"{field} {cause['kind']}"


def _mute(result: Result) -> list[str]:
    """Endpoints of which more than half of the requests got no answer."""
    mute = [endpoint for endpoint in result["endpoints"] if endpoint["verdict"] == "failing"]
    if not mute:
        return []
    worst = max(mute, key=lambda endpoint: int(endpoint["count"]))
    more = f", and {several(len(mute) - 1, 'more endpoint')}" if len(mute) > 1 else ""
    share = "all" if sum(worst["failed_by"].values()) == worst["count"] else "more than half of"
    told = f"{cut(worst['endpoint'], _ENDPOINT)}  {share} {several(worst['count'], 'request')}"
    return _block("no answer", [f"{told}: {amounts(worst['failed_by'])}{more}"])


def _slow(result: Result) -> list[str]:
    slow = [endpoint for endpoint in result["endpoints"] if endpoint["verdict"] == "slow"]
    most = _SLOW if len(result["causes"]) <= _CHANGES else 1
    lines = [_slower(endpoint) for endpoint in slow[:most]]
    if len(slow) > most:
        lines.append(f"and {several(len(slow) - most, 'more endpoint')} in result.json")
    return _block("slow", lines)


def _slower(endpoint: Result) -> str:
    name, ratio = cut(endpoint["endpoint"], _ENDPOINT), endpoint["ratio"]
    medians = f"{milliseconds(endpoint['recorded_ms']['p50'])} -> {milliseconds(endpoint['service_ms']['p50'])}"
    between = bounds(ratio, several(endpoint["used"], "pair"))
    return f"{name}  median {medians}, {times(ratio['value'])}{between}, advisory"


def _faithful(result: Result) -> list[str]:
    validity, totals, fidelity = result["validity"], _without_lost(result), result["fidelity"]
    answer = "no" if not validity["valid"] else "for latency no, else yes" if validity["void"] else "yes"
    unsaid = [reason for reason in validity["reasons"] if not any(reason in sentence for sentence in _why(result))]
    ends = _sum(totals, "planned", ("sent", "dropped", "skipped", "unread", "in_doubt"))
    verdicts = _sum(totals, "sent", ("compared", "unchecked", "failed"))
    lag, wait, stretch = fidelity["lag_ms"], fidelity["wait_ms"], fidelity["stretch_percent"]
    timing = f"lag p50 {milliseconds(lag['p50'])}, p99 {milliseconds(lag['p99'])}; wait p99 {milliseconds(wait['p99'])}"
    if stretch is not None:
        timing += f"; stretch {round(stretch, 2) + 0.0:.2f} %"
    return _block("faithful", [": ".join([answer, *unsaid[:1]]), *unsaid[1:2], ends, verdicts, timing])


def _without_lost(result: Result) -> Result:
    """The totals without the reasons that name lost workers: what these left is said in a sentence of its own."""
    totals, said = result["totals"], result["validity"]["reasons"]
    return {**totals, "unread_by": {why: n for why, n in totals["unread_by"].items() if not says_of(said, why)}}


def _sum(totals: Result, whole: str, parts: Sequence[str]) -> str:
    """An equation of the account with its reasons, or what is wrong with it."""
    holds = totals[whole] == sum(totals[part] for part in parts)
    terms = [_term(totals, part) for part in parts if totals[part] or part == parts[0]]
    return f"{whole} {totals[whole]:,} {'=' if holds else 'is not'} {' + '.join(terms)}"


def _term(totals: Result, part: str) -> str:
    reasons = totals.get(f"{part}_by")
    told = f" ({amounts(reasons)})" if reasons else ""
    return f"{part.replace('_', ' ')} {totals[part]:,}{told}"


def _next(result: Result, folder: str, reports: Sequence[str]) -> list[str]:
    """What to do, and where to look; the paths are the last thing that is said."""
    dashboard = result["run"].get("dashboard")
    links = [labelled("dashboards", dashboard)] if dashboard else []
    return [
        *_block("next", list(_hints(result))[: 2 - len(links)]),
        *links,
        labelled("files", _files(result, folder, reports)),
    ]


def _files(result: Result, folder: str, reports: Sequence[str]) -> str:
    """The first file with its path, the others of the folder by name."""
    place = f"{folder.rstrip('/')}/" if folder else ""
    names = [*reports, "result.json", *(["mismatches.jsonl"] if result["signatures"] else [])]
    return f"{place}{names[0]}" + (f", beside it {', '.join(names[1:])}" if names[1:] else "")


def _hints(result: Result) -> Iterator[str]:
    totals, run = result["totals"], result["run"]
    if any(worker["lost_at_s"] is not None for worker in result["workers"]):
        yield "the log, and the memory, of the worker that was lost; then replay again"
    elif totals["unread"]:
        yield f"replay-users inspect {shown(run['recording'])}  says what is there; ingest again what is damaged"
    if totals["sent"] and totals["failed_by"].get("connect", 0) == totals["sent"]:
        yield "no connection could be opened: is the target up, and is --host right?"
    rules = [rule for cause in result["causes"] if (rule := _rule(cause))] if _is_for_answers(result) else []
    if rules:
        yield f"if expected: --rules FILE with  - {{{rules[0]}, reason: ...}}"
    if not totals["sent"] and not totals["skipped_by"].get("stopped"):
        yield f"replay-users plan {shown(run['recording'])}  and the same options say what is skipped and why"
    if "latency" in result["validity"]["void"]:
        yield "for latency: a less busy machine, a lower pace, or more workers"


def _is_for_answers(result: Result) -> bool:
    """Whether what differs is why; what a baseline accepts needs no rule."""
    checks, verdict = result["gate"]["checks"], result["gate"]["verdict"]
    deciding = [check for check in checks if check["verdict"] == verdict and not check["advisory"]]
    return verdict != "pass" and any(check["kind"] == "mismatches" for check in deciding)


def _rule(cause: Result) -> str:
    """What a rule says that ignores a cause; nothing where one cannot or need not."""
    if cause["class"] != Class.REGRESSION or cause["kind"] == Kind.STATUS or cause["paths"][0] == _WHOLE:
        return ""
    if cause["kind"] in {Kind.HEADER, Kind.TRAILER}:
        return f'ignore: "{cause["kind"]}:{shown(cause["field"])}"'
    return f'ignore: "{shown(cause["paths"][0])}"'


def _block(label: str, lines: Sequence[str]) -> list[str]:
    return [labelled("" if number else label, line).rstrip() for number, line in enumerate(lines)]
