# ruff: noqa: INP001 - a folder of scripts
"""Writes the dashboards' files, and their pictures for the documentation: `python -m k8s.grafana.generate`.

Law: the files are what these modules make and nothing else; a test holds one against the other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from k8s.grafana.mismatches import mismatches
from k8s.grafana.overview import overview
from k8s.grafana.picture import picture
from k8s.grafana.runs import runs

if TYPE_CHECKING:
    from k8s.grafana.model import Json

__all__ = ["FOLDER", "PICTURES", "dashboards", "files", "main"]

FOLDER = Path(__file__).parent / "dashboards"
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def dashboards() -> list[Json]:
    """All of them."""
    return [overview(), mismatches(), runs()]


def files() -> dict[Path, str]:
    """What they are called and what is in them."""
    made = {board["uid"]: board for board in dashboards()}
    boards = {
        FOLDER / f"{uid}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n" for uid, board in made.items()
    }
    return boards | {PICTURES / f"{uid}.svg": picture(board) for uid, board in made.items()}


def main() -> None:
    """Write them."""
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
