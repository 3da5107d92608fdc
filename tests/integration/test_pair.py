"""A real pair: answers of Datasette 0.64.8 as recorded, replayed against a target that gives those of 1.0a41.

The answers are those of `tests/data/README.md`. The target gives each of them for its request, so that nothing but the ways
to run a replay can make its figures differ.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.compare.test_truth import asked
from tests.integration.replays import replay, run_command
from tests.integration.swarms import processes, start_swarm
from tests.integration.test_swarm import balanced, counts
from tests.recording.making import START, make_exchange, record_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from replay_users.model import Exchange
    from tests.integration.replays import Finished

pytestmark = [pytest.mark.server, pytest.mark.slow]

_TIMES = 3
_FRAMING = ("transfer-encoding", "content-length")


def _recorded(nth: int) -> Exchange:
    """The nth request as the old version answered it; every user asks for everything in turn."""
    each = asked()[nth % len(asked())]
    status, head, body = each["old"]
    return make_exchange(
        nth,
        at=START + nth * 5_000_000,
        session=b"%d" % (nth % 23),
        method=each["endpoint"].split()[0],
        target=each["target"].encode(),
        request_head=b"X-Nth: %d\r\n" % (nth % len(asked())),
        status=status,
        response_head=head.encode("latin-1"),
        response_body=body.encode(),
        response_size=len(body.encode()),
    )


class _New(BaseHTTPRequestHandler):
    """The new version."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The answer that was seen for this request."""
        status, head, text = asked()[int(self.headers["X-Nth"])]["new"]
        body = text.encode()
        lines = [line for line in head.split("\r\n") if line and line.split(":")[0].lower() not in _FRAMING]
        lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([f"HTTP/1.1 {status} ", *lines, "", ""])
        self.wfile.write(head.encode("latin-1") + (b"" if self.command == "HEAD" else body))

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def new() -> Iterator[str]:
    """Where the new version answers, always with all that differs from the old one: a header at least."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _New) as server:
        server.daemon_threads, server.block_on_close = True, False  # a pool keeps its connections open
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The recording of the old version."""
    folder = tmp_path_factory.mktemp("pair")
    record_in(folder, [_recorded(nth) for nth in range(_TIMES * len(asked()))])
    return str(folder)


@pytest.fixture(scope="module")
def alone(old: str, new: str, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """What one process finds."""
    return replay(run_command(old, "--host", new), tmp_path_factory.mktemp("alone") / "run")


def _swarm(recording: str, target: str, tmp_path: Path) -> Finished:
    given = ("--recording", recording, "--host", target, "--expect-workers", "2")
    with start_swarm(tmp_path, *given) as swarm:
        done = swarm.master.finish()
        swarm.wait_until_gone()
    return done


def _found(result: Any) -> Any:
    """Every signature, with its class and how often it was seen in how many sessions."""
    names = ("endpoint", "path", "kind", "class", "count", "sessions")
    return sorted(tuple(each[name] for name in names) for each in result["signatures"])


@pytest.mark.parametrize("way", ["processes", "master and workers"])
def test_the_pair_gives_the_same_totals_however_it_is_run(
    way: str, alone: Finished, old: str, new: str, tmp_path: Path
) -> None:
    """Totals, statuses and differences of one process are those of `--processes 2`, and of a master with two workers."""
    if way == "processes":
        done = replay(run_command(old, "--host", new, *processes(2)), tmp_path / "run")
    else:
        done = _swarm(old, new, tmp_path)
    totals = balanced(done)
    assert len(done.result["workers"]) == 2
    assert all(worker["rows"] for worker in done.result["workers"])
    assert counts(done.result) == counts(alone.result)
    assert _found(done.result) == _found(alone.result) != []
    assert done.code == alone.code == 3
    assert totals["sent"] == totals["mismatched"] == _TIMES * len(asked())
