"""Classes: a mismatch is a regression unless there is evidence that staging lacks what production had."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.compare import classes as module
from replay_users.compare.classes import COOKIE, Classifier, excused
from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.path import Index, Key, Path
from replay_users.testing import make_flight

REGRESSION, MISSING, CREDENTIAL = Class.REGRESSION, Class.MISSING, Class.CREDENTIAL
ROWS: Path = (Key("rows"),)


def flight(target: str = "/orders/77", statuses: tuple[int, int] = (200, 200), **marks: Any) -> Any:
    """A flight with these statuses, recorded and replayed."""
    recorded, replayed = statuses
    marks = {"session": b"s", "method": "GET", "answer_head": b"HTTP/1.1 200 OK\r\n\r\n", **marks}
    return make_flight(target=target.encode(), status=recorded, answer_status=replayed, **marks)


def by_status(classifier: Classifier, *args: Any, **marks: Any) -> Class:
    """The class of a flight with two statuses."""
    differing = flight(*args, **marks)
    [found] = classifier.classify(differing, [Difference("GET /", (), Kind.STATUS, "1", "2")])
    return found


def by_body(
    classifier: Classifier, target: str, path: Path, kind: Kind, recorded: str, replayed: str, **marks: Any
) -> Class:
    """The class of one difference of two bodies."""
    [found] = classifier.classify(flight(target, **marks), [Difference("GET /", path, kind, recorded, replayed)])
    return found


@pytest.mark.parametrize(
    ("target", "statuses", "expected"),
    [
        pytest.param("/orders/77", (200, 404), MISSING, id="an-id-that-is-not-there"),
        pytest.param("/orders/77", (302, 410), MISSING, id="or-is-gone"),
        pytest.param("/orders?id=77", (200, 404), MISSING, id="an-id-in-the-query"),
        pytest.param("/-/metadata", (200, 404), REGRESSION, id="a-route-that-is-gone"),
        pytest.param("/prices?session_id=77", (200, 404), REGRESSION, id="a-route-that-is-gone-whoever-asks"),
        pytest.param("/orders/77", (200, 401), CREDENTIAL, id="unknown-login"),
        pytest.param("/orders/77", (302, 403), CREDENTIAL, id="forbidden"),
        pytest.param("/orders/77", (200, 409), Class.PRECONDITION, id="conflict"),
        pytest.param("/orders/77", (204, 412), Class.PRECONDITION, id="precondition-failed"),
        pytest.param("/orders/77", (200, 428), Class.PRECONDITION, id="precondition-required"),
        pytest.param("/a.js", (304, 200), Class.PRECONDITION, id="another-validator"),
        pytest.param("/orders/77", (200, 429), Class.THROTTLED, id="throttled"),
        pytest.param("/orders/77", (200, 502), Class.UPSTREAM, id="bad-gateway"),
        pytest.param("/orders/77", (200, 503), Class.UPSTREAM, id="unavailable"),
        pytest.param("/orders/77", (304, 504), Class.UPSTREAM, id="gateway-timeout"),
        pytest.param("/orders/77", (200, 500), REGRESSION, id="server-error"),
        pytest.param("/orders/77", (200, 400), REGRESSION, id="bad-request"),
        pytest.param("/orders/77", (200, 302), REGRESSION, id="redirect"),
        pytest.param("/orders/77", (404, 200), REGRESSION, id="found-now"),
        pytest.param("/orders/77", (404, 403), REGRESSION, id="refused-otherwise"),
        pytest.param("/orders/77", (500, 503), REGRESSION, id="failed-before-too"),
        pytest.param("/orders/77", (206, 200), REGRESSION, id="range-not-honoured"),
    ],
)
def test_what_two_statuses_are_a_sign_of(target: str, statuses: tuple[int, int], expected: Class) -> None:
    """Without a memory, both statuses and the target say what it is."""
    assert by_status(Classifier(), target, statuses) is expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/login?next=/a", CREDENTIAL),
        ("https://sso.example/x", CREDENTIAL),
        ("/accounts/sign-in/", CREDENTIAL),
        ("/catalogin/x", REGRESSION),
        ("/nyc/-/query", REGRESSION),
    ],
)
def test_a_way_to_the_login_is_a_missing_credential(location: str, expected: Class) -> None:
    """A redirect where there was an answer is a regression, unless it leads to a login."""
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode()
    assert by_status(Classifier(), "/orders", (200, 302), answer_head=head) is expected


@pytest.mark.parametrize(
    ("target", "statuses", "session", "expected"),
    [
        pytest.param("/orders/77/pay", (200, 400), b"s", MISSING, id="refused-in-its-session"),
        pytest.param("/orders/77/pay", (200, 422), b"other", MISSING, id="refused-in-any-session"),
        pytest.param("/orders/77/pay", (200, 409), b"s", MISSING, id="a-conflict-about-it"),
        pytest.param("/pay?for=77-a", (200, 400), b"s", REGRESSION, id="another-id"),
        pytest.param("/pay?order_id=77", (200, 400), b"other", MISSING, id="named-in-a-query"),
        pytest.param("/users/77", (200, 400), b"s", REGRESSION, id="the-same-number-of-something-else"),
        pytest.param("/orders/78", (200, 400), b"s", REGRESSION, id="an-id-that-is-there"),
        pytest.param("/orders/77", (200, 500), b"s", REGRESSION, id="a-crash-is-always-a-regression"),
        pytest.param("/orders/77", (200, 401), b"s", CREDENTIAL, id="a-login-is-a-login"),
    ],
)
def test_a_missing_id_is_followed(target: str, statuses: tuple[int, int], session: bytes, expected: Class) -> None:
    """Once an id was missing, what is refused for it follows from that."""
    classifier = Classifier()
    assert by_status(classifier, "/orders/77", (200, 404)) is MISSING
    assert by_status(classifier, target, statuses, session=session) is expected


def test_a_telling_id_is_followed_wherever_its_session_names_it() -> None:
    """A long id says by itself what it is about; a short one only under its noun."""
    classifier = Classifier()
    by_status(classifier, "/orders/a7f3c9d2e1b04455", (200, 404))
    assert by_status(classifier, "/track/by/a7f3c9d2e1b04455.pdf?x", (200, 400)) is MISSING
    assert by_status(classifier, "/track/by/a7f3c9d2e1b04455.pdf?x", (200, 400), session=b"other") is REGRESSION


@pytest.mark.parametrize("target", ["/prices/2026-11-01", "/prices?from=120261", "/prices/a2026"])
def test_a_part_of_an_id_is_another_id(target: str) -> None:
    """That a report of a year is missing explains no price of a day."""
    classifier = Classifier()
    assert by_status(classifier, "/reports/2026", (200, 404)) is MISSING
    assert by_body(classifier, target, (Key("price"),), Kind.VALUE, "1", "2") is REGRESSION
    assert by_body(classifier, "/sums?of=2026&x=1", (Key("price"),), Kind.VALUE, "1", "2") is MISSING


@pytest.mark.parametrize(
    ("missing", "target"),
    [
        pytest.param("/stores/1/products/77", "/stores/1/products/78", id="of-one-store"),
        pytest.param("/stores/1001/products/77", "/stores/1001/products/78", id="telling"),
        pytest.param("/api/2024-01-01/users/77", "/api/2024-01-01/prices", id="of-one-version"),
        pytest.param("/orders?id=77&client_id=web", "/prices?client_id=web", id="of-one-client"),
    ],
)
def test_what_lies_beside_something_missing_is_there(missing: str, target: str) -> None:
    """One product that staging lacks explains no price of another: a price changed there passed."""
    classifier = Classifier()
    assert by_status(classifier, missing, (200, 404)) is MISSING
    assert by_body(classifier, target, (Key("price"),), Kind.VALUE, "1", "2") is REGRESSION
    assert by_status(classifier, target, (200, 400)) is REGRESSION
    assert by_status(classifier, missing, (200, 400)) is MISSING


def test_statuses_are_seen_before_verdicts_come() -> None:
    """Comparers answer in another order than the target; what was missing is known as soon as it was answered."""
    classifier = Classifier()
    classifier.see(flight("/orders/77", (200, 404)))
    assert by_body(classifier, "/orders/77/items", ROWS, Kind.LENGTH, "2 items", "0 items") is MISSING


@pytest.mark.parametrize(
    ("target", "path", "kind", "values", "expected"),
    [
        pytest.param("/nyc/notes.json", ROWS, Kind.LENGTH, ("68 items", "0 items"), MISSING, id="an-empty-list"),
        pytest.param("/nyc/notes/5", (Key("text"),), Kind.VALUE, ('"a"', '"b"'), MISSING, id="another-text"),
        pytest.param("/nyc/notes.json", (*ROWS, Index(3)), Kind.REMOVED, ("{}", ""), MISSING, id="an-item-less"),
        pytest.param("/nyc/notes", (Key("17", in_map=True),), Kind.REMOVED, ("1", ""), MISSING, id="an-entry-less"),
        pytest.param("/nyc/notes.json", (Key("next"),), Kind.TYPE, ('"100"', "null"), MISSING, id="no-next-page"),
        pytest.param("/nyc/notes.json", (Key("units"),), Kind.REMOVED, ("{}", ""), REGRESSION, id="a-key-less"),
        pytest.param("/nyc/notes.json", (Key("id"),), Kind.TYPE, ("1", '"1"'), REGRESSION, id="another-type"),
        pytest.param("/nyc/notes.json", (Key("vary"),), Kind.HEADER, ('"a"', '"b"'), REGRESSION, id="a-header"),
        pytest.param("/nyc.json", (Key("count"),), Kind.VALUE, ("68", "0"), MISSING, id="fewer-around-it"),
        pytest.param(
            "/", (Key("text"), Index(3)), Kind.VALUE, ('"1,068 rows"', '"0 rows"'), MISSING, id="fewer-in-a-text"
        ),
        pytest.param("/nyc.json", (Key("count"),), Kind.VALUE, ("0", "68"), REGRESSION, id="more-around-it"),
        pytest.param("/", (Key("price"),), Kind.VALUE, ("19.99", "9.99"), REGRESSION, id="a-price-is-no-count"),
        pytest.param(
            "/", (Key("foot"),), Kind.VALUE, ('"v0.65.5"', '"v0.64.8"'), REGRESSION, id="a-version-is-no-count"
        ),
        pytest.param(
            "/", (Key("at"),), Kind.VALUE, ('"2026-03-02"', '"2026-03-01"'), REGRESSION, id="a-date-is-no-count"
        ),
        pytest.param("/nyc.json", (Key("rows"),), Kind.TYPE, ("[]", "{}"), REGRESSION, id="another-type-around-it"),
        pytest.param(
            "/nyc/flights.json", ROWS, Kind.LENGTH, ("68 items", "0 items"), REGRESSION, id="another-resource"
        ),
    ],
)
def test_what_writes_that_were_left_out_leave(
    target: str, path: Path, kind: Kind, values: tuple[str, str], expected: Class
) -> None:
    """Their resource may hold other data, and what lies around it less; nothing else may be otherwise."""
    classifier = Classifier(["POST /nyc/add_note", "GET /nyc/flights.json"])
    assert by_body(classifier, target, path, kind, *values) is expected


def test_the_order_of_lists_follows_from_smaller_counts() -> None:
    """Tables sorted by their number of rows change places when one has fewer."""
    classifier = Classifier(["POST /nyc/notes"])
    order = Difference("GET /", (), Kind.ORDER, "", "")
    count = Difference("GET /", (Key("count"),), Kind.VALUE, "5", "4")
    assert classifier.classify(flight("/"), [order, count]) == (MISSING, MISSING)
    assert classifier.classify(flight("/"), [order]) == (REGRESSION,)


def test_only_writes_leave_something_behind() -> None:
    """A read that is not replayed explains nothing."""
    classifier = Classifier(["GET /nyc/notes", "HEAD /nyc/notes"])
    assert by_body(classifier, "/nyc/notes", ROWS, Kind.LENGTH, "2 items", "0 items") is REGRESSION


@pytest.mark.parametrize(
    "left_out", ["POST /api/v1/search", "POST /api/v1/prices/search", "POST /api/v1", "PUT /api/v1"]
)
def test_a_question_that_was_left_out_explains_nothing(left_out: str) -> None:
    """A search that is posted writes nothing, and an interface is no resource: every price of it could differ unseen."""
    assert by_body(Classifier([left_out]), "/api/v1/prices/7", (Key("x"),), Kind.VALUE, "1", "2") is REGRESSION
    classifier = Classifier()
    method, _, target = left_out.partition(" ")
    by_status(classifier, target, (200, 401), method=method)
    assert by_body(classifier, "/api/v1/prices/7", (Key("x"),), Kind.VALUE, "1", "2") is REGRESSION


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((201, 401), MISSING), ((201, 429), MISSING), ((201, 500), REGRESSION), ((409, 401), REGRESSION)],
)
def test_a_refused_write_is_missing_for_its_session(statuses: tuple[int, int], expected: Class) -> None:
    """What a session could not write it does not find later; other sessions are not concerned, nor is what failed before."""
    classifier = Classifier()
    by_status(classifier, "/cart/items", statuses, method="POST")
    assert by_body(classifier, "/cart/items", ROWS, Kind.LENGTH, "2 items", "0 items") is expected
    assert by_body(classifier, "/cart/items", ROWS, Kind.LENGTH, "2 items", "0 items", session=b"o") is REGRESSION
    assert by_status(classifier, "/cart/items", (200, 404)) is expected


def test_a_write_that_got_no_answer_is_missing_too() -> None:
    """So is one that was never sent."""
    classifier = Classifier()
    classifier.unsent(flight("/cart", (201, 0), method="POST"))
    classifier.unsent(flight("/wishes", (200, 0), method="GET"))
    assert by_body(classifier, "/cart", ROWS, Kind.LENGTH, "2 items", "0 items") is MISSING
    assert by_body(classifier, "/wishes", ROWS, Kind.LENGTH, "2 items", "0 items") is REGRESSION


def test_what_a_deletion_that_was_left_out_leaves() -> None:
    """What was gone in production is still there."""
    assert by_status(Classifier(["DELETE /orders/{id}"]), "/orders/77", (404, 200)) is MISSING


def test_an_exchange_is_what_its_worst_difference_is() -> None:
    """One difference that nothing explains makes it a regression."""
    one = Difference("GET /", (), Kind.VALUE, "1", "2")
    assert Differences([one, one], classes=(MISSING, REGRESSION)).main_class is REGRESSION
    assert Differences([one, one], classes=(CREDENTIAL, MISSING)).main_class is CREDENTIAL
    assert Differences([one]).main_class is REGRESSION


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest sessions, ids and resources are forgotten."""
    monkeypatch.setattr(module, "_SESSIONS", 3)
    monkeypatch.setattr(module, "_IDS", 5)
    monkeypatch.setattr(module, "_PER_SESSION", 4)
    classifier = Classifier()
    for number in range(50):
        by_status(classifier, f"/orders/{number}", (200, 404), session=b"%d" % (number % 10))
        by_status(classifier, f"/thing{number}/parts", (200, 401), session=b"s", method="POST")
    assert len(classifier._sessions) == 3
    assert len(classifier._ids) == 5
    assert max(len(each.ids) for each in classifier._sessions.values()) <= 4
    assert max(len(each.unwritten) for each in classifier._sessions.values()) == 4


