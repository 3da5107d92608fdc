"""A copy of a run's directory in a bucket, for those who look at runs where they did not happen.

Law: after everything else; the files that a run writes, by name, result.json last, under the run's id. What goes wrong is a
sentence, and changes neither verdict nor exit code. The subtle thing: a run's directory may hold more than the run (the demo's
recording lies in it), which stays where it is; and expected owner and requester pays are of the recording's bucket, not of this.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from replay_users.errors import StoreError, UsageError
from replay_users.recording.store import open_store
from replay_users.results.rundir import RUN_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.recording.store import S3Options

__all__ = ["read_upload", "upload_run"]


def read_upload(address: str) -> str:
    """What `--upload` says, without a slash at the end; empty if it says nothing.

    Raises:
        UsageError: it is no prefix of a bucket, or boto3 is not installed.
    """
    if not address:
        return ""
    scheme, _, rest = address.partition("://")
    if scheme.lower() != "s3" or not rest.partition("/")[0]:
        raise UsageError(f"--upload {address[:80]!r}: give s3://bucket/prefix, under which each run has its id")
    if find_spec("boto3") is None:
        raise UsageError("--upload needs boto3: pip install 'replay-users[s3]'")
    return address.rstrip("/")


def upload_run(folder: Path, address: str, options: S3Options) -> None:
    """Copy the run's files to `address`.

    Raises:
        ReplayError: not all of them could be copied.
    """
    store = open_store(address, replace(options, expected_owner=None, requester_pays=False))
    for name in RUN_FILES:
        path = folder / name
        if path.is_file():
            try:
                data = path.read_bytes()
            except OSError as error:
                raise StoreError(f"{path} cannot be read ({error.strerror})") from error
            store.put(name, data)
