"""The short form of `make soak`: a minute instead of an hour."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.soak import code, row_name, soak, told

if TYPE_CHECKING:
    from pathlib import Path


HOUR = {
    "started": "2026-11-25T10:00:00+00:00",
    "rate": 2000.0,
    "seconds": 3600.0,
    "code": code(),
    "lag_p99_ms": 1.5,
    "flatness": {"slope_mb": -3.0},
}


def written(folder: Path, **changes: object) -> Path:
    """A soak.json; what is `None` is not in it."""
    path = folder / "soak.json"
    path.write_text(json.dumps({name: value for name, value in {**HOUR, **changes}.items() if value is not None}))
    return path


def test_the_last_hour_is_told_with_its_day(tmp_path: Path) -> None:
    """The hour's row has the day on which it was measured in its name, and says if the code was another."""
    path = written(tmp_path)
    assert told(path) == {"lag_p99_ms": 1.5, "growth_mb": 0.0}
    assert row_name(path) == "lag p99 over an hour at 2,000/s (measured 2026-11-25)"
    assert row_name(written(tmp_path, code="0123")).endswith("(measured 2026-11-25, earlier code)")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"seconds": 60.0}, id="a minute"),
        pytest.param({"rate": 1000.0}, id="another rate"),
        pytest.param({"lag_p99_ms": None}, id="under way, or cut short"),
    ],
)
def test_what_is_no_hour_is_not_told_as_one(tmp_path: Path, changes: dict[str, float | None]) -> None:
    """A shorter, slower or unfinished soak gives no figure, and neither does none."""
    assert "make soak" in told(written(tmp_path, **changes))["skip"]
    assert "make soak" in told(tmp_path / "none.json")["skip"]
    assert row_name(tmp_path / "none.json") == "lag p99 over an hour at 2,000/s"


def test_the_code_of_an_hour_is_what_sends(tmp_path: Path) -> None:
    """Changing the engine changes the hash; changing what no exchange passes through does not."""
    for name in ("engine/pool.py", "compare/desk.py", "results/tally.py", "swarm/run.py", "swarm/source.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "recording").mkdir()
    (tmp_path / "recording" / "reader.py").write_text("1")
    before = code(tmp_path)
    (tmp_path / "swarm" / "options.py").write_text("2")
    assert code(tmp_path) == before
    (tmp_path / "engine" / "pool.py").write_text("2")
    assert code(tmp_path) != before


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_a_minute_at_2000_per_second_leaves_memory_as_it_was(tmp_path: Path) -> None:
    """Everything is sent, nothing fails, and after its warm-up the run needs no more memory; then no descriptor is left."""
    out = tmp_path / "soak.json"
    done = soak(
        rate=2000, seconds=75, every_s=2, warm_up_s=20, descriptors=2000, out=out
    )  # neighbours stall it for long
    assert done.wrong == []
    kept = json.loads(out.read_text())
    assert kept["lag_p99_ms"] == done.lag_p99_ms > 0
    assert len(kept["samples"]) == len(done.samples) > 30
