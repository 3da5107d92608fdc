"""The request side of a line: what goes out again, what is left out, and what is no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from replay_users.capture.fields import Fields, Rejected, Unusable
from replay_users.capture.request import Cover, Head, checked_authority, checked_target, method_of, read, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Exchange


def fields(**values: object) -> Fields:
    """A line with these keys."""
    return Fields(orjson.dumps(values))


def test_what_the_engine_writes_and_what_is_hop_by_hop_is_left_out() -> None:
    """The block holds the rest as it was; values are found by their lower-case names."""
    head = Head(b"HOST: a\nX-One: 1\nConnection: close, X-Two\nx-two: 2\nX-Forwarded-Proto: https\ncontent-length: 5")
    assert head.block == b"X-One: 1\r\n"
    assert (head.values[b"host"], head.length) == (b"a", 5)
    assert head.scheme(is_tls=False) == "https"


@pytest.mark.parametrize("value", [b"x", b"-1", b"9" * 19, b""])
def test_a_length_that_is_none_is_not_announced(value: bytes) -> None:
    """Only a number that fits says how long a body is."""
    assert Head(b"content-length: " + value).length is None


def test_what_a_replay_sends_bears_its_mark() -> None:
    """Whatever the mark's value and case."""
    assert Head(b"X-REPLAY-Test: 1").is_replayed
    assert not Head(b"X-Replay: 1").is_replayed


def test_a_cover_knows_whether_it_was_needed() -> None:
    """What was redacted before leaves it unused."""
    cover = Cover()
    assert cover.lines(b"cookie: [redacted:3]\naccept: */*") == b"cookie: [redacted:3]\naccept: */*"
    assert cover.target(b"/?token=[redacted:9]") == b"/?token=[redacted:9]"
    assert not cover.used
    assert cover.target(b"/?token=x") == b"/?token=[redacted:1]"
    assert cover.used


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        pytest.param(lambda: checked_target("/a\tb"), "path holds a blank or a line break", id="target"),
        pytest.param(lambda: checked_authority("a\nb"), "host is not a host", id="authority"),
        pytest.param(lambda: method_of(fields(method="A B")), "method is not a method", id="method"),
        pytest.param(lambda: method_of(fields()), "method is missing", id="no method"),
        pytest.param(lambda: status_of(fields(code=1000), "code"), "code is not a status", id="status"),
    ],
)
def test_what_is_no_request_says_so(check: Callable[[], object], reason: str) -> None:
    """Each check raises the reason for which the line is rejected."""
    with pytest.raises(Unusable) as caught:
        check()
    assert caught.value.verdict == Rejected(reason)


def test_reading_turns_what_is_raised_into_a_value() -> None:
    """Nobody outside sees `Unusable`, and secrets of a rejected line are not told of."""

    def make(_: Fields, cover: Cover) -> Exchange:
        cover.used = True
        raise Unusable.because("no")

    assert read(b"{}", make, on_secret=pytest.fail) == Rejected("no")
