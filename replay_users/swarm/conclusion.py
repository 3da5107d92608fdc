"""From a drained run to its files, its summary and its exit code.

Law: reads the run, writes the run directory, changes neither. A result that cannot be written is an error of ours with
its sentence; the verdict is still shown, and told to whoever listens.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users import __version__
from replay_users.errors import ReplayError
from replay_users.events import events
from replay_users.results.result import RunEvent, RunFacts, conclude, exit_code, result_json
from replay_users.results.rundir import write_run
from replay_users.results.summary import summary_text

if TYPE_CHECKING:
    from replay_users.swarm.run import Run

__all__ = ["Conclusion", "conclude_run"]

_logger = logging.getLogger(__name__)
_TOOL_ERROR = 1


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What came of a run."""

    result: dict[str, Any]
    summary: str
    exit_code: int
    folder: Path


def conclude_run(run: Run) -> Conclusion:
    """Judge the run, write its directory, tell the listeners."""
    settings = run.prepared.settings
    folder = Path(settings.out.replace("{id}", run.id))
    judged = conclude(_facts(run), run.tally, run.plan.planned)
    result = result_json(judged)
    result["connections"] = _connections(run)
    result["user_code_failures"] = run.user_code_failures
    code = _TOOL_ERROR if run.error is not None else exit_code(judged)
    result["exit_code"] = code
    summary = summary_text(result, folder=str(folder))
    try:
        write_run(folder, result, summary, replace=settings.overwrite)
    except ReplayError as error:
        _logger.error("%s", error)  # noqa: TRY400 - a sentence, not a traceback
        code = result["exit_code"] = error.exit_code
    events.run_finished.fire(summary=result)
    return Conclusion(result, summary, code, folder)


def _facts(run: Run) -> RunFacts:
    settings = run.prepared.settings
    return RunFacts(
        id=run.id,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.started_at)),
        recording=run.plan.recording,
        manifest=run.plan.generation,
        target=settings.host.url,
        pace=run.plan.pace.describe(),
        version=__version__,
        labels=settings.labels,
        stopped_by=run.stopped_by,
        events=(RunEvent(at_s=run.engine.now() / 1e9, event="error", text=str(run.error)),) if run.error else (),
    )


def _connections(run: Run) -> dict[str, int]:
    return asdict(run.engine.counters)