GREETING = Difference("GET /", (Key("set-cookie"),), Kind.HEADER, "", '"sid; path=/; session"')
DROPPED = Difference("GET /", (Key("set-cookie"),), Kind.HEADER, '"[redacted]"', "")
PRICE = Difference("GET /", (Key("price"),), Kind.VALUE, "1", "2")
BARE, WITH_COOKIE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nCOOKIE: sid=1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("wire", "differences", "counts", "ignored"),
    [
        pytest.param(BARE, [GREETING], [], [GREETING], id="a-stranger-is-greeted"),
        pytest.param(BARE, [PRICE, GREETING], [PRICE], [GREETING], id="and-something-else-differs"),
        pytest.param(BARE, [PRICE], [PRICE], [], id="something-else-alone"),
        pytest.param(BARE, [DROPPED], [DROPPED], [], id="a-cookie-less-is-none"),
        pytest.param(WITH_COOKIE, [GREETING], [GREETING], [], id="who-has-a-cookie-is-no-stranger"),
        pytest.param(b"", [GREETING], [], [GREETING], id="nothing-kept-of-the-request"),
        pytest.param(COOKIE, [GREETING], [GREETING], [], id="kept-that-it-had-one"),
    ],
)
def test_a_cookie_for_a_request_without_one_is_of_our_making(
    wire: bytes, differences: list[Difference], counts: list[Difference], ignored: list[Difference]
) -> None:
    """Capture redacts cookies, so a service may greet each replayed request as a new visitor; that is ignored and counted."""
    verdict = excused(flight("/", wire=wire), Differences(differences, ignored=(PRICE,), capped=3))
    assert isinstance(verdict, Differences) is bool(counts)
    assert list(verdict if isinstance(verdict, Differences) else ()) == counts
    assert (verdict.ignored, verdict.capped) == ((PRICE, *ignored), 3)


