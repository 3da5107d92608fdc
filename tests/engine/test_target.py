"""The addresses of a target."""

from __future__ import annotations

import socket

import pytest
from gevent import socket as gevent_socket

from replay_users.engine.target import resolve
from replay_users.errors import UsageError


@pytest.mark.parametrize(
    ("host", "family", "address"),
    [
        pytest.param("127.0.0.1", socket.AF_INET, ("127.0.0.1", 8080), id="IPv4"),
        pytest.param("::1", socket.AF_INET6, ("::1", 8080, 0, 0), id="IPv6"),
    ],
)
def test_an_address_is_itself(host: str, family: int, address: tuple[object, ...]) -> None:
    """A literal address needs no name service."""
    assert resolve(host, 8080) == [(family, address)]


def test_every_address_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name gives all its addresses, of both families, each once, in the resolver's order."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::2", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::2", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.2", 80)),
    ]
    monkeypatch.setattr(gevent_socket, "getaddrinfo", lambda *_, **__: found)
    addresses = resolve("shop.example.com", 80)
    assert [address[0] for _, address in addresses] == ["::2", "192.0.2.1", "192.0.2.2"]
    assert {type(family) for family, _ in addresses} == {int}


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".example"])
def test_a_name_that_does_not_resolve(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without addresses, or that no name service would take, is one sentence that says so."""

    def lookup(name: str, *_: object, **__: object) -> list[object]:
        name.encode("idna")  # as the real one does
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(gevent_socket, "getaddrinfo", lookup)
    with pytest.raises(UsageError, match=r"does not resolve .*; check the name"):
        resolve(host, 80)
