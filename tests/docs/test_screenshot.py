"""The picture of a report in the docs: it is small enough for a page, and can be made again from a demo's run.

`pytest --update-golden tests/docs/test_screenshot.py` puts a new one into docs/.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.servers.browser import Browser, find_chromium

ROOT: Final = Path(__file__).parent.parent.parent
PICTURE: Final = ROOT / "docs" / "report.png"
SIZE: Final = (1280, 1560)
MOST_BYTES: Final = 300_000


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height, as the header of a PNG has them."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_picture_in_the_docs() -> None:
    """It is a PNG of the size that the test below makes, and loads quickly."""
    png = PICTURE.read_bytes()
    assert size_of(png) == SIZE
    assert len(png) < MOST_BYTES


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(180)
def test_it_can_be_made_again(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A demo leaves a report, and a browser takes its picture."""
    program = find_chromium()
    if program is None:
        pytest.skip("chromium, a browser, is not installed: apt-get install chromium")
    command = [sys.executable, "-m", "replay_users.cli", "demo", "--runs", "runs"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    with Browser(program, tmp_path / "browser") as browser:
        page = browser.open((tmp_path / "runs/demo/report.html").as_uri(), width=SIZE[0], height=SIZE[1])
        png = browser.photograph(page)
    assert page.console == []
    assert size_of(png) == SIZE
    assert len(png) < MOST_BYTES
    if request.config.getoption("--update-golden"):
        PICTURE.write_bytes(png)