NOTES_LEFT_OUT = ["POST /app/notes"]
PLACE: Path = (Key("tables"), Index(4))


@pytest.mark.parametrize(
    ("path", "kind", "replayed", "expected"),
    [
        pytest.param((*PLACE, Key("pk")), Kind.VALUE, '"code"', MISSING, id="another-item-in-its-place"),
        pytest.param((*PLACE, Key("keys"), Index(0)), Kind.VALUE, '"code"', MISSING, id="whatever-is-in-it"),
        pytest.param((*PLACE, Key("pk")), Kind.TYPE, "7", REGRESSION, id="not-another-type"),
        pytest.param((*PLACE, Key("pk")), Kind.REMOVED, "", REGRESSION, id="not-another-shape"),
        pytest.param((Key("tables"), Index(3), Key("pk")), Kind.VALUE, '"code"', REGRESSION, id="not-the-next-item"),
        pytest.param((Key("pk"),), Kind.VALUE, '"code"', REGRESSION, id="nothing-outside"),
    ],
)
def test_an_item_about_what_was_not_written_gives_way_to_another(
    path: Path, kind: Kind, replayed: str, expected: Class
) -> None:
    """Where an item named what was left out, and names something else now, its data is other data."""
    for name in ('"notes"', '"/app/notes"'):
        replaced = Difference("GET /", (*PLACE, Key("name")), Kind.VALUE, name, '"planes"')
        differences = [replaced, Difference("GET /", path, kind, '"id"', replayed)]
        assert Classifier(NOTES_LEFT_OUT).classify(flight("/"), differences) == (MISSING, expected)


