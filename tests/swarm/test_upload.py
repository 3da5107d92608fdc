"""A copy of a run's directory in a real S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.errors import ReplayError, UsageError
from replay_users.recording.store import S3Options, open_store
from replay_users.results.rundir import write_run
from replay_users.swarm import upload
from replay_users.swarm.upload import read_upload, upload_run
from tests.results.reported import failed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.weed import Weed


@pytest.mark.parametrize(
    ("given", "read"), [("", ""), ("s3://b/p", "s3://b/p"), ("S3://b/p/", "S3://b/p"), ("s3://b", "s3://b")]
)
def test_it_is_an_address_or_nothing(given: str, read: str) -> None:
    """A bucket, with a prefix or without."""
    assert read_upload(given) == read


@pytest.mark.parametrize("given", ["runs", "s3://", "https://b/p", "s3:///p", "file:///x"])
def test_what_is_no_bucket_is_refused_before_the_run(given: str) -> None:
    """In one sentence that says what would be one."""
    with pytest.raises(UsageError, match=r"--upload .*: give s3://bucket/prefix, under which each run has its id"):
        read_upload(given)


def test_without_boto3_it_is_refused_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(upload, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'replay-users\[s3\]'"):
        read_upload("s3://b/p")


def test_all_that_a_run_wrote_is_copied_and_nothing_else(s3: Weed, tmp_path: Path) -> None:
    """What else lies in the directory stays; expected owner and requester pays are of another bucket."""
    write_run(tmp_path, failed(), "a summary\n", exhibits=[{"id": "x"}], reports={"report.md": "## FAIL\n"})
    (tmp_path / "recording").mkdir()
    (tmp_path / "notes.txt").touch()
    address = f"s3://{s3.bucket}/uploads/all/r1"
    options = S3Options(endpoint=s3.endpoint, expected_owner="123456789012", requester_pays=True)
    upload_run(tmp_path, address, options)
    store = open_store(address, S3Options(endpoint=s3.endpoint))
    copied = {each.key for each in store.objects()}
    assert copied == {"result.json", "mismatches.jsonl", "exhibits.jsonl", "summary.txt", "report.md"}
    assert store.get("result.json") == (tmp_path / "result.json").read_bytes()


def test_the_result_is_seen_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sees it in the bucket sees all of the run there."""
    write_run(tmp_path, failed(), "", reports={"report.html": "", "report.md": "", "junit.xml": ""})
    seen: list[str] = []

    class Bucket:
        def put(self, key: str, data: bytes) -> None:
            assert data is not None
            seen.append(key)

    monkeypatch.setattr(upload, "open_store", lambda *_: Bucket())
    upload_run(tmp_path, "s3://b/p", S3Options())
    assert seen[:1] == ["report.html"]
    assert seen[-1] == "result.json"


def test_a_bucket_that_is_not_there_is_a_sentence(s3: Weed, tmp_path: Path) -> None:
    """As with every store."""
    write_run(tmp_path, failed(), "")
    with pytest.raises(ReplayError, match="s3://nowhere-at-all/r1"):
        upload_run(tmp_path, "s3://nowhere-at-all/r1", S3Options(endpoint=s3.endpoint))
