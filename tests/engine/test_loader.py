"""A recorded row becomes a flight, or the reason why it is not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.loader import HookedLoader, Loader, RoutedLoader
from replay_users.model import Flight, Request, Skip, SkipReason
from replay_users.plan.wire import WireBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = 1_000_000_000
ORIGIN = 1_793_872_800 * SECOND
NAMES = ["GET /items/{id}", "GET /logout"]

ROW: dict[str, Any] = {
    "at": ORIGIN + 4 * SECOND,
    "session": b"s1",
    "causal": True,
    "endpoint": 0,
    "traits": 0,
    "id": "abc",
    "authority": "shop.example.com",
    "method": "GET",
    "target": b"/items/7",
    "head": b"Accept: */*\r\n",
    "body": b"",
    "status": 200,
    "response_head": b"Etag: 1\r\n",
    "response_body": b"{}",
    "whole": True,
    "duration": 5,
}


class Rules:
    """Skips the second endpoint, and whatever has the trait 8."""

    def skip_reason(self, endpoint: int, traits: int) -> SkipReason | None:
        """As above."""
        if endpoint == 1:
            return SkipReason.ENDPOINT_RULE
        return SkipReason.PROTOCOL if traits & 8 else None


class Wire:
    """Makes no wire of targets that hold a secret, and counts how often it was asked."""

    def __init__(self) -> None:
        """Not asked yet."""
        self.asked = 0

    def build(
        self, method: str, authority: str, target: bytes, head: bytes, body: bytes, traits: int
    ) -> bytes | SkipReason:
        """All it was given, one after the other."""
        self.asked += 1
        if b"secret" in target:
            return SkipReason.REDACTED_TARGET
        return b"|".join((method.encode(), authority.encode(), target, head, body, b"%d" % traits))

    def build_request(self, request: Request) -> bytes | SkipReason:
        """The same, of a user's request."""
        return self.build(request.method, request.authority, request.target, request.head, request.body, 0)


