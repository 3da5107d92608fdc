"""The article's lines, from the file to the verdict: what can be compared is, and what cannot is said."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from replay_users.cli import main
from tests.integration.replays import replay, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.replays import Finished

pytestmark = pytest.mark.server

LINES = Path(__file__).parents[1] / "data" / "traffic-capture.jsonl"

STATUSES = {
    "GET /api/products?page=2": 200,
    "POST /api/orders": 201,
    "GET /api/products/7": 404,
    "GET /api/products/8?ref=mail": 200,
    "POST /api/reviews": 200,
    "GET /api/products/9": 500,
}
"""What production answered."""


@contextmanager
def staging(**changed: int) -> Iterator[tuple[str, dict[str, tuple[str | None, bytes]]]]:
    """A server that answers with these statuses; gives its URL, and Host and body of each request it got."""
    seen: dict[str, tuple[str | None, bytes]] = {}
    statuses = {**STATUSES, **changed}

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen[f"{self.command} {self.path}"] = self.headers.get("Host"), body
            self.send_response(statuses[f"{self.command} {self.path}"])
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"now!")

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording of the article's lines."""
    folder = tmp_path_factory.mktemp("article") / "recording"
    assert main(["ingest", str(LINES), "--to", str(folder)]) == 0
    return str(folder)


def replayed(recording: str, url: str, folder: Path, *arguments: str) -> Finished:
    """A replay of it, writes and all, at ten times the speed."""
    command = run_command(recording, "--host", url, "--pace", "10x", "--allow-writes", *arguments)
    return replay(command, folder)


def test_the_same_statuses_are_a_pass(recording: str, tmp_path: Path) -> None:
    """All six lines are sent as they were, compared by their status, and the summary says that there was no more."""
    with staging() as (url, seen):
        done = replayed(recording, url, tmp_path / "run", "--preserve-host")
    assert done.code == 0, done.said
    assert (done.totals["sent"], done.totals["unchecked_by"]) == (6, {"status_only": 6})
    assert "6 by their status only, since the recording has no more of their answers" in done.said
    assert done.result["validity"]["reasons"] == []
    place = url.removeprefix("http://")
    assert seen == {
        "GET /api/products?page=2": ("api.example.com", b""),
        "POST /api/orders": ("api.example.com", b'{"product": 7, "count": 2}'),
        "GET /api/products/7": (place, b""),
        "GET /api/products/8?ref=mail": (place, b""),
        "POST /api/reviews": (place, b"stars=5"),
        "GET /api/products/9": (place, b""),
    }


def test_another_status_is_a_failure(recording: str, tmp_path: Path) -> None:
    """All three answers of an endpoint with another status fail the run, under its endpoint."""
    with staging(**{f"GET /api/products/{n}": 418 for n in ("7", "8?ref=mail", "9")}) as (url, seen):
        done = replayed(recording, url, tmp_path / "run")
    assert done.code == 3, done.said
    assert (done.totals["compared"], done.totals["mismatched"], done.totals["unchecked"]) == (3, 3, 3)
    assert {(each["endpoint"], each["kind"]) for each in done.result["signatures"]} == {
        ("GET /api/products/{id}", "status")
    }
    assert "3 of 6 compared answers differ from the recording, in 3 of 6 sessions, none may" in done.said
    assert {host for host, _ in seen.values()} == {url.removeprefix("http://")}
