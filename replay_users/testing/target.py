"""A real server on the loopback interface that does what a script says, however badly, and remembers what it received.

Law: the handle on the process; what it does is in `server`. Blocking calls are pipes only, which gevent makes
cooperative where it has patched the process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from replay_users.testing.script import serve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.testing.script import Step

__all__ = ["Received", "ScriptedTarget", "written"]

_SERVER = Path(__file__).with_name("server.py")
_FAMILY = 2  # AF_INET, on every system


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in: by which connection, when its first byte was read (monotonic ns), and its bytes."""

    connection: int
    at: int
    data: bytes
    whole: bool


class ScriptedTarget:
    """A target whose nth connection follows the nth script; the last script holds for all further ones.

    Without a script every request is answered with an empty 200. Use it as a context manager, or close it.
    """

    def __init__(self, *scripts: Sequence[Step]) -> None:
        """Start the process and listen."""
        self._process = subprocess.Popen(  # noqa: S603 - our own file, on this very Python
            [sys.executable, "-I", "-S", str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._ports = self._listen()
        self.play(*scripts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._ports["port"])

    @property
    def url(self) -> str:
        """For `--host`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> tuple[int, tuple[str, int]]:
        """Where it listens, as an engine's address."""
        return self._address("port")

    @property
    def refusing(self) -> tuple[int, tuple[str, int]]:
        """An address that refuses connections."""
        return self._address("closed")

    @property
    def deaf(self) -> tuple[int, tuple[str, int]]:
        """An address whose SYNs are never answered (Linux)."""
        return self._address("deaf")

    def play(self, *scripts: Sequence[Step]) -> None:
        """Follow these scripts from the next connection on, and forget what was received."""
        self._order({"play": [written(script) for script in scripts or ([serve()],)]})

    def use_tls(self, certificate: Path, key: Path) -> None:
        """Have this certificate (PEM, with its chain) and key for the scripts that `handshake`."""
        self._order({"tls": [str(certificate), str(key)]})

    def go_down(self) -> None:
        """Refuse connections and reset those that are open, as if the process had crashed; the port stays its own."""
        self._order({"up": False})

    def come_up(self) -> None:
        """Be there again after `go_down`."""
        self._order({"up": True})

    def let_go(self) -> None:
        """Let connections go on from where they `hold`."""
        self._order({"let_go": True})

    @property
    def accepted(self) -> int:
        """How many connections were accepted since the last `play`."""
        return int(self._order({})["accepted"])

    @property
    def open(self) -> int:
        """How many connections are open on its side."""
        return int(self._order({})["open"])

    def received(self) -> list[Received]:
        """The requests since the last `play`, in order of their last bytes."""
        return [Received(c, at, data.encode("latin-1"), whole) for c, at, data, whole in self._order({})["received"]]

    def close(self) -> None:
        """End the process; doing it twice does no harm."""
        stdin, stdout = self._pipes()
        with suppress(BrokenPipeError):
            stdin.close()
        self._process.wait()
        stdout.close()

    def _address(self, name: str) -> tuple[int, tuple[str, int]]:
        return _FAMILY, ("127.0.0.1", int(self._ports[name]))

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        stdin, _ = self._pipes()
        with suppress(BrokenPipeError):  # it has ended, which listening says better
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
        return self._listen()

    def _listen(self) -> dict[str, Any]:
        line = self._pipes()[1].readline()
        if not line:
            raise RuntimeError("the scripted target has ended; what it wrote to stderr says why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _pipes(self) -> tuple[Any, Any]:
        return self._process.stdin, self._process.stdout


def written(script: Sequence[Step]) -> list[list[Any]]:
    """A script as the process reads it."""
    return [[a, d.decode("latin-1"), s, p] for a, d, s, p in map(astuple, script)]
