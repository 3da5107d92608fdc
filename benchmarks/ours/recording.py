"""The synthetic recording that the pipeline's contenders and the naive replay read, written by the product's own ingest.

Law: written once per shape into `build/`, found again by its name; a half-written one is written again.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.make_recording import exchanges
from replay_users.errors import ReplayError
from replay_users.recording.folder import FolderStore
from replay_users.recording.ingest import write_recording
from replay_users.recording.recording import open_recording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.model import Exchange

__all__ = ["recording"]

ROOT = Path(__file__).resolve().parents[2]


def recording(
    *,
    rate: float,
    seconds: float,
    body_bytes: int = 158,
    mismatch: float = 0.05,
    partitions: int = 16,
    packed: float = 0.0,
) -> Path:
    """The folder of a recording of `rate` exchanges per second for `seconds`."""
    folder = ROOT / "build" / "recordings" / f"{rate:g}x{seconds:g}-{body_bytes}-{mismatch:g}-{partitions}-{packed:g}"
    try:
        open_recording(FolderStore(folder))
    except ReplayError:
        shutil.rmtree(folder, ignore_errors=True)
        traffic = exchanges(rate=rate, seconds=seconds, body_bytes=body_bytes, mismatch=mismatch, packed=packed)
        _write(folder, traffic, partitions)
    return folder


def _write(folder: Path, traffic: Iterable[Exchange], partitions: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        write_recording(traffic, FolderStore(folder), scratch=Path(scratch), partitions=partitions)
