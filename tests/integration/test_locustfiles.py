"""The examples of extending a replay, run as a person would run them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.testing import http_answer, serve
from tests.integration.replays import BODY, JSON, LOCUSTFILES, locust_command, record_traffic, replay, same_answers
from tests.recording.making import make_exchange, record_in

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.testing import ScriptedTarget
    from tests.integration.replays import Finished

pytestmark = pytest.mark.server

EXAMPLES = sorted(path.name for path in LOCUSTFILES.glob("*.py") if path.name != "replay.py")


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a recording of 20 exchanges: 10 of items, 5 of users, 5 writes."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "few", 20)


def run_example(name: str, *arguments: str, folder: Path, **environment: str) -> Finished:
    """Run an example to its end; it must not have broken down."""
    command = locust_command("--no-locust-tables", *arguments, locustfile=LOCUSTFILES / name)
    done = replay(command, folder, **environment)
    assert "Traceback" not in done.said
    assert done.result["user_code_failures"] == {}
    return done


def heads(target: ScriptedTarget) -> list[dict[str, str]]:
    """The headers of the requests that a target received, with the request line under ``."""
    read = []
    for received in target.received():
        line, *headers = received.data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        read.append({"": line, **{name.lower(): value for name, _, value in (h.partition(": ") for h in headers)}})
    return read


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_a_screen(name: str) -> None:
    """An example has at most 40 lines, of which the first says what it is about."""
    lines = (LOCUSTFILES / name).read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith('"""')


def test_rewrite(few: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`rewrite.py` sends users to /v2 with its own header, and skips items, counted as such."""
    done = run_example("rewrite.py", "--recording", few, "--host", target.url, folder=tmp_path)
    received = heads(target)
    assert {re.sub(r"\d{4}", "N", head[""]) for head in received} == {"GET /v2/users/N HTTP/1.1"}
    assert {head["x-moved"] for head in received} == {"yes"}
    assert done.totals["sent"] == len(received) == 5
    assert done.totals["skipped_by"] == {"rewrite": 10, "method": 5}
    assert done.code == 0


def test_endpoint(target: ScriptedTarget, tmp_path: Path) -> None:
    """`endpoint.py` tells GraphQL operations apart, in the result and in Locust's statistics, and leaves other requests alone."""
    bodies = (b'{"operationName":"getUser"}', b'{"operationName":"search"}', b"[]", b"{}")
    asked = [
        *(make_exchange(nth, method="POST", target=b"/graphql", request_body=body) for nth, body in enumerate(bodies)),
        make_exchange(9, target=b"/items/9"),
    ]
    record_in(tmp_path / "recording", [replace(each, response_body=BODY, response_size=len(BODY)) for each in asked])
    arguments = ("--recording", str(tmp_path / "recording"), "--host", target.url, "--allow-writes")
    done = run_example("endpoint.py", *arguments, "--csv", str(tmp_path / "it"), folder=tmp_path / "run")
    counts = {endpoint["endpoint"]: endpoint["count"] for endpoint in done.result["endpoints"]}
    assert counts == {
        "POST /graphql getUser": 1,
        "POST /graphql search": 1,
        "POST /graphql (unreadable)": 1,
        "POST /graphql (unnamed)": 1,
        "GET /items/{id}": 1,
    }
    assert done.code == 0
    assert "POST,/graphql getUser,1,0," in (tmp_path / "it_stats.csv").read_text()


def test_sign(few: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`sign.py` signs each request as it goes out, and its key is nowhere to be seen."""
    key = "not-for-anybody-else"
    done = run_example("sign.py", "--recording", few, "--host", target.url, folder=tmp_path, SIGNING_KEY=key)
    received = heads(target)
    assert len(received) == done.totals["sent"] == 15
    for head in received:
        method, path, _ = head[""].split(" ")
        signed = f"{head['date']}\n{method}\n{path}".encode()
        assert head["x-signature"] == hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    assert key not in done.said
    assert key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert done.code == 0


def test_on_answer(few: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`on_answer.py` counts answers by a header and by what comparing them said."""
    old = [serve(http_answer(BODY, head=JSON + b"X-Version: 1\r\n"))]
    new = [serve(http_answer(b'{"id":8}', head=JSON + b"x-version:2\r\n"), seconds=0.02)]
    target.play(old, new)
    done = run_example("on_answer.py", "--recording", few, "--host", target.url, folder=tmp_path)
    told = Counter(
        {(v, verdict): int(n) for v, n, verdict in re.findall(r"version (\d): (\d+) answers (\w+)", done.err)}
    )
    assert set(told) <= {("1", "matched"), ("2", "mismatched")}
    assert told["1", "matched"] == done.totals["matched"] > 0
    assert told["2", "mismatched"] == done.totals["mismatched"]
    assert sum(told.values()) == 15


def test_events(few: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`events.py` hears of the start, of outcomes, of a mismatch, which is enough for it, and of the end."""
    target.play(same_answers(body=b'{"id":"7"}'))
    done = run_example("events.py", "--recording", few, "--host", target.url, folder=tmp_path)
    told = [line.partition(" vm/")[2] or line for line in done.err.splitlines() if "/WARNING/events" in line]
    assert f"run {done.result['run']['id']}: none of 15 has been sent yet" in told[0]
    assert re.search(r"id-\d+ differs: type$", told[1])
    assert len(told) == 3
    assert re.search(r"fail; slowest: GET /(items|users)/\{id\}, \d+\.\d ms$", told[-1])
    assert done.code == 3


def test_publisher(few: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """`publisher.py` writes how far the run is, and its verdict, as lines of JSON."""
    given = ("--recording", few, "--host", target.url)
    done = run_example("publisher.py", *given, folder=tmp_path / "run", PROGRESS=str(tmp_path / "progress"))
    lines = [json.loads(line) for line in (tmp_path / "progress").read_text("utf-8").splitlines()]
    run = done.result["run"]["id"]
    assert lines == [
        {"run": run, "at_s": lines[0]["at_s"], "sent": 15, "mismatched": 0, "in_flight": 0},
        {"run": run, "verdict": "pass"},
    ]
