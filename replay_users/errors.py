"""Our own errors: what is raised when *we* cannot go on, each with the cure in its message.

Law: a peer's fault (a refused connection, a garbled answer) is a value in the results, never one of these.
A `ReplayError` reaches a person as one sentence on stderr and as an exit code, never as a traceback.
"""

from typing import ClassVar

__all__ = ["DamagedRecording", "ReplayError", "StoreError", "UsageError"]


class ReplayError(Exception):
    """Something on our side failed (exit code 1). The message is one sentence that says the cure."""

    exit_code: ClassVar[int] = 1


class UsageError(ReplayError):
    """The person asked for something impossible: unknown pace, no such recording, production as target."""

    exit_code: ClassVar[int] = 2


class DamagedRecording(ReplayError):
    """A recording is half written, newer than this version, or a slice is damaged or has changed."""


class StoreError(ReplayError):
    """The folder or bucket that holds a recording cannot be read or written."""
