from __future__ import annotations

import subprocess
import sys

from replay_users import __version__


def test_the_package_runs_as_the_command_does() -> None:
    """`python -m replay_users.cli` takes the same arguments as `replay-users`, and its exit code is the command's."""
    asked = [sys.executable, "-m", "replay_users.cli"]
    version = subprocess.run([*asked, "--version"], capture_output=True, text=True, timeout=30, check=False)
    wrong = subprocess.run([*asked, "inspect", ""], capture_output=True, text=True, timeout=30, check=False)
    assert (version.returncode, version.stdout.strip()) == (0, f"replay-users {__version__}")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)
