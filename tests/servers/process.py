"""Ending a server process: asked first, killed if it does not."""

from __future__ import annotations

import subprocess

__all__ = ["end"]


def end(process: subprocess.Popen[bytes] | None) -> None:
    """End it and wait; nothing, if it never started."""
    if process is None:
        return
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
