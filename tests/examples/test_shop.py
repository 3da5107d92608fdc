from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.shop import catalog
from examples.shop.app import Shop
from examples.shop.release import CHANGES, Release
from replay_users.compare.rules import Rules
from replay_users.path import parse_path

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_ROOT = Path(__file__).parents[2]

V1 = Release()
V2 = Release.of({"SHOP_VERSION": "2"})

READS = [
    "/",
    "/health",
    "/products?page=3",
    "/products/17",
    "/products/17/recommendations",
    "/search?q=oak&sort=name",
    "/search?q=oak&sort=price",
    "/carts/81",
    "/users/9",
    "/users/9/orders",
]


@dataclass
class Said:
    """An answer, and how long the shop paused for it."""

    status: int
    headers: dict[str, str]
    body: bytes
    paused: list[float] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


def ask(
    target: str,
    *,
    release: Release = V1,
    method: str = "GET",
    body: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    now: float = 1_000.25,
) -> Said:
    """Ask a shop in this process; nothing is slept."""
    path, _, query = target.partition("?")
    scope: MutableMapping[str, Any] = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    scope["headers"] = list(headers)
    incoming: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": body[:3], "more_body": True},
        {"type": "http.request", "body": body[3:]},
    ]
    sent: list[MutableMapping[str, Any]] = []
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(Shop(release, pause=pause, clock=lambda: now)(scope, receive, send))
    start, end = sent
    return Said(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, end["body"], paused)


def json_of(said: Said, *, without: str = "") -> Any:
    """What an answer says, less a field of it."""
    content = said.json if "json" in said.headers["content-type"] else said.body
    return {key: value for key, value in content.items() if key != without} if isinstance(content, dict) else content


@pytest.mark.parametrize("target", READS)
def test_version_1_answers_every_page(target: str) -> None:
    """Each page is there and says how long it is."""
    said = ask(target)
    assert said.status == 200
    assert said.headers["content-length"] == str(len(said.body))


@pytest.mark.parametrize("target", READS)
def test_an_answer_depends_on_its_request_alone(target: str) -> None:
    """Asked again at another time, a page says the same but for when it was generated."""
    first, again = ask(target), ask(target, now=2_000.5)
    assert json_of(first, without="generated_at") == json_of(again, without="generated_at")


@pytest.mark.parametrize("release", [V1, V2], ids=["version 1", "version 2"])
def test_a_product_is_noisy_in_both_versions(release: Release) -> None:
    """A product's page holds a time that differs in every answer."""
    times = {ask("/products/17", release=release, now=now).json["generated_at"] for now in (1.0, 2.0)}
    assert len(times) == 2


def test_the_rules_cover_the_noise_and_not_the_price() -> None:
    """The example's rules ignore the noisy field of a product, and no other field and no other page."""
    rules = Rules.parse((_ROOT / "examples/shop/rules.yaml").read_text(encoding="utf-8"), "rules.yaml")
    product = rules.for_endpoint("GET /products/{id}")
    assert product.ignores(parse_path("root['generated_at']"))
    assert not product.ignores(parse_path("root['price']"))
    assert not rules.for_endpoint("GET /search").ignores(parse_path("root['generated_at']"))


@pytest.mark.parametrize("planted", [*CHANGES, "price,error,slow"])
def test_version_2_changes_what_was_planted_and_nothing_else(planted: str) -> None:
    """Each planted change shows on its own page, and every other page is as it was."""
    release = Release.of({"SHOP_VERSION": "2", "SHOP_PLANTED": planted})
    differing = {target for target in READS if _differs(target, release)}
    pages = {"price": "/products/17", "error": "/search?q=oak&sort=price", "slow": "/products/17/recommendations"}
    assert differing == {pages[change] for change in planted.split(",")}


def _differs(target: str, release: Release) -> bool:
    before, after = ask(target), ask(target, release=release)
    return (before.status, before.body, before.paused) != (after.status, after.body, after.paused)


def test_version_2_rounds_prices_to_ten_cents() -> None:
    """Where a price has more than ten cents to it, version 2 changes the price and no other field."""
    before, after = (ask("/products/17", release=release).json for release in (V1, V2))
    assert after["price"] == round(before["price"], 1) != before["price"]
    assert {**after, "price": before["price"]} == before


def test_version_2_fails_a_search_sorted_by_price() -> None:
    """A search sorted by price is answered with 500 and a reason, one sorted by name as before."""
    said = ask("/search?q=oak&sort=price", release=V2)
    assert (said.status, list(said.json)) == (500, ["error"])
    assert ask("/search?q=oak&sort=name", release=V2).status == 200


def test_version_2_is_slow_beyond_doubt_where_it_is_slow() -> None:
    """Recommendations take 1.5 times as long and 5 ms more, with as much again to spare."""
    (before,), (after,) = (ask("/products/17/recommendations", release=release).paused for release in (V1, V2))
    assert after >= 3 * before
    assert after - before >= 0.015


