"""Real InfluxDBs as child processes on loopback: 1.6 of Debian's package `influxdb`, and 2.7 as `.ci/influxd.sh` builds it.

Law: starts and stops servers and asks them in InfluxQL; everything they write lies in a folder of their own. The subtle thing:
both want a login. The user of 1.x is made by the first question, which is allowed without one; organisation, bucket, token and
the database of 2.x, which InfluxQL asks, by its setup.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlencode

from tests.servers.ports import free_ports
from tests.servers.process import end

__all__ = ["BUILT", "Influxd", "InfluxdOne", "InfluxdTwo", "find_influxd", "find_old_influxd"]

BUILT: Final = "influxd-2.7.12"
"""The folder of the cache that holds the binary of 2.x."""

_STARTS_WITHIN: Final = 60.0  # seconds; 0.7 for 2.x and 0.3 for 1.x on a quiet machine
_TRIES: Final = 2


def find_influxd() -> str | None:
    """The `influxd` of 2.x: $REPLAY_INFLUXD, or the one in the cache."""
    if given := os.environ.get("REPLAY_INFLUXD"):
        return given
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "replay-users" / BUILT / "influxd"
    return str(built) if os.access(built, os.X_OK) else None


def find_old_influxd() -> str | None:
    """The `influxd` of 1.x on the PATH."""
    for found in filter(None, (shutil.which("influxd"), shutil.which("influxd", path="/usr/bin:/usr/sbin"))):
        said = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
        if "InfluxDB v1." in said:
            return found
    return None


class Influxd(ABC):
    """`with InfluxdTwo(binary, folder) as influx:` runs a server with an empty bucket, or database, `replay`."""

    bucket: Final = "replay"
    org: Final = "staging"
    token: ClassVar = ""
    user: ClassVar = ""
    password: ClassVar = ""

    def __init__(self, binary: str, folder: Path) -> None:
        """`folder` exists and is empty."""
        self._binary = binary
        self._folder = folder
        self._port, self._other_port = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def environment(self) -> dict[str, str]:
        """The login, as a replay takes it from its environment."""
        given = {"INFLUXDB_V2_TOKEN": self.token, "INFLUX_USERNAME": self.user, "INFLUX_PASSWORD": self.password}
        return {name: value for name, value in given.items() if value}

    @abstractmethod
    def _arguments(self) -> list[str]:
        """Its command line after the binary."""

    @abstractmethod
    def _setup(self) -> None:
        """What an empty server needs."""

    @property
    @abstractmethod
    def login(self) -> dict[str, str]:
        """The headers of one who may do everything."""

    def start(self) -> None:
        """Run it with the data it has."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, *self._arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.05)
        raise RuntimeError(f"influxd did not start:\n{(self._folder / 'log').read_text(errors='replace')[-2000:]}")

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/ping", {})[0] < 300
        except OSError:
            return False

    def stop(self) -> None:
        """End it; its data stays."""
        process, self._process = self._process, None
        end(process)

    def __enter__(self) -> Self:
        try:
            self._start_anew()
            self._setup()
        except BaseException:
            self.stop()
            raise
        return self

    def _start_anew(self) -> None:
        """Start it, on other ports if somebody has taken one meanwhile."""
        for _ in range(_TRIES):
            try:
                return self.start()
            except RuntimeError as error:
                if "address already in use" not in str(error):
                    raise
                self.stop()
                self._port, self._other_port = free_ports(2)
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
        """One HTTP request: status and body of the answer, whatever it is."""
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310 - http on loopback
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def query(self, question: str, *, post: bool = False) -> list[dict[str, Any]]:
        """The series that InfluxQL answers with: name, tags, columns, values."""
        path = "/query?" + urlencode({"db": self.bucket, "q": question, "epoch": "ns"})
        status, body = self.ask("POST" if post else "GET", path, self.login)
        answer = json.loads(body)
        results = answer.get("results", [answer])
        errors = [each["error"] for each in results if "error" in each]
        if status != 200 or errors:
            raise RuntimeError(f"{question}: {status} {errors or body!r}")
        return [series for each in results for series in each.get("series", [])]

    def rows(self, question: str) -> list[dict[str, Any]]:
        """Every value of the answer as a row of its columns and tags; columns without a value are left out."""
        return [
            {**series.get("tags", {}), **{k: v for k, v in zip(series["columns"], row, strict=True) if v is not None}}
            for series in self.query(question)
            for row in series["values"]
        ]

    def clear(self) -> None:
        """Forget all points."""
        for series in self.query("SHOW MEASUREMENTS"):
            for (name,) in series["values"]:
                self._forget(name)

    @abstractmethod
    def _forget(self, measurement: str) -> None:
        """Forget all points of a measurement."""


class InfluxdOne(Influxd):
    """An InfluxDB 1.x with a user who may do everything."""

    user = "replay"
    password = "pass word"

    @property
    def login(self) -> dict[str, str]:
        """The user and the password."""
        return {"Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def _arguments(self) -> list[str]:
        home = self._folder
        settings = f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{self._other_port}"
            [meta]
              dir = "{home / "meta"}"
            [data]
              dir = "{home / "data"}"
              wal-dir = "{home / "wal"}"
            [monitor]
              store-enabled = false
            [http]
              bind-address = "127.0.0.1:{self._port}"
              auth-enabled = true
              log-enabled = false
        """
        (home / "influxdb.conf").write_text(settings)
        return ["run", "-config", str(home / "influxdb.conf")]

    def _setup(self) -> None:
        self.query(f"CREATE USER {self.user} WITH PASSWORD '{self.password}' WITH ALL PRIVILEGES", post=True)
        self.query(f"CREATE DATABASE {self.bucket}", post=True)

    def _forget(self, measurement: str) -> None:
        self.query(f'DROP MEASUREMENT "{measurement}"', post=True)


class InfluxdTwo(Influxd):
    """An InfluxDB 2.x with a token that may do everything, whose bucket InfluxQL knows as a database."""

    token = "test-token-0123456789"

    @property
    def login(self) -> dict[str, str]:
        """The token."""
        return {"Authorization": f"Token {self.token}"}

    def _arguments(self) -> list[str]:
        home = self._folder
        places = [
            f"--bolt-path={home / 'bolt'}",
            f"--sqlite-path={home / 'sqlite'}",
            f"--engine-path={home / 'engine'}",
        ]
        return [
            "run",
            f"--http-bind-address=127.0.0.1:{self._port}",
            *places,
            "--reporting-disabled",
            "--log-level=warn",
        ]

    def _setup(self) -> None:
        given = {"username": "admin", "password": "test-password", "org": self.org, "bucket": self.bucket}
        made = self._post("/api/v2/setup", {**given, "token": self.token, "retentionPeriodSeconds": 0})
        mapped = {"orgID": made["org"]["id"], "bucketID": made["bucket"]["id"], "database": self.bucket}
        self._post("/api/v2/dbrps", {**mapped, "retention_policy": "autogen", "default": True})

    def _post(self, path: str, value: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json", **self.login}
        status, body = self.ask("POST", path, headers, json.dumps(value).encode())
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {body!r}")
        return json.loads(body)

    def _forget(self, measurement: str) -> None:
        path = "/api/v2/delete?" + urlencode({"org": self.org, "bucket": self.bucket})
        what = {"start": "1970-01-01T00:00:00Z", "stop": "2200-01-01T00:00:00Z"}
        body = json.dumps({**what, "predicate": f'_measurement="{measurement}"'}).encode()
        status, said = self.ask("POST", path, {"Content-Type": "application/json", **self.login}, body)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {said!r}")
