"""Where connections go, as a value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from replay_users.engine.origin import Origin


def test_an_origin_is_plain_unless_told() -> None:
    """A host and a port are enough: then nothing is asked of a proxy and nothing is encrypted."""
    origin = Origin(name="shop.example", port=80)
    assert (origin.tls, origin.tunnel) == (None, b"")


def test_an_origin_is_a_value() -> None:
    """Two that say the same are the same, a tunnel makes another one, and none can be changed during a run."""
    origin = Origin(name="proxy.example", port=3128, tunnel=b"CONNECT a:443 HTTP/1.1\r\n\r\n")
    assert origin == Origin(name="proxy.example", port=3128, tunnel=b"CONNECT a:443 HTTP/1.1\r\n\r\n")
    assert origin != Origin(name="proxy.example", port=3128, tunnel=b"CONNECT b:443 HTTP/1.1\r\n\r\n")
    with pytest.raises(FrozenInstanceError):
        origin.port = 80  # type: ignore[misc]
