"""Reports of workers that have hardly begun."""

from __future__ import annotations

from typing import Any

import pytest
from locust.env import Environment
from locust.runners import WorkerNode

from replay_users.swarm.early_report import count_nobody


@pytest.fixture
def master() -> Any:
    """A master of Locust that knows one worker."""
    runner = Environment().create_master_runner("127.0.0.1", 0)
    runner.clients["worker"] = WorkerNode("worker")
    yield runner
    runner.quit()


def test_locusts_master_takes_the_report_of_a_worker_without_users(
    master: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the count it has a traceback for it."""
    for prepare, told in ((lambda **_: None, 1), (count_nobody, 0)):
        caplog.clear()
        data: dict[str, Any] = {"stats": [], "errors": {}, "stats_total": master.stats.total.get_stripped_report()}
        prepare(client_id="worker", data=data)
        master.environment.events.worker_report.fire(client_id="worker", data=data)
        assert len(caplog.records) == told


def test_what_is_counted_stays() -> None:
    """Whoever of the listeners comes first."""
    data: dict[str, Any] = {"user_classes_count": {"Replay": 1}, "user_count": 1}
    count_nobody("worker", data)
    assert data == {"user_classes_count": {"Replay": 1}, "user_count": 1}
