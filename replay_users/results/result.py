"""A finished run: its facts, its tally, its verdict, and all of it as result.json.

Law: pure. The field names of result.json are law (docs and other tools read them): fields may be added, none renamed or
left out; what was not measured is `null`. The published schema is `result.schema.json` beside this file.
The subtle thing: `planned` comes in from the manifest; nothing here may compute it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from replay_users.histogram import Over
from replay_users.results.causes import causes_of
from replay_users.results.gate import Yardstick, judge_run
from replay_users.results.learnable import RECORDING
from replay_users.results.noise import noise_of
from replay_users.results.samples import samples_of
from replay_users.results.session_counts import endpoint_sessions, sampled_sessions, sessions_of
from replay_users.results.slow import SLOW_RATIO, Speed, speed
from replay_users.results.validity import Validity, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.compare.rules import Rules
    from replay_users.results.endpoint_tally import EndpointTally
    from replay_users.results.gate import Check, Decision, Gate
    from replay_users.results.noise import Noise
    from replay_users.results.samples import Samples
    from replay_users.results.signatures import SignatureCount, SignatureKey
    from replay_users.results.slow_pairs import SlowPair
    from replay_users.results.tally import Tally, Totals

__all__ = ["SCHEMA_VERSION", "RunEvent", "RunFacts", "RunResult", "conclude", "exit_code", "judged", "result_json"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """Something that happened during the run, `at_s` seconds after its start."""

    at_s: float
    event: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run was, as opposed to what it found.

    `started` is ISO 8601 in UTC. `manifest` is the generation that was replayed. `stopped_by` is `None` for a run that
    came to its end, else `time`, `signal`, `person`, `autostop` or what else ended it; `autostop` is the sentence that says
    why. Answers were `compared_with` the `recording`, or with those of the run's `first_pass`. `window_ns` is what was
    replayed of the recording, UTC ns. `hosts` are those of the recording, and what stood for each at the targets. `workers`
    are those of a master, as rows of result.json; there are none where one process did it all. `lost` says of each lost
    worker what it left.
    """

    id: str
    started: str
    recording: str
    manifest: int | str | None
    target: str
    pace: str
    version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    stopped_by: str | None = None
    autostop: str | None = None
    events: tuple[RunEvent, ...] = ()
    workers: tuple[Mapping[str, Any], ...] = ()
    lost: tuple[str, ...] = ()
    compared_with: str = RECORDING
    window_ns: tuple[int, int] | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run with its verdict; made by `conclude`. `content` is result.json but for the gate."""

    facts: RunFacts
    planned: int
    tally: Tally
    totals: Totals
    validity: Validity
    speeds: Mapping[str, Speed]
    noise: tuple[Noise, ...] = ()
    content: Mapping[str, Any]
    gate: Gate

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the gate looked at."""
        return self.gate.checks

    @property
    def verdict(self) -> Decision:
        """What it came to."""
        return self.gate.verdict


def conclude(
    facts: RunFacts,
    tally: Tally,
    planned: int,
    *,
    rules: Rules | None = None,
    noise_decides: bool = False,
    by: Yardstick | None = None,
    more: Mapping[str, Any] | None = None,
    samples: Samples | None = None,
) -> RunResult:
    """Judge a finished run; `planned` are the manifest's rows of the window in the sample.

    `rules` are those it went by; with `noise_decides`, a learnt field that differs more often than it did fails the run, as it
    does where the yardstick says so. `more` are sections of result.json that somebody else has counted; `samples` are the
    tally's, where they are made already: 100,000 pairs take 0.1 s.

    Raises:
        UsageError: a baseline cannot stand beside this run.
    """
    totals = tally.totals()
    validity = validate(planned, totals, tally.fidelity, facts.lost)
    speeds = {name: speed(mine) for name, mine in tally.endpoints.items() if mine.sent}
    noise = () if rules is None else noise_of(rules, tally)
    by = by or Yardstick()
    settings = replace(by.settings, noise_decides=True) if noise_decides else by.settings
    content = _content(facts, tally, planned, totals=totals, validity=validity, speeds=speeds, noise=noise)
    content |= more or {}
    return RunResult(
        facts=facts,
        planned=planned,
        tally=tally,
        totals=totals,
        validity=validity,
        speeds=speeds,
        noise=noise,
        content=content,
        gate=judge_run(
            content, samples or samples_of(tally), settings, baseline_run=by.baseline_run, accepted=by.accepted
        ),
    )


def exit_code(result: RunResult) -> int:
    """0 pass, 3 failed, 4 inconclusive; 1 where the account is broken, since that is our own bug."""
    return result.gate.exit_code


def result_json(result: RunResult) -> dict[str, Any]:
    """The content of result.json as JSON values."""
    return judged(result.content, result.gate)


def judged(content: Mapping[str, Any], gate: Gate) -> dict[str, Any]:
    """The content of result.json with this verdict, in place of any it has."""
    return {**content, "gate": gate.to_dict(), "exit_code": gate.exit_code}


