"""The demo step by step: record version 1, ingest, plan, replay against version 2, judge what was found.

Law: the order of the steps and what a person reads between them. Each step of the tool is the command that a person
would type, in a process of its own, shown before it runs. The subtle thing: the replay ends with 3, since the answers
do differ; what the demo ends with is decided by which differences those are.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from replay_users.demo.children import child
from replay_users.demo.expectations import findings_of, is_as_planted
from replay_users.demo.load import PRODUCTION, put_load
from replay_users.demo.shop import serve_shop
from replay_users.demo.weed import find_weed, serve_bucket
from replay_users.errors import ReplayError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from replay_users.demo.expectations import Finding

__all__ = ["Show", "clean_environment"]

RECORD_S: Final = 12
"""Seconds in which sessions begin; the last ones end within two more."""

_NOT_OURS: Final = ("REPLAY_", "LOCUST_", "AWS_", "INFLUXDB_V2_URL")
_REPLAYED: Final = {0, 3}  # exit codes of a replay that came to its end
_FOUND, _NOT_FOUND = 0, 3


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the children get: without settings of other replays, and without anybody's real credentials."""
    return {name: value for name, value in environment.items() if not name.startswith(_NOT_OURS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One demo: the repository it is in, the folder for what it leaves behind, the environment of its children.

    `more` are options for the replay: where its points go.
    """

    root: Path
    folder: Path
    env: Mapping[str, str]
    more: tuple[str, ...] = ()

    def run(self, *, s3: bool = False, keep: bool = False) -> int:
        """All steps; 0 exactly when what was planted was found and nothing beside it.

        Args:
            s3: keep the recording in a real S3 server, which ends with the demo.
            keep: replay the recording that is there instead of making one.

        Raises:
            ReplayError: a step could not be done.
        """
        recording = str(self.folder / "recording")
        with ExitStack() as stack:
            env = self.env
            if s3:
                scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-users-demo-"))
                bucket = stack.enter_context(serve_bucket(find_weed(), Path(scratch), env))
                recording, env = f"{bucket.url}/shop", {**env, **bucket.env}
            if keep:
                self._refuse_nothing_kept()
            else:
                self._record(recording, env)
            self._tool(["plan", recording, "--allow-writes"], env)
            result = self._replay(recording, env)
        findings = findings_of(result)
        _say(_found(findings))
        _say([f"recording   {recording}" + " (of a server that ended with the demo)" * s3])
        _say(_links(self.folder, result, has_points=any(option.startswith("--influx-url=") for option in self.more)))
        return _FOUND if is_as_planted(findings) else _NOT_FOUND

    def _refuse_nothing_kept(self) -> None:
        if not (self.folder / "recording").is_dir():
            raise UsageError(f"--keep: there is no recording in {self.folder}: run the demo without --keep first")

    def _record(self, recording: str, env: Mapping[str, str]) -> None:
        """Put load on version 1, and make a recording of what was captured."""
        self._clear()
        capture = self.folder / "capture.jsonl"
        _say([f"version 1 of the shop, as {PRODUCTION}, under bursts of sessions for {RECORD_S} s"])
        with serve_shop(self.root, 1, env=env, log=self.folder / "shop-1.log", capture=capture) as port:
            load = put_load(port, RECORD_S)
        _say([f"{load.exchanges:,} exchanges of {load.sessions} sessions in {load.seconds:.1f} s ({load.rate:.0f}/s)"])
        self._tool(["ingest", str(capture), "--to", recording, "--rejects", str(self.folder / "rejects.jsonl")], env)

    def _clear(self) -> None:
        """Take away what an earlier demo left, by name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "recording", ignore_errors=True)
        for name in ("capture.jsonl", "rejects.jsonl"):
            (self.folder / name).unlink(missing_ok=True)

    def _replay(self, recording: str, env: Mapping[str, str]) -> dict[str, Any]:
        """Replay against version 2; gives the content of result.json."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        rules = os.path.relpath(self.root / "examples" / "shop" / "rules.yaml")
        with serve_shop(self.root, 2, env=env, log=self.folder / "shop-2.log") as port:
            command = ["run", recording, "--host", f"http://127.0.0.1:{port}", "--allow-writes", "--rules", rules]
            self._tool([*command, *self.more, "--out", str(self.folder), "--overwrite"], env, ends_with=_REPLAYED)
        try:
            return dict(json.loads(result.read_bytes()))
        except (OSError, ValueError) as error:
            raise ReplayError(f"the replay left no readable {result} ({error}): see what it said above") from error

    def _tool(self, arguments: list[str], env: Mapping[str, str], *, ends_with: Iterable[int] = (0,)) -> None:
        """Run one of our commands as a person would."""
        _say(["", f"$ replay-users {shlex.join(arguments)}"])
        with child([sys.executable, "-m", "replay_users.cli", *arguments], env=env) as process:
            code = process.wait()
        if code not in ends_with:
            raise ReplayError(f"replay-users {arguments[0]} ended with {code}: see what it said above")


def _links(folder: Path, result: Mapping[str, Any], *, has_points: bool = False) -> list[str]:
    """Where to look at the replay; a report that could not be made is not there. Points want a Grafana to be seen."""
    labels = {"report.html": "report", "junit.xml": "junit", "report.md": "markdown", "result.json": "result"}
    files = {label: folder / name for name, label in labels.items()}
    lines = [f"{label:<12}{path.absolute().as_uri()}" for label, path in files.items() if path.exists()]
    dashboard = result["run"].get("dashboard")
    if has_points and not dashboard:
        dashboard = "k8s/grafana/dashboards, for your Grafana (docs/grafana.md); --grafana-url makes this a link"
    return [*lines, *([f"dashboards  {dashboard}"] if dashboard else [])]


def _found(findings: Iterable[Finding]) -> list[str]:
    """What was planted and what was found, as lines."""
    lines = ["", "planted in version 2 of the shop, and found by the replay:"]
    for finding in findings:
        word = "found" if finding.is_right else "MISSING" if finding.planted else "UNEXPECTED"
        lines.append(f"  {word:<10}  {finding.what}" + f" ({finding.note})" * bool(finding.note))
    return [*lines, ""]


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()  # before a child writes to the same place
