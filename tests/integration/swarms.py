"""Masters and workers to test with, as processes of their own.

Law: starts and looks; no assertions. A master and its workers are processes of different sessions, as on different machines,
while those of `--processes` are one session.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from tests.integration.replays import LOCUSTFILES, Running, locust_command, replaying
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Form", "Swarm", "processes", "start_swarm"]


def processes(count: int) -> tuple[str, ...]:
    """Options for processes of one's own, on a port that is free: by itself Locust takes the same one for everybody."""
    port = str(free_port())
    return (
        "--processes",
        str(count),
        "--master-bind-host",
        "127.0.0.1",
        "--master-bind-port",
        port,
        "--master-port",
        port,
    )


class Swarm:
    """A master, and workers that may come and go."""

    def __init__(self, master: Running, port: int, folder: Path, stack: ExitStack) -> None:
        """Workers are started by `add`."""
        self.master = master
        self.workers: list[Running] = []
        self._port = port
        self._folder = folder
        self._stack = stack

    def add(self, *arguments: str, locustfile: Path = LOCUSTFILES / "replay.py", **environment: str) -> Running:
        """Start another worker, and wait until the master has it."""
        known = self.master.err.count("reported as ready")
        worker = self.launch(*arguments, locustfile=locustfile, **environment)
        self.master.wait_for(lambda: self.master.err.count("reported as ready") > known)
        return worker

    def launch(self, *arguments: str, locustfile: Path = LOCUSTFILES / "replay.py", **environment: str) -> Running:
        """Start another worker."""
        command = locust_command(
            *("--worker", "--master-host", "127.0.0.1", "--master-port", str(self._port), *arguments),
            locustfile=locustfile,
            headless=False,
        )
        self.workers.append(self._stack.enter_context(replaying(command, self._folder / "unused", **environment)))
        return self.workers[-1]

    def wait_until_gone(self) -> None:
        """Wait until master and workers are gone; fails if they stay."""
        for running in (self.master, *self.workers):
            running.wait_for(lambda running=running: running.is_gone)  # type: ignore[misc]


@contextmanager
def start_swarm(
    folder: Path, *arguments: str, workers: int = 2, headless: bool = True, **environment: str
) -> Iterator[Swarm]:
    """A master with workers while the block runs."""
    port = free_port()
    command = locust_command(
        "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), *arguments, headless=headless
    )
    with ExitStack() as stack:
        master = stack.enter_context(replaying(command, folder / "run", **environment))
        swarm = Swarm(master, port, folder, stack)
        for _ in range(workers):
            swarm.launch(locustfile=LOCUSTFILES / "replay.py", **environment)
        yield swarm


class Form:
    """Locust's web form, which a person fills in."""

    def __init__(self, port: int, target: str) -> None:
        """`target` is the host that is chosen unless another one is."""
        self._base = f"http://127.0.0.1:{port}"
        self._target = target

    def get(self, path: str) -> str:
        """A page."""
        with urllib.request.urlopen(self._base + path) as answer:  # noqa: S310 - on loopback
            return str(answer.read().decode("utf-8"))

    def post(self, path: str, **form: str) -> Any:
        """What posting a form answers."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self._base + path, data) as answer:  # noqa: S310 - on loopback
            return json.load(answer)

    def swarm(self, **form: str) -> Any:
        """Press Start."""
        return self.post("/swarm", **{"host": self._target, "user_count": "1", "spawn_rate": "1", **form})

    @property
    def workers(self) -> int:
        """How many workers there are; none while the page is not up yet."""
        try:
            return int(json.loads(self.get("/worker-count"))["worker_count"])
        except urllib.error.URLError:
            return 0

    @property
    def is_up(self) -> bool:
        """Whether the page answers."""
        try:
            return bool(self.get("/"))
        except urllib.error.URLError:
            return False
