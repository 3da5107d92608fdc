"""The options that say how to reach a recording's store, for the commands that do not run Locust.

Law: the S3 options of a run, out of the same table, and the store they make. No option holds a credential; those come
from the ordinary chain only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.recording.store import open_store
from replay_users.swarm.options import OPTIONS, add_option
from replay_users.swarm.settings import s3_options

if TYPE_CHECKING:
    from replay_users.recording.store import Store

__all__ = ["add_store_options", "store_of"]


def add_store_options(command: Any, *, writes: bool = False) -> None:
    """Add the S3 options that a run has, and (`writes`) what only writing needs."""
    group = command.add_argument_group("S3")
    for option in OPTIONS:
        if option.name.startswith("s3-"):
            add_option(group, option)
    if writes:
        group.add_argument("--s3-kms-key", default="", env_var="REPLAY_S3_KMS_KEY", help="KMS key to write with")


def store_of(options: Any, address: str) -> Store:
    """The store at an address, reached as the options say.

    Raises:
        UsageError: the address is empty, which would mean the current folder.
    """
    if not address.strip():
        raise UsageError("the recording's address is empty: name a folder or s3://bucket/prefix")
    return open_store(address, replace(s3_options(options), kms_key=getattr(options, "s3_kms_key", "") or None))
