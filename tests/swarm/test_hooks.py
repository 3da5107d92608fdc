"""What a user's subclass may do to a replay, and what happens when it fails."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from replay_users.model import Answer, Fate, Outcome, Request, Skip
from replay_users.plan.wire import WireBuilder
from replay_users.swarm.hooks import Hooks
from replay_users.testing import make_flight

ASKED = Request(method="GET", target=b"/items/7", authority="shop.example", endpoint="GET /items/{id}")
WIRE = WireBuilder(host=b"staging", run_id="r1")


class Base:
    """A user that overrides nothing."""

    def rewrite(self, request: Request) -> Any:
        """Leave it."""
        return request

    def endpoint(self, request: Request) -> Any:
        """Leave it."""
        return request.endpoint

    def sign(self, request: Request) -> Any:
        """Leave it."""
        return request

    def on_answer(self, exchange: Outcome, answer: Answer, session: bytes | None) -> None:
        """Leave it."""


def user(**methods: Any) -> Any:
    """A user that overrides these methods, each of which takes the request."""
    return type("Mine", (Base,), {name: (lambda _, *a, f=f: f(*a)) for name, f in methods.items()})()


def hooks(**methods: Any) -> Hooks:
    """Its hooks."""
    return Hooks(user(**methods), Base)


def fail(*_: Any) -> Any:
    """What a user's code may do."""
    raise ValueError("a bug of the user's")


@pytest.mark.parametrize(
    ("overridden", "facts"),
    [
        pytest.param(set(), (False, False, False), id="nothing"),
        pytest.param({"rewrite"}, (True, False, False), id="rewrite"),
        pytest.param({"endpoint"}, (True, False, False), id="endpoint"),
        pytest.param({"sign"}, (True, True, False), id="sign"),
        pytest.param({"on_answer"}, (False, False, True), id="on_answer"),
    ],
)
def test_only_what_is_overridden_costs(overridden: set[str], facts: tuple[bool, bool, bool]) -> None:
    """Whether rows need requests, requests are signed and answers handed over follows from what is overridden."""
    mine = hooks(**dict.fromkeys(overridden, lambda request: request))
    assert (mine.loads, mine.signs, mine.answers) == facts


def test_what_is_not_overridden_is_as_recorded() -> None:
    """Without overrides the request and its endpoint stay."""
    assert hooks().rewrite(ASKED) is ASKED
    assert hooks().endpoint(ASKED) == "GET /items/{id}"


