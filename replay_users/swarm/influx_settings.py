"""Whether and where a run's points are written: our options, and influxdb-client's own names in the environment.

Law: text to values, nothing is connected. A token comes from the environment or from a file; whoever writes one on a command
line or into an address, where everybody on the machine can read it, is told where it belongs.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from replay_users.errors import UsageError
from replay_users.results.influx import InfluxTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BUCKET", "read_influx"]

BUCKET = "replay"
"""Where nobody says otherwise."""

_OFF = "none"
_TOKEN, _PLACES = "INFLUXDB_V2_TOKEN", "set INFLUXDB_V2_TOKEN, or name a file with --influx-token-file"
_TLS = {"ssl_ca_cert": "SSL_CA_CERT", "cert_file": "CERT_FILE", "cert_key_file": "CERT_KEY_FILE"}
_TLS |= {"cert_key_password": "CERT_KEY_PASSWORD"}
"""Arguments of influxdb-client, and what it calls them in the environment after INFLUXDB_V2_."""


def read_influx(options: Any, environ: Mapping[str, str]) -> InfluxTarget | None:
    """Where points go; `None` if they go nowhere.

    Raises:
        UsageError: what was given cannot be, or influxdb-client is not installed.
    """
    if options.influx_token:
        raise UsageError(f"--influx-token would show the token to everybody on this machine: {_PLACES}")
    url = options.influx_url or environ.get("INFLUXDB_V2_URL", "")
    if url in {"", _OFF}:
        _refuse_idle(options)
        return None
    if find_spec("influxdb_client") is None:
        raise UsageError("writing to InfluxDB takes influxdb-client: pip install 'replay-users[influx]'")
    return InfluxTarget(
        url=_checked(url),
        org=options.influx_org or environ.get("INFLUXDB_V2_ORG", ""),
        bucket=options.influx_bucket or BUCKET,
        token=_token(options.influx_token_file, environ),
        user=environ.get("INFLUX_USERNAME", ""),
        password=environ.get("INFLUX_PASSWORD", ""),
        tls=tuple(_tls(environ)),
    )


def _refuse_idle(options: Any) -> None:
    for name in ("org", "bucket", "token_file"):
        if getattr(options, f"influx_{name}"):
            option = f"--influx-{name.replace('_', '-')}"
            raise UsageError(f"{option} does nothing without --influx-url http://HOST:8086")


def _checked(url: str) -> str:
    """The address, if it is one and has nothing secret in it."""
    if set(url) & set("@?#"):
        raise UsageError(
            "--influx-url may hold no password and no token, which addresses show to everybody who reads a log: leave out"
            f" what comes before @ or after ?, and {_PLACES} (1.x: INFLUX_USERNAME and INFLUX_PASSWORD)"
        )
    if not _is_address(url):
        raise UsageError(f"--influx-url {url[:80]!r} is no address: write it like http://influxdb:8086")
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _token(path: str, environ: Mapping[str, str]) -> str:
    token = environ.get(_TOKEN, "")
    where = _TOKEN
    if path:
        where = f"--influx-token-file {path}"
        try:
            token = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise UsageError(f"{where} cannot be read: {reason}") from None
        if not token:
            raise UsageError(f"{where} is empty: it has to hold the token and nothing else")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{where} does not hold a token, which is one word of letters, digits and signs")
    return token


def _tls(environ: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Only what is set; a certificate's files are read when there is something to write."""
    for argument, name in _TLS.items():
        if value := environ.get(f"INFLUXDB_V2_{name}"):
            yield argument, value
    if environ.get("INFLUXDB_V2_VERIFY_SSL", "true").lower() not in {"true", "yes"}:
        yield "verify_ssl", False