def plain(**row: Any) -> tuple[Flight | SkipReason, Wire]:
    """What a plain loader at double speed makes of a row."""
    wire = Wire()
    loader = Loader(origin=ORIGIN, warp=lambda offset: offset // 2, rules=Rules(), wire=wire)
    return loader.flight(**{**ROW, **row}), wire


def flown(made: Flight | SkipReason) -> Flight:
    """A flight, and not a reason."""
    assert isinstance(made, Flight)
    return made


def test_a_flight_carries_what_is_sent_and_what_is_compared() -> None:
    """Due time by the pace, wire by the builder, the recorded answer to compare with."""
    flight = flown(plain(traits=1, head=b"A: b\r\n", body=b"{}")[0])
    assert (flight.at, flight.due, flight.ended) == (ORIGIN + 4 * SECOND, 2 * SECOND, ORIGIN + 4 * SECOND + 5)
    assert flight.wire == b"GET|shop.example.com|/items/7|A: b\r\n|{}|1"
    assert (flight.method, flight.target, flight.endpoint, flight.id) == ("GET", b"/items/7", 0, "abc")
    assert (flight.status, flight.response_head, flight.body, flight.duration) == (200, b"Etag: 1\r\n", b"{}", 5)
    assert (flight.session, flight.state, flight.pending, flight.sent) == (b"s1", 0, 0, 0)


@pytest.mark.parametrize(
    ("row", "field", "expected"),
    [
        pytest.param({"causal": False}, "session", None, id="sessions of connections keep no order"),
        pytest.param({"whole": False}, "body", None, id="a cut answer is not compared"),
        pytest.param({"response_body": None}, "body", None, id="an answer that was not kept"),
        pytest.param({"response_body": b""}, "body", b"", id="an empty answer is compared"),
        pytest.param({"duration": None}, "ended", ROW["at"], id="without a duration it ends as it begins"),
        pytest.param({"body": None}, "wire", b"GET|shop.example.com|/items/7|Accept: */*\r\n||0", id="no request body"),
    ],
)
def test_fields(row: dict[str, Any], field: str, expected: object) -> None:
    """What the recording lacks, the flight lacks."""
    assert getattr(flown(plain(**row)[0]), field) == expected


@pytest.mark.parametrize(
    ("row", "reason", "asked"),
    [
        pytest.param({"endpoint": 1}, SkipReason.ENDPOINT_RULE, 0, id="by its endpoint"),
        pytest.param({"traits": 8}, SkipReason.PROTOCOL, 0, id="by its traits"),
        pytest.param({"target": b"/secret"}, SkipReason.REDACTED_TARGET, 1, id="by the builder"),
    ],
)
def test_skipped(row: dict[str, Any], reason: SkipReason, asked: int) -> None:
    """A row that is not to be sent is its reason, and no wire is built of what the rules leave out."""
    made, wire = plain(**row)
    assert (made, wire.asked) == (reason, asked)


def routed(*more: object, **row: Any) -> Flight | SkipReason:
    """What a loader for two targets makes of a row: `b` goes to the second one, `https` there too, `c` nowhere."""

    def where(scheme: str, authority: str) -> int | None:
        return None if authority == "c" else int(authority == "b" or scheme == "https")

    loader = RoutedLoader(
        origin=ORIGIN, warp=lambda offset: offset, rules=Rules(), wires=[Wire(), Other()], where=where
    )
    return loader.flight(*{**ROW, **row}.values(), *more)


class Other(Wire):
    """Makes wires that begin otherwise."""

    def build(
        self, method: str, authority: str, target: bytes, head: bytes, body: bytes, traits: int
    ) -> bytes | SkipReason:
        """As above, marked."""
        built = super().build(method, authority, target, head, body, traits)
        return built if isinstance(built, SkipReason) else b"other " + built


@pytest.mark.parametrize(
    ("authority", "more", "route", "connection"),
    [
        pytest.param("a", (), 0, None, id="the first target"),
        pytest.param("b", (), 1, None, id="by authority"),
        pytest.param("a", ("https", None), 1, None, id="by scheme"),
        pytest.param("a", ("", "pod 7"), 0, "pod 7", id="a recorded connection"),
    ],
)
def test_a_flight_goes_to_its_target(
    authority: str, more: tuple[object, ...], route: int, connection: str | None
) -> None:
    """With the bytes of that target, on its recorded connection if that was read."""
    flight = flown(routed(*more, authority=authority))
    assert (flight.route, flight.connection) == (route, connection)
    assert flight.wire.startswith(b"other GET|b" if authority == "b" else b"other GET|a" if route else b"GET|a")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"authority": "c"}, SkipReason.UNMAPPED, id="nothing covers its host"),
        pytest.param({"authority": "c", "endpoint": 1}, SkipReason.ENDPOINT_RULE, id="the plan's reason comes first"),
        pytest.param({"authority": "b", "traits": 8}, SkipReason.PROTOCOL, id="by its traits"),
        pytest.param({"authority": "b", "target": b"/secret"}, SkipReason.REDACTED_TARGET, id="by the builder"),
    ],
)
def test_skipped_of_several_targets(row: dict[str, Any], reason: SkipReason) -> None:
    """A row without a target is skipped and has that reason, unless the plan skips it anyway."""
    assert routed(**row) is reason


def test_routing_to_one_target_changes_nothing() -> None:
    """A routed flight is the plain loader's but for route and connection."""
    plain_one = Loader(origin=ORIGIN, warp=lambda offset: offset, rules=Rules(), wire=Wire()).flight(**ROW)
    assert fields_of(flown(routed())) == fields_of(flown(plain_one))


@pytest.mark.parametrize(("path", "expected"), [(b"/items/7", 1), (b"/items/8", 0)], ids=["rewritten", "as recorded"])
def test_what_a_user_rewrites_goes_where_that_belongs(path: bytes, expected: int) -> None:
    """The authority that `rewrite` gave decides, with the recorded scheme and connection."""
    seen: list[tuple[str, str]] = []

    def where(scheme: str, authority: str) -> int | None:
        seen.append((scheme, authority))
        return int(authority == "b")

    flight = flown(hooked(where=where, more=("https", "pod 7"), target=path)[0])
    assert (flight.route, flight.connection) == (expected, "pod 7")
    assert seen == [("https", "b" if expected else "shop.example.com")]
    assert flight.wire.startswith(b"other ") is bool(expected)


