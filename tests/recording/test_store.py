"""Which store an address means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from replay_users.errors import DamagedRecording, UsageError
from replay_users.recording.folder import FolderStore
from replay_users.recording.store import S3Options, changed, open_store


@pytest.mark.parametrize("address", ["runs/demo", "/abs/path", "date=2026-11-05/hour=10", "weird#name?x"])
def test_a_path_is_a_folder(address: str) -> None:
    """Everything without a scheme is a path, whatever characters it has."""
    store = open_store(address)
    assert isinstance(store, FolderStore)
    assert store.root == Path(address)
    assert store.blocking


@pytest.mark.parametrize(
    ("address", "name"),
    [
        pytest.param("s3://bucket/a/b/", "s3://bucket/a/b", id="slash-at-the-end"),
        pytest.param("s3://bucket", "s3://bucket", id="whole-bucket"),
        pytest.param("S3://Bucket/a", "s3://Bucket/a", id="scheme-in-capitals"),
        pytest.param("s3://bucket/a?b#c", "s3://bucket/a?b#c", id="keys-may-hold-anything"),
    ],
)
def test_s3_is_a_bucket(address: str, name: str) -> None:
    """`s3://` gives a bucket's store under its own name, and opens no connection yet."""
    pytest.importorskip("boto3")
    store = open_store(address, S3Options(endpoint="http://127.0.0.1:9", region="us-east-1"))
    assert store.name == name
    assert not store.blocking


@pytest.mark.parametrize("address", ["http://host/recording", "gs://bucket/a", "s3://", "s3:///a", "file:///a"])
def test_another_address_is_refused(address: str) -> None:
    """What is neither gets a sentence that says what would be."""
    with pytest.raises(UsageError, match="give a folder or s3://bucket/prefix"):
        open_store(address)


def test_s3_without_boto3_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 is an extra; the sentence names it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UsageError, match=r"pip install 'replay-users\[s3\]'"):
        open_store("s3://bucket/a")


def test_what_changed_is_named() -> None:
    """Every store says the same of an object that changed."""
    assert isinstance(changed("s3://b/k"), DamagedRecording)
    assert str(changed("s3://b/k")).startswith("s3://b/k changed after the recording was opened")
