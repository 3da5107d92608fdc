"""The short form of `make soak`: a minute instead of an hour."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.soak import soak

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_a_minute_at_2000_per_second_leaves_memory_and_descriptors_as_they_were(tmp_path: Path) -> None:
    """Everything is sent, nothing fails, and after its warm-up the run needs no more memory and descriptors than before."""
    out = tmp_path / "soak.json"
    done = soak(rate=2000, seconds=75, every_s=2, warm_up_s=20, out=out)
    assert done.wrong == []
    written = json.loads(out.read_text())
    assert written["lag_p99_ms"] == done.lag_p99_ms > 0
    assert len(written["samples"]) == len(done.samples) > 30
