"""`replay-users ingest`: captured lines become a recording, and what cannot be used is accounted for."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import ingest as module
from replay_users.cli import main
from replay_users.recording.folder import FolderStore
from replay_users.recording.recording import open_recording
from tests.recording.making import read_all

if TYPE_CHECKING:
    from replay_users.recording.manifest import Manifest

CAPTURE = Path(__file__).parents[1] / "data" / "capture-small.jsonl.gz"
LINES = gzip.decompress(CAPTURE.read_bytes()).splitlines(keepends=True)


def ingest(*arguments: object) -> int:
    """Run the command."""
    return main(["ingest", *map(str, arguments)])


def manifest_of(folder: Path) -> Manifest:
    """What is in a recording."""
    return open_recording(FolderStore(folder)).manifest


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A capture of the first twenty lines, plain."""
    path = tmp_path / "few.jsonl"
    path.write_bytes(b"".join(LINES[:20]))
    return path


def test_a_capture_becomes_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All lines of a compressed capture are in the recording, and the command says how many and where."""
    assert ingest(CAPTURE, "--to", tmp_path / "rec") == 0
    assert manifest_of(tmp_path / "rec").rows == len(LINES) == 125
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"125 exchanges into {tmp_path / 'rec'}\n", "")
    assert not list(tmp_path.glob("*rejects*"))


def test_secrets_in_the_clear_are_said_and_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A capture without redaction is taken, without its secrets, and the command says in how many lines there were any."""
    line = {**json.loads(LINES[0]), "path": "/x?token=PRODSECRET", "req_headers_b64": None}
    line["req_headers"] = "authorization: Bearer PRODSECRET"
    (tmp_path / "clear.jsonl").write_bytes(json.dumps(line).encode() + b"\n" + LINES[1])
    assert ingest(tmp_path / "clear.jsonl", "--to", tmp_path / "rec") == 0
    assert "\n  1 held secrets in the clear, which are not recorded\n" in capsys.readouterr().out
    assert manifest_of(tmp_path / "rec").redaction["targets"] == 1


def test_trailers_of_answers_are_recorded(tmp_path: Path) -> None:
    """As Envoy tells them; those of requests are not."""
    line = {**json.loads(LINES[0]), "trailers": {"req": "x-mine: 1", "resp": "grpc-status: 0\nx-rows: 7"}}
    (tmp_path / "trailers.jsonl").write_bytes(json.dumps(line).encode() + b"\n" + LINES[1])
    assert ingest(tmp_path / "trailers.jsonl", "--to", tmp_path / "rec") == 0
    recording = open_recording(FolderStore(tmp_path / "rec"))
    kept = {row["id"]: row["trailers"] for row in read_all(recording)}
    assert kept == {line["id"]: b"grpc-status: 0\r\nx-rows: 7\r\n", json.loads(LINES[1])["id"]: None}