def test_an_item_that_is_still_named_has_not_given_way() -> None:
    """The same name written otherwise is a change, and so is a name of something that was written."""
    for was, now in (('"notes"', '"/app/notes"'), ('"planes"', '"notes"'), ('"planes"', '"trains"')):
        [found] = Classifier(NOTES_LEFT_OUT).classify(
            flight("/"), [Difference("GET /", (*PLACE, Key("name")), Kind.VALUE, was, now)]
        )
        assert found is REGRESSION


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param((Key("body"), Key("div"), Index(0), Key("h3")), MISSING, id="a-heading"),
        pytest.param((Key("body"), Key("div"), Index(0), Key("@class")), REGRESSION, id="an-attribute"),
        pytest.param((Key("body"), Key("total")), MISSING, id="the-outermost-element"),
        pytest.param((Key("div"), Index(0), Key("h3")), REGRESSION, id="a-member-of-an-object"),
        pytest.param((Key("body"), Key("a"), Key("b"), Key("c")), REGRESSION, id="a-member-of-a-body"),
    ],
)
def test_elements_of_a_page_come_and_go_with_its_data(path: Path, expected: Class) -> None:
    """A page about what was not written lacks whole elements; an object that lacks a member has another shape."""
    assert by_body(Classifier(NOTES_LEFT_OUT), "/app/notes", path, Kind.REMOVED, "[{}]", "") is expected
    assert by_body(Classifier(NOTES_LEFT_OUT), "/app/notes", path, Kind.REMOVED, '{"a": 1}', "") is REGRESSION
    assert by_body(Classifier(NOTES_LEFT_OUT), "/app/notes", path, Kind.ADDED, "", "[{}]") is REGRESSION


def test_code_that_is_gone_is_a_regression() -> None:
    """Scripts and styles come with a release, however much their names look like ids."""
    assert by_status(Classifier(), "/static/a-1.0.1-7f3b2c.min.js", (200, 404)) is REGRESSION
    assert by_status(Classifier(), "/static/codemirror-5.57.0.min.css", (200, 404)) is REGRESSION
