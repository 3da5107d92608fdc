from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.plan import inspect_json, inspect_text

if TYPE_CHECKING:
    from replay_users.recording.manifest import Manifest
    from tests.conftest import Golden
    from tests.plan.conftest import MakeRecording

SECOND = 1_000_000_000


@pytest.fixture
def manifest(make_recording: MakeRecording, row: Any) -> Manifest:
    """A recording with more endpoints than a screen shows."""
    rows = [row(n * SECOND, f"GET /page{n}", rows=1000 - n) for n in range(22)]
    rows.append(row(300 * SECOND, "POST /orders/{id}", rows=12_345))
    made, _ = make_recording(
        rows,
        statuses={"200": 30_000, "404": 5, "500": 1},
        session_kinds={"cookie": 20_000, "auth": 9000, "connection": 5},
        shared_sessions=("ab", "cd"),
        capture={"complete": 30_000, "response-truncated": 6},
        redaction={"headers": 1234, "targets": 5},
        hmac_key_id="k1",
    )
    return made


def test_a_recording_in_one_screen(manifest: Manifest, golden: Golden) -> None:
    """What is there, from the range to the latencies, busiest endpoints first."""
    golden("inspect.txt", inspect_text(manifest, "recordings/shop"))


def test_a_recording_as_json(manifest: Manifest, golden: Golden) -> None:
    """The JSON has every endpoint, with its recorded percentiles in ms."""
    golden("inspect.json", json.dumps(inspect_json(manifest, "recordings/shop"), indent=2) + "\n")


def test_an_endpoint_without_a_latency_has_dashes(make_recording: MakeRecording, row: Any) -> None:
    """Capture may not have known how long an answer took."""
    made, _ = make_recording([row(0, "GET /a")])
    info = made.endpoints[0]
    empty = {"buckets": {}, "over": 0, "total_ns": 0, "max_ns": 0}
    made, _ = make_recording([row(0, "GET /a")], endpoints=(type(info)("GET /\x1b[1m", 1, empty),))
    last = inspect_text(made).splitlines()[-1]
    assert last.split() == ["GET", r"/\x1b[1m", "1", "100.0%", "-", "-"]
    assert inspect_json(made)["endpoints"][0]["recorded_ms"]["p50"] is None