def _content(
    facts: RunFacts,
    tally: Tally,
    planned: int,
    *,
    totals: Totals,
    validity: Validity,
    speeds: Mapping[str, Speed],
    noise: Sequence[Noise],
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "run": _run(facts),
        "totals": {"planned": planned, **asdict(totals)},
        "sessions": sessions_of(tally),
        "fidelity": _fidelity(tally),
        "validity": {
            "valid": validity.valid,
            "reasons": list(validity.reasons),
            "void": [str(kind) for kind in validity.void],
        },
        "endpoints": _endpoints(tally, speeds),
        "signatures": [_signature(tally, key, count) for key, count in tally.signatures.ranked()],
        "causes": [cause.to_dict() for cause in causes_of(tally)],
        "noise": [each.to_dict() for each in noise],
        "signatures_overflow": dict(tally.signatures.overflow),
        "events": [asdict(event) for event in facts.events],
        "workers": [dict(worker) for worker in facts.workers],
    }


def _run(facts: RunFacts) -> dict[str, Any]:
    return {
        "id": facts.id,
        "started": facts.started,
        "recording": facts.recording,
        "manifest": facts.manifest,
        "target": facts.target,
        "pace": facts.pace,
        "labels": dict(facts.labels),
        "version": facts.version,
        "stopped_by": facts.stopped_by,
        "autostop": facts.autostop,
        "lost": list(facts.lost),
        "compared_with": facts.compared_with,
        "window_ns": None if facts.window_ns is None else list(facts.window_ns),
        "hosts": dict(facts.hosts),
    }


def _fidelity(tally: Tally) -> dict[str, Any]:
    fidelity = tally.fidelity
    stretch = fidelity.stretch_percent
    return {
        "lag_ms": fidelity.lag.to_ms_summary(),
        "wait_ms": fidelity.wait.to_ms_summary(),
        "stretch_percent": None if stretch is None else round(stretch, 4),
        "hub_ms": fidelity.hub.to_ms_summary(),
    }


def _endpoints(tally: Tally, speeds: Mapping[str, Speed]) -> list[dict[str, Any]]:
    """Those of which anything was planned, the busiest first."""
    touched = [
        (name, mine) for name, mine in tally.endpoints.items() if mine.sent or mine.dropped_by or mine.skipped_by
    ]
    touched.sort(key=lambda item: (-item[1].sent, item[0]))
    return [_endpoint(name, mine, speeds.get(name)) for name, mine in touched]


def _endpoint(name: str, mine: EndpointTally, verdict: Speed | None) -> dict[str, Any]:
    lower, upper = mine.ratio.bounds()
    return {
        "endpoint": name,
        "count": mine.sent,
        "sessions": mine.sessions.count,
        **endpoint_sessions(mine),
        "used": mine.ratio.count,
        "excluded_by": _plain(mine.excluded_by),
        "recorded_ms": mine.recorded.to_ms_summary(),
        "service_ms": mine.service.to_ms_summary(),
        "latency_ms": mine.latency.to_ms_summary(),
        "ratio": {"value": _rounded(mine.ratio.median), "lower": _rounded(lower), "upper": _rounded(upper)},
        "slow_pairs": {
            "count": mine.ratio.count_above(SLOW_RATIO),
            "exemplars": list(map(_slow_pair, mine.slow.shown())),
        },
        "matched": mine.matched,
        "mismatched": mine.mismatched,
        "mismatched_by": _plain(mine.mismatched_by),
        "unchecked": mine.unchecked,
        "failed_by": _plain(mine.failed_by),
        "dropped_by": _plain(mine.dropped_by),
        "skipped_by": _plain(mine.skipped_by),
        "statuses": mine.status_matrix(),
        "verdict": None if verdict is None else str(verdict),
    }


def _slow_pair(pair: SlowPair) -> dict[str, Any]:
    return {
        "id": pair.id,
        "method": pair.method,
        "target": pair.target,
        "recorded_ms": round(pair.recorded / 1e6, 3),
        "service_ms": round(pair.service / 1e6, 3),
    }


def _signature(tally: Tally, key: SignatureKey, count: SignatureCount) -> dict[str, Any]:
    """`share` is of the endpoint's compared exchanges."""
    endpoint, path, kind, found = key
    mine = tally.endpoints.get(endpoint)
    compared = mine.matched + mine.mismatched if mine else 0
    return {
        "endpoint": endpoint,
        "path": path,
        "kind": kind,
        "count": count.count,
        "sessions": count.sessions.count_within(mine.differing, mine.compared_sessions)
        if mine
        else count.sessions.count,
        "sampled_sessions": sampled_sessions(count.sessions, mine.compared_sessions)
        if mine
        else {"seen": 0, "differing": 0},
        "share": round(count.count / compared, 6) if compared else None,
        "class": found,
        "looks": sorted(count.looks),
        "members": sorted(count.members),
        "exemplars": [asdict(exemplar) for exemplar in count.shown()],
    }


def _rounded(ratio: float | Over | None) -> float | str | None:
    if ratio is None:
        return None
    return str(ratio) if isinstance(ratio, Over) else round(ratio, 3)


def _plain(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(reason): count for reason, count in sorted(counts.items())}
