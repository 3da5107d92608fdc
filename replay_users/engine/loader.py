"""A recorded row becomes a flight: its due time, its wire bytes, or the reason why it is not sent.

Law: pure, one row at a time; warm rather than hot, since it runs ahead of the due time, but once per exchange. A user's
`rewrite` and `endpoint` are called here, at load time, and only if they are overridden: making a `Request` costs more
than all the rest. The subtle thing: the rules were asked about the row, so a request that `rewrite` turned into another
one is judged again, or a GET could become a POST that nobody allowed. With one target and pooled connections, which is the
usual run, nobody asks where a row goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from replay_users.model import Flight, Request, Skip, SkipReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["HookedLoader", "Loader", "RoutedLoader", "RowRules", "WhereTo", "WireBuilder"]


_ENDPOINT, _TRAITS, _AUTHORITY = 3, 4, 6  # places in a row
_COLUMNS = 16  # of a row, without those that only some runs read
_UNREAD: tuple[str, str | None] = ("", None)  # the scheme and connection of a row where they are not read

WhereTo: TypeAlias = "Callable[[str, str], int | None]"
"""The index of the target of a scheme (empty where it is not read) and an authority, `None` for nowhere."""


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
    """Makes flights of rows as the plan says; `placed` loaders take each row's scheme and connection too (`rows`)."""

    placed: ClassVar[bool] = False

    def __init__(self, *, origin: int, warp: Callable[[int], int], rules: RowRules, wire: WireBuilder) -> None:
        """`origin` is UTC ns; `warp` maps ns since the origin to ns since the run's start."""
        self._origin = origin
        self._warp = warp
        self._reason = rules.skip_reason
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
        response_hash: bytes | None = None,
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
            response_hash,
        )


class RoutedLoader(Loader):
    """Makes flights for several targets, or along recorded connections."""

    placed = True

    def __init__(
        self,
        *,
        origin: int,
        warp: Callable[[int], int],
        rules: RowRules,
        wires: Sequence[WireBuilder],
        where: WhereTo,
    ) -> None:
        """`wires` are those of the targets, `where` gives the index of a row's."""
        super().__init__(origin=origin, warp=warp, rules=rules, wire=wires[0])
        self._flights = [Loader(origin=origin, warp=warp, rules=rules, wire=wire).flight for wire in wires]
        self._where = where

    def flight(self, *row: Any) -> Flight | SkipReason:
        """The flight of one row, or why it is not sent; that nothing covers its host comes after the plan's own reasons."""
        scheme, connection, *hashes = row[_COLUMNS:] or _UNREAD
        nth = self._where(scheme, row[_AUTHORITY])
        if nth is None:
            return self._reason(row[_ENDPOINT], row[_TRAITS]) or SkipReason.UNMAPPED
        made = self._flights[nth](*row[:_COLUMNS], *hashes)
        if isinstance(made, Flight):
            made.route = nth
            made.connection = connection
        return made


class HookedLoader(Loader):
    """Makes flights of what a user's `rewrite` and `endpoint` make of the recorded requests."""

    placed = True

    def __init__(  # noqa: PLR0913 - what a loader is made of
        self,
        *,
        origin: int,
        warp: Callable[[int], int],
        rules: RowRules,
        wires: Sequence[WireBuilder],
        where: WhereTo,
        rewrite: Callable[[Request], Request | Skip],
        judge: Callable[[Request], SkipReason | None],
        endpoint: Callable[[Request], str],
        index_of: Callable[[str], int],
        names: list[str],
        keep: bool,
    ) -> None:
        """`wires` are those of the targets, `where` gives the index of a request's, by the authority that `rewrite` left it.

        `judge` says why a request with another method or target than recorded is not sent, `None` if it is.

        `names` are the endpoints by index; `index_of` gives (and if need be makes) the index of a name.

        `keep` leaves the request with the flight, to be signed when it is sent.
        """
        super().__init__(origin=origin, warp=warp, rules=rules, wire=wires[0])
        self._wires = wires
        self._where = where
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
        scheme, connection, *hashes = row[_COLUMNS:] or _UNREAD
        nth = self._where(scheme, request.authority)
        if nth is None:
            return SkipReason.UNMAPPED
        wire = self._wires[nth].build_request(request)
        if isinstance(wire, SkipReason):
            return wire
        flight = self._made(row[:_COLUMNS], request, wire, *hashes)
        flight.route = nth
        flight.connection = connection
        return flight

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

    def _made(self, row: tuple[Any, ...], request: Request, wire: bytes, response_hash: bytes | None = None) -> Flight:
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
            response_hash,
        )
        if self._keep:
            flight.request = request
        return flight
