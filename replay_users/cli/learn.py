"""`replay-users learn RUN ... --out rules.yaml`: what differed although nothing changed, as rules to review.

Law: reads results, writes one rules file beside its place and renames it; every decision is in `compare.learning`. What was
not learnt is said, with the reason and what to do. The subtle thing: a run against the recording is learnt from only with
`--baseline`, since of a release under test it would hide the regressions.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.compare.accept import Acceptance
from replay_users.compare.learning import AA, BASELINE, learn, together
from replay_users.compare.noise import Refusal, confidence_text, unseen
from replay_users.compare.relearning import relearn
from replay_users.compare.rules.notes import describe
from replay_users.errors import UsageError
from replay_users.results.finished import read_result
from replay_users.results.learnable import evidence_of, source_of
from replay_users.results.wording import place, several

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.compare.learning import Evidence, Lesson
    from replay_users.compare.noise import Drift
    from replay_users.compare.relearning import Relearnt

__all__ = ["add_to"]

_DAYS = 90
_SHOWN = 10
_RARE, _SURE = 0.01, 0.05
"""Of so rare a noise it should be so unlikely that nothing was seen: 299 answers."""
_WHY = {
    Refusal.STRUCTURE: "more than another value; if expected, --accept",
    Refusal.ROOT: "the whole body; if expected, --accept",
    Refusal.OVER_BROAD: "a rule there would cover fields that do not differ; narrow it by hand, or --accept",
    Refusal.CLASS: "no noise: it is missing there, forbidden or overloaded",
}


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("learn", help="make rules of what differed although nothing changed")
    command.add_argument("runs", nargs="+", metavar="RUN", help="directory of a finished run")
    command.add_argument("--out", required=True, help="rules file to write; one that is there learns more")
    command.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="[ENDPOINT ]PLACE",
        help="take this for noise too, whatever differs: a path, header:NAME, status, or an endpoint's glob; may be repeated",
    )
    source = command.add_mutually_exclusive_group()
    source.add_argument("--aa", action="store_true", help="all are A/A runs (run --aa 2); so it is if they say so")
    source.add_argument(
        "--baseline", action="store_true", help="they were compared with the recording, and the target was good"
    )
    command.add_argument("--expires", default=str(_DAYS), metavar="DAYS", help="days that rules hold; 0 for ever")
    command.add_argument("--force", action="store_true", help="replace the file instead of learning into it")
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Learn.

    Raises:
        ReplayError: a run cannot be learnt from, or the file not written.
    """
    today = datetime.now(UTC).date()
    evidence = together([_evidence(run, options) for run in options.runs])
    accepted = Acceptance(options.accept)
    lesson = learn(evidence, accepted, expires=_last_day(options.expires, today))
    path = Path(options.out)
    relearnt = relearn(_text(path, replace=options.force), options.out, lesson.rules, today)
    _write(path, relearnt.text)
    lines = [*_told(options.out, evidence, relearnt), *_refused(lesson)]
    lines += [f"--accept {text!r}: nothing differs there" for text in accepted.idle(evidence.drifts)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _evidence(run: str, options: Any) -> Evidence:
    result = read_result(run)
    source = source_of(result)
    if options.aa and source != AA:
        raise UsageError(f"{run} is no A/A run: its answers were compared with the recording (see --baseline)")
    if options.baseline and source != BASELINE:
        raise UsageError(f"{run} is an A/A run, which says nothing of the recording: leave out --baseline")
    if source == BASELINE and not options.baseline:
        raise UsageError(
            f"{run} was compared with the recording: if its target was known to be good, say --baseline; else learn from"
            " an A/A run (replay-users run ... --aa 2)"
        )
    return evidence_of(result, run)


def _last_day(text: str, today: date) -> date | None:
    if not text.isdecimal() or int(text[:9]) > 36_500:  # noqa: PLR2004 - a century
        raise UsageError(f"--expires {text!r}: give a number of days, 0 for ever")
    return today + timedelta(days=int(text)) if int(text) else None


def _text(path: Path, *, replace: bool) -> str:
    if replace:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"--out {path} cannot be read: {reason}; --force replaces it") from None


def _write(path: Path, text: str) -> None:
    """It holds no values and is to be reviewed, so it has the permissions of any file, or those it had."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        if path.exists():
            beside.chmod(path.stat().st_mode & 0o777)
        os.replace(beside, path)  # noqa: PTH105 - atomic, and over an existing file
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"--out {path} cannot be written: {error.strerror}") from None


def _told(name: str, evidence: Evidence, relearnt: Relearnt) -> Iterator[str]:
    counts = [
        (relearnt.new, "new"),
        (relearnt.renewed, "renewed"),
        (relearnt.kept, "kept"),
        (relearnt.over, "expired and gone"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing"
    total = sum(rate.total for rate in evidence.measured.values())
    yield f"{name}: {told}; learnt from {total:,} compared answers. Review it."
    yield from _unsure(evidence)
    if evidence.crowded:
        first, *others = sorted(evidence.crowded)
        more = f" and {several(len(others), 'endpoint')} more" if others else ""
        yield (
            f"not all: {first}{more} differed in more places than a run keeps (200 of an endpoint, 2,000 in all);"
            " run again with these rules and learn from that run too"
        )
    for rule in relearnt.yours[:_SHOWN]:
        yield f"yours: {describe(rule)} on {rule.endpoint} is decided by a rule of yours"


def _unsure(evidence: Evidence) -> Iterator[str]:
    """How far to trust it: noise is an endpoint's own, so that what counts are its answers, not all."""
    totals = [rate.total for rate in evidence.measured.values() if rate.total]
    few = [total for total in totals if unseen(_RARE, total) > _SURE]
    if few:
        yield (
            f"unsure: {len(few):,} of {several(len(totals), 'endpoint')} had too few answers to show all noise, at the least "
            f"{min(few):,} ({confidence_text(min(few))}); learn from more or longer runs"
        )


def _refused(lesson: Lesson) -> Sequence[str]:
    """What was not learnt, by reason: how many, and the first of them."""
    by_reason = Counter(reason for _, reason in lesson.refused)
    lines = []
    for reason, count in by_reason.items():
        drifts = [drift for drift, why in lesson.refused if why is reason]
        drifts.sort(key=lambda drift: (-drift.rate.seen, drift.endpoint, drift.path_text))
        lines.append(f"not learnt: {count:,} ({_WHY[reason]})")
        lines += [f"  {each.rate.seen:,}x {each.endpoint}  {_place(each)}" for each in drifts[:_SHOWN]]
        lines += [f"  and {count - _SHOWN:,} more"] if count > _SHOWN else []
    return lines


def _place(drift: Drift) -> str:
    return " ".join(place(drift.path_text, drift.kind)).rstrip()
