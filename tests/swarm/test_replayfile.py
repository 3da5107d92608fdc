"""What `replay-users run` hands to Locust."""

from __future__ import annotations

import ast
from pathlib import Path

import replay_users

INSIDE = Path(replay_users.__file__).parent / "swarm" / "replayfile.py"
SHOWN = Path(__file__).parents[2] / "locustfiles" / "replay.py"


def classes(path: Path) -> dict[str, list[str]]:
    """The classes of a file and their bases."""
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name: [ast.unparse(b) for b in node.bases] for node in tree.body if isinstance(node, ast.ClassDef)}


def test_it_is_the_locustfile_that_people_copy() -> None:
    """The package runs the very classes that `locustfiles/replay.py` shows."""
    assert classes(INSIDE) == classes(SHOWN) == {"Replay": ["ReplayUser"], "Shape": ["ReplayShape"]}
