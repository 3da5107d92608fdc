"""What we say to the person at the terminal, between Locust's own lines.

Law: whole lines to stderr, at once.
"""

from __future__ import annotations

import sys

__all__ = ["tell"]


def tell(text: str) -> None:
    """Write a line."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
