"""Reading a finished run's directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from replay_users.cli.runs import read_lines, read_result
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


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
