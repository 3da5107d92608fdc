"""What a finished run has to teach: its signatures with their counts, and what was compared of each endpoint.

Law: pure; the content of result.json in, evidence out. A file that some other version wrote, or somebody edited, is refused
in one sentence. The subtle thing: a run that was compared with its own first pass and one that was compared with the
recording say different things, and are never mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Class, Kind
from replay_users.compare.learning import AA, BASELINE, Evidence
from replay_users.compare.noise import Drift, Rate
from replay_users.errors import UsageError
from replay_users.path import parse_path

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIRST_PASS", "RECORDING", "evidence_of", "source_of"]

RECORDING: Final = "recording"
FIRST_PASS: Final = "first_pass"  # noqa: S105 - a pass over a recording, no password
"""What answers were compared with: the recording, or those of the run's first pass (`--aa 2`)."""


def source_of(result: Mapping[str, Any]) -> str:
    """`aa` or `baseline`, by what the run's answers were compared with."""
    return AA if result["run"].get("compared_with") == FIRST_PASS else BASELINE


def evidence_of(result: Mapping[str, Any], name: str) -> Evidence:
    """What a run saw; `name` is what messages call it.

    Raises:
        UsageError: this is no result.json that can be learnt from.
    """
    try:
        measured = {each["endpoint"]: _measured(each) for each in result["endpoints"]}
        drifts = tuple([_drift(each, measured) for each in result["signatures"]])
        crowded = frozenset(result["signatures_overflow"])
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        raise UsageError(f"{name} cannot be learnt from ({error!r}): run it again with this version") from None
    return Evidence(source=source_of(result), drifts=drifts, measured=measured, crowded=crowded)


def _measured(endpoint: Mapping[str, Any]) -> Rate:
    return Rate(
        seen=int(endpoint["mismatched"]),
        total=int(endpoint["matched"]) + int(endpoint["mismatched"]),
        sessions=int(endpoint["sessions"]),
    )


def _drift(signature: Mapping[str, Any], measured: Mapping[str, Rate]) -> Drift:
    kind, count = Kind(signature["kind"]), int(signature["count"])
    if kind is not Kind.STATUS:
        parse_path(signature["path"])
    total = measured[signature["endpoint"]].total
    return Drift(
        endpoint=signature["endpoint"],
        path_text=signature["path"],
        kind=kind,
        rate=Rate(seen=count, total=total, sessions=int(signature["sessions"])),
        found=Class(signature["class"]),
        looks=frozenset(signature["looks"]),
        members=frozenset(signature["members"]),
    )
