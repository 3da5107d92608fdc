"""What a user's subclass of `ReplayUser` overrides, and at what price.

Law: looks at a user once, at the start of a run; a method that is not overridden costs nothing afterwards. A user's
code that raises is reported once and counted, and the exchange goes on as if it had not been asked (`rewrite`,
`endpoint`) or is skipped (`sign`, since what it would have signed must not go out unsigned).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from replay_users.model import Request, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.engine.loader import WireBuilder
    from replay_users.model import Answer, Flight, Outcome

__all__ = ["Hooks"]

_logger = logging.getLogger(__name__)


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
        made = self._call("rewrite", request)
        return made if isinstance(made, (Request, Skip)) else request

    def endpoint(self, request: Request) -> str:
        """The endpoint to count a request under."""
        if "endpoint" not in self._own:
            return request.endpoint
        named = self._call("endpoint", request)
        return named if isinstance(named, str) and named else request.endpoint

    def signer(self, wire: WireBuilder) -> Callable[[Flight], bytes | None]:
        """Gives wire bytes at send time, `None` for what cannot be signed."""

        def sign(flight: Flight) -> bytes | None:
            signed = self._call("sign", flight.request)
            made = wire.build_request(signed) if isinstance(signed, Request) else None
            return None if isinstance(made, SkipReason) else made

        return sign

    def on_answer(self, outcome: Outcome, answer: Answer) -> None:
        """An answer has come."""
        self._call("on_answer", outcome, answer, outcome.session)

    def _call(self, name: str, *arguments: object) -> object:
        try:
            return getattr(self._user, name)(*arguments)
        except Exception:
            self.failures[name] = self.failures.get(name, 0) + 1
            if self.failures[name] == 1:
                _logger.exception("%s.%s raised; reported once, counted from now on", type(self._user).__name__, name)
            return None
