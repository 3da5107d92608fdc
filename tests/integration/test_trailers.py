"""Trailers from a capture of Envoy to a report: same, changed, missing and added; ignored by a rule, and learnt as noise."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from tests.integration.replays import replay, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.server, pytest.mark.slow]

CAPTURE = Path(__file__).parents[1] / "data" / "capture-small.jsonl.gz"
BODY = b'{"rows": []}'
RECORDED = {"/same": "x-rows: 1", "/changed": "x-rows: 1", "/missing": "grpc-status: 0", "/added": None}
ANSWERED = {"/same": b"X-Rows: 1\r\n", "/changed": b"X-Rows: 2\r\n", "/missing": b"", "/added": b"X-Rows: 1\r\n"}
EACH = 8


def ingested(folder: Path) -> str:
    """A recording of some requests for each path, as Envoy told of them."""
    plain = json.loads(gzip.decompress(CAPTURE.read_bytes()).splitlines()[0])
    lines = [
        json.dumps(
            {
                **plain,
                "id": f"{path}-{nth}",
                "path": path,
                "ts": f"1795465714.{nth * 100 + place * 20:03}000",
                "resp_headers": "content-type: application/json\ntransfer-encoding: chunked",
                "resp_body": {"00001": base64.b64encode(BODY).decode()},
                "tx": len(BODY),
                "trailers": {"resp": trailers} if trailers else None,
            }
        )
        for nth in range(EACH)
        for place, (path, trailers) in enumerate(RECORDED.items())
    ]
    (folder / "capture.jsonl").write_text("\n".join(lines))
    assert main(["ingest", str(folder / "capture.jsonl"), "--to", str(folder / "recording")]) == 0
    return str(folder / "recording")


@contextmanager
def service(*, ticks: bool = False) -> Iterator[str]:
    """A service that sends trailers, every other time in several writes; one that ticks has a clock in each of them."""
    clock = count(1_000)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            now = next(clock)
            trailers = ANSWERED[self.path] + (b"X-Clock: %d\r\n" % now if ticks else b"")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            if trailers:
                self.send_header("Trailer", "X-Rows, X-Clock")
            self.end_headers()
            parts = [b"%x\r\n%s\r\n" % (len(BODY), BODY), b"0\r\n" + trailers[:7], trailers[7:] + b"\r\n"]
            for part in parts if now % 2 else [b"".join(parts)]:
                self.wfile.write(part)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def told(result: Any) -> dict[str, tuple[str, str, int]]:
    """Path, kind and exchanges of each signature, by endpoint."""
    return {each["endpoint"]: (each["path"], each["kind"], each["count"]) for each in result["signatures"]}


@pytest.mark.parametrize("comparers", ["0", "1"])
def test_trailers_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str], comparers: str) -> None:
    """In the hub and in a comparer alike; what is shown names them, and a rule takes them from the count."""
    recording = ingested(tmp_path)
    rules = tmp_path / "rules.yaml"
    rules.write_text("- {ignore: ['trailer:x-*', 'trailer:grpc-status'], reason: known}\n")
    common = (recording, "--pace", "4x", "--comparers", comparers)
    with service() as url:
        run = replay(run_command(*common, "--host", url), tmp_path / "run")
        quiet = replay(run_command(*common, "--host", url, "--rules", str(rules)), tmp_path / "quiet")
    assert run.totals["sent"] == quiet.totals["sent"] == EACH * len(RECORDED)
    assert told(run.result) == {
        "GET /changed": ("root['x-rows']", "trailer", EACH),
        "GET /missing": ("root['grpc-status']", "trailer", EACH),
        "GET /added": ("root['x-rows']", "trailer", EACH),
    }
    assert (run.totals["matched"], quiet.totals["matched"]) == (EACH, EACH * len(RECORDED))
    assert (run.totals["unchecked"], quiet.totals["unchecked"]) == (0, 0)
    capsys.readouterr()
    exhibits = map(json.loads, (run.folder / "exhibits.jsonl").read_text().splitlines())
    assert main(["show", str(run.folder), next(each["id"] for each in exhibits if "/changed" in each["id"])]) == 0
    said = capsys.readouterr().out
    assert 'trailer root[\'x-rows\']: "1" -> "2"' in said
    assert said.count("\n  trailers:\n") == 2


def test_trailers_that_always_differ_are_learnt(tmp_path: Path) -> None:
    """Two passes against one target say which, and the rule names them, once somebody has accepted that it is noise."""
    recording, rules = ingested(tmp_path), tmp_path / "rules.yaml"
    with service(ticks=True) as url:
        aa = replay(run_command(recording, "--pace", "4x", "--host", url, "--aa", "2"), tmp_path / "aa")
    assert {(path, kind) for path, kind, _ in told(aa.result).values()} == {("root['x-clock']", "trailer")}
    assert main(["learn", str(aa.folder), "--accept", "trailer:x-clock", "--out", str(rules)]) == 0
    assert "trailer:x-clock" in rules.read_text()
