"""A result as Markdown for a pull request's comment or a job's summary: verdict first, then why, where and what.

Law: pure; the content of result.json to text, nothing computed anew. It never takes more than `limit` bytes: GitHub cuts
a comment at 65,536 characters, and throws a job's summary away whole where it is too long. What does not fit is counted and
stands in result.json.
The subtle thing: the tables give way together until all of it fits, so that no part can push another one out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Class
from replay_users.plan.layout import amounts
from replay_users.results.github_markdown import code, escaped, link, table
from replay_users.results.wording import VERDICTS, bounds, milliseconds, parted, several, times, weighty, where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

__all__ = ["markdown_report"]

Result: TypeAlias = "Mapping[str, Any]"

LIMIT: Final = 60_000
"""Bytes."""

_CHECKS, _ENDPOINTS, _CAUSES, _LABELS = 20, 50, 20, 20
_SHARES: Final = (1.0, 0.5, 0.25, 0.1, 0.0)
"""Of what each table may have, tried one after the other; each keeps a row."""

_SPEEDS: Final = {"few": "few pairs", "failing": "no answer"}

_NAME, _SENTENCE, _PATH, _VALUE, _ID = 120, 400, 100, 60, 40


def markdown_report(result: Result, *, limit: int = LIMIT, place: str = "") -> str:
    """The report, of `limit` bytes in UTF-8 at most.

    Args:
        result: the content of result.json.
        limit: how long it may be.
        place: where the run's files can be seen: an address, or a folder; by default beside the report.
    """
    for share in _SHARES:
        text = "\n\n".join(["\n".join(block) for block in _blocks(result, place, share) if block]) + "\n"
        if len(text.encode()) <= limit:
            return text
    first = f"## {VERDICTS[result['gate']['verdict']]}\n"
    return first.encode()[: max(0, limit)].decode("utf-8", "ignore")


def _blocks(result: Result, place: str, share: float) -> Iterator[Sequence[str]]:
    yield [_title(result)]
    yield [_facts(result["run"], _most(_LABELS, share))]
    yield from _checks(result["gate"]["checks"], _most(_CHECKS, share))
    yield from _endpoints(result, _most(_ENDPOINTS, share))
    yield from _causes(result["causes"], _most(_CAUSES, share))
    yield from _apart(result)
    yield from _faithful(result)
    yield [_links(result, place)]


def _most(rows: int, share: float) -> int:
    return max(1, round(rows * share))


def _title(result: Result) -> str:
    run = result["run"]
    recording, pace, target = (code(run[name], _NAME) for name in ("recording", "pace", "target"))
    return f"## {VERDICTS[result['gate']['verdict']]}: replay of {recording} at {pace} against {target}"


def _facts(run: Result, most: int) -> str:
    """When it was, by what, and how it was labelled."""
    labels = [code(f"{name}={value}", _NAME) for name, value in run["labels"].items()]
    shown = [*labels[:most], *([f"{len(labels) - most:,} more labels"] if len(labels) > most else [])]
    told = [
        f"Run {code(run['id'], _NAME)}",
        code(run["started"], _ID),
        f"replay-users {code(run['version'], _ID)}",
    ]
    return ", ".join([*told, *shown])


def _checks(checks: Sequence[Result], most: int) -> Iterator[Sequence[str]]:
    """What decided, each in its sentence; what passed, by name."""
    deciding = [check for check in checks if not check["advisory"]]
    for verdict, title in (("fail", "Failed"), ("inconclusive", "Inconclusive")):
        yield _listed(title, *weighty(checks, verdict, most))
    told = [check for check in checks if _is_told(check)]
    yield _listed("For your information", told[:most], len(told) - most)
    others = {check["name"] for check in deciding if check["verdict"] != "pass"}
    names = list(dict.fromkeys(check["name"] for check in deciding if check["name"] not in others))
    if names:
        yield [f"Passed: {', '.join(escaped(name, _ID) for name in names[:most])}" + _more(names, most)]


def _is_told(check: Result) -> bool:
    """Of what decides nothing: what failed, and what cannot be told of the whole run."""
    if not check["advisory"]:
        return False
    return check["verdict"] == "fail" or (check["verdict"] == "inconclusive" and check.get("endpoint") is None)


def _listed(title: str, checks: Sequence[Result], more: int) -> Sequence[str]:
    if not checks:
        return []
    lines = [f"- **{escaped(check['name'], _ID)}**: {escaped(check['sentence'], _SENTENCE)}" for check in checks]
    rest = [f"- and {several(more, 'more check')} in result.json"] if more > 0 else []
    return [f"### {title}", "", *lines, *rest]


def _more(things: Sequence[Any], most: int) -> str:
    return f" and {len(things) - most:,} more" if len(things) > most else ""


def _endpoints(result: Result, most: int) -> Iterator[Sequence[str]]:
    """Those that a person should look at, the worst first."""
    named = {check.get("endpoint") for check in result["gate"]["checks"] if check["verdict"] == "fail"}
    found = [each for each in result["endpoints"] if each["endpoint"] in named or _is_bad(each)]
    found.sort(
        key=lambda each: (-_regressions(each), -sum(each["failed_by"].values()), -each["count"], each["endpoint"])
    )
    if not found:
        return
    head = [
        "endpoint",
        "sent:",
        "regressions:",
        "no answer:",
        "recorded p50:",
        "replayed p50:",
        "replayed p99:",
        "ratio:",
        "",
    ]
    yield [
        f"### {several(len(found), 'endpoint')} to look at",
        "",
        *table(head, [_endpoint(each) for each in found[:most]]),
    ]
    if len(found) > most:
        yield [f"and {several(len(found) - most, 'more endpoint')} in result.json"]


def _is_bad(endpoint: Result) -> bool:
    return endpoint["verdict"] in {"slow", "failing"} or _regressions(endpoint) > 0


def _regressions(endpoint: Result) -> int:
    return int(endpoint["mismatched_by"].get(Class.REGRESSION, 0))


def _endpoint(endpoint: Result) -> Sequence[str]:
    ratio = endpoint["ratio"]
    return [
        code(endpoint["endpoint"], _NAME),
        f"{endpoint['count']:,}",
        f"{_regressions(endpoint):,}",
        f"{sum(endpoint['failed_by'].values()):,}",
        milliseconds(endpoint["recorded_ms"]["p50"]),
        milliseconds(endpoint["service_ms"]["p50"]),
        milliseconds(endpoint["service_ms"]["p99"]),
        times(ratio["value"]) + bounds(ratio),
        _SPEEDS.get(endpoint["verdict"], endpoint["verdict"] or ""),
    ]


def _causes(causes: Sequence[Result], most: int) -> Iterator[Sequence[str]]:
    """What the release changed, the heaviest first."""
    found = [cause for cause in causes if cause["class"] == Class.REGRESSION]
    if not found:
        return
    head = ["answers:", "sessions:", "endpoint", "difference", "recorded", "replayed", "example"]
    yield [
        f"### What changed: {several(len(found), 'cause')}",
        "",
        *table(head, [_cause(cause) for cause in found[:most]]),
    ]
    if len(found) > most:
        yield [f"and {several(len(found) - most, 'more cause')} in result.json"]


def _cause(cause: Result) -> Sequence[str]:
    more = cause["endpoint_count"] - 1
    endpoint = code(cause["endpoints"][0], _NAME) + (f" and {more:,} more" if more > 0 else "")
    example = cause["exemplar"]
    sides = ("", "")
    if example and cause["field_count"] == 1:
        recorded, replayed = parted(example["recorded"], example["replayed"], _VALUE)
        sides = code(recorded, _VALUE), code(replayed, _VALUE)
    where_and_how = code(where(cause, _PATH), _NAME)
    found = code(example["id"], _ID) if example else ""
    return [f"{cause['count']:,}", f"{cause['sessions']:,}", endpoint, where_and_how, *sides, found]


def _apart(result: Result) -> Iterator[Sequence[str]]:
    """What differs for another reason than the release, or was ignored."""
    totals = result["totals"]
    apart = {name.replace("_", " "): n for name, n in totals["mismatched_by"].items() if name != Class.REGRESSION}
    lines = [f"- Not the release's doing: {amounts(apart)}"] if apart else []
    if totals["ignored_by"]:
        lines.append(f"- Ignored by rules: {escaped(amounts(totals['ignored_by']), _SENTENCE)}")
    if lines:
        yield ["### Stands apart", "", *lines]


def _faithful(result: Result) -> Iterator[Sequence[str]]:
    """Whether the replay was good enough for its verdict, and what became of every exchange."""
    validity, totals, fidelity = result["validity"], result["totals"], result["fidelity"]
    answer = "no" if not validity["valid"] else "not for latency" if validity["void"] else "yes"
    reasons = [f"- {escaped(reason, _SENTENCE)}" for reason in validity["reasons"][:_CHECKS]]
    parts = ("sent", "dropped", "skipped", "unread", "in_doubt")
    lag, high = (milliseconds(fidelity["lag_ms"][name]) for name in ("p50", "p99"))
    yield [
        f"### Faithful: {answer}",
        "",
        *reasons,
        f"- planned {totals['planned']:,}: {_parts(totals, parts)}",
        f"- sent {totals['sent']:,}: {_parts(totals, ('matched', 'mismatched', 'unchecked', 'failed'))}",
        f"- lag p50 {lag}, p99 {high}; wait p99 {milliseconds(fidelity['wait_ms']['p99'])}",
    ]


def _parts(totals: Result, names: Sequence[str]) -> str:
    """Parts of a sum with their reasons; those that are none are left out."""
    told = []
    for name in names:
        reasons = totals.get(f"{name}_by") if name != "mismatched" else None
        why = f" ({escaped(amounts(reasons), _SENTENCE)})" if reasons else ""
        if totals[name]:
            told.append(f"{name.replace('_', ' ')} {totals[name]:,}{why}")
    return ", ".join(told) or "nothing"


def _links(result: Result, place: str) -> str:
    files = ["report.html", "junit.xml", "result.json", *(["mismatches.jsonl"] if result["signatures"] else [])]
    links = [link(name, place) for name in files]
    dashboard = result["run"].get("dashboard")
    return ", ".join([*links, *([f"[dashboards](<{dashboard}>)"] if dashboard else [])])
