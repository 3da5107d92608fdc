"""Open the recording and make the plan: everything that can go wrong before a run, in one place.

Law: raises our errors and starts nothing; what it gives back is enough to begin at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from replay_users.engine.target import resolve
from replay_users.plan.empty import refuse_empty
from replay_users.plan.headers import resolve as fill_in
from replay_users.plan.plan import make_plan
from replay_users.recording.recording import open_recording
from replay_users.recording.store import open_store

if TYPE_CHECKING:
    from replay_users.engine.connection import Address
    from replay_users.plan.plan import Plan
    from replay_users.recording.index import CountIndex
    from replay_users.recording.recording import Recording
    from replay_users.swarm.settings import RunSettings

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that can begin; `headers` are whole lines with secrets in them, so they are never shown."""

    settings: RunSettings
    recording: Recording
    index: CountIndex
    plan: Plan
    addresses: list[Address]
    headers: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Prepared({self.plan.recording!r}, {self.plan.planned} planned)"


def prepare(settings: RunSettings) -> Prepared:
    """Open, count, plan, resolve.

    Raises:
        ReplayError: whatever would keep the run from being what was asked.
    """
    _use_small_pool()
    recording = open_recording(open_store(settings.recording, settings.store))
    index = recording.count_index()
    plan = make_plan(recording.manifest, index, settings.plan)
    refuse_empty(plan, recording.manifest)
    return Prepared(
        settings=settings,
        recording=recording,
        index=index,
        plan=plan,
        addresses=resolve(settings.host.name, settings.host.port),
        headers=tuple(fill_in(header, os.environ, _read_file) for header in settings.headers),
    )


def _read_file(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _use_small_pool() -> None:
    """Let Arrow give memory back at once: its default pool kept 100 MB more after the same slices (measured, pyarrow 26)."""
    try:
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(0)
    except NotImplementedError:  # not in this build
        pa.set_memory_pool(pa.system_memory_pool())