@pytest.mark.parametrize("target", [target for target in READS if "recommend" not in target and target != "/health"])
def test_other_pages_take_long_enough_that_a_busy_machine_does_not_make_them_slow(target: str) -> None:
    """It takes 10 ms of somebody else's work to make half of a page's time, which is what counts as slow."""
    assert ask(target, release=V2).paused == [0.020]


def test_the_extra_change_takes_a_field_away() -> None:
    """With one change more, a profile has lost a field."""
    extra = Release.of({"SHOP_VERSION": "2", "SHOP_EXTRA": "1"})
    assert ask("/users/9").json.keys() - ask("/users/9", release=extra).json.keys() == {"newsletter"}


def test_version_1_has_no_change_whatever_is_asked_for() -> None:
    """The switches of version 2 do nothing in version 1."""
    assert not any(
        Release.of({"SHOP_PLANTED": "price", "SHOP_EXTRA": "1"}).has(change) for change in (*CHANGES, "extra")
    )


@pytest.mark.parametrize("environment", [{"SHOP_VERSION": "3"}, {"SHOP_PLANTED": "prise"}], ids=["version", "change"])
def test_an_unknown_switch_is_refused(environment: dict[str, str]) -> None:
    """A version or change that there is not is an error, not version 1."""
    with pytest.raises(ValueError, match="SHOP_VERSION is 1 or 2"):
        Release.of(environment)


def test_a_list_is_packed_for_who_takes_it() -> None:
    """The list of products comes gzip'd where that is accepted, and says the same."""
    plain, packed = ask("/products?page=2"), ask("/products?page=2", headers=((b"accept-encoding", b"gzip, br"),))
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


def test_a_packed_list_differs_on_the_wire_every_time() -> None:
    """Two packed answers hold the time of packing, so that comparing bytes is not enough."""
    packed = [ask("/products", headers=((b"accept-encoding", b"gzip"),), now=now).body for now in (1.0, 2.0)]
    assert packed[0] != packed[1]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/products/9001", 404),
        ("GET", "/users/0", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", "/products/1", 405),
        ("GET", "/carts/1/items", 405),
    ],
)
def test_what_is_not_there_is_said(method: str, target: str, status: int) -> None:
    """A product, user or page that there is not is 404, a method that does not fit 405, each with a reason in JSON."""
    said = ask(target, method=method)
    assert said.status == status
    assert "error" in said.json


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"product": 17, "quantity": 2}', 201), (b'{"product": 17}', 400), (b"no json", 400), (b"[1]", 400), (b"", 400)],
)
def test_only_a_product_goes_into_a_cart(body: bytes, status: int) -> None:
    """A body that names product and quantity is taken, whole though it comes in parts; any other is refused."""
    assert ask("/carts/5/items", method="POST", body=body).status == status


def test_a_cart_is_paid() -> None:
    """Checking out costs what the cart says."""
    assert ask("/carts/5/checkout", method="POST").json["total"] == ask("/carts/5").json["total"]


def test_a_session_begins_with_a_cookie_and_keeps_it() -> None:
    """Who has no session gets a cookie that nobody can guess, who has one gets none."""
    cookies = {ask("/").headers["set-cookie"] for _ in range(2)}
    assert len(cookies) == 2
    assert "set-cookie" not in ask("/", headers=((b"cookie", b"sessionid=1"),)).headers


def test_a_session_changes_no_answer() -> None:
    """With and without a cookie a page says the same, for a replay has none."""
    assert ask("/users/9").body == ask("/users/9", headers=((b"cookie", b"sessionid=1"),)).body


def test_only_http_is_spoken() -> None:
    """A scope of another kind is refused, so that the server knows."""

    async def nothing(*_: object) -> Any:
        return None

    with pytest.raises(NotImplementedError, match="websocket"):
        asyncio.run(Shop(V1)({"type": "websocket"}, nothing, nothing))


@settings(max_examples=30)
@given(st.integers(1, catalog.PRODUCTS))
def test_every_product_is_whole(number: int) -> None:
    """Each product has a title, a price in cents, and four others to look at that are there too."""
    product = catalog.product(number)
    assert product is not None
    assert product["title"]
    assert product["price"] == round(product["price"], 2) > 0
    assert all(catalog.product(other["id"]) for other in catalog.related(number))


def test_a_catalogue_is_the_same_in_every_process() -> None:
    """Numbers decide, not this process's hash seed, memory or clock."""
    code = "from examples.shop import catalog as c; print([c.product(n) for n in (1, 2, 3)], c.cart(7), c.orders(5))"
    said = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True)
    products = [catalog.product(number) for number in (1, 2, 3)]
    assert said.stdout.strip() == f"{products} {catalog.cart(7)} {catalog.orders(5)}"


def test_a_search_finds_by_word_and_sorts() -> None:
    """A search holds its word in each title, by name or by price."""
    hits = [catalog.found("oak", sort) for sort in ("name", "price")]
    assert all("Oak" in hit["title"] for found in hits for hit in found)
    assert [hit["title"] for hit in hits[0]] == sorted(hit["title"] for hit in hits[0])
    prices = [catalog.price(hit["id"]) for hit in hits[1]]
    assert prices == sorted(prices)