def test_rewrite_gives_what_is_sent() -> None:
    """What `rewrite` returns, a request or a skip, is what happens."""
    moved = replace(ASKED, target=b"/v2")
    assert hooks(rewrite=lambda _: moved).rewrite(ASKED) is moved
    assert hooks(rewrite=lambda _: Skip("no")).rewrite(ASKED) == Skip("no")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(fail, id="raises"),
        pytest.param(lambda _: None, id="forgets to return"),
        pytest.param(lambda request: replace(request, target="/v2"), id="a target of text"),
        pytest.param(lambda request: replace(request, body=None), id="no body"),
        pytest.param(lambda request: replace(request, head={"A": "b"}), id="a head that is a mapping"),
    ],
)
def test_a_rewrite_that_fails_skips(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What was to be changed does not go out as it was; it is reported once and counted each time."""
    mine = hooks(rewrite=broken)
    assert [mine.rewrite(ASKED), mine.rewrite(ASKED)] == [Skip("rewrite failed"), Skip("rewrite failed")]
    assert mine.failures == {"rewrite": 2}
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("Mine.rewrite r")
    assert record.getMessage().endswith("reported once, counted from now on")


def test_endpoint_names_what_is_counted() -> None:
    """What `endpoint` returns is the name; where it fails, the recorded one stays."""
    assert hooks(endpoint=lambda request: f"{request.method} mine").endpoint(ASKED) == "GET mine"
    for broken in (fail, lambda _: None, lambda _: "", lambda _: 7):
        mine = hooks(endpoint=broken)
        assert mine.endpoint(ASKED) == "GET /items/{id}"
        assert mine.failures == {"endpoint": 1}


def test_sign_gives_the_bytes_that_go_out() -> None:
    """The signed request is built at send time, with everything else that a request gets."""
    sign = hooks(sign=lambda request: request.with_header("X-Signature", "abc")).signer([WIRE])
    wire = sign(make_flight(request=ASKED))
    assert wire is not None
    assert wire.startswith(b"GET /items/7 HTTP/1.1\r\nHost: staging\r\nX-Signature: abc\r\n")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(fail, id="raises"),
        pytest.param(lambda _: None, id="forgets to return"),
        pytest.param(lambda request: replace(request, target="/x"), id="a target of text"),
    ],
)
def test_a_signature_that_fails_sends_nothing(broken: Any) -> None:
    """A request that could not be signed has no bytes, and is counted as failed."""
    mine = hooks(sign=broken)
    assert mine.signer([WIRE])(make_flight(request=ASKED)) is None
    assert mine.failures == {"sign": 1}


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        pytest.param({"head": b"X-Signature: 2\r\n", "body": b"a"}, True, id="head and body"),
        pytest.param({"target": b"/items/7?signature=2"}, True, id="a parameter"),
        pytest.param({"method": "POST"}, False, id="method"),
        pytest.param({"authority": "other.example.com"}, False, id="host"),
        pytest.param({"target": b"/logout"}, False, id="path"),
        pytest.param({"target": b"/items/7?action=delete"}, False, id="a parameter that acts"),
    ],
)
def test_a_signature_makes_no_other_request(
    changes: dict[str, Any], sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What was judged safe when it was loaded may not become something else; that is reported once and counted."""
    mine = hooks(sign=lambda request: replace(request, **changes))
    sign = mine.signer([WIRE])
    wires = [sign(make_flight(request=ASKED)) for _ in range(2)]
    assert [wire is not None for wire in wires] == [sent, sent]
    assert mine.failures == ({} if sent else {"sign": 2})
    assert len(caplog.records) == (not sent)


def test_a_signed_request_is_made_for_its_target() -> None:
    """Of several targets, the one that the flight goes to says what Host is."""
    other = WireBuilder(host=b"other", run_id="r1")
    flight = make_flight(request=ASKED)
    flight.route = 1
    wire = hooks(sign=lambda request: request).signer([WIRE, other])(flight)
    assert wire is not None
    assert b"\r\nHost: other\r\n" in wire


def test_what_acts_and_was_let_go_may_be_signed() -> None:
    """A logout that a rule calls safe gets its signature as any other request."""
    asked = replace(ASKED, target=b"/logout")
    mine = hooks(sign=lambda request: replace(request, target=b"/logout?signature=2"))
    assert mine.signer([WIRE])(make_flight(request=asked, target=b"/logout")) is not None


def test_a_signed_request_that_cannot_be_sent_is_not() -> None:
    """Bytes that would be two requests are refused, though the user's code gave them: no failure of its own."""
    mine = hooks(sign=lambda request: replace(request, head=b"A: b\r\n\r\nGET / HTTP/1.1\r\n"))
    assert mine.signer([WIRE])(make_flight(request=ASKED)) is None
    assert mine.failures == {}


def test_answers_are_handed_over() -> None:
    """`on_answer` gets the outcome, the answer and the session; what it returns does not matter, what it raises is counted."""
    outcome = Outcome(id="1", endpoint="", method="GET", target=b"/", session=b"s", fate=Fate.SENT)
    answer = Answer(200, b"", b"")
    got: list[Any] = []
    hooks(on_answer=lambda *given: got.append(given)).on_answer(outcome, answer)
    assert got == [(outcome, answer, b"s")]
    mine = hooks(on_answer=fail)
    mine.on_answer(outcome, answer)
    assert mine.failures == {"on_answer": 1}
