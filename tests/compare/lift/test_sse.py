from __future__ import annotations

import pytest

from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.lift.sse import read_sse
from replay_users.compare.limits import LIMITS, Limits


@pytest.mark.parametrize(
    ("body", "events"),
    [
        pytest.param(b'data: {"a": 1}\n\ndata:[2]\n\n', [{"data": {"a": 1}}, {"data": [2]}], id="json"),
        pytest.param(b"data: [DONE]\n\n", [{"data": "[DONE]"}], id="no-json"),
        pytest.param(b"event: add\ndata: a\ndata: b\n\n", [{"event": "add", "data": "a\nb"}], id="lines-of-data"),
        pytest.param(b"id: 7\nretry: 9\n: hello\ndata: a\n\n", [{"data": "a"}], id="what-is-left-out"),
        pytest.param(b": ping\n\nid: 1\n\ndata: a\n\n", [{"data": "a"}], id="no-event"),
        pytest.param(b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\r\rdata: c", [{"data": d} for d in "abc"], id="line-ends"),
        pytest.param(b"event: ping\n\n", [{"event": "ping", "data": ""}], id="no-data"),
    ],
)
def test_a_stream_is_its_events(body: bytes, events: list[object]) -> None:
    """Names and data in order, a last one that was cut as far as it came."""
    read = read_sse(body, LIMITS)
    assert read is not None
    assert read[0] == events


def test_the_json_of_events_is_kept() -> None:
    """So that a key it hides is not forgotten."""
    read = read_sse(b"data: {}\n\ndata: x\n\n", LIMITS)
    assert read is not None
    assert [tree.root for tree in read[1]] == [{}]


def test_a_body_without_an_event_is_none() -> None:
    """A page under this type is a page."""
    assert read_sse(b"<html>\n\n", LIMITS) is None


def test_too_many_events_are_too_many() -> None:
    """A stream is not read further than the limit."""
    with pytest.raises(Beyond):
        read_sse(b"data:a\n\n" * 9, Limits(nodes=5))
