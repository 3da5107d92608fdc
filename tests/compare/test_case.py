from __future__ import annotations

from typing import Any

import pytest

from replay_users.compare.case import Judge, case_of, head_of
from replay_users.compare.difference import Differences, Kind, Match, Unchecked, UncheckedReason
from replay_users.compare.lift.opaque import body_hash
from replay_users.compare.limits import IN_HUB
from replay_users.compare.rules import HostMap, Ignore, Rules, Unordered
from replay_users.path import parse_path
from replay_users.testing import make_flight

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
RULES = Rules((Ignore(where=(parse_path("root['at']"),), reason="a time"),))


@pytest.mark.parametrize(
    ("received", "head"),
    [
        (HEAD, b"Content-Type: application/json\r\n"),
        (HEAD + b"body", b"Content-Type: application/json\r\n"),
        (b"\r\n\r\n" + HEAD, b"Content-Type: application/json\r\n"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nA: b", b""),
        (b"", b""),
    ],
)
def test_the_head_is_what_stands_between_status_line_and_body(received: bytes, head: bytes) -> None:
    """Without the status line, line breaks before it and what follows; nothing of a head that has no end."""
    assert head_of(received) == head


def judged(
    recorded: bytes | None, answer: bytes, judge: Judge | None = None, **marks: Any
) -> Match | Unchecked | Differences:
    """What is said of a flight with this recording and this answer."""
    marks = {"status": 200, "answer_status": 200, "answer_head": HEAD, "answer_size": len(answer), **marks}
    flight = make_flight(body=recorded, answer_body=answer, **marks)
    return (judge or Judge(RULES)).judge(case_of(flight), "GET /x")


def test_a_pair_is_judged_by_the_rules() -> None:
    """What a rule ignores is beside the match, and what it does not is a difference."""
    verdict = judged(b'{"at":1}', b'{"at":2}')
    assert isinstance(verdict, Match)
    assert [difference.kind for difference in verdict.ignored] == [Kind.VALUE]
    assert isinstance(judged(b'{"a":1}', b'{"a":2}'), Differences)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
SUM = Rules.parse("- {ignore: 'trailer:x-*', reason: known}", "rules.yaml")


@pytest.mark.parametrize(
    ("recorded", "received", "paths"),
    [
        pytest.param(b"A: b\r\n\r\nX-Sum: 1\r\n", CHUNKED + b"\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n", [], id="same"),
        pytest.param(b"A: b\r\n\r\nX-Sum: 1\r\n", CHUNKED + b"\r\n0\r\nx-sum: 2\r\n\r\n", ['"1"', '"2"'], id="changed"),
        pytest.param(b"A: b\r\n\r\nX-Sum: 1\r\n", CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n", ['"1"', ""], id="missing"),
        pytest.param(
            b"\r\nX-Sum: 1\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            ['"1"', ""],
            id="missing-and-not-chunked",
        ),
        pytest.param(
            b"A: b\r\n", CHUNKED + b"Trailer: X-Sum\r\n\r\n0\r\nX-Sum: 1\r\n\r\n", ["", '"1"'], id="added-and-announced"
        ),
        pytest.param(b"A: b\r\n", CHUNKED + b"\r\n0\r\nX-Sum: 1\r\n\r\n", [], id="added-without-a-word"),
        pytest.param(b"A: b\r\n", CHUNKED + b"\r\nX: 1\r\n\r\n", [], id="unreadable"),
    ],
)
def test_trailers_are_judged_beside_head_and_body(recorded: bytes, received: bytes, paths: list[str]) -> None:
    """They differ by themselves, rules may ignore them, and they hide nothing else that differs."""
    marks: Any = {"response_head": recorded, "answer_head": received}
    said = judged(b"{}", b"{}", Judge(Rules()), **marks)
    assert [(d.kind, d.path_text, d.recorded, d.replayed) for d in (said if isinstance(said, Differences) else ())] == (
        [(Kind.TRAILER, "root['x-sum']", *paths)] if paths else []
    )
    settled = judged(b"{}", b"{}", Judge(SUM), **marks)
    assert isinstance(settled, Match)
    assert len(settled.ignored) == bool(paths)
    kinds = {each.kind for each in judged(b'{"a":1}', b'{"a":2}', Judge(Rules()), **marks)}  # type: ignore[union-attr]
    assert (Kind.VALUE in kinds, Kind.TRAILER in kinds) == (True, bool(paths))


def test_an_answer_that_was_cut_is_unchecked() -> None:
    """Of a longer answer only a part is kept, which may equal the recording; another status differs all the same."""
    assert judged(b"abc", b"abc", answer_size=4) == Unchecked("size")  # type: ignore[arg-type]
    assert isinstance(judged(b"abc", b"abc", answer_size=4, answer_status=500), Differences)


def test_what_stands_beside_an_answer_that_was_cut_is_compared() -> None:
    """A header that is gone from a large answer is a difference, and so its body may not be taken for the whole one."""
    said = judged(b"abc", b"abc", answer_size=4, response_head=b"content-type: application/json\r\nvary: a\r\n")
    assert isinstance(said, Differences)
    assert [(each.kind, each.recorded, each.replayed) for each in said] == [(Kind.HEADER, '"a"', "")]
    created = Judge(Rules.parse("- {ignore: status, from: 200, to: 201, reason: x}", "f"))
    for answer in (b"abc", b"abd"):
        assert judged(b"abc", answer, created, answer_size=4, answer_status=201) == Unchecked(UncheckedReason.SIZE)


@pytest.mark.parametrize(
    ("answer", "size", "expected"),
    [
        pytest.param(b'{"a":1}', 7, Match(), id="equal"),
        pytest.param(b'{"a":2}', 7, Unchecked(UncheckedReason.NOT_RECORDED), id="another"),
        pytest.param(b'{"a":1}', 8, Unchecked(UncheckedReason.NOT_RECORDED), id="the-answer-was-cut-too"),
    ],
)
def test_a_recording_that_was_cut_is_compared_by_its_hash(
    answer: bytes, size: int, expected: Match | Unchecked
) -> None:
    """If the answer was kept whole; the hash of a part of it says nothing."""
    assert judged(None, answer, hash=body_hash(b'{"a":1}'), answer_size=size) == expected


def test_an_image_with_another_hash_is_another() -> None:
    """Its size is not known here, so the hashes are shown."""
    head = b"content-type: image/png\r\n"
    marks: Any = {"response_head": head, "answer_head": b"HTTP/1.1 200 OK\r\n" + head + b"\r\n"}
    verdict = judged(None, b"two", hash=body_hash(b"one"), **marks)
    assert isinstance(verdict, Differences)
    assert verdict[0].recorded == f"BLAKE2b {body_hash(b'one').hex()}"
    assert verdict[0].replayed == f"BLAKE2b {body_hash(b'two').hex()}"


def test_hosts_are_mapped() -> None:
    """A redirect to the same place on the target is no difference."""
    head = b"HTTP/1.1 302 Found\r\nLocation: http://staging/a\r\n\r\n"
    marks: Any = {
        "status": 302,
        "answer_status": 302,
        "answer_head": head,
        "response_head": b"Location: http://shop/a\r\n",
    }
    assert isinstance(judged(b"", b"", **marks), Differences)
    mapped = Judge(RULES, hosts=HostMap.parse(["shop=staging"]))
    assert judged(b"", b"", mapped, **marks) == Match()


@pytest.mark.parametrize(
    ("recorded", "answer"),
    [
        pytest.param(b'{"next":"http://shop/2"}', b'{"next":"http://staging/2"}', id="json"),
        pytest.param(b'{"any":["shop"]}', b'{"any":["staging"]}', id="in a list"),
        pytest.param(b"<a href='//shop/a'>a</a>", b"<a href='//staging/a'>a</a>", id="html"),
        pytest.param(b"see http://shop/a\n", b"see http://staging/a\n", id="text"),
    ],
)
def test_hosts_in_bodies_are_mapped(recorded: bytes, answer: bytes) -> None:
    """They make no difference, be it one that is ignored; another host, or more than the host, does."""
    assert isinstance(judged(recorded, answer), Differences)
    mapped = Judge(Rules(), hosts=HostMap.parse(["shop=staging"]))
    assert judged(recorded, answer, mapped) == Match()
    assert isinstance(judged(recorded, answer.replace(b"staging", b"other"), mapped), Differences)
    mapped = Judge(RULES, hosts=HostMap.parse(["shop=staging"]))
    verdict = judged(b'{"at":1,"u":"shop","v":"shop"}', b'{"at":2,"u":"staging","v":"x"}', mapped)
    assert isinstance(verdict, Differences)
    assert (len(verdict), len(verdict.ignored), verdict.capped) == (1, 1, 0)


def test_hosts_in_lists_without_order_are_mapped() -> None:
    """Items that say the same at the target are the same item."""
    rules = Rules((Unordered(where=(parse_path("root"),), reason="a set"),))
    mapped = Judge(rules, hosts=HostMap.parse(["shop=staging"]))
    assert judged(b'["http://shop/1","http://shop/2"]', b'["http://staging/2","http://staging/1"]', mapped) == Match()


def test_limits_hold() -> None:
    """Where judging takes the hub's time, bodies are smaller."""
    large = b'{"a": "%s"}' % (b"x" * IN_HUB.body)
    assert judged(large, large + b" ", Judge(RULES, limits=IN_HUB)) == Unchecked("size")  # type: ignore[arg-type]
    assert judged(large, large + b" ") == Match()
