"""What a scripted target does on a connection, step by step.

Law: data and the functions that make it; a script is a sequence of steps, and a connection whose steps are used up is
closed.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Step",
    "close",
    "handshake",
    "hold",
    "http_answer",
    "noise",
    "pause",
    "receive",
    "reset",
    "send",
    "serve",
    "stall",
]


@dataclass(frozen=True, slots=True)
class Step:
    """One step; made by the functions beside it."""

    action: str
    data: bytes = b""
    seconds: float = 0.0
    pieces: int = 1


def receive() -> Step:
    """Read and record one whole request: a head, and as many bytes as its Content-Length says."""
    return Step("receive")


def send(data: bytes, *, pieces: int = 1, seconds: float = 0.0) -> Step:
    """Send bytes, in some pieces, with a pause of `seconds` after each but the last."""
    return Step("send", data, seconds, pieces)


def noise(size: int) -> Step:
    """Send so many random bytes, others each time."""
    return Step("noise", pieces=size)


def handshake(*, pieces: int = 1, seconds: float = 0.0) -> Step:
    """Be the server of a TLS handshake and speak TLS from then on, for a target that has a certificate (`use_tls`).

    Each flight of its messages is sent in some pieces, with a pause of `seconds` after each but the last.
    """
    return Step("handshake", seconds=seconds, pieces=pieces)


def pause(seconds: float) -> Step:
    """Do nothing for a while."""
    return Step("pause", seconds=seconds)


def hold() -> Step:
    """Wait until the test calls `ScriptedTarget.let_go`, which it needs to do once for all that hold or will."""
    return Step("hold")


def stall() -> Step:
    """Read nothing and send nothing until the peer gives up."""
    return Step("stall")


def reset() -> Step:
    """Reset the connection (RST)."""
    return Step("reset")


def close() -> Step:
    """Close the connection (FIN)."""
    return Step("close")


def serve(data: bytes | None = None, *, seconds: float = 0.0) -> Step:
    """Answer every request with the same bytes (an empty 200 if not given), each after `seconds`, until the peer closes."""
    return Step("serve", http_answer() if data is None else data, seconds)


def http_answer(body: bytes = b"", *, status: int = 200, head: bytes = b"", length: bool = True) -> bytes:
    r"""The bytes of an HTTP/1.1 answer.

    Args:
        body: what follows the head.
        status: the status code.
        head: more header lines, `Name: value\r\n` each.
        length: whether there is a Content-Length.
    """
    framing = b"Content-Length: %d\r\n" % len(body) if length else b""
    return b"HTTP/1.1 %d Scripted\r\n%b%b\r\n%b" % (status, framing, head, body)
