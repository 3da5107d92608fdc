"""`replay-users gate RUN`: the verdict on a finished run, given again, by other thresholds or against another baseline.

Law: reads a run's files, judges by `judge_run` as the run itself did, prints, and writes nothing. Without `--gate` the settings
are those that the run was judged by, so that the verdict is the same. The exit code is the run's: 0 pass, 3 fail, 4
inconclusive.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.results.finished import folder_of, read_whole_result
from replay_users.results.gate import GateSettings, judge_run, parse_gate
from replay_users.results.gate_files import read_baseline, read_baseline_run, read_gate
from replay_users.results.sample_files import read_samples
from replay_users.results.wording import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from replay_users.results.gate import Check, Gate

__all__ = ["add_to"]

_MARKS = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive"}


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("gate", help="judge a finished run, by other thresholds or against another baseline")
    command.add_argument("run", metavar="RUN", help="directory of a finished run")
    command.add_argument("--gate", default="", help="YAML file of thresholds; by default those the run was judged by")
    command.add_argument("--baseline", default="", help="baseline.json of accepted differences")
    command.add_argument("--baseline-run", default="", help="directory of a run of the same against the build before")
    command.add_argument("--all", action="store_true", help="show what passed of each endpoint too")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Judge it.

    Raises:
        UsageError: there is no such run, or one of the files cannot be used.
    """
    result, samples = read_whole_result(options.run), read_samples(folder_of(options.run))
    gate = judge_run(
        result,
        samples,
        read_gate(options.gate) if options.gate else _settings_of(result, options.run),
        baseline_run=read_baseline_run(options.baseline_run) if options.baseline_run else None,
        accepted=read_baseline(options.baseline) if options.baseline else None,
    )
    if options.json:
        sys.stdout.write(
            json.dumps({**gate.to_dict(), "exit_code": gate.exit_code}, indent=2, ensure_ascii=False) + "\n"
        )
    else:
        sys.stdout.write("\n".join([*_text(result, gate, whole=options.all), *_left_out(result, options)]) + "\n")
    return gate.exit_code


def _settings_of(result: Mapping[str, Any], run: str) -> GateSettings:
    """What the run was judged by; an earlier version had no settings."""
    settings = result["gate"].get("settings")
    if settings is None:
        return GateSettings()
    try:
        return parse_gate(json.dumps(settings), run)
    except UsageError as error:
        raise UsageError(
            f"the settings that {run} was judged by cannot be read: give others with --gate ({error})"
        ) from None


def _text(result: Mapping[str, Any], gate: Gate, *, whole: bool) -> Iterator[str]:
    yield f"{gate.verdict.upper():<13}run {plain(result['run']['id'])} of {plain(result['run']['recording'])}"
    yield ""
    folded: dict[str, Counter[str]] = {"inconclusive": Counter(), "pass": Counter()}
    for check in gate.checks:
        if check.endpoint is not None and (check.verdict == "pass" or _is_no_matter(check)) and not whole:
            folded[check.verdict][check.name] += 1
        else:
            yield _line(check)
    for verdict, names in folded.items():
        if names:
            told = ", ".join(f"{name} {count:,}" for name, count in names.items())
            advice = ", advisory" if verdict == "inconclusive" else ""
            yield f"{_MARKS[verdict]:<13}of endpoints: {told}{advice} (--all shows them)"


def _is_no_matter(check: Check) -> bool:
    """Whether it decides nothing, and cannot be told either."""
    return check.advisory and check.verdict == "inconclusive"


def _line(check: Check) -> str:
    advice = ", advisory" if check.advisory else ""
    return f"{_MARKS[check.verdict]:<13}{plain(check.name)}: {plain(check.sentence)}{advice}"


def _left_out(result: Mapping[str, Any], options: Any) -> Iterator[str]:
    """What the run was judged against and this verdict was not."""
    for name, option, given in (
        ("baseline", "--baseline FILE", options.baseline),
        ("baseline_run", "--baseline-run DIR", options.baseline_run),
    ):
        if result["gate"].get(name) and not given:
            yield f"note: the run was judged against a {name.replace('_', ' ')}, which this was not; give it with {option}"
