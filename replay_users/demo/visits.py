"""What the customers of the demo's shop do: who comes when, and what each one asks for.

Law: pure; a seeded source of chance in, plans out. Sessions come in bursts, as people do; within one, pages follow
after a time to think, and a page's parts are asked for at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

__all__ = ["Ask", "Step", "arrivals", "visit", "watch"]

_BURSTS = (3, 11, 5, 24, 8, 4, 19, 10)
"""Sessions that come in one second and the next: 10.5 on average, at 15 exchanges each about 150 exchanges a second."""
_BURST_S = 0.25
_THINKING_S, _MOST_THINKING_S = 0.09, 0.4

_PRODUCTS, _USERS, _CARTS = 400, 5_000, 90_000
_GONE = 9_000  # products from here on were never sold
_WORDS = ("oak", "mug", "lamp", "linen", "clock", "copper", "rug")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    method: str
    target: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Requests that go out together, `after` seconds after the answers of the step before."""

    after: float
    asks: tuple[Ask, ...]


def arrivals(chance: Random, seconds: int) -> Iterator[float]:
    """When sessions begin, in seconds from the start, in order: each second's share comes within a quarter of it."""
    for second in range(seconds):
        begin = second + chance.uniform(0, 1 - _BURST_S)
        burst = _BURSTS[second % len(_BURSTS)]
        yield from sorted(begin + chance.uniform(0, _BURST_S) for _ in range(burst))


def visit(chance: Random) -> list[Step]:
    """What one session does: about 15 requests."""
    user, cart = chance.randint(1, _USERS), chance.randint(1, _CARTS)
    groups = [
        (Ask("GET", "/"),),
        (Ask("GET", f"/products?page={chance.randint(1, 20)}"),),
        *(_look(chance.randint(1, _PRODUCTS)) for _ in range(chance.randint(2, 4))),
        *(_search(chance) for _ in range(chance.randint(2, 4))),
        *_buy(chance, cart),
        (Ask("GET", f"/users/{user}"), Ask("GET", f"/users/{user}/orders")),
    ]
    return [Step(_thinking(chance) if nth else 0.0, asks) for nth, asks in enumerate(groups)]


def watch(seconds: int) -> list[Step]:
    """What the shop's monitoring does: ask for its health once a second."""
    return [Step(1.0, (Ask("GET", "/health"),))] * seconds


def _look(product: int) -> tuple[Ask, ...]:
    return Ask("GET", f"/products/{product}"), Ask("GET", f"/products/{product}/recommendations")


def _search(chance: Random) -> tuple[Ask, ...]:
    return (Ask("GET", f"/search?q={chance.choice(_WORDS)}&sort={chance.choice(('name', 'price'))}"),)


def _buy(chance: Random, cart: int) -> Iterator[tuple[Ask, ...]]:
    """Most put something in their cart, some pay, a few follow a link to what is no longer sold."""
    if chance.random() < 0.1:  # noqa: PLR2004 - one in ten
        yield (Ask("GET", f"/products/{_GONE + chance.randint(0, 99)}"),)
    if chance.random() < 0.7:  # noqa: PLR2004 - seven in ten
        wanted = f'{{"product": {chance.randint(1, _PRODUCTS)}, "quantity": {chance.randint(1, 3)}}}'
        yield (Ask("POST", f"/carts/{cart}/items", wanted),)
        yield (Ask("GET", f"/carts/{cart}"),)
        if chance.random() < 0.5:  # noqa: PLR2004 - half of those
            yield (Ask("POST", f"/carts/{cart}/checkout"),)


def _thinking(chance: Random) -> float:
    return min(chance.expovariate(1 / _THINKING_S), _MOST_THINKING_S)
