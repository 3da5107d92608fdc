"""The options that say how to reach a recording's store, for the commands that do not run Locust.

Law: names and help, and the store they make; no option holds a credential, which come from the ordinary chain only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.recording.store import S3Options, open_store

if TYPE_CHECKING:
    from replay_users.recording.store import Store

__all__ = ["add_store_options", "store_of"]


def add_store_options(command: Any) -> None:
    """Add the S3 options; credentials come from the ordinary chain only."""
    group = command.add_argument_group("S3")
    group.add_argument(
        "--s3-endpoint", default="", env_var="REPLAY_S3_ENDPOINT", help="address of an S3-compatible store"
    )
    group.add_argument("--s3-region", default="", env_var="REPLAY_S3_REGION", help="region of the bucket")
    group.add_argument("--s3-role", default="", env_var="REPLAY_S3_ROLE", help="role to assume")
    group.add_argument("--s3-kms-key", default="", env_var="REPLAY_S3_KMS_KEY", help="KMS key to write with")
    group.add_argument("--s3-requester-pays", action="store_true", help="pay for requests to somebody else's bucket")
    group.add_argument(
        "--s3-expected-owner", default="", env_var="REPLAY_S3_EXPECTED_OWNER", help="account that must own the bucket"
    )


def store_of(options: Any, address: str) -> Store:
    """The store at an address, reached as the options say."""
    return open_store(
        address,
        S3Options(
            endpoint=options.s3_endpoint or None,
            region=options.s3_region or None,
            kms_key=options.s3_kms_key or None,
            requester_pays=options.s3_requester_pays,
            expected_owner=options.s3_expected_owner or None,
            role=options.s3_role or None,
        ),
    )
