"""What decides, row by row, whether and how a request can be sent."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.model import Capture
from replay_users.recording.traits import Trait, acting_traits, traits
from tests.recording.making import make_exchange

ROWS = [
    pytest.param({}, Trait(0), id="an-ordinary-get"),
    pytest.param({"request_head": b"Cookie: [redacted:12]\r\n"}, Trait.REDACTED_HEADER, id="redacted-header"),
    pytest.param({"request_head": b"X: redacted\r\n"}, Trait(0), id="the-word-alone-is-no-mark"),
    pytest.param({"response_head": b"Set-Cookie: [redacted:12]\r\n"}, Trait(0), id="answers-do-not-count"),
    pytest.param({"target": b"/login?token=[redacted:8]"}, Trait.REDACTED_TARGET, id="redacted-target"),
    pytest.param({"capture": Capture.REQUEST_TRUNCATED}, Trait.NOT_WHOLE, id="request-truncated"),
    pytest.param({"capture": Capture.RESPONSE_TRUNCATED}, Trait(0), id="a-cut-answer-can-be-asked-for-again"),
    pytest.param({"capture": Capture.ABORTED}, Trait(0), id="an-aborted-answer-too"),
    pytest.param({"request_body": None}, Trait.NOT_WHOLE, id="body-not-kept"),
    pytest.param({"request_body": b"ab", "request_size": 3}, Trait.NOT_WHOLE, id="body-cut"),
    pytest.param({"request_body": b"abc", "request_size": 3}, Trait(0), id="body-whole"),
    pytest.param({"request_body": b"", "request_size": 0}, Trait(0), id="no-body"),
    pytest.param({"method": "CONNECT"}, Trait.PROTOCOL | Trait.WRITE, id="connect"),
    pytest.param({"method": "POST"}, Trait.WRITE, id="posted"),
    pytest.param({"method": "TRACE"}, Trait.WRITE, id="a-method-of-no-use"),
    pytest.param({"method": "get"}, Trait.WRITE, id="methods-have-a-case"),
    pytest.param({"method": "HEAD"}, Trait(0), id="head-reads"),
    pytest.param({"method": "OPTIONS"}, Trait(0), id="options-reads"),
    pytest.param({"target": b"/logout"}, Trait.ACTS, id="a-get-that-acts"),
    pytest.param({"method": "HEAD", "target": b"/logout"}, Trait.ACTS, id="a-head-that-acts"),
    pytest.param({"target": b"/cart?action=delete&id=3"}, Trait.ACTS, id="a-query-that-acts"),
    pytest.param({"target": b"/caf\xc3\xa9/\xff?q=logout"}, Trait(0), id="bytes-that-are-no-text"),
    pytest.param({"method": "POST", "target": b"/logout"}, Trait.WRITE, id="a-write-is-not-also-a-read-that-acts"),
    pytest.param({"status": 101}, Trait.PROTOCOL, id="upgraded"),
    pytest.param({"request_head": b"Sec-WebSocket-Key: a==\r\n"}, Trait.PROTOCOL, id="websocket-refused"),
    pytest.param({"request_head": b"X-Sec-WebSocket-Key: a\r\n"}, Trait(0), id="another-header"),
    pytest.param({"request_head": b"Content-Type: application/grpc+proto\r\n"}, Trait.PROTOCOL, id="grpc"),
    pytest.param(
        {"request_head": b"A: b\r\ncontent-type:\tAPPLICATION/GRPC\r\n"}, Trait.PROTOCOL, id="grpc-other-case"
    ),
    pytest.param({"request_head": b"content-type: application/grpc-web+proto\r\n"}, Trait(0), id="grpc-web-is-http"),
    pytest.param({"request_head": b"Accept: application/grpc\r\n"}, Trait(0), id="grpc-in-another-header"),
    pytest.param(
        {
            "request_head": b"Cookie: [redacted:1]\r\n",
            "target": b"/?a=[redacted:1]",
            "request_body": None,
            "status": 101,
        },
        Trait.REDACTED_HEADER | Trait.REDACTED_TARGET | Trait.NOT_WHOLE | Trait.PROTOCOL,
        id="all-at-once",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), ROWS)
def test_traits(changes: dict[str, Any], expected: Trait) -> None:
    """Each trait holds for what the table says and for nothing else."""
    assert traits(make_exchange(**changes)) == expected


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [("GET", b"/a", 0), ("PUT", b"/logout", Trait.WRITE), ("HEAD", b"/logout", Trait.ACTS)],
)
def test_what_a_request_does(method: str, target: bytes, expected: int) -> None:
    """A request that was never recorded is told by the same words."""
    assert acting_traits(method, target) == expected


def test_the_bits_are_part_of_the_format() -> None:
    """Rows written today are read for ever, so a trait never changes its bit."""
    assert {trait.name: int(trait) for trait in Trait} == {
        "REDACTED_HEADER": 1,
        "REDACTED_TARGET": 2,
        "NOT_WHOLE": 4,
        "PROTOCOL": 8,
        "WRITE": 16,
        "ACTS": 32,
    }
