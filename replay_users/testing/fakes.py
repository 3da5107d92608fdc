"""Exchanges and flights with one field of interest and sensible others.

Law: values only. What follows from another field follows it here too (sizes from bodies, the wire from method, target
and body), so that a test names only what it is about.
"""

from __future__ import annotations

from typing import Any

from replay_users.model import Exchange, Flight, SessionKind

__all__ = ["make_exchange", "make_flight"]

_AT = 1_793_872_800_000_000_000
"""2026-11-05T10:00:00Z."""

_FLIGHT = (
    "at",
    "due",
    "session",
    "endpoint",
    "method",
    "target",
    "wire",
    "status",
    "response_head",
    "body",
    "duration",
    "id",
)


def make_exchange(**overrides: Any) -> Exchange:
    """A whole recorded `GET /items/7`, answered 200 with a small JSON body after 12 ms.

    Args:
        **overrides: fields of `Exchange`; `request_size` and `response_size` follow the bodies unless given.

    Raises:
        TypeError: there is no such field.
    """
    fields: dict[str, Any] = {
        "at": _AT,
        "id": "exchange-1",
        "session": b"session-1",
        "session_kind": SessionKind.COOKIE,
        "method": "GET",
        "target": b"/items/7",
        "authority": "shop.example.com",
        "request_head": b"accept: application/json\r\n",
        "status": 200,
        "response_head": b"content-type: application/json\r\n",
        "response_body": b'{"id":7}',
        "first_byte": 10_000_000,
        "duration": 12_000_000,
        **overrides,
    }
    fields.setdefault("request_size", len(fields.get("request_body") or b""))
    fields.setdefault("response_size", len(fields["response_body"] or b""))
    return Exchange(**fields)


def make_flight(**overrides: Any) -> Flight:
    """A flight of a recorded `GET /items/7`, of no session, due as long after the run's start as it was recorded after 0.

    Args:
        **overrides: what `Flight` is made of, or any mark it gets later (`picked`, `done`, `answer_status`, `fault`, ...).

    Raises:
        AttributeError: a flight has no such field.
    """
    at = overrides.get("at", 0)
    method, target = overrides.get("method", "GET"), overrides.get("target", b"/items/7")
    made: dict[str, Any] = {
        "at": at,
        "due": at,
        "session": None,
        "endpoint": 0,
        "method": method,
        "target": target,
        "wire": b"%b %b HTTP/1.1\r\nHost: shop.example.com\r\n\r\n" % (method.encode(), target),
        "status": 200,
        "response_head": b"content-type: application/json\r\n",
        "body": b'{"id":7}',
        "duration": 12_000_000,
        "id": "exchange-1",
        **{name: value for name, value in overrides.items() if name in _FLIGHT},
    }
    flight = Flight(*(made[name] for name in _FLIGHT))
    for name in overrides.keys() - set(_FLIGHT):
        setattr(flight, name, overrides[name])
    return flight
