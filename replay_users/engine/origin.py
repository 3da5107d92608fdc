"""Where the connections of one route go: which host, through which proxy, with or without TLS.

Law: values. The subtle thing: `name` and `port` are what is resolved and connected to, so behind a proxy they are the
proxy's; whom the request is for stands in the tunnel's CONNECT and in the request itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.engine.tls import Tls

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One place that connections are opened to.

    Attributes:
        name: host name or address (IPv6 without brackets) to connect to.
        port: its port.
        tls: how to speak TLS over the connection; `None` for plain HTTP.
        tunnel: the CONNECT request that comes first; empty where there is no tunnel.
    """

    name: str
    port: int
    tls: Tls | None = None
    tunnel: bytes = b""
