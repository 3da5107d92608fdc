"""Where a run's points go: an InfluxDB of 1.x, 2.x or 3.x, written to by influxdb-client.

Law: an edge; opens connections and nothing else. One payload of line protocol a call, synchronously; never the client's
batching mode, which loses points, grows without bound and keeps a process alive (measured). Whatever the server or the client
does comes back as a value.
The subtle thing: `/api/v2/write` is known to 1.8 and later, 2.x and 3.x; a server without it answers 404 and not in JSON, and
gets the points at `/write`. Once something was written, such an answer is a proxy's whose server is away.
A token never leaves this module: not in an address, a sentence or a file.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson

from replay_users.results.delivery import Failed, Refused, Taken

if TYPE_CHECKING:
    from replay_users.results.delivery import Answer

__all__ = ["TIMEOUT_S", "InfluxTarget", "InfluxWriter"]

TIMEOUT_S: Final = 5.0
"""Of one write; a flush of 200 endpoints takes 10 ms on loopback (measured)."""

_SENTENCE = 200
"""Characters of what a server says."""

_V2, _V1 = "/api/v2/write", "/write"
_LOST = re.compile(r"partial write.*dropped=(\d{1,9})", re.DOTALL)
_WHERE = re.compile(r"^(?:<[^>]*>|\w+\(host=[^)]*\)): ")
"""How urllib3 begins: with its own object, or the place, which is said anyway."""
_NO_ORG = re.compile(r"\borg(?:ID|anization)?\b")
_SPOILT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxTarget:
    """An InfluxDB and how to get in.

    Attributes:
        url: its address, without anything secret.
        org: the organisation; 1.x and 3.x ignore it.
        bucket: the bucket; the database of 1.x and 3.x.
        token: of 2.x and 3.x; empty if there is none.
        user: of 1.x; empty if there is none.
        password: the user's.
        tls: influxdb-client's own settings for https, by its names; one is a password.
    """

    url: str
    org: str
    bucket: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    tls: tuple[tuple[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _NoSuchPath:
    """A server that does not know the path."""


class InfluxWriter:
    """Writes payloads to one target, over one connection that it keeps."""

    def __init__(self, target: InfluxTarget) -> None:
        """Nothing is opened yet, but influxdb-client is imported, which takes 0.3 s (measured): before a run, not in it."""
        from influxdb_client.client.exceptions import InfluxDBError  # noqa: PLC0415
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415 - an extra
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415

        self._target = target
        self._path = _V2
        self._has_written = self._wants_token = False
        self._error: type[Exception] = InfluxDBError
        basic = not target.token and bool(target.user)
        client = InfluxDBClient(
            url=target.url,
            token=f"{target.user}:{target.password}" if basic else target.token,
            auth_basic=basic,
            org=target.org,
            timeout=round(TIMEOUT_S * 1000),
            connection_pool_maxsize=1,
            **dict(target.tls),
        )
        self._api: Any = client.write_api(write_options=SYNCHRONOUS)
        self._raw: Any = client.api_client

    def write(self, payload: str) -> Answer:
        """Write a payload of whole lines."""
        answer = self._try(self._path, payload)
        if isinstance(answer, _NoSuchPath) and self._has_written:
            return Failed(f"{self._target.url} answers 404, and it is not InfluxDB that does")
        if isinstance(answer, _NoSuchPath) and self._path == _V2:
            answer = self._try(_V1, payload)
            if not isinstance(answer, _NoSuchPath):
                self._path = _V1
        self._has_written |= isinstance(answer, Taken)
        if isinstance(answer, _NoSuchPath):
            return Refused(f"{self._target.url} knows neither {_V2} nor {_V1}, so it is no InfluxDB", is_spoilt=False)
        return answer

    def _try(self, path: str, payload: str) -> Answer | _NoSuchPath:
        try:
            self._post(path, payload.encode())
        except self._error as error:
            return self._judged(path, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            return Failed(self._short(_WHERE.sub("", str(error)) or type(error).__name__))
        return Taken()

    def _post(self, path: str, body: bytes) -> None:
        target = self._target
        if path == _V2:
            self._api.write(bucket=target.bucket, org=target.org, record=body)
            return
        self._raw.call_api(
            path,
            "POST",
            query_params=[("db", target.bucket), ("precision", "ns")],
            header_params={"Content-Type": "text/plain; charset=utf-8"},
            body=body,
            _return_http_data_only=True,
        )

    def _judged(self, path: str, error: Any) -> Answer | _NoSuchPath:
        status, said = getattr(error, "status", 0) or 0, _said(error)
        if lost := _LOST.search(said or ""):
            return Taken(max(int(lost[1]), 1), self._short(said or ""))  # 1.x counts no lines that it cannot read
        if status == HTTPStatus.NOT_FOUND and said is None:
            return _NoSuchPath()
        why = self._short(f"{status or 'TLS'} {said or getattr(error, 'reason', '')}")
        if path == _V2 and not self._target.org and _NO_ORG.search(said or ""):
            return Refused(f"{why}: name it with --influx-org or INFLUXDB_V2_ORG", is_spoilt=False)
        if status in _SPOILT:
            return Refused(why, is_spoilt=True)
        if not status or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
            return Failed(why, _rest_s(error))
        self._wants_token |= status == HTTPStatus.UNAUTHORIZED and path == _V2 and not self._target.user
        return Refused(why + self._cure(path, status), is_spoilt=False)

    def _short(self, said: str) -> str:
        """What a person gets to read of it, on one line and with nothing secret."""
        text = " ".join(said.split())
        for secret in (self._target.token, self._target.password):
            text = text.replace(secret, "…") if secret else text
        return f"{self._target.url} {text[:_SENTENCE]}"

    def _cure(self, path: str, status: int) -> str:
        target = self._target
        if status == HTTPStatus.NOT_FOUND:
            made = (
                f'CREATE DATABASE "{target.bucket}"' if path == _V1 else f"bucket {target.bucket!r}, org {target.org!r}"
            )
            return f": make it ({made}), or name another with --influx-bucket and --influx-org"
        if status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return ""
        if path == _V1:
            return ": set INFLUX_USERNAME and INFLUX_PASSWORD to a user who may write"
        return f": set INFLUXDB_V2_TOKEN, or --influx-token-file, to a token that may write to bucket {target.bucket!r}"

    def load_command(self, path: str) -> str:
        """How to load a file of points afterwards, for a shell; secrets are its variables."""
        target, is_old = self._target, self._path == _V1
        named = {"db": target.bucket} if is_old else {"org": target.org, "bucket": target.bucket}
        url = f"{target.url.rstrip('/')}{self._path}?{urlencode({**named, 'precision': 'ns'})}"
        login = ""
        if target.token or self._wants_token:
            login = ' -H "Authorization: Token $INFLUXDB_V2_TOKEN"'
        elif target.user:
            login = ' -u "$INFLUX_USERNAME:$INFLUX_PASSWORD"'
        return f"curl -sS --fail-with-body{login} --data-binary {shlex.quote(f'@{path}')} {shlex.quote(url)}"


def _said(error: Any) -> str | None:
    """The sentence of an InfluxDB, which is in JSON; `None` if it was somebody else who answered."""
    try:
        body = orjson.loads(getattr(error, "body", None) or "")
        return str(body.get("message") or body.get("error") or body.get("code") or "")
    except (ValueError, AttributeError):
        return None


def _rest_s(error: Any) -> float:
    asked = str(getattr(error, "retry_after", None) or "")
    return float(asked) if asked.isdecimal() else 0.0
