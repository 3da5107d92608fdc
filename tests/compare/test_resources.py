"""What a request is about: nouns, ids, and what lies in what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.resources import Relation, asked_for, asks_only, ids_of, meant_by, relation, resource_of


@pytest.mark.parametrize(
    ("endpoint", "nouns"),
    [
        pytest.param("GET /users/{id}/orders.json", ("user", "{}", "order"), id="suffix-and-plural"),
        pytest.param("POST /nyc/notes/-/insert", ("nyc", "note"), id="an-action-at-the-end"),
        pytest.param("POST /nyc/add_note", ("nyc", "note"), id="an-action-in-front"),
        pytest.param("POST /api/v2/createOrder", ("api", "v-2", "order"), id="camel-case"),
        pytest.param("GET /categories/{slug}", ("category", "{}"), id="ies"),
        pytest.param("GET /status/addresses", ("statu", "addresse"), id="crude-and-always-the-same"),
        pytest.param("GET /", (), id="root"),
        pytest.param("POST /search", (), id="nothing-but-an-action"),
        pytest.param("__other__", (), id="no-path"),
    ],
)
def test_the_nouns_of_an_endpoint(endpoint: str, nouns: tuple[str, ...]) -> None:
    """Segments in the singular, without actions and suffixes; parameters stay places."""
    assert resource_of(endpoint) == nouns


@pytest.mark.parametrize(
    ("target", "nouns"),
    [
        (b"/users/17/orders?x=/a/b", ("user", "{}", "order")),
        (b"/nyc/notes.json", ("nyc", "note")),
        (b"/users/17.json", ("user", "{}")),
        (b"*", ()),
    ],
)
def test_the_nouns_of_a_target(target: bytes, nouns: tuple[str, ...]) -> None:
    """Its ids are parameters, its query is none of it."""
    assert asked_for(target) == nouns


@pytest.mark.parametrize(
    ("asked", "other", "expected"),
    [
        (("nyc", "note"), ("nyc", "note"), Relation.WITHIN),
        (("nyc", "note", "{}"), ("nyc", "note"), Relation.WITHIN),
        (("nyc",), ("nyc", "note"), Relation.AROUND),
        ((), ("nyc", "note"), Relation.AROUND),
        (("nyc", "flight"), ("nyc", "note"), Relation.NONE),
        (("item", "{}"), ("cart", "{}", "item"), Relation.NONE),
        (("nyc",), (), Relation.NONE),
        (("{}",), ("{}",), Relation.NONE),
        (("api", "v-1", "price"), ("api", "v-1"), Relation.NONE),
        (("api", "v-1", "price", "{}"), ("api", "v-1", "price"), Relation.WITHIN),
    ],
)
def test_how_resources_stand_to_each_other(asked: tuple[str, ...], other: tuple[str, ...], expected: Relation) -> None:
    """One is a part of the other where its path begins with the other's; a resource without a noun is no resource."""
    assert relation(asked, other) is expected


@pytest.mark.parametrize(
    ("target", "ids"),
    [
        pytest.param(b"/orders/77", [("order", "77")], id="path"),
        pytest.param(b"/orders/77/items/3.json", [("order", "77"), ("item", "3")], id="several"),
        pytest.param(b"/pay?order_id=77&page=2", [("order", "77")], id="query-with-a-noun"),
        pytest.param(b"/orders?id=77", [("order", "77")], id="query-without-one"),
        pytest.param(b"/orders?orderId=a%2Fb", [("order", "a/b")], id="escaped"),
        pytest.param(b"/orders?id=", [], id="empty"),
        pytest.param(b"/orders?api_key=a&session_id=b&requestId=c&page_key=3", [], id="of-who-asks"),
        pytest.param(b"/rest/api/2/info", [], id="a-version"),
        pytest.param(b"/api/1.2/users/5", [("user", "5")], id="a-version-and-an-id"),
        pytest.param(b"/api/2024-01-01-preview/info", [], id="a-version-that-is-a-date"),
        pytest.param(b"/orders/2", [("order", "2")], id="no-version"),
        pytest.param(b"/about/us", [], id="none"),
        pytest.param(b"/-/metadata", [], id="a-route"),
        pytest.param(b"/a/" + b"7" * 300, [], id="too-long"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_the_ids_of_a_target(target: bytes, ids: list[tuple[str, str]]) -> None:
    """Each stands under the noun before it, or under the one its parameter names."""
    assert ids_of(target) == ids


@pytest.mark.parametrize(
    ("target", "ids"),
    [
        pytest.param(b"/orders/77?client_id=web", [("order", "77")], id="of-the-path"),
        pytest.param(b"/stores/1/products/77.json", [("product", "77")], id="the-innermost"),
        pytest.param(b"/stores/1/products/77/parts", [("product", "77")], id="whatever-is-behind"),
        pytest.param(b"/orders?id=77&client_id=web", [("order", "77")], id="of-the-query"),
        pytest.param(b"/orders?order_id=77&client_id=web", [("order", "77")], id="named"),
        pytest.param(b"/orders?client_id=web", [], id="of-something-else"),
        pytest.param(b"/p/details?productId=77", [("product", "77")], id="the-only-one"),
        pytest.param(b"/p/details?productId=77&offerId=8", [], id="one-of-two"),
        pytest.param(b"/about", [], id="none"),
    ],
)
def test_what_a_target_is_about_is_its_own_id(target: bytes, ids: list[tuple[str, str]]) -> None:
    """The ids of what it lies in are there for others."""
    assert meant_by(target) == ids


@pytest.mark.parametrize(
    ("method", "path", "asks"),
    [
        pytest.param("POST", "/products/search", True, id="search"),
        pytest.param("POST", "/api/v1/_search?size=3", True, id="with-a-mark"),
        pytest.param("POST", "/rpc/getPrices", True, id="in-a-name"),
        pytest.param("POST", "/nyc/-/query/", True, id="slash"),
        pytest.param("POST", "/products/search/saved", False, id="something-of-it"),
        pytest.param("POST", "/products/add", False, id="a-write"),
        pytest.param("POST", "/notifications/read", False, id="marks-what-was-read"),
        pytest.param("POST", "/shopping/list", False, id="makes-a-list"),
        pytest.param("POST", "/rpc/getOrCreateCart", False, id="a-write-that-asks-first"),
        pytest.param("PUT", "/products/list", False, id="another-method"),
        pytest.param("POST", "/", False, id="no-name"),
    ],
)
def test_a_question_that_is_posted_is_known_by_its_name(method: str, path: str, asks: bool) -> None:
    """Searches are posted when what is asked is long."""
    assert asks_only(method, path) is asks


@settings(max_examples=100)
@given(st.binary(max_size=80))
def test_no_target_makes_it_raise(target: bytes) -> None:
    """Targets are the clients'; at most eight ids are taken from one."""
    assert len(ids_of(target)) <= 8
    assert len(meant_by(target)) <= 8
    assert len(asked_for(target)) <= 16
