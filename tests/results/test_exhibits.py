"""Whole pairs behind exemplars."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.compare.case import Judge
from replay_users.compare.difference import Differences, Kind
from replay_users.compare.redaction import MAX_KEPT, Redaction
from replay_users.compare.rules import Rules
from replay_users.results.exhibits import MAX_BYTES, MAX_EXHIBITS, Exhibit, Exhibits, merged
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from replay_users.model import Flight

REDACTION = Redaction(b"k")
HEAD = b"content-type: application/json\r\n"


def differing(name: str, *, body: bytes = b'{"a": 1}', answer: bytes = b'{"a": 2}') -> Flight:
    """A pair."""
    return make_flight(
        id=name,
        response_head=HEAD,
        body=body,
        answer_status=200,
        answer_head=b"HTTP/1.1 200 OK\r\n" + HEAD + b"\r\n",
        answer_body=answer,
        answer_size=len(answer),
    )


def lines(*flights: Flight) -> list[dict[str, Any]]:
    """What is written of them."""
    kept = Exhibits()
    for flight in flights:
        kept.keep(flight, "GET /a")
    return kept.redacted(REDACTION)


def test_a_pair_comes_back_as_it_was() -> None:
    """Through a file of JSON lines, ready to be judged again."""
    (line,) = lines(differing("x", answer=b'{"token": "abc"}'))
    exhibit = Exhibit.read(json.loads(json.dumps(line)))
    case = exhibit.case()
    assert (exhibit.id, exhibit.endpoint) == ("x", "GET /a")
    assert (case.status, case.head, case.body, case.answer_head) == (200, HEAD, b'{"a": 1}', HEAD)
    assert case.answer_body.startswith(b'{"token": "[redacted:3:')
    assert case.answer_size == len(case.answer_body)


def test_trailers_come_back_too() -> None:
    """Redacted, where there were any to be compared; without any a line says nothing of them."""
    flight = differing("x")
    flight.response_head += b"\r\nX-Sum: 1\r\nX-Auth-Token: hunter2\r\n"
    flight.answer_head = flight.answer_head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 2\r\n\r\n"
    (line,) = lines(flight)
    assert line["trailers"].startswith("X-Sum: 1\r\nX-Auth-Token: [redacted:7:")
    assert line["head"] == HEAD.decode()
    case = Exhibit.read(json.loads(json.dumps(line))).case()
    said = Judge(Rules()).judge(case, "GET /a")
    assert isinstance(said, Differences)
    assert [each.path_text for each in said if each.kind is Kind.TRAILER] == ["root['x-auth-token']", "root['x-sum']"]
    assert not [name for name in lines(differing("x"))[0] if "trailers" in name]


def test_a_body_that_is_too_large_is_not_kept() -> None:
    """Nor is its counterpart, as one body alone would look like a difference."""
    (line,) = lines(differing("x", answer=b'"' + b"a" * MAX_KEPT + b'"'))
    assert (line["body"], line["answer_body"]) == (None, None)
    assert Exhibit.read(line).case().body is None


def test_what_is_kept_is_bounded_and_the_same_whatever_comes_first() -> None:
    """Those with the smallest hashes, up to a number and a size."""
    flights = [differing(f"id-{n}") for n in range(3 * MAX_EXHIBITS)]
    assert lines(*flights) == lines(*reversed(flights))
    assert len(lines(*flights)) == MAX_EXHIBITS
    large = b'"' + b"a" * 60_000 + b'"'
    assert (
        len(lines(*[differing(f"id-{n}", body=large, answer=large + b" ") for n in range(MAX_EXHIBITS)]))
        <= MAX_BYTES // 120_000
    )


def test_workers_are_added_up() -> None:
    """Each exchange once, as many as one run keeps."""
    one, other = lines(differing("a"), differing("b")), lines(differing("b"), differing("c"))
    assert sorted(line["id"] for line in merged([*one, *other])) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "change",
    [{"status": "200"}, {"head": None}, {"body": 7}, {"more": 1}],
    ids=["status-a-text", "no-head", "body-a-number", "unknown-field"],
)
def test_what_is_no_exhibit_is_refused(change: dict[str, Any]) -> None:
    """A file that somebody edited is no reason to break down."""
    (line,) = lines(differing("x"))
    with pytest.raises(ValueError, match="exhibit"):
        Exhibit.read({**line, **change})
