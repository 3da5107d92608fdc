"""What this process has in common with others of its machine.

Law: an edge; reads what the kernel says and knows no run.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["boot_id"]


def boot_id() -> str:
    """What the kernel calls this boot: processes that share it share their monotonic clock."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
