# ruff: noqa: INP001 - a folder of scripts
"""Writes the dashboards' files: `python -m k8s.grafana.generate`, from the top of a clone.

Law: the files are what these modules make and nothing else; a test holds one against the other.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from k8s.grafana.mismatches import mismatches
from k8s.grafana.overview import overview
from k8s.grafana.runs import runs

if TYPE_CHECKING:
    from k8s.grafana.model import Json

__all__ = ["FOLDER", "dashboards", "main", "written"]

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> list[Json]:
    """All of them."""
    return [overview(), mismatches(), runs()]


def written(board: Json) -> str:
    """A dashboard as its file's text."""
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them."""
    for board in dashboards():
        path = FOLDER / f"{board['uid']}.json"
        path.write_text(written(board), encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
