"""A result as JUnit's XML, which every CI server shows: a suite for each kind of check, a case for each check and endpoint.

Law: pure; the content of result.json to text. A case fails exactly where the gate failed, so that a run that passed is green
and one that failed is red; `skipped` is what could not be told, or what decides nothing. GitLab shows the body of a failure
and nothing else, so the whole text stands there. At most 2,000 cases (GitLab reads 250,000 objects); the last counts the others.
The subtle thing: XML has no way at all to write most control characters and lone surrogates, so every text is made printable.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from replay_users.compare.difference import Class, Kind
from replay_users.results.wording import bounds, cut, milliseconds, parted, plain, several, tail, times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

__all__ = ["junit_report"]

Result: TypeAlias = "Mapping[str, Any]"

MAX_CASES: Final = 2_000
_COVERAGE, _STATUS, _MISMATCHES, _LATENCY = "coverage", "status", "mismatches", "latency"
_SUITES: Final = (_COVERAGE, _STATUS, _MISMATCHES, _LATENCY)
_OF_STATUS: Final = {"upstream", "server errors"}
"""Checks on answers that look at the status alone."""
_TOOL_ERROR: Final = 1

_ERROR, _FAIL, _INCONCLUSIVE, _PASS = "error", "fail", "inconclusive", "pass"
_STRENGTH: Final = (_ERROR, _FAIL, _INCONCLUSIVE, _PASS)
_TAGS: Final = {_ERROR: "error", _FAIL: "failure", _INCONCLUSIVE: "skipped"}
_NAME, _MESSAGE, _LINE, _LINES, _PATH, _VALUE = 200, 300, 1_000, 20, 100, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test case; `lines` are its text, the first of them its message."""

    suite: str
    name: str
    verdict: str = _PASS
    lines: tuple[str, ...] = ()
    seconds: float = 0.0


def junit_report(result: Result) -> str:
    """The content of junit.xml."""
    cases = _bounded([*_of_run(result), *_of_endpoints(result)])
    names = dict.fromkeys([*_SUITES, *(case.suite for case in cases)])
    suites = {name: mine for name in names if (mine := [case for case in cases if case.suite == name])}
    root = ET.Element("testsuites", {"name": "replay-users", **_counts(cases)})
    for name, mine in suites.items():
        _append_suite(root, name, mine, result["run"])
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _of_run(result: Result) -> Iterator[_Case]:
    """The checks of the whole run, and the tool's own failure if there was one."""
    checks: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for check in result["gate"]["checks"]:
        if check.get("endpoint") is None:
            checks[_suite(check), check["name"]].append(check)
    if result["exit_code"] == _TOOL_ERROR:
        yield _Case(suite=_COVERAGE, name="replay-users", verdict=_ERROR, lines=tuple(_own_errors(result)))
    for (suite, name), same in checks.items():
        yield _Case(suite=suite, name=name, verdict=_strongest(same), lines=tuple(_sentences(same)))


def _own_errors(result: Result) -> Iterator[str]:
    yield "the replay could not be done as planned (exit code 1): what it found is not the whole"
    yield from result["validity"]["reasons"]
    yield from (event["text"] for event in result["events"] if event["event"] == "error")


def _suite(check: Result) -> str:
    return _STATUS if check["name"] in _OF_STATUS else str(check["kind"])


def _strongest(checks: Iterable[Result]) -> str:
    """Their verdict together; one that decides nothing cannot fail, and is not passed over either."""
    verdicts = {
        _INCONCLUSIVE if check["advisory"] and check["verdict"] == _FAIL else check["verdict"] for check in checks
    }
    return next((verdict for verdict in _STRENGTH if verdict in verdicts), _PASS)


def _sentences(checks: Iterable[Result]) -> Iterator[str]:
    for check in checks:
        yield f"{check['sentence']} (decides nothing)" if check["advisory"] else check["sentence"]


def _of_endpoints(result: Result) -> Iterator[_Case]:
    """Three cases of each endpoint that was sent anything, so that their history has no gaps; and what else was checked."""
    checks: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for check in result["gate"]["checks"]:
        if check.get("endpoint") is not None:
            checks[_suite(check), check["endpoint"]].append(check)
    differing, to_all = _regressions(result["signatures"]), _fails_everywhere(result["gate"]["checks"])
    for endpoint in result["endpoints"]:
        if endpoint["count"]:
            for suite in (_STATUS, _MISMATCHES):
                key = suite, endpoint["endpoint"]
                yield _answers(suite, endpoint, checks.pop(key, []), differing[key], fails=to_all)
            yield _speed(endpoint, checks.pop((_LATENCY, endpoint["endpoint"]), []))
    for (suite, name), same in checks.items():
        yield _Case(suite=suite, name=name, verdict=_strongest(same), lines=tuple(_sentences(same)))


def _regressions(signatures: Iterable[Result]) -> defaultdict[tuple[str, str], list[Result]]:
    """What differs because of the release, by suite and endpoint."""
    found: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for signature in signatures:
        if signature["class"] == Class.REGRESSION:
            suite = _STATUS if signature["kind"] == Kind.STATUS else _MISMATCHES
            found[suite, signature["endpoint"]].append(signature)
    return found