def test_the_same_capture_twice_is_there_once(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second ingest adds what is new and says what was there already."""
    assert ingest(few, "--to", tmp_path / "rec") == 0
    assert ingest(CAPTURE, "--to", tmp_path / "rec") == 0
    assert manifest_of(tmp_path / "rec").rows == 125
    assert "105 exchanges into" in capsys.readouterr().out
    assert ingest(few, "--to", tmp_path / "rec") == 0
    assert "0 exchanges into" in (said := capsys.readouterr().out)
    assert "  20 were there already (same id)" in said


def test_bad_lines_are_kept_with_their_reason(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is not JSON, or whose base64 is not, is counted, kept with file, number and reason, and stops nothing."""
    record = json.loads(LINES[0])
    record["resp_body"] = {"00001": "not base64!"}
    few.write_bytes(b"not json\n" + few.read_bytes() + json.dumps(record).encode() + b"\n{}\n")
    assert ingest(few, "--to", tmp_path / "rec") == 0
    assert manifest_of(tmp_path / "rec").rows == 20
    rejects = [json.loads(line) for line in (tmp_path / "rec.rejects.jsonl").read_bytes().splitlines()]
    assert [reject["line"] for reject in rejects] == [1, 22, 23]
    assert rejects[0]["text"].strip() == "not json"
    assert "base64" in rejects[1]["reason"]
    assert {reject["source"] for reject in rejects} == {str(few)}
    said = capsys.readouterr().out
    assert f"  1 rejected: {rejects[0]['reason']}\n" in said
    assert f"  rejected lines are in {tmp_path / 'rec.rejects.jsonl'}\n" in said


def test_what_ingest_writes_is_for_its_owner(tmp_path: Path) -> None:
    """Neither the recording nor the rejects can be read by others."""
    (tmp_path / "bad.jsonl").write_bytes(LINES[0] + b"not JSON\n")
    assert ingest(tmp_path / "bad.jsonl", "--to", tmp_path / "rec", "--rejects", tmp_path / "r" / "rejects") == 0
    written = [tmp_path / "rec", tmp_path / "r", *(tmp_path / "rec").rglob("*"), tmp_path / "r" / "rejects"]
    assert len(written) > 4
    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_rejects_may_go_elsewhere(few: Path, tmp_path: Path) -> None:
    """`--rejects` names the file, in a folder that need not be there."""
    few.write_bytes(few.read_bytes() + b"not json\n")
    assert ingest(few, "--to", tmp_path / "rec", "--rejects", tmp_path / "bad" / "lines.jsonl") == 0
    assert len((tmp_path / "bad" / "lines.jsonl").read_bytes().splitlines()) == 1


def test_each_recording_has_its_own_rejects(tmp_path: Path) -> None:
    """Recordings in one folder do not share a file, and a later ingest appends to its own."""
    (tmp_path / "bad.jsonl").write_bytes(b"not json\n" + LINES[0])
    for name in ("a", "b", "b"):
        assert ingest(tmp_path / "bad.jsonl", "--to", tmp_path / "recs" / name) == 0
    kept = {path.name: len(path.read_bytes().splitlines()) for path in (tmp_path / "recs").glob("*.jsonl")}
    assert kept == {"a.rejects.jsonl": 1, "b.rejects.jsonl": 2}


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        pytest.param("recs/r", "recs/r.rejects.jsonl", id="folder"),
        pytest.param("recs/r/", "recs/r.rejects.jsonl", id="trailing slash"),
        pytest.param("s3://bucket/recs/r/", "r.rejects.jsonl", id="prefix"),
        pytest.param("s3://bucket", "bucket.rejects.jsonl", id="bucket"),
    ],
)
def test_rejects_are_named_after_the_recording(to: str, expected: str) -> None:
    """Beside a folder; in the current folder for a bucket."""
    assert str(module._rejects_path(SimpleNamespace(to=to, rejects=""))) == expected


