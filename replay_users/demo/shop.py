"""The demo's service: the example shop of the repository, in one version or the other, as a process of its own.

Law: finds and starts it; what it answers is its own affair. The shop lies in `examples/` beside the package and is no
part of an installation, so there is a demo only in a checkout.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import replay_users
from replay_users.demo.children import child, first_line
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["find_shop", "serve_shop"]


def find_shop() -> Path:
    """The folder of the repository, in which `examples/shop` lies.

    Raises:
        UsageError: it is not there, or uvicorn, which serves it, is not installed.
    """
    root = Path(replay_users.__file__).parents[1]
    if not (root / "examples" / "shop" / "serve.py").is_file():
        raise UsageError(
            f"the demo's shop is not in {root / 'examples'}: run `make demo` in a checkout of the repository"
        )
    if find_spec("uvicorn") is None:
        raise UsageError("the demo needs uvicorn to serve its shop: pip install 'replay-users[demo]'")
    return root


@contextmanager
def serve_shop(
    root: Path, version: int, *, env: Mapping[str, str], log: Path, capture: Path | None = None
) -> Iterator[int]:
    """Serve a version of the shop while the block runs; gives its port on loopback.

    Raises:
        ReplayError: it did not start.
    """
    command = [sys.executable, "-m", "examples.shop.serve", "--port", "0"]
    if capture is not None:
        command += ["--capture", str(capture.absolute())]
    environment = {**env, "SHOP_VERSION": str(version)}
    with (
        log.open("wb") as said,
        child(command, env=environment, cwd=root, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        line = first_line(process, f"version {version} of the shop", log)
        yield int(line.rpartition(":")[2])