def _fails_everywhere(checks: Iterable[Result]) -> bool:
    """Whether answers failed the run without a word on which endpoints did: then each that differs has failed."""
    failed = [each for each in checks if each["name"] == _MISMATCHES and _strongest([each]) == _FAIL]
    return bool(failed) and all(each.get("endpoint") is None for each in failed)


def _answers(suite: str, endpoint: Result, checks: Sequence[Result], found: Sequence[Result], *, fails: bool) -> _Case:
    verdict = _strongest(checks) if checks or not found else _FAIL if fails else _PASS
    lines = [*_sentences(checks), *([] if not found else [f"{several(len(found), 'signature')} of regressions:"])]
    lines += [_signature(each) for each in found[:_LINES]]
    if len(found) > _LINES:
        lines.append(f"and {len(found) - _LINES:,} more in result.json")
    if suite == _STATUS and endpoint["failed_by"]:
        lines.append("no answer: " + ", ".join(f"{why} {count:,}" for why, count in endpoint["failed_by"].items()))
    return _Case(suite=suite, name=endpoint["endpoint"], verdict=verdict, lines=tuple(lines))


def _signature(signature: Result) -> str:
    """One line on a signature, with an example."""
    seen = f"{signature['count']:,}x in {several(signature['sessions'], 'session')}"
    if signature["kind"] == Kind.STATUS:
        where = f"status {cut(signature['path'], _PATH)}"
    else:
        where = f"{tail(signature['path'], _PATH)} {signature['kind']}"
    example = next(iter(signature["exemplars"]), None)
    if example is None:
        return f"{where}: {seen}"
    recorded, replayed = parted(example["recorded"], example["replayed"], _VALUE)
    values = "" if signature["kind"] == Kind.STATUS else f"{recorded} -> {replayed}, "
    return f"{where}: {values}{seen}, such as {example['id']}"


def _speed(endpoint: Result, checks: Sequence[Result]) -> _Case:
    ratio, median = endpoint["ratio"], endpoint["service_ms"]["p50"]
    told = f"median {milliseconds(endpoint['recorded_ms']['p50'])} -> {milliseconds(median)}, {times(ratio['value'])}"
    verdict, lines = _strongest(checks), [*_sentences(checks), told + bounds(ratio, several(endpoint["used"], "pair"))]
    if not checks and endpoint["verdict"] in _ADVICE:
        verdict, lines = _INCONCLUSIVE, [_ADVICE[endpoint["verdict"]], *lines]
    seconds = median / 1e3 if isinstance(median, int | float) else 0.0
    return _Case(suite=_LATENCY, name=endpoint["endpoint"], verdict=verdict, lines=tuple(lines), seconds=seconds)


_ADVICE: Final = {
    "few": "too few pairs to tell",
    "slow": "slower than recorded (decides nothing)",
    "failing": "more than half got no answer (decides nothing)",
}


def _bounded(cases: Sequence[_Case]) -> Sequence[_Case]:
    """As many as may be, the strongest verdicts first; what has no place is counted, and fails if one of it does."""
    if len(cases) <= MAX_CASES:
        return cases
    ranked = sorted(range(len(cases)), key=lambda nth: (_STRENGTH.index(cases[nth].verdict), nth))
    kept, others = sorted(ranked[: MAX_CASES - 1]), ranked[MAX_CASES - 1 :]
    worst = cases[others[0]].verdict
    rest = _Case(suite="not listed", name=f"{len(others):,} more cases", verdict=worst, lines=("see result.json",))
    return [*(cases[nth] for nth in kept), rest]


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    """What JUnit says of a suite."""
    of = {verdict: sum(case.verdict == verdict for case in cases) for verdict in _STRENGTH}
    counts = {"tests": len(cases), "failures": of[_FAIL], "errors": of[_ERROR], "skipped": of[_INCONCLUSIVE]}
    return {
        **{name: str(count) for name, count in counts.items()},
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }


def _append_suite(root: ET.Element, name: str, cases: Sequence[_Case], run: Result) -> None:
    suite = ET.SubElement(
        root, "testsuite", {"name": name, **_counts(cases), "timestamp": plain(run["started"]).rstrip("Z")}
    )
    properties = ET.SubElement(suite, "properties")
    facts = {key: run[key] for key in ("id", "recording", "target", "pace", "version")}
    for key, value in {**facts, **{f"label.{key}": value for key, value in run["labels"].items()}}.items():
        ET.SubElement(properties, "property", {"name": cut(key, _NAME), "value": cut(value, _NAME)})
    for case in cases:
        _append_case(suite, case)


def _append_case(suite: ET.Element, case: _Case) -> None:
    marks = {"classname": f"replay-users.{case.suite}", "name": cut(case.name, _NAME), "time": f"{case.seconds:.3f}"}
    element = ET.SubElement(suite, "testcase", marks)
    lines = [cut(line, _LINE) for line in case.lines]
    if not lines:
        return
    if (tag := _TAGS.get(case.verdict)) is None:
        ET.SubElement(element, "system-out").text = "\n".join(lines)
    else:
        message = {"message": cut(lines[0], _MESSAGE)}
        told = ET.SubElement(element, tag, message if tag == "skipped" else {**message, "type": case.suite})
        told.text = "\n".join(lines)