@pytest.mark.parametrize("source", ["few.jsonl", ".", "link.jsonl"])
@pytest.mark.parametrize("rejects", ["few.jsonl", "link.jsonl"])
def test_a_capture_is_never_the_rejects_file(
    few: Path, tmp_path: Path, source: str, rejects: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is read, in a folder or by a link too, is refused and stays as it was."""
    few.write_bytes(before := b"not json\n" + few.read_bytes())
    (tmp_path / "link.jsonl").symlink_to(few)
    assert ingest(tmp_path / source, "--to", tmp_path / "rec", "--rejects", tmp_path / rejects) == 2
    assert f"--rejects {tmp_path / rejects} is one of the captures" in capsys.readouterr().err
    assert few.read_bytes() == before


def test_a_link_among_the_captures_is_a_capture(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rejects file elsewhere, to which a link in the folder leads, is refused."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.jsonl").symlink_to(few)
    assert ingest(tmp_path / "in", "--to", tmp_path / "rec", "--rejects", few) == 2
    assert "is one of the captures" in capsys.readouterr().err


def test_new_rejects_among_the_captures_need_their_name(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new file in the folder that is read would be a capture the next time, unless its name says what it is."""
    few.write_bytes(b"not json\n" + few.read_bytes())
    assert ingest(tmp_path, "--to", tmp_path / "rec", "--rejects", tmp_path / "bad.jsonl") == 2
    assert "lies among the captures" in capsys.readouterr().err
    for _ in range(2):
        assert ingest(tmp_path, "--to", tmp_path / "rec", "--rejects", tmp_path / "bad.rejects.jsonl") == 0
    assert len((tmp_path / "bad.rejects.jsonl").read_bytes().splitlines()) == 2


def test_a_directory_of_rejects_is_refused(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--rejects` is a file."""
    assert ingest(few, "--to", tmp_path / "rec", "--rejects", tmp_path) == 2
    assert f"--rejects {tmp_path} is a directory: give the name of a file in it" in capsys.readouterr().err


def test_nothing_usable_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of no usable line is exit code 2 with the commonest reason, and leaves no recording."""
    (tmp_path / "bad.jsonl").write_bytes(b"not json\n" * 3)
    assert ingest(tmp_path / "bad.jsonl", "--to", tmp_path / "rec") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "replay-users: no line of" in said.err
    assert said.err.endswith(f"; rejected lines are in {tmp_path / 'rec.rejects.jsonl'}\n")
    assert "could be used: " in said.err
    assert not list((tmp_path / "rec").rglob("manifest.json"))


def test_an_empty_capture_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without lines says so."""
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert ingest(tmp_path / "empty.jsonl", "--to", tmp_path / "rec") == 2
    assert "there are no lines" in capsys.readouterr().err


def test_a_capture_that_breaks_off_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a compressed file that ends too early everything before is used, and the end is named."""
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(CAPTURE.read_bytes()[:-3000])
    assert ingest(torn, "--to", tmp_path / "rec") == 0
    assert 0 < manifest_of(tmp_path / "rec").rows < 125
    assert f"  {torn}: " in capsys.readouterr().out


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    """A folder of captures is one recording, whose exchanges know which file they are from."""
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / "pod-a.jsonl").write_bytes(b"".join(LINES[:10]))
    (tmp_path / "captures" / "pod-b.jsonl").write_bytes(b"".join(LINES[10:15]))
    assert ingest(tmp_path / "captures", "--to", tmp_path / "rec") == 0
    assert manifest_of(tmp_path / "rec").rows == 15


def test_a_recording_among_the_captures_is_not_a_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What an ingest writes into the folder that it reads is not read by the next one."""
    (tmp_path / "a.jsonl").write_bytes(b"not json\n" + LINES[0])
    for _ in range(2):
        assert ingest(tmp_path, "--to", tmp_path / "rec") == 0
    assert len((tmp_path / "rec.rejects.jsonl").read_bytes().splitlines()) == 2
    assert capsys.readouterr().out.count("1 rejected") == 2


def test_lines_may_come_through_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is stdin."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"".join(LINES[:7]))))
    assert ingest("-", "--to", tmp_path / "rec", "--source-name", "pod-a") == 0
    assert manifest_of(tmp_path / "rec").rows == 7


def test_templates_name_endpoints(few: Path, tmp_path: Path) -> None:
    """`--templates FILE` decides how targets become endpoints."""
    (tmp_path / "templates.txt").write_text("GET /{anything}\n")
    assert ingest(few, "--to", tmp_path / "rec", "--templates", tmp_path / "templates.txt") == 0
    assert "GET /{anything}" in {endpoint.name for endpoint in manifest_of(tmp_path / "rec").endpoints}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        pytest.param(["/nonexistent"], 2, "there is no capture at /nonexistent", id="no source"),
        pytest.param([CAPTURE, "--partitions", "0"], 2, "--partitions 0: give a number from 1 to 256", id="partitions"),
        pytest.param([CAPTURE, "--partitions", "257"], 2, "from 1 to 256", id="too many partitions"),
        pytest.param(
            [CAPTURE, "--templates", "/nonexistent"], 2, "--templates /nonexistent cannot be read", id="templates"
        ),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, arguments: list[Any], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and its exit code."""
    assert ingest(*arguments, "--to", tmp_path / "rec") == code
    said = capsys.readouterr().err
    assert said.startswith("replay-users: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_an_empty_recording_address_is_refused(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--to ""` does not mean the current folder."""
    assert ingest(few, "--to", "") == 2
    assert "the recording's address is empty" in capsys.readouterr().err


def test_templates_that_are_no_text_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not UTF-8 is one sentence too."""
    (tmp_path / "templates").write_bytes(b"\xff\xfe")
    assert ingest(CAPTURE, "--to", tmp_path / "rec", "--templates", tmp_path / "templates") == 2
    assert "cannot be read: not UTF-8 text" in capsys.readouterr().err


def test_rejects_that_cannot_be_written_are_an_error(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If bad lines cannot be kept, that is exit code 1 rather than a silent loss."""
    few.write_bytes(b"not json\n" + few.read_bytes())
    (tmp_path / "file").write_text("")
    assert ingest(few, "--to", tmp_path / "rec", "--rejects", tmp_path / "file" / "rejects.jsonl") == 1
    assert "cannot write" in capsys.readouterr().err


ARTICLE = CAPTURE.parent / "traffic-capture.jsonl"


@pytest.mark.parametrize("options", [(), ("--format", "auto"), ("--format", "traffic-capture")])
def test_the_articles_lines_become_a_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """Lines of TrafficCapture and of the article's access log are told by their keys; what they lack is not recorded."""
    assert ingest(ARTICLE, "--to", tmp_path / "rec", *options) == 0
    assert capsys.readouterr().out == f"6 exchanges into {tmp_path / 'rec'}\n"
    manifest = manifest_of(tmp_path / "rec")
    assert (manifest.rows, manifest.capture) == (6, {"status-only": 6})
    assert manifest.session_kinds == {"connection": 6}
    assert (manifest.hosts, manifest.protocols) == ({"": 4, "api.example.com": 2}, {"": 6})
    assert ingest(ARTICLE, "--to", tmp_path / "rec") == 0
    assert "6 were there already (same id)" in capsys.readouterr().out


def test_a_format_that_was_named_is_the_only_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of another format go to the rejects with what they lack."""
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes(LINES[0] + ARTICLE.read_bytes())
    assert ingest(mixed, "--to", tmp_path / "ours", "--format", "envoy") == 0
    assert "  6 rejected: v is missing\n" in capsys.readouterr().out
    assert ingest(mixed, "--to", tmp_path / "both") == 0
    assert capsys.readouterr().out == f"7 exchanges into {tmp_path / 'both'}\n"
    entry = json.loads((tmp_path / "ours.rejects.jsonl").read_bytes().splitlines()[0])
    assert (entry["line"], entry["reason"]) == (2, "v is missing")


def test_bad_lines_of_the_article_are_kept_with_their_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bad line costs itself only."""
    bad = tmp_path / "bad.jsonl"
    lines = ARTICLE.read_bytes().splitlines()
    bad.write_bytes(b"\n".join([lines[0], lines[1].replace(b"2026-02-08T", b"today "), lines[2][:-9], lines[3]]))
    assert ingest(bad, "--to", tmp_path / "rec") == 0
    said = capsys.readouterr().out
    assert "2 exchanges into" in said
    assert "  1 rejected: timestamp is not an ISO 8601 time\n  1 rejected: not JSON\n" in said
    rejects = [json.loads(line) for line in (tmp_path / "rec.rejects.jsonl").read_bytes().splitlines()]
    assert [(entry["line"], entry["reason"]) for entry in rejects] == [
        (2, "timestamp is not an ISO 8601 time"),
        (3, "not JSON"),
    ]
