"""What the run was: the facts and labels, its processes, its connections, and the figures at the top of the page.

Law: pure; views of result.json. The subtle thing: a fact that is not there has no line, so that older results read well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from replay_users.results.html.figures import Figure, count, ms, percent
from replay_users.results.html.reading import counts, figure, flag, mapping, number, rows, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Facts", "Noise", "Tile", "Worker", "facts_of"]

_STOPS = {
    "time": "its time limit (-t)",
    "signal": "a signal",
    "person": "a person",
    "worker": "a worker that left",
    "overdue": "workers that did not end in time",
    "autostop": "autostop",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the top of the page: what it is, how much, of what, and whether it is good, bad or neither."""

    name: str
    value: str
    of: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that sent."""

    name: str
    host: str
    partitions: Figure
    rows: Figure
    start_ms: Figure
    lost_at_s: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """A learnt rule on one endpoint: how often it differed then and now."""

    endpoint: str
    path: str
    kind: str
    learnt: Figure
    seen: Figure
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it."""

    id: str
    started: str
    target: str
    recording: str
    pace: str
    version: str
    labels: dict[str, str]
    rows: list[tuple[str, str]]
    tiles: list[Tile]
    workers: list[Worker]
    connections: list[tuple[str, str]]
    comparing: list[tuple[str, str]]
    failures: dict[str, int]
    noise: list[Noise]
    has_baseline: bool


def facts_of(result: Mapping[str, Any]) -> Facts:
    """The facts of a result."""
    run = mapping(result, "run")
    return Facts(
        id=text(run, "id"),
        started=text(run, "started"),
        target=text(run, "target"),
        recording=text(run, "recording"),
        pace=text(run, "pace"),
        version=text(run, "version"),
        labels={str(name): str(value) for name, value in mapping(run, "labels").items()},
        rows=list(_rows(run, result)),
        tiles=list(_tiles(result)),
        workers=[_worker(each) for each in rows(result, "workers")],
        connections=list(_connections(mapping(result, "connections"))),
        comparing=_numbers(mapping(result, "comparers")),
        failures=counts(result, "user_code_failures"),
        noise=[_noise(each) for each in rows(result, "noise")],
        has_baseline=bool(mapping(mapping(result, "gate"), "baseline")),
    )


def _rows(run: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stop = text(run, "stopped_by")
    facts = (
        ("Run", text(run, "id")),
        ("Started", text(run, "started")),
        ("Target", text(run, "target")),
        ("Recording", text(run, "recording")),
        ("Manifest", text(run, "manifest")),
        ("Pace", text(run, "pace")),
        ("Baseline", _baseline(mapping(mapping(result, "gate"), "baseline"))),
        ("Baseline run", text(mapping(result, "gate"), "baseline_run")),
        ("Compared with", text(run, "compared_with").replace("_", " ")),
        ("Ended by", _STOPS.get(stop, stop) or "its own end"),
        ("Autostop", text(run, "autostop")),
        ("Exit code", text(result, "exit_code")),
        ("replay-users", text(run, "version")),
    )
    yield from ((name, value) for name, value in facts if value)


def _baseline(of: Mapping[str, Any]) -> str:
    """What was accepted beforehand."""
    runs, signatures = texts(of, "runs"), number(of, "signatures")
    if not runs:
        return ""
    more = f" and {count(len(runs) - 1)} more" if len(runs) > 1 else ""
    return f"{count(signatures)} {'signature' if signatures == 1 else 'signatures'} accepted, of run {runs[0]}{more}"


def _tiles(result: Mapping[str, Any]) -> Iterator[Tile]:
    totals, lag = mapping(result, "totals"), mapping(mapping(result, "fidelity"), "lag_ms")
    sent, compared = number(totals, "sent"), number(totals, "compared")
    worse = (
        number(mapping(totals, "mismatched_by"), "regression")
        if "mismatched_by" in totals
        else number(totals, "mismatched")
    )
    apart, failed = number(totals, "mismatched") - worse, number(totals, "failed")
    slow = sum(text(each, "verdict") == "slow" for each in rows(result, "endpoints"))
    p99 = figure(lag, "p99")
    yield Tile("sent", count(sent), f"of {count(number(totals, 'planned'))} planned")
    yield Tile("compared", percent(compared, sent), f"{count(compared)} {'answer' if compared == 1 else 'answers'}")
    yield Tile("regressions", count(worse), _share_of(worse, compared, result), _tone(worse, compared, result))
    if apart:
        yield Tile("stand apart", count(apart), "data, logins, limits", "warn")
    yield Tile("no answer", count(failed), f"{percent(failed, sent)} of sent", "bad" if failed else "good")
    yield Tile("slow endpoints", count(slow), f"of {count(len(rows(result, 'endpoints')))}", "warn" if slow else "good")
    is_late = "latency" in texts(mapping(result, "validity"), "void")
    yield Tile(
        "our lag, p99",
        f"{ms(p99)} ms" if isinstance(p99, int | float) else ms(p99),
        "10 ms at most",
        "warn" if is_late else "good",
    )


def _tone(worse: int, compared: int, result: Mapping[str, Any]) -> str:
    """Bad where what differs fails the run, which it need not: a baseline may accept it."""
    if not worse:
        return "good" if compared else ""
    failed = [check for check in rows(mapping(result, "gate"), "checks") if text(check, "verdict") == "fail"]
    decided = any(text(check, "kind") == "mismatches" and not flag(check, "advisory") for check in failed)
    return "bad" if decided else ""


def _share_of(worse: int, compared: int, result: Mapping[str, Any]) -> str:
    """How many answers, and of how many sessions where the result says so."""
    if not compared:
        return "nothing was compared"
    sessions = mapping(result, "sessions")
    told = f"{percent(worse, compared)} of answers"
    if worse and number(sessions, "compared"):
        seen = [n for name in ("differing", "broken", "mended") if (n := number(sessions, name))]
        least = "at least " if len(seen) > 1 else ""  # what broke and what differs else may be of the same sessions
        told += f", {least}{count(max(seen, default=0))} of {count(number(sessions, 'compared'))} sessions"
    return told


def _worker(of: Mapping[str, Any]) -> Worker:
    return Worker(
        name=text(of, "worker"),
        host=text(of, "host"),
        partitions=figure(of, "partitions"),
        rows=figure(of, "rows"),
        start_ms=figure(of, "start_ms"),
        lost_at_s=figure(of, "lost_at_s"),
    )


def _noise(of: Mapping[str, Any]) -> Noise:
    return Noise(
        endpoint=text(of, "endpoint"),
        path=text(of, "path"),
        kind=text(of, "kind"),
        learnt=figure(mapping(of, "learnt"), "rate"),
        seen=figure(mapping(of, "seen"), "rate"),
        alarm=of.get("alarm") is True,
    )


def _connections(of: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _numbers(of)
    connect = mapping(of, "connect_ms")
    if connect:
        yield "connect p50 / p99", f"{ms(figure(connect, 'p50'))} / {ms(figure(connect, 'p99'))} ms"
    for address, opened in mapping(of, "addresses").items():
        failed = number(opened, "failed")
        yield (
            str(address),
            f"{count(number(opened, 'opened'))} opened" + (f", {count(failed)} failed" if failed else ""),
        )
    for name in ("tls_errors", "proxy_refusals"):
        yield from ((f"{name.replace('_', ' ')}: {why}", count(n)) for why, n in counts(of, name).items())


def _numbers(of: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(name, figure(of, name)) for name in of]
    return [
        (str(name).replace("_", " "), count(value)) for name, value in found if isinstance(value, int | float) and value
    ]
