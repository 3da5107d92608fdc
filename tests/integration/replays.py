"""Real replays to test with: a small recording, Locust in processes of its own, and what came of them.

Law: starts, signals and reads; no assertions. Only what was started here is ever signalled, and nothing outlives a test.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.testing import http_answer, serve
from tests.recording.making import make_exchange, record_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from replay_users.model import Exchange
    from replay_users.testing import Step

__all__ = [
    "BODY",
    "JSON",
    "LOCUSTFILES",
    "Finished",
    "Running",
    "locust_command",
    "make_traffic",
    "record_traffic",
    "replay",
    "replaying",
    "run_command",
    "same_answers",
]

BODY = b'{"id":7}'
JSON = b"Content-Type: application/json\r\n"
LOCUSTFILES = Path(__file__).parents[2] / "locustfiles"

_PATHS = (b"/items/%d?page=1", b"/users/%d", b"/orders/%d/lines", b"/items/%d?page=2")
_METHODS = ("GET", "GET", "POST", "GET")
_WITHIN = 100.0  # s: only a test that fails waits so long
_PATIENT = {"REPLAY_MAX_LAG": "1m"}
"""Who sends may stand still for longer than a second, the usual limit, and these runs are about other things."""


def make_traffic(count: int, *, every_ms: int = 10, **changes: Any) -> list[Exchange]:
    """Exchanges of seven sessions, a quarter of them writes, each answered with `BODY`."""
    return [
        make_exchange(
            nth,
            **{
                "at": make_exchange(0).at + nth * every_ms * 1_000_000,
                "method": _METHODS[nth % 4],
                "target": _PATHS[nth % 4] % (1000 + nth),
                "request_body": b'{"n":1}' if nth % 4 == 2 else b"",
                "response_body": BODY,
                "response_size": len(BODY),
                **changes,
            },
        )
        for nth in range(count)
    ]


def record_traffic(folder: Path, count: int, **changes: Any) -> str:
    """A recording of such exchanges; gives its address."""
    record_in(folder, make_traffic(count, **changes))
    return str(folder)


def same_answers(*, seconds: float = 0.0, body: bytes = BODY) -> Sequence[Step]:
    """A script that answers as recorded, or always with another body."""
    return [serve(http_answer(body, head=JSON), seconds=seconds)]


@dataclass(frozen=True)
class Finished:
    """A replay that has ended: its exit code, what it said, and the folder that was its `--out`."""

    code: int
    out: str
    err: str
    folder: Path
    seconds: float

    @property
    def result(self) -> Any:
        """The content of result.json."""
        path = self.folder / "result.json"
        assert path.exists(), self.said
        return json.loads(path.read_bytes())

    @property
    def totals(self) -> Any:
        """The totals of result.json."""
        return self.result["totals"]

    @property
    def said(self) -> str:
        """Everything it said."""
        return self.out + self.err


def locust_command(*arguments: str, locustfile: Path = LOCUSTFILES / "replay.py", headless: bool = True) -> list[str]:
    """A Locust command line."""
    return [sys.executable, "-m", "locust", "-f", str(locustfile), *(["--headless"] if headless else []), *arguments]


def run_command(*arguments: str) -> list[str]:
    """A command line of `replay-users run`."""
    return [sys.executable, "-m", "replay_users.cli", "run", *arguments]


def replay(command: Sequence[str], folder: Path, **environment: str) -> Finished:
    """Run a replay with `--out` to its end."""
    with replaying(command, folder, **environment) as running:
        return running.finish()


@contextmanager
def replaying(command: Sequence[str], folder: Path, **environment: str) -> Iterator[Running]:
    """Run a replay with `--out` while the block runs; at its end the process and its children are gone."""
    running = Running([*command, "--out", str(folder)], folder, environment)
    try:
        yield running
    finally:
        running.end()


class Running:
    """A replay under way; what it writes is read as it comes."""

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        """Start it, in a process group of its own."""
        self._began = time.monotonic()
        self._folder = folder
        self.process = subprocess.Popen(
            command,
            env={**_clean(), **_PATIENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._texts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._texts]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str) -> None:
        with getattr(self.process, name) as stream:
            for line in stream:
                self._texts[name].append(line.decode("utf-8", "replace"))

    @property
    def out(self) -> str:
        """What it wrote to stdout so far."""
        return "".join(self._texts["stdout"])

    @property
    def err(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self._texts["stderr"])

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds; fails if it does not in time, or cannot any more."""
        deadline = time.monotonic() + _WITHIN
        while not condition():
            ended = self.process.poll() is not None
            if (ended and not condition()) or time.monotonic() > deadline:
                raise AssertionError(f"did not come about; exit code {self.process.poll()}; it said:\n{self.err}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        self.process.send_signal(number)

    def signal_all(self, number: int) -> None:
        """Send a signal to the process and all it has started, as Ctrl-C in a terminal does."""
        os.killpg(self.process.pid, number)

    @property
    def others(self) -> list[int]:
        """The processes that it has started, or that those have, and that are still there."""
        return [pid for pid in _session(self.process.pid) if pid != self.process.pid]

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        return self.process.poll() is not None and not self.others

    def finish(self) -> Finished:
        """Wait for its end."""
        code = self.process.wait(_WITHIN)
        for reader in self._readers:
            reader.join()
        return Finished(code, self.out, self.err, self._folder, time.monotonic() - self._began)

    def end(self) -> None:
        """Kill what is left of it."""
        left = self.others
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
            self.process.wait()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for reader in self._readers:
            reader.join()


def _session(leader: int) -> list[int]:
    """The living processes of a session; who leads it has its number."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(path.parent.name))
    return found


def _clean() -> dict[str, str]:
    """This environment without what would set options of a run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("REPLAY_", "LOCUST_", "INFLUX"))}
