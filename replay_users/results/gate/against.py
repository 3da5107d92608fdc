"""Whether two runs can be set side by side: the same recording, the same part of it, at the same pace.

Law: pure; the content of two result.json in, a refusal in one sentence or nothing. The subtle thing: a recording may lie
elsewhere by now, so that only the end of its address tells, beside its generation and what was replayed of it; and of two
runs of one recording the samples of pairs hold the same exchanges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.plan.duration import SECOND
from replay_users.plan.window import describe_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.results.baseline import Baseline
    from replay_users.results.samples import Samples

__all__ = ["has_other_exchanges", "refuse_other_comparison", "refuse_other_run"]

_SAME = 0.2
"""Two samples of one window share all but what only one of the runs could send; those of two recordings share nothing."""
_TELLING = 20


def refuse_other_run(run: Mapping[str, Any], baseline: Mapping[str, Any], *, version: int) -> None:
    """Refuse a baseline run that was of something else; `run` is the section of the run's result, `baseline` a whole result.

    Raises:
        UsageError: it cannot stand beside this run.
    """
    theirs = baseline["run"]
    name = theirs["id"]
    their_version = baseline.get("schema_version")
    if their_version != version:
        raise UsageError(
            f"baseline run {name} has schema version {their_version!r:.20}, this run has {version}: replay it again"
        )
    for what, mine, other in (
        ("recording", _end(run["recording"]), _end(theirs["recording"])),
        ("manifest generation", run["manifest"], theirs["manifest"]),
        ("window", _window(run), _window(theirs)),
        ("pace", run["pace"], theirs["pace"]),
    ):
        if mine != other:
            raise UsageError(
                f"baseline run {name} is of another {what} ({other}, this run is of {mine}): replay the same against the"
                " build that was good"
            )
    if not baseline["totals"]["sent"]:
        raise UsageError(f"baseline run {name} has sent nothing: replay the same against the build that was good")


def refuse_other_comparison(compared_with: str, accepted: Baseline) -> None:
    """Refuse a baseline of runs that were compared with something else than this one.

    Raises:
        UsageError: they were.
    """
    if accepted.runs and accepted.compared_with != compared_with:
        raise UsageError(
            f"the baseline is of runs compared with the {accepted.compared_with.replace('_', ' ')}, this run is compared"
            f" with the {compared_with.replace('_', ' ')}: use another baseline"
        )


def has_other_exchanges(mine: Samples, theirs: Samples) -> bool:
    """Whether a baseline run has sent other exchanges: of another sample of the sessions, or of a recording of the same name."""
    one = {pair.id for pairs in mine.pairs.values() for pair in pairs}
    other = {pair.id for pairs in theirs.pairs.values() for pair in pairs}
    least = min(len(one), len(other))
    return least >= _TELLING and len(one & other) < _SAME * least


def _end(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def _window(run: Mapping[str, Any]) -> str:
    window = run.get("window_ns")
    if window is None:
        return "unknown"
    return " to ".join(map(_instant, window))


def _instant(at: int) -> str:
    """In UTC, to the last digit that is not 0: what differs by a nanosecond reads differently."""
    part = f"{at % SECOND:09d}".rstrip("0")
    return f"{describe_instant(at)[:-1]}{'.' * bool(part)}{part}Z"
