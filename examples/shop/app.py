"""A small shop as a plain ASGI application: `uvicorn examples.shop.app:app` in the repository's root.

Law: the protocol and the times, no page. How long a page takes is slept, not computed, so that it is the same on a busy machine.
The subtle thing: a session cookie is set and never asked for. A replay has no cookies (capture keeps no secrets), so a shop
whose answers hung on them would answer a replay differently whatever its release.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from examples.shop import pages
from examples.shop.pages import Answer, Request, json_answer
from examples.shop.release import Release

if TYPE_CHECKING:
    from examples.shop.pages import Page

__all__ = ["COOKIE", "Shop", "app"]

COOKIE = "sessionid"

_PAGE_S = 0.020
"""A page's time in the database. A page counts as slow from half as much again, so 10 ms of a busy machine are not slow."""
_CACHED_S = 0.003
_UNCACHED_S = 0.025

_Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    page: Page


def _route(method: str, path: str, page: Page) -> _Route:
    return _Route(method, re.compile(path.replace("{}", r"(\d{1,9})")), page)


_ROUTES = (
    _route("GET", "/", pages.home),
    _route("GET", "/health", pages.health),
    _route("GET", "/products", pages.products),
    _route("GET", "/products/{}", pages.product),
    _route("GET", "/products/{}/recommendations", pages.related),
    _route("GET", "/search", pages.search),
    _route("GET", "/carts/{}", pages.cart),
    _route("POST", "/carts/{}/items", pages.put_in_cart),
    _route("POST", "/carts/{}/checkout", pages.checkout),
    _route("GET", "/users/{}", pages.user),
    _route("GET", "/users/{}/orders", pages.orders),
)


class Shop:
    """The application; `pause` sleeps seconds, `clock` is UTC in s since the epoch."""

    def __init__(
        self,
        release: Release,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._release = release
        self._pause = pause
        self._clock = clock

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"the shop speaks http, not {scope['type']}")
        headers = dict(scope["headers"])
        answer = await self._answer(scope, headers, await _body(receive))
        await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer, headers)})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: _Message, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        matches = [(route, found) for route in _ROUTES if (found := route.path.fullmatch(scope["path"]))]
        for route, found in matches:
            if route.method == scope["method"]:
                await self._pause(self._time_of(route.page))
                request = Request(
                    query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
                    body=body,
                    takes_gzip=b"gzip" in headers.get(b"accept-encoding", b""),
                    now=self._clock(),
                )
                return route.page(self._release, request, int(found[1]) if found.groups() else 0)
        return json_answer({"error": "there is nothing here"}, 405 if matches else 404)

    def _time_of(self, page: Page) -> float:
        if page is pages.related:
            return _UNCACHED_S if self._release.has("slow") else _CACHED_S
        return 0.0 if page is pages.health else _PAGE_S


async def _body(receive: Callable[[], Awaitable[_Message]]) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _headers(answer: Answer, request: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    if COOKIE.encode() not in request.get(b"cookie", b""):
        cookie = f"{COOKIE}={secrets.token_hex(16)}; Path=/; HttpOnly"
        headers.append((b"set-cookie", cookie.encode()))
    return headers


app = Shop(Release.of(os.environ))
