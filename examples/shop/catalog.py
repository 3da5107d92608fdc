"""What the shop sells, and to whom: made out of numbers, so that the same number is the same thing in every process.

Law: pure; a number in, plain data out. Nothing a customer does is remembered, so an answer depends on its request alone.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

__all__ = ["PAGES", "PRODUCTS", "USERS", "cart", "found", "listed", "orders", "price", "product", "related", "user"]

PRODUCTS = 400
PAGES = 20
USERS = 5_000

_KINDS = ("Mug", "Lamp", "Chair", "Kettle", "Rug", "Clock", "Vase", "Shelf", "Basket", "Mirror")
_STYLES = ("Oak", "Brass", "Linen", "Slate", "Cedar", "Copper", "Ivory", "Amber")
_CENTS = (99, 95, 49, 25, 50, 90)
_NAMES = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Ken", "Margaret")


def _pick(kind: str, number: int, choices: int) -> int:
    """A number below `choices` that looks random and never changes."""
    return crc32(f"{kind} {number}".encode()) % choices


def price(number: int) -> float:
    """A product's price."""
    return 3 + _pick("price", number, 180) + _CENTS[_pick("cents", number, len(_CENTS))] / 100


def _title(number: int) -> str:
    return f"{_STYLES[_pick('style', number, len(_STYLES))]} {_KINDS[number % len(_KINDS)]}"


def product(number: int) -> dict[str, Any] | None:
    """A product, or `None` where there is none of this number."""
    if not 1 <= number <= PRODUCTS:
        return None
    return {
        "id": number,
        "title": _title(number),
        "price": price(number),
        "stock": _pick("stock", number, 40),
        "tags": sorted({_KINDS[number % len(_KINDS)].lower(), _STYLES[_pick("style", number, len(_STYLES))].lower()}),
        "rating": {"stars": 3 + _pick("stars", number, 20) / 10, "votes": _pick("votes", number, 900)},
    }


def listed(page: int) -> list[dict[str, Any]]:
    """The products of one page of the list."""
    first = (page - 1) * PAGES + 1
    return [
        {"id": number, "title": _title(number)} for number in range(first, first + PAGES) if 1 <= number <= PRODUCTS
    ]


def found(words: str, sort: str) -> list[dict[str, Any]]:
    """The first ten products whose title holds the words, sorted by `name` or by `price`."""
    hits = [number for number in range(1, PRODUCTS + 1) if words.lower() in _title(number).lower()]
    hits.sort(
        key=(lambda number: (price(number), number)) if sort == "price" else (lambda number: (_title(number), number))
    )
    return [{"id": number, "title": _title(number)} for number in hits[:10]]


def related(number: int) -> list[dict[str, Any]]:
    """Four products for people who looked at this one."""
    others = [1 + _pick(f"related {nth}", number, PRODUCTS) for nth in range(4)]
    return [{"id": other, "title": _title(other)} for other in others]


def cart(number: int) -> dict[str, Any]:
    """A cart with a few things in it."""
    items = [1 + _pick(f"cart {nth}", number, PRODUCTS) for nth in range(1 + _pick("size", number, 4))]
    lines = [{"product": item, "quantity": 1 + _pick("quantity", item, 3), "price": price(item)} for item in items]
    total = sum(int(line["quantity"]) * float(line["price"]) for line in lines)
    return {"id": number, "lines": lines, "total": round(total, 2)}


def user(number: int) -> dict[str, Any] | None:
    """A customer, or `None` where there is none of this number."""
    if not 1 <= number <= USERS:
        return None
    return {
        "id": number,
        "name": f"{_NAMES[_pick('name', number, len(_NAMES))]} {number}",
        "points": _pick("points", number, 5_000),
        "newsletter": _pick("newsletter", number, 2) == 1,
        "since": f"20{10 + _pick('year', number, 15)}-0{1 + _pick('month', number, 9)}-11",
    }


def orders(number: int) -> list[dict[str, Any]]:
    """What a customer bought."""
    bought = [_pick(f"order {nth}", number, 90_000) for nth in range(_pick("orders", number, 5))]
    return [{"order": order, "total": price(order), "state": "delivered"} for order in bought]
