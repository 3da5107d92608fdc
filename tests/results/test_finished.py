"""Reading a finished run's directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from replay_users.errors import UsageError
from replay_users.results.finished import folder_of, read_lines, read_result, read_whole_result


def test_a_run_is_named_by_its_directory_or_its_result(tmp_path: Path) -> None:
    """Both are the same run."""
    (tmp_path / "result.json").write_text('{"run": {"id": "r1"}}')
    assert read_result(str(tmp_path)) == read_result(str(tmp_path / "result.json")) == {"run": {"id": "r1"}}


@pytest.mark.parametrize("content", ["{", "[]", '{"run": 1}', "\xff"], ids=["half", "list", "no-run", "no-text"])
def test_what_is_no_result_is_refused(tmp_path: Path, content: str) -> None:
    """In one sentence with its name."""
    (tmp_path / "result.json").write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=r"result\.json"):
        read_result(str(tmp_path))


def test_lines_are_objects(tmp_path: Path) -> None:
    """A file that is not there has none, and what is no object is passed over."""
    path = tmp_path / "mismatches.jsonl"
    assert read_lines(path) == []
    path.write_text('{"id": 1}\n\n[2]\n')
    assert read_lines(path) == [{"id": 1}]
    path.write_text("{")
    with pytest.raises(UsageError, match="it is no JSON"):
        read_lines(path)


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    """It is no file of a run."""
    path = tmp_path / "mismatches.jsonl"
    path.touch()
    os.truncate(path, 1 << 30)
    with pytest.raises(UsageError, match="larger than any"):
        read_lines(path)


FIRST = Path(__file__).parents[1] / "data" / "result-first.json"


def test_a_result_of_the_first_version_is_read() -> None:
    """Whatever came to results since; its folder is where its file lies."""
    assert read_whole_result(str(FIRST))["run"]["id"] == "r1"
    assert folder_of(str(FIRST)) == folder_of(str(FIRST.parent)) == FIRST.parent


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"schema_version": 2},
            r"written by a newer replay-users \(schema version 2, this one reads 1\): use that one",
        ),
        ({"schema_version": 0}, r"no schema version that is known here \(0\): replay again"),
        ({"schema_version": None}, r"no schema version that is known here \(None\)"),
        ({"schema_version": True}, r"is damaged: schema_version is none of 1"),
        ({"schema_version": "1"}, r"no schema version that is known here \('1'\)"),
        ({"totals": {}}, r"is damaged: totals\.planned is missing"),
        ({"run": "r1"}, "is not the result of a run"),
    ],
    ids=["newer", "older", "none", "flag", "text", "a part is missing", "foreign"],
)
def test_what_is_no_whole_result_is_refused(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    """In one sentence with its file, and the cure where there is one."""
    (tmp_path / "result.json").write_text(json.dumps(json.loads(FIRST.read_text()) | change))
    with pytest.raises(UsageError, match=rf"result\.json .*{sentence}"):
        read_whole_result(str(tmp_path))


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"run": {"id": NaN}}', '{"a":' * 5_000, ""], ids=["deep", "nan", "cut", "empty"]
)
def test_what_no_parser_likes_is_no_json(tmp_path: Path, content: str) -> None:
    """However it is broken."""
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(
        UsageError, match=r"result\.json cannot be read: it is (no JSON|empty).*; copy the run's directory again"
    ):
        read_whole_result(str(tmp_path))


def test_a_place_below_a_file_holds_no_run(tmp_path: Path) -> None:
    """A path that cannot be is told as one that is not there."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"has no result\.json: name the directory of a finished run"):
        read_whole_result(str(tmp_path / "file" / "run"))