def test_what_a_user_rewrites_may_have_no_target() -> None:
    """An authority that nothing covers is not sent anywhere."""
    assert hooked(where=nowhere)[0] is SkipReason.UNMAPPED


@pytest.mark.parametrize("make", [routed, lambda *more: hooked(more=more, target=b"/a")[0]], ids=["routed", "hooked"])
@pytest.mark.parametrize("hashes", [(), (None,), (b"h" * 16,)], ids=["not-read", "kept", "cut"])
def test_every_loader_knows_the_hash_that_was_read(make: Callable[..., Any], hashes: tuple[bytes | None, ...]) -> None:
    """It comes last, after scheme and connection, and of tables without hashes it does not come."""
    made = flown(make("", "pod 7", *hashes))
    assert (made.connection, made.hash) == ("pod 7", hashes[0] if hashes else None)
    assert flown(plain(**({"response_hash": hashes[0]} if hashes else {}))[0]).hash == made.hash


class User:
    """A user's own methods."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen: list[Request] = []

    def rewrite(self, request: Request) -> Request | Skip:
        """Posts items elsewhere, and leaves admins out."""
        self.seen.append(request)
        if request.target.startswith(b"/admin"):
            return Skip("admins are not replayed")
        if request.target == b"/items/7":
            return Request(method="POST", target=b"/v2/items/7", authority="b", body=b"{}", endpoint=request.endpoint)
        return request

    def endpoint(self, request: Request) -> str:
        """By version."""
        return "v2" if request.target.startswith(b"/v2") else request.endpoint


def the_first(_scheme: str, _authority: str) -> int | None:
    """Sends everything to the first target."""
    return 0


def nowhere(_scheme: str, _authority: str) -> int | None:
    """Has no target for anything."""
    return None


def everything(_: Request) -> SkipReason | None:
    """Lets everything out."""
    return None


def no_writes(request: Request) -> SkipReason | None:
    """Lets nothing out that is no GET."""
    return None if request.method == "GET" else SkipReason.METHOD


def hooked(
    *,
    keep: bool = False,
    judge: Callable[[Request], SkipReason | None] = everything,
    where: Callable[[str, str], int | None] = the_first,
    more: tuple[object, ...] = (),
    **row: Any,
) -> tuple[Flight | SkipReason, User, list[str]]:
    """What a loader with a user's code makes of a row; and the endpoints known after that."""
    user, names = User(), [*NAMES]

    def index_of(name: str) -> int:
        if name not in names:
            names.append(name)
        return names.index(name)

    loader = HookedLoader(
        origin=ORIGIN,
        warp=lambda offset: offset,
        rules=Rules(),
        wires=[Wire(), Other()],
        where=where,
        rewrite=user.rewrite,
        judge=judge,
        endpoint=user.endpoint,
        index_of=index_of,
        names=names,
        keep=keep,
    )
    return loader.flight(*{**ROW, **row}.values(), *more), user, names


def test_a_user_sees_the_recorded_request() -> None:
    """`rewrite` is given all of the request, its endpoint by name, and no `None`."""
    _, user, _ = hooked(body=None)
    assert user.seen == [
        Request(
            method="GET",
            target=b"/items/7",
            authority="shop.example.com",
            head=b"Accept: */*\r\n",
            endpoint="GET /items/{id}",
            session=b"s1",
        )
    ]


def test_a_user_rewrites_and_renames() -> None:
    """What goes out is what `rewrite` gave, counted under what `endpoint` named, compared with what was recorded."""
    made, _, names = hooked()
    flight = flown(made)
    assert flight.wire == b"POST|b|/v2/items/7||{}|0"
    assert (flight.method, flight.target, names[flight.endpoint]) == ("POST", b"/v2/items/7", "v2")
    assert (flight.at, flight.due, flight.session, flight.duration) == (ROW["at"], 4 * SECOND, b"s1", 5)
    assert (flight.status, flight.response_head, flight.body, flight.id) == (200, b"Etag: 1\r\n", b"{}", "abc")


