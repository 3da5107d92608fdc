from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Block, Page

CAPTURE = ROOT / "tests" / "data" / "capture-small.jsonl.gz"

RUNNABLE = [page for page in PAGES if any(block.is_run for block in page.blocks)]

COMMANDS = [(page, block) for page in PAGES for block in page.blocks if block.is_commands]


def environment(home: Path) -> dict[str, str]:
    """A person's environment, without settings of ours or of anybody else that would change what commands do."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("REPLAY_", "LOCUST_", "AWS_", "PYTEST_"))}
    return kept | {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}", "HOME": str(home)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would type: a folder with a capture in it."""
    shutil.copy(CAPTURE, tmp_path / "capture.jsonl.gz")
    return tmp_path


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines of a page as a shell would that stops at the first failure."""
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=100, check=False
    )


def sizeless(text: str) -> str:
    """A text without sizes of files, which differ by a few bytes between versions of Arrow."""
    return re.sub(r"[\d.]+ (?=kB|MB)", "", text)


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_a_page_can_be_followed_from_top_to_bottom(page: Page, folder: Path) -> None:
    """Its commands work one after the other, its files say what they are said to, its outputs are what is printed."""
    for block in page.blocks:
        where = f"{page.name}, line {block.line}"
        if block.key == "file":
            (folder / block.note).write_text(block.text, encoding="utf-8")
        elif block.key == "output":
            assert sizeless(run(block.note, folder).stdout) == sizeless(block.text), where
        elif block.is_run:
            done = run(block.text, folder)
            assert done.returncode == 0, f"{where}: {done.stderr}"
            assert not done.stderr, where


@pytest.mark.parametrize(
    ("page", "block"), [pytest.param(p, b, id=f"{p.name}:{b.line}") for p, b in COMMANDS if not b.is_run]
)
def test_a_command_that_is_not_run_says_why(page: Page, block: Block) -> None:
    """A reason is a few words, and not another word for "not"."""
    assert len(block.note.split()) > 2, page.name


def test_every_block_of_commands_is_run_or_excused() -> None:
    """None is left out, and both are counted, so that an excuse is a change somebody sees."""
    are_run = sum(block.is_run for _, block in COMMANDS)
    excused = sum(block.key == "not run" for _, block in COMMANDS)
    assert are_run + excused == len(COMMANDS)
    assert are_run == sum(block.is_run for page in RUNNABLE for block in page.blocks)
    assert (are_run, excused) == (12, 31), "blocks were added or excused: count again"
