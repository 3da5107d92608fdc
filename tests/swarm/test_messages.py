from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest

from replay_users.swarm.messages import (
    FROM_MASTER,
    FROM_WORKER,
    Done,
    Grant,
    Hello,
    Message,
    Ping,
    Pong,
    Ready,
    Refused,
    Start,
    Started,
    Stop,
    read_message,
)

ONE_OF_EACH: tuple[Message, ...] = (
    Hello(version="1.0", host="h", pid=7, boot="b"),
    Ping(nth=0, sent=1 << 62),
    Pong(nth=0, sent=1, monotonic=2),
    Grant(run="r", epoch=1, partitions=(0, 3, 255), options={"pace": "1x", "limit": None, "rules": [1, 2]}, digest="d"),
    Grant(run="r", epoch=1, partitions=(), options={}, digest="d"),
    Ready(run="r", epoch=1, digest="d"),
    Refused(run="r", epoch=1, sentence="no", code=2),
    Start(run="r", at=5),
    Started(run="r", at=6),
    Stop(run="r", reason="person"),
    Done(run="r", seq=3, error=None, stopped_by="time"),
    Done(run="r", seq=3, error="it broke", stopped_by=None),
)


@pytest.mark.parametrize("message", ONE_OF_EACH, ids=lambda message: str(message.name))
def test_what_is_sent_is_what_is_read(message: Message) -> None:
    """A message survives the way that Locust sends it."""
    data = msgpack.loads(msgpack.dumps(message.to_data()), strict_map_key=False)
    assert read_message(message.name, data) == message


def test_each_message_has_a_side_and_a_name_of_its_own() -> None:
    """Every kind is sent by the master or by a worker, under a name that Locust does not use."""
    names = [kind.name for kind in (*FROM_MASTER, *FROM_WORKER)]
    assert set(names) == {message.name for message in ONE_OF_EACH}
    assert len(names) == len(set(names))
    assert all(name.startswith("replay_") for name in names)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("replay_start", None, id="nothing"),
        pytest.param("replay_start", {"run": "r"}, id="a field is missing"),
        pytest.param("replay_start", {"run": "r", "at": "5"}, id="a text for a number"),
        pytest.param("replay_start", {"run": "r", "at": True}, id="a flag for a number"),
        pytest.param("replay_done", {"run": "r", "seq": 1, "error": 5, "stopped_by": None}, id="a number for a text"),
        pytest.param(
            "replay_grant", {"run": "r", "epoch": 1, "partitions": ["1"], "options": {}, "digest": ""}, id="no numbers"
        ),
        pytest.param(
            "replay_grant", {"run": "r", "epoch": 1, "partitions": [1], "options": 1, "digest": ""}, id="no options"
        ),
        pytest.param("replay_lease", {"run": "r"}, id="a name of some later version"),
    ],
)
def test_what_cannot_be_read_is_none(name: str, data: Any) -> None:
    """Data of another kind, or of a name that is not ours, is no message, and no error either."""
    assert read_message(name, data) is None


def test_fields_of_a_later_version_are_passed_over() -> None:
    """A hello with more in it is still a hello, so that its version can be refused."""
    data = {"version": "9.0", "host": "h", "pid": 7, "boot": "b", "zone": "eu"}
    assert read_message("replay_hello", data) == Hello(version="9.0", host="h", pid=7, boot="b")
