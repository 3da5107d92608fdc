"""A recorded row becomes a flight: its due time, its wire bytes, or the reason why it is not sent.

Law: pure, one row at a time; warm rather than hot, since it runs ahead of the due time, but once per exchange. A user's
`rewrite` and `endpoint` are called here, at load time, and only if they are overridden: making a `Request` costs more
than all the rest. The subtle thing: the rules were asked about the row, so a request that `rewrite` turned into another
one is judged again, or a GET could become a POST that nobody allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from replay_users.model import Flight, Request, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HookedLoader", "Loader", "RowRules", "WireBuilder"]


_ENDPOINT, _TRAITS = 3, 4  # places in a row


class RowRules(Protocol):
    """What the plan says of a row."""

    def skip_reason(self, endpoint: int, traits: int) -> SkipReason | None:
        """Why rows of this endpoint with these traits are not sent, `None` if they are."""


class WireBuilder(Protocol):
    """What makes wire bytes of a request, or says why there can be none."""

    def build(
        self, method: str, authority: str, target: bytes, head: bytes, body: bytes, traits: int
    ) -> bytes | SkipReason:
        """Wire bytes of a recorded request."""

    def build_request(self, request: Request) -> bytes | SkipReason:
        """Wire bytes of a request that a user's code has made."""


class Loader:
    """Makes flights of rows as the plan says."""

    def __init__(self, *, origin: int, warp: Callable[[int], int], rules: RowRules, wire: WireBuilder) -> None:
        """`origin` is UTC ns; `warp` maps ns since the origin to ns since the run's start."""
        self._origin = origin
        self._warp = warp
        self._reason = rules.skip_reason
        self._wire = wire
        self._build = wire.build

    def flight(  # noqa: PLR0913, PLR0917 - a row's columns, positional because it is on the warm path
        self,
        at: int,
        session: bytes,
        causal: bool,
        endpoint: int,
        traits: int,
        id: str,  # noqa: A002 - the column's name
        authority: str,
        method: str,
        target: bytes,
        head: bytes,
        body: bytes | None,
        status: int,
        response_head: bytes,
        response_body: bytes | None,
        whole: bool,
        duration: int | None,
    ) -> Flight | SkipReason:
        """The flight of one row, or why it is not sent."""
        reason = self._reason(endpoint, traits)
        if reason is not None:
            return reason
        wire = self._build(method, authority, target, head, body or b"", traits)
        if isinstance(wire, SkipReason):
            return wire
        return Flight(
            at,
            self._warp(at - self._origin),
            session if causal else None,
            endpoint,
            method,
            target,
            wire,
            status,
            response_head,
            response_body if whole else None,
            duration,
            id,
        )


class HookedLoader(Loader):
    """Makes flights of what a user's `rewrite` and `endpoint` make of the recorded requests."""

    def __init__(  # noqa: PLR0913 - what a loader is made of
        self,
        *,
        origin: int,
        warp: Callable[[int], int],
        rules: RowRules,
        wire: WireBuilder,
        rewrite: Callable[[Request], Request | Skip],
        judge: Callable[[Request], SkipReason | None],
        endpoint: Callable[[Request], str],
        index_of: Callable[[str], int],
        names: list[str],
        keep: bool,
    ) -> None:
        """`judge` says why a request with another method or target than recorded is not sent, `None` if it is.

        `names` are the endpoints by index; `index_of` gives (and if need be makes) the index of a name.

        `keep` leaves the request with the flight, to be signed when it is sent.
        """
        super().__init__(origin=origin, warp=warp, rules=rules, wire=wire)
        self._rewrite = rewrite
        self._judge = judge
        self._endpoint = endpoint
        self._index_of = index_of
        self._names = names
        self._keep = keep

    def flight(self, *row: Any) -> Flight | SkipReason:
        """The flight of what the user's code makes of one row (the columns of `Loader.flight`)."""
        reason = self._reason(row[_ENDPOINT], row[_TRAITS])
        if reason is not None:
            return reason
        request = self._asked(row)
        if isinstance(request, SkipReason):
            return request
        wire = self._wire.build_request(request)
        if isinstance(wire, SkipReason):
            return wire
        return self._made(row, request, wire)

    def _asked(self, row: tuple[Any, ...]) -> Request | SkipReason:
        """What the user's code makes of a row, if that may be sent."""
        _, session, _, endpoint, _, _, authority, method, target, head, body, *_ = row
        request = self._rewrite(
            Request(
                method=method,
                target=target,
                authority=authority,
                head=head,
                body=body or b"",
                endpoint=self._names[endpoint],
                session=session,
            )
        )
        if isinstance(request, Skip):
            return SkipReason.REWRITE
        if request.method != method or request.target != target:
            return self._judge(request) or request
        return request

    def _made(self, row: tuple[Any, ...], request: Request, wire: bytes) -> Flight:
        at, session, causal, _, _, id_, *_, status, response_head, response_body, whole, duration = row
        flight = Flight(
            at,
            self._warp(at - self._origin),
            session if causal else None,
            self._index_of(self._endpoint(request)),
            request.method,
            request.target,
            wire,
            status,
            response_head,
            response_body if whole else None,
            duration,
            id_,
        )
        if self._keep:
            flight.request = request
        return flight
