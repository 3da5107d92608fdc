"""How a command reaches the store of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import configargparse
import pytest

from replay_users.cli import stores as module
from replay_users.cli.stores import add_store_options, store_of
from replay_users.errors import UsageError
from replay_users.recording.folder import FolderStore
from replay_users.recording.store import S3Options
from replay_users.swarm.options import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path


def parse(*arguments: str) -> Any:
    """Parsed options of a command that has nothing else."""
    parser = configargparse.ArgumentParser()
    add_store_options(parser, writes=True)
    return parser.parse_args(list(arguments))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, S3Options]]:
    """The stores that were opened."""
    stores: list[tuple[str, S3Options]] = []
    monkeypatch.setattr(module, "open_store", lambda address, options: stores.append((address, options)))
    return stores


def test_a_folder_needs_nothing(tmp_path: Path) -> None:
    """A path is a folder."""
    assert isinstance(store_of(parse(), str(tmp_path)), FolderStore)


def test_every_option_reaches_the_store(opened: list[tuple[str, S3Options]]) -> None:
    """What says how to reach a bucket is handed on."""
    options = parse(
        *("--s3-endpoint", "http://weed:8333", "--s3-region", "eu-1", "--s3-kms-key", "k", "--s3-role", "r"),
        *("--s3-requester-pays", "--s3-expected-owner", "o"),
    )
    store_of(options, "s3://bucket/recs")
    expected = S3Options(
        endpoint="http://weed:8333",
        region="eu-1",
        kms_key="k",
        requester_pays=True,
        expected_owner="o",
        role="r",
    )
    assert opened == [("s3://bucket/recs", expected)]


def test_what_is_not_said_is_the_ordinary_chains(opened: list[tuple[str, S3Options]]) -> None:
    """Without options everything is left to boto3."""
    store_of(parse(), "s3://bucket/recs")
    assert opened == [("s3://bucket/recs", S3Options())]


def test_options_come_from_the_environment(
    opened: list[tuple[str, S3Options]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables are those of a run."""
    monkeypatch.setenv("REPLAY_S3_ENDPOINT", "http://weed:8333")
    store_of(parse(), "s3://bucket/recs")
    monkeypatch.setenv("REPLAY_S3_REQUESTER_PAYS", "true")
    store_of(parse(), "s3://bucket/recs")
    assert opened[0][1].endpoint == "http://weed:8333"
    assert [options.requester_pays for _, options in opened] == [False, True]


def test_the_key_to_write_with_is_for_writing(opened: list[tuple[str, S3Options]]) -> None:
    """A command that only reads does not take it."""
    parser = configargparse.ArgumentParser()
    add_store_options(parser)
    options = parser.parse_args([])
    assert sorted(vars(options)) == sorted(o.dest for o in OPTIONS if o.name.startswith("s3-"))
    store_of(options, "s3://bucket/recs")
    assert opened == [("s3://bucket/recs", S3Options())]


@pytest.mark.parametrize("address", ["", " "])
def test_an_empty_address_is_refused(address: str) -> None:
    """An unset variable in a script does not mean the current folder."""
    with pytest.raises(UsageError, match="the recording's address is empty: name a folder"):
        store_of(parse(), address)


def test_no_option_takes_a_credential() -> None:
    """There is nothing on the command line that could hold one."""
    assert not [
        name for name in vars(parse()) if any(word in name for word in ("secret", "access", "token", "password"))
    ]
