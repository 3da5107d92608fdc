"""Our connections alone, closed loop: what `FastHttpUser` and `wrk` are compared with.

Law: the product's own `Connection` in a gevent hub patched by Locust; no schedule, no recording, no tally. Each answer
is followed by the next request on the same connection, as the peers do it.
"""

from __future__ import annotations

import argparse
import itertools

import gevent
import locust  # noqa: F401 - first: it patches, as in production
from gevent.hub import get_hub

from benchmarks.peers.meter import Meter
from benchmarks.peers.request import CONNECTIONS, HEADERS, HOST, PATHS, port, seconds
from benchmarks.servers.target import authority_file
from replay_users.engine.connection import Connection
from replay_users.engine.target import resolve
from replay_users.engine.tls import Tls, TlsSettings
from replay_users.model import Fault, Flight

WARM_UP_S = 1.0


def wire(path: str) -> bytes:
    """The request as bytes, with the peers' header lines."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port()}\r\n{lines}\r\n".encode()


class ClosedLoop:
    """Owns the connections and keeps each of them busy."""

    start = 0

    def __init__(self, tls: Tls | None = None) -> None:
        self.done = self.failed_count = 0
        self._tls = tls
        self._next_wire = itertools.cycle([wire(path) for path in PATHS]).__next__

    def open(self) -> None:
        """Open every connection with its first request."""
        address = resolve(HOST, port())[0]
        for _ in range(CONNECTIONS):
            flight = Flight(0, 0, None, 0, "GET", b"/", self._next_wire(), 200, b"", b"", None, "")
            Connection(self, get_hub().loop, address, tls=self._tls).carry(flight, 0)

    def opened(self, connection: Connection) -> None:
        """Nothing is counted until the first answer."""

    def completed(self, connection: Connection, flight: Flight) -> None:
        """Count, and go on with the next request."""
        self.done += 1
        if flight.answer_status != 200:
            self.failed_count += 1
        flight.wire = self._next_wire()
        flight.sent = 0
        connection.carry(flight, 0)

    def failed(self, connection: Connection, flight: Flight, fault: Fault) -> None:  # noqa: ARG002
        """Count."""
        self.failed_count += 1

    def lost(self, connection: Connection, *, late_bytes: bool) -> None:
        """Nothing is idle in a closed loop."""


def main() -> None:
    """Measure for a while and print the JSON line; over TLS, verified, for `--tls`."""
    parser = argparse.ArgumentParser(description="Our connections alone.")
    parser.add_argument("--tls", action="store_true")
    over_tls = parser.parse_args().tls
    loop = ClosedLoop(Tls(TlsSettings(server_name=HOST, ca_file=str(authority_file()))) if over_tls else None)
    loop.open()
    gevent.sleep(WARM_UP_S)
    meter = Meter()
    meter.start(loop.done)
    gevent.sleep(seconds())
    print(meter.line(loop.done, failed=loop.failed_count), flush=True)


if __name__ == "__main__":
    main()
