"""From a drained run to its files, its summary and its exit code.

Law: reads the run, writes the run directory, changes neither. A result that cannot be written is an error of ours with
its sentence; the verdict is still shown, and told to whoever listens.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from replay_users import __version__
from replay_users.compare.explain import explained
from replay_users.errors import ReplayError
from replay_users.events import events
from replay_users.plan.layout import labelled
from replay_users.results.exhibits import Exhibit
from replay_users.results.learnable import FIRST_PASS, RECORDING
from replay_users.results.reports import FILES, report_text
from replay_users.results.result import RunEvent, RunFacts, conclude, exit_code, result_json
from replay_users.results.rundir import exemplars_of, rewrite_result, write_run
from replay_users.results.samples import samples_of
from replay_users.results.summary import summary_text
from replay_users.swarm.grafana_link import dashboard_link
from replay_users.swarm.judging import hosts_of
from replay_users.swarm.upload import upload_run
from replay_users.swarm.watch import AUTOSTOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gevent.event import Event

    from replay_users.events import WorkerHealth
    from replay_users.plan.plan import Plan
    from replay_users.results.autostop import Criterion
    from replay_users.results.samples import Samples
    from replay_users.results.tally import Tally
    from replay_users.results.windows import Counts
    from replay_users.swarm.prepare import Prepared
    from replay_users.swarm.progress import Pulse

__all__ = ["Conclusion", "Replay", "conclude_run"]

_logger = logging.getLogger(__name__)
_TOOL_ERROR = 1


class Replay(Protocol):
    """A run as its face sees it, whoever sends: this process or the workers of a master."""

    @property
    def id(self) -> str:
        """Its name, everywhere."""

    @property
    def prepared(self) -> Prepared:
        """What it was asked to be."""

    @property
    def plan(self) -> Plan:
        """What it was to do."""

    @property
    def tally(self) -> Tally:
        """What was counted so far."""

    @property
    def done(self) -> Event:
        """Set when there is nothing more to count."""

    @property
    def started_at(self) -> float:
        """Its time 0, in seconds of the wall clock."""

    @property
    def elapsed(self) -> int:
        """Ns since its time 0; 0 before it."""

    @property
    def stopped_by(self) -> str | None:
        """What ended it early, if anything did."""

    @property
    def error(self) -> ReplayError | None:
        """What of ours went wrong, if anything did."""

    @property
    def connections(self) -> Mapping[str, Any]:
        """What its connections did."""

    @property
    def comparers(self) -> Mapping[str, int]:
        """What comparing took."""

    @property
    def exhibits(self) -> Sequence[Mapping[str, Any]]:
        """Pairs behind exemplars, redacted."""

    @property
    def user_code_failures(self) -> Mapping[str, int]:
        """How often each of the user's methods failed."""

    autostop: RunEvent | None
    """Which of its criteria stopped it, if one did."""

    @property
    def events(self) -> Sequence[RunEvent]:
        """What happened meanwhile."""

    @property
    def workers(self) -> Sequence[Mapping[str, Any]]:
        """Who did it; empty if it was this process."""

    @property
    def lost(self) -> Sequence[str]:
        """Of each lost worker what it left, as a sentence."""

    def pulse(self) -> Pulse:
        """How far it is."""

    def progress(self) -> tuple[Tally, Mapping[str, WorkerHealth]] | None:
        """What was counted so far, and how the processes that send are doing; `None` while nothing of the result is counted."""

    def counted(self, criteria: Sequence[Criterion]) -> Counts:
        """What was counted so far of what may stop it."""

    def begin(self) -> None:
        """Begin."""

    def stop(self, reason: str) -> None:
        """Send nothing more, wait a little for what is under way."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of a run."""

    result: dict[str, Any]
    summary: str
    exit_code: int
    folder: Path


