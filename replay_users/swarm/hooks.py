"""What a user's subclass of `ReplayUser` overrides, and at what price.

Law: looks at a user once, at the start of a run; a method that is not overridden costs nothing afterwards. A user's
code that raises, or gives back something else than it should, is reported once and counted. The subtle thing: then the
exchange is skipped (`rewrite`, `sign`), since what was to be changed must not go out as it was; only where nothing goes
out differently (`endpoint`, `on_answer`) does it go on as if nobody had been asked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from replay_users.model import Request, Skip, SkipReason
from replay_users.recording.acting import acts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.loader import WireBuilder
    from replay_users.model import Answer, Flight, Outcome

__all__ = ["USER_ENDED", "Hooks"]

USER_ENDED = "the user ended before it began to replay: what Locust logged above says why"

_logger = logging.getLogger(__name__)

_FIELDS = (("method", str), ("authority", str), ("target", bytes), ("head", bytes), ("body", bytes))


class Hooks:
    """The extension points of one user."""

    def __init__(self, user: Any, base: type) -> None:
        """`base` is the class whose own methods do nothing."""
        self._user = user
        self._own = {
            name
            for name in ("rewrite", "endpoint", "sign", "on_answer")
            if getattr(type(user), name) is not getattr(base, name)
        }
        self.failures: dict[str, int] = {}

    @property
    def loads(self) -> bool:
        """Whether each row needs a `Request` when it is loaded."""
        return bool(self._own & {"rewrite", "endpoint", "sign"})

    @property
    def signs(self) -> bool:
        """Whether each request is signed when it is sent."""
        return "sign" in self._own

    @property
    def answers(self) -> bool:
        """Whether answers are handed to the user."""
        return "on_answer" in self._own

    def rewrite(self, request: Request) -> Request | Skip:
        """The request to send instead."""
        if "rewrite" not in self._own:
            return request
        made = self._call("rewrite", lambda made: isinstance(made, Skip) or _is_request(made), request)
        return Skip("rewrite failed") if made is None else made

    def endpoint(self, request: Request) -> str:
        """The endpoint to count a request under."""
        if "endpoint" not in self._own:
            return request.endpoint
        return self._call("endpoint", _is_name, request) or request.endpoint

    def signer(self, wires: Sequence[WireBuilder]) -> Callable[[Flight], bytes | None]:
        """Gives wire bytes at send time, `None` for what cannot be signed; `wires` are those of the targets.

        A signature may be a header or a parameter; what was judged safe when it was loaded may not become something else,
        nor be for another host than the one whose target was chosen then.
        """

        def sign(flight: Flight) -> bytes | None:
            signed = self._call("sign", _is_request, flight.request)
            if signed is not None and not _asks_the_same(signed, flight):
                self._failed("sign", "changed more of the request than headers, body and harmless parameters", None)
                return None
            made = None if signed is None else wires[flight.route].build_request(signed)
            return None if isinstance(made, SkipReason) else made

        return sign

    def on_answer(self, outcome: Outcome, answer: Answer) -> None:
        """An answer has come."""
        self._call("on_answer", _is_anything, outcome, answer, outcome.session)

    def _call(self, name: str, expected: Callable[[object], bool], *arguments: object) -> Any:
        """What the user's method gives, `None` if it raised or gave something that is not `expected`."""
        try:
            given = getattr(self._user, name)(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever a user's code does, the run goes on
            self._failed(name, "raised", error)
            return None
        if expected(given):
            return given
        self._failed(name, f"returned {type(given).__name__} where that cannot be", None)
        return None

    def _failed(self, name: str, what: str, error: Exception | None) -> None:
        self.failures[name] = self.failures.get(name, 0) + 1
        if self.failures[name] == 1:
            told = "%s.%s %s; reported once, counted from now on"
            _logger.error(told, type(self._user).__name__, name, what, exc_info=error)


def _is_request(made: object) -> bool:
    """Whether it is a request whose fields are what they should be: a path as `str` would stop the feed."""
    return isinstance(made, Request) and all(isinstance(getattr(made, name), kind) for name, kind in _FIELDS)


def _asks_the_same(signed: Request, flight: Flight) -> bool:
    """Whether method, host and path are those of the flight, and the query names no action that was not there before."""
    if signed.method != flight.method or (flight.request and signed.authority != flight.request.authority):
        return False
    if signed.target == flight.target:
        return True
    same_path = signed.target.partition(b"?")[0] == flight.target.partition(b"?")[0]
    return same_path and (not _acts(signed.target) or _acts(flight.target))


def _acts(target: bytes) -> bool:
    return acts(target.decode("latin-1"))


def _is_name(made: object) -> bool:
    return isinstance(made, str) and bool(made)


def _is_anything(_made: object) -> bool:
    return True
