"""What the shop answers: one function a page.

Law: pure; a release and a request in, an answer out. Every difference between the releases, but for times, is in this module,
under `release.has`. The subtle thing: `generated_at` differs in every answer of either release, as such fields do in real
services, and a gzip'd list holds the time too, in its header; neither says anything about the shop.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from examples.shop import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from examples.shop.release import Release

__all__ = [
    "Answer",
    "Page",
    "Request",
    "cart",
    "checkout",
    "health",
    "home",
    "json_answer",
    "orders",
    "product",
    "products",
    "put_in_cart",
    "related",
    "search",
    "user",
]

_GZIP_FROM = 256  # bytes; smaller answers do not get smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a page needs to know; `now` is UTC in s since the epoch."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    takes_gzip: bool = False
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and its headers."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)


Page: TypeAlias = "Callable[[Release, Request, int], Answer]"


def json_answer(content: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(content).encode())


def _missing(what: str, number: int) -> Answer:
    return json_answer({"error": f"there is no {what} {number}"}, 404)


def home(_release: Release, _request: Request, _number: int) -> Answer:
    """The front page, in HTML."""
    links = "".join(f'<li><a href="/products/{item["id"]}">{item["title"]}</a></li>' for item in catalog.listed(1))
    html = f"<!doctype html><title>Shop</title><h1>New today</h1><ul>{links}</ul>"
    return Answer(200, html.encode(), ((b"content-type", b"text/html; charset=utf-8"),))


def health(_release: Release, _request: Request, _number: int) -> Answer:
    """For whoever watches the shop."""
    return json_answer({"ok": True})


def products(_release: Release, request: Request, _number: int) -> Answer:
    """A page of the list, gzip'd where the client takes that."""
    asked = request.query.get("page", "1")
    page = int(asked) if asked.isdecimal() else 1
    plain = json_answer({"page": page, "products": catalog.listed(page)})
    if not request.takes_gzip or len(plain.body) < _GZIP_FROM:
        return plain
    packed = gzip.compress(plain.body, mtime=request.now)
    return Answer(200, packed, (*plain.headers, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")))


def product(release: Release, request: Request, number: int) -> Answer:
    """One product."""
    found = catalog.product(number)
    if found is None:
        return _missing("product", number)
    if release.has("price"):
        found["price"] = round(found["price"], 1)
    return json_answer({**found, "generated_at": f"{request.now:.6f}"})


def related(_release: Release, _request: Request, number: int) -> Answer:
    """What else somebody might like who looks at a product."""
    return json_answer({"for": number, "products": catalog.related(number)})


def search(release: Release, request: Request, _number: int) -> Answer:
    """Products by a word in their title."""
    sort = request.query.get("sort", "name")
    if release.has("error") and sort == "price":
        return json_answer({"error": "the search index has no field price"}, 500)
    words = request.query.get("q", "")
    return json_answer({"q": words, "sort": sort, "products": catalog.found(words, sort)})


def cart(_release: Release, _request: Request, number: int) -> Answer:
    """What is in a cart."""
    return json_answer(catalog.cart(number))


def put_in_cart(_release: Release, request: Request, number: int) -> Answer:
    """Put something in a cart: `{"product": 17, "quantity": 2}`."""
    wanted = _wanted(request.body)
    if wanted is None:
        return json_answer({"error": "send a product and a quantity"}, 400)
    return json_answer({"cart": number, "added": wanted, "price": catalog.price(wanted["product"])}, 201)


def _wanted(body: bytes) -> dict[str, int] | None:
    try:
        content: Any = json.loads(body)
        return {"product": int(content["product"]), "quantity": int(content["quantity"])}
    except (ValueError, KeyError, TypeError):
        return None


def checkout(_release: Release, _request: Request, number: int) -> Answer:
    """Buy what is in a cart."""
    bought = catalog.cart(number)
    return json_answer({"cart": number, "total": bought["total"], "state": "paid"})


def user(release: Release, _request: Request, number: int) -> Answer:
    """A customer's profile."""
    found = catalog.user(number)
    if found is None:
        return _missing("user", number)
    if release.has("extra"):
        del found["newsletter"]
    return json_answer(found)


def orders(_release: Release, _request: Request, number: int) -> Answer:
    """A customer's orders."""
    return json_answer({"user": number, "orders": catalog.orders(number)})
