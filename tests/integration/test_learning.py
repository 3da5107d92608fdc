"""From an A/A run over `learn` to a run that shows the change and nothing else, and what can be asked of it afterwards."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING

import pytest

from replay_users.cli import main
from tests.integration.replays import record_traffic, replay, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.server, pytest.mark.slow]

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def answer(ms: int, price: int) -> bytes:
    """A body with a clock, a token and a price."""
    return json.dumps(
        {"ms": ms, "token": f"{TOKEN}{ms}", "rows": [{"at": ms + n, "price": price} for n in range(3)]}
    ).encode()


@contextmanager
def service() -> Iterator[tuple[str, dict[str, int]]]:
    """A service whose clock never stands still; its price can be changed."""
    clock, now = count(1_000), {"price": 5}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = answer(next(clock), now["price"])
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", now
        server.shutdown()
        thread.join()


def test_noise_is_learnt_and_the_change_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Learnt on the target as it is, seen against the recording, explained and tried on what the run kept."""
    recorded = answer(7, 5)
    recording = record_traffic(tmp_path / "traffic", 60, response_body=recorded, response_size=len(recorded))
    rules = str(tmp_path / "rules.yaml")
    with service() as (url, now):
        aa = replay(run_command(recording, "--host", url, "--pace", "4x", "--aa", "2"), tmp_path / "aa")
        assert (aa.totals["sent"], aa.totals["mismatched"], aa.result["run"]["compared_with"]) == (45, 45, "first_pass")
        assert main(["learn", str(aa.folder), "--out", rules]) == 0
        now["price"] = 6
        run = replay(run_command(recording, "--host", url, "--pace", "4x", "--rules", rules), tmp_path / "run")
    assert {each["path"] for each in run.result["signatures"]} == {"root['rows'][*]['price']"}
    assert {each["path"] for each in run.result["noise"]} == {"root['ms']", "root['token']", "root['rows'][*]['at']"}
    assert not any(each["alarm"] for each in run.result["noise"])
    name = run.result["signatures"][0]["exemplars"][0]["id"]
    capsys.readouterr()
    assert main(["show", str(run.folder), name]) == 0
    said = capsys.readouterr().out
    assert "value root['rows'][*]['price']: 5 -> 6" in said
    more = tmp_path / "more.yaml"
    more.write_text(f"{(tmp_path / 'rules.yaml').read_text()}\n- ignore: $.rows[*].price\n  reason: a sale\n")
    assert main(["rules", "try", str(run.folder), "--rules", str(more)]) == 0
    tried = capsys.readouterr().out
    assert " 0 differ and 0 cannot be compared" in tried
    kept = "".join([path.read_text(errors="replace") for path in (*aa.folder.iterdir(), *run.folder.iterdir())])
    assert "c2lnbmF0dXJl" not in said + tried + kept + (tmp_path / "rules.yaml").read_text()