@pytest.mark.parametrize(
    ("row", "reason", "asked"),
    [
        pytest.param({"target": b"/admin/1"}, SkipReason.REWRITE, 1, id="by the user"),
        pytest.param({"endpoint": 1}, SkipReason.ENDPOINT_RULE, 0, id="by the plan, without asking the user"),
        pytest.param({"target": b"/secret"}, SkipReason.REDACTED_TARGET, 1, id="by the builder"),
    ],
)
def test_skipped_with_a_user(row: dict[str, Any], reason: SkipReason, asked: int) -> None:
    """The plan's reasons come first; a user can only leave out more."""
    made, user, _ = hooked(**row)
    assert (made, len(user.seen)) == (reason, asked)


def test_what_a_user_makes_of_a_row_is_judged_again() -> None:
    """A GET that became a POST is not sent where writes are not, whatever the rules said of the row."""
    assert hooked(judge=no_writes)[0] is SkipReason.METHOD


@pytest.mark.parametrize("row", [{"target": b"/items/8"}, {"target": b"/items/8", "method": "POST"}])
def test_what_a_user_leaves_as_it_was_is_not_judged_again(row: dict[str, Any]) -> None:
    """The rules have let the row go, as it is."""
    assert isinstance(hooked(judge=lambda _: SkipReason.ENDPOINT_RULE, **row)[0], Flight)


@pytest.mark.parametrize(
    ("row", "session", "body"),
    [({"causal": False}, None, b"{}"), ({"whole": False}, b"s1", None)],
    ids=["no order", "cut answer"],
)
def test_fields_with_a_user(row: dict[str, Any], session: bytes | None, body: bytes | None) -> None:
    """What the recording lacks, the flight lacks here too."""
    flight = flown(hooked(**row)[0])
    assert (flight.session, flight.body) == (session, body)


@pytest.mark.parametrize("keep", [False, True])
def test_the_request_is_kept_for_signing(keep: bool) -> None:
    """The request stays with the flight only where it will be signed, as rewritten."""
    flight = flown(hooked(keep=keep)[0])
    assert (flight.request.target if flight.request else None) == (b"/v2/items/7" if keep else None)


def test_the_plans_own_builder_fits() -> None:
    """The plan's wire builder is one that a loader takes: what it makes goes out, what it refuses is a reason."""
    wire = WireBuilder(host=b"staging:8080", run_id="r1")
    loader = Loader(origin=ORIGIN, warp=lambda offset: offset, rules=Rules(), wire=wire)
    flight = flown(loader.flight(**ROW))
    assert flight.wire.startswith(
        b"GET /items/7 HTTP/1.1\r\nHost: staging:8080\r\nAccept: */*\r\nX-Replay-Test: true\r\n"
    )
    assert flight.wire.endswith(b"\r\n\r\n")
    assert loader.flight(**{**ROW, "method": "G T"}) is SkipReason.PROTOCOL


@pytest.mark.parametrize(
    "row",
    [{}, {"causal": False}, {"whole": False}, {"duration": None, "body": None}, {"response_body": None, "status": 404}],
    ids=["as it is", "no session to wait in", "cut", "nothing known", "no body kept"],
)
def test_a_user_that_changes_nothing_changes_nothing(row: dict[str, Any]) -> None:
    """Where a user's code leaves requests alone, the flight is the one that the plain loader makes of the same row."""
    given = ({**ROW, **row}).values()
    plain_one = Loader(origin=ORIGIN, warp=lambda offset: offset, rules=Rules(), wire=Wire()).flight(*given)
    hooked_one = HookedLoader(
        origin=ORIGIN,
        warp=lambda offset: offset,
        rules=Rules(),
        wires=[Wire()],
        where=the_first,
        rewrite=lambda request: request,
        judge=everything,
        endpoint=lambda request: request.endpoint,
        index_of=NAMES.index,
        names=[*NAMES],
        keep=False,
    ).flight(*given)
    assert [fields_of(flown(one)) for one in (plain_one, hooked_one)] == [fields_of(flown(plain_one))] * 2


def fields_of(flight: Flight) -> dict[str, Any]:
    """Everything a flight holds."""
    return {name: getattr(flight, name) for name in Flight.__slots__ if hasattr(flight, name)}
