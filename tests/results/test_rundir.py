"""The run directory: complete files or none, and nobody else's run lost."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import StoreError, UsageError
from replay_users.results.rundir import exemplars_of, write_run, write_whole
from replay_users.results.samples import Samples

if TYPE_CHECKING:
    from pathlib import Path


def result(run_id: str = "r1", target: str = "/items/7?q=a'b") -> dict[str, Any]:
    """As much of a result as the run directory looks at."""
    exemplar = {"id": "id-1", "method": "GET", "target": target, "recorded": "1", "replayed": "\ud800é"}
    signature = {"endpoint": "GET /items/{id}", "path": "root['price']", "kind": "value", "exemplars": [exemplar]}
    return {"run": {"id": run_id, "target": "http://staging:8000/"}, "signatures": [signature]}


def test_it_writes_three_files(tmp_path: Path) -> None:
    """The result, the summary and one line per exemplar are in the folder, and nothing else."""
    folder = tmp_path / "runs" / "r1"
    write_run(folder, result(), "PASS\n")
    assert sorted(path.name for path in folder.iterdir()) == ["mismatches.jsonl", "result.json", "summary.txt"]
    assert json.loads((folder / "result.json").read_text("utf-8")) == result()
    assert (folder / "summary.txt").read_text() == "PASS\n"
    [line] = (folder / "mismatches.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["id"] == "id-1"


def test_a_run_is_for_its_owner(tmp_path: Path) -> None:
    """Differences show what people were answered: others may neither list nor read them."""
    write_run(tmp_path / "r1", result(), "PASS\n")
    assert (tmp_path / "r1").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "r1").iterdir()} == {0o600}


def test_an_exemplar_has_a_curl_line_that_survives_a_shell() -> None:
    """The curl line names target and method as one argument each, whatever they hold."""
    [line] = exemplars_of(result(target="/a?q='; rm -rf / #"))
    assert shlex.split(line["curl"]) == [
        *("curl", "-sS", "-X", "GET", "-H", "X-Replay-Test: true"),
        "http://staging:8000/a?q='; rm -rf / #",
    ]
    assert (line["endpoint"], line["path"], line["kind"]) == ("GET /items/{id}", "root['price']", "value")


def test_of_several_targets_none_is_guessed() -> None:
    """An exemplar does not say which target answered, so the person puts it in."""
    several = result()
    several["run"]["target"] = "several"
    [line] = exemplars_of(several)
    assert shlex.split(line["curl"])[-1] == "http://TARGET/items/7?q=a'b"


def test_given_exemplars_are_written_instead(tmp_path: Path) -> None:
    """Exemplars with more to tell take the place of the result's own."""
    write_run(tmp_path, result(), "", [{"id": "other"}])
    assert (tmp_path / "mismatches.jsonl").read_text() == '{"id": "other"}\n'


def test_exhibits_are_written_for_their_owner_and_go_with_their_run(tmp_path: Path) -> None:
    """A run without any leaves no file of an earlier one."""
    write_run(tmp_path, result(), "", exhibits=[{"id": "x"}])
    path = tmp_path / "exhibits.jsonl"
    assert path.read_text() == '{"id": "x"}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    write_run(tmp_path, result(), "")
    assert not path.exists()


def test_all_of_a_run_is_replaced(tmp_path: Path) -> None:
    """Reports and samples of the run before are not taken for those of one that has none."""
    write_run(tmp_path, result("old"), "", samples=Samples(), reports={"report.html": "old", "junit.xml": "old"})
    kept = {"report.html", "junit.xml", "pairs.parquet", "histograms.json"}
    assert kept <= {path.name for path in tmp_path.iterdir()}
    write_run(tmp_path, result("new"), "", reports={"report.md": "new"}, replace=True)
    assert not kept & {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "report.md").read_text() == "new"


def test_the_result_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the files of another run are replaced there is no result that they could be taken for part of."""
    write_run(tmp_path, result("old"), "")
    seen = []

    def watch(path: Path, _: bytes) -> None:
        path.touch()
        seen.append((path.name, (tmp_path / "result.json").exists()))

    monkeypatch.setattr("replay_users.results.rundir.write", watch)
    write_run(tmp_path, result("new"), "", reports={"report.md": ""}, replace=True)
    assert [there for _, there in seen] == [False] * 4
    assert seen[-1][0] == ".result.json"


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    """So that JSON reads it again, and any other text can be written at all."""
    write_whole(tmp_path / "x.json", json.dumps("a\ud800é", ensure_ascii=False))
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == "a\ud800é"


def test_explanations_stand_with_their_exemplars() -> None:
    """By exchange."""
    (line,) = exemplars_of(result(), {result()["signatures"][0]["exemplars"][0]["id"]: ["Value changed"]})
    assert line["explanation"] == ["Value changed"]
    (line,) = exemplars_of(result())
    assert "explanation" not in line


def test_another_run_is_not_overwritten(tmp_path: Path) -> None:
    """A folder with another run's result is refused with the cure, and stays as it is."""
    write_run(tmp_path, result("old"), "old")
    with pytest.raises(UsageError, match=r"another run \(old\): choose another --out, or replace it with --overwrite"):
        write_run(tmp_path, result("new"), "new")
    assert (tmp_path / "summary.txt").read_text() == "old"


def test_another_run_is_replaced_when_asked(tmp_path: Path) -> None:
    """With replace the new run's files take the place of the old one's, mismatches included."""
    write_run(tmp_path, result("old"), "old")
    write_run(tmp_path, result("new") | {"signatures": []}, "new", replace=True)
    assert json.loads((tmp_path / "result.json").read_text())["run"]["id"] == "new"
    assert (tmp_path / "mismatches.jsonl").read_text() == ""


def test_the_same_run_may_be_written_again(tmp_path: Path) -> None:
    """A run's own result is no obstacle."""
    write_run(tmp_path, result(), "first")
    write_run(tmp_path, result(), "second")
    assert (tmp_path / "summary.txt").read_text() == "second"


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    """A folder that holds a recording, but no result, is used and the recording left alone."""
    (tmp_path / "recording").mkdir()
    write_run(tmp_path, result(), "")
    assert (tmp_path / "recording").is_dir()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run": 1}', b"\xff"])
def test_a_damaged_result_is_somebody_s_too(tmp_path: Path, content: bytes) -> None:
    """A result.json that cannot be read is not overwritten unasked."""
    (tmp_path / "result.json").write_bytes(content)
    with pytest.raises(UsageError, match="which cannot be read"):
        write_run(tmp_path, result(), "")


def test_a_file_in_the_way_is_a_usage_error(tmp_path: Path) -> None:
    """A path that is a file is refused with a sentence."""
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is not a directory: choose another --out"):
        write_run(tmp_path / "out", result(), "")


@pytest.mark.parametrize("number", [28, 13], ids=["disk-full", "not-permitted"])
def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A full disk or a missing permission is a StoreError with its reason, and leaves no half-written file."""

    def refuse(path: Path, _: bytes) -> None:
        path.touch()
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("replay_users.results.rundir.write", refuse)
    with pytest.raises(StoreError, match=os.strerror(number)):
        write_run(tmp_path, result(), "")
    assert list(tmp_path.iterdir()) == []