def conclude_run(run: Replay) -> Conclusion:
    """Judge the run, write its directory, tell the listeners."""
    folder = Path(run.prepared.settings.out.replace("{id}", run.id))
    samples = samples_of(run.tally, run.plan.course)
    result, exhibits = _judged(run, samples), list(run.exhibits)
    reports = _reports(result, samples, exhibits)
    summary = summary_text(result, folder=str(folder), reports=list(reports))
    failure: ReplayError | None = None
    try:
        write_run(
            folder,
            result,
            summary,
            exemplars_of(result, _explained(exhibits)),
            exhibits=exhibits,
            samples=samples,
            reports=reports,
            replace=run.prepared.settings.overwrite,
        )
    except ReplayError as error:
        _logger.error("%s", error)  # noqa: TRY400 - a sentence, not a traceback
        failure, result["exit_code"] = error, error.exit_code
    events.run_finished.fire(summary=result)
    if failure is None and run.prepared.settings.upload:  # last, since listeners may leave files too
        summary += _uploaded(run, folder, result)
    return Conclusion(result, summary, result["exit_code"], folder)


def _judged(run: Replay, samples: Samples) -> dict[str, Any]:
    """The content of result.json."""
    settings = run.prepared.settings
    judged = conclude(
        _facts(run),
        run.tally,
        run.plan.planned,
        rules=settings.rules,
        noise_decides=settings.noise_is_failure,
        by=settings.gate,
        samples=samples,
        more={
            "connections": dict(run.connections),
            "comparers": {"queue_peak_bytes": 0, **run.comparers, "sample": settings.sampling.texts()},
            "user_code_failures": dict(run.user_code_failures),
        },
    )
    result = result_json(judged)
    result["exit_code"] = _TOOL_ERROR if run.error is not None else exit_code(judged)
    if settings.grafana:
        link = dashboard_link(settings.grafana, run.id, run.started_at, run.elapsed / 1e9)
        result["run"]["dashboard"] = link
    return result


def _uploaded(run: Replay, folder: Path, result: dict[str, Any]) -> str:
    """Copy the directory to where `--upload` says, and say so; what goes wrong is an event, and changes nothing else."""
    settings = run.prepared.settings
    place = f"{settings.upload}/{run.id}"
    try:
        upload_run(folder, place, settings.store)
    except Exception as error:  # noqa: BLE001 - whatever S3 does, the run is over and judged
        text = f"the run was not copied to {place}: {error}"
        _logger.warning("%s", text)
        result["events"].append(asdict(RunEvent(at_s=round(run.elapsed / 1e9, 3), event="warning", text=text)))
        with suppress(OSError):
            rewrite_result(folder, result)
        return ""
    return labelled("copied to", place) + "\n"


def _reports(result: Mapping[str, Any], samples: Samples, exhibits: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """The reports by file; one that cannot be made is a bug of ours, and costs neither the others nor the result."""
    made = {}
    for name, kind in FILES.items():
        try:
            made[name] = report_text(kind, result, samples, exhibits)
        except Exception as error:  # noqa: BLE001 - whatever it is, the result is worth more
            _logger.error("%s could not be made (%s: %s): the result has it all", name, type(error).__name__, error)  # noqa: TRY400
    return made


def _explained(exhibits: Sequence[Mapping[str, Any]]) -> Mapping[str, list[str]]:
    """What DeepDiff says of them, if it is installed."""
    cases = []
    for line in exhibits:
        with suppress(ValueError):  # of a worker that speaks another language
            exhibit = Exhibit.read(line)
            cases.append((exhibit.id, exhibit.case()))
    return explained(cases).by_id


def _facts(run: Replay) -> RunFacts:
    settings, hosts = run.prepared.settings, hosts_of(run.prepared.router, run.prepared.recording.manifest.hosts)
    autostop = run.autostop if run.stopped_by == AUTOSTOP else None  # else somebody was first
    happened = [*run.events, *([autostop] if autostop else [])]
    return RunFacts(
        id=run.id,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started_at)),
        recording=run.plan.recording,
        manifest=run.plan.generation,
        target=run.plan.target or "",
        pace=run.plan.pace.describe(),
        version=__version__,
        labels=settings.labels,
        stopped_by=run.stopped_by,
        autostop=None if autostop is None else autostop.text,
        events=tuple(sorted(happened, key=lambda event: event.at_s)),
        workers=tuple(run.workers),
        lost=tuple(run.lost),
        window_ns=(run.plan.window.start, run.plan.window.end),
        compared_with=FIRST_PASS if settings.twice else RECORDING,
        hosts=dict(hosts.pairs) if hosts else {},
    )
