"""What a master and its workers say to each other about a run: ten messages, as values and as data of Locust's wire.

Law: pure; names, fields and their kinds, no behaviour. Data is msgpack's: str keys and int, str, bytes, float, None, lists
and dicts of them. The subtle thing: the other side may be another version or another program, so what cannot be read is
a value too (`None`, which both sides count), and fields nobody knows are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "FROM_MASTER",
    "FROM_WORKER",
    "Done",
    "Grant",
    "Hello",
    "Message",
    "Ping",
    "Pong",
    "Ready",
    "Refused",
    "Send",
    "Start",
    "Started",
    "Stop",
    "read_message",
]


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: type(value) is kind


def _is_numbers(value: object) -> bool:
    return isinstance(value, list | tuple) and all(type(each) is int for each in value)


_FITS: dict[str, Callable[[object], bool]] = {
    "int": _is(int),
    "str": _is(str),
    "str | None": lambda value: value is None or type(value) is str,
    "tuple[int, ...]": _is_numbers,
    "Mapping[str, object]": lambda value: isinstance(value, Mapping),
}
"""Whether a value is of the kind that a field is annotated with."""


class _OnTheWire:
    """To data and back, field by field."""

    __slots__ = ()
    name: ClassVar[str]

    def to_data(self) -> dict[str, Any]:
        """The fields, of kinds that msgpack knows."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_data(cls, data: object) -> Self | None:
        """The message; `None` if a field is missing or of another kind."""
        if not isinstance(data, Mapping):
            return None
        known = {each.name: str(each.type) for each in fields(cls)}  # type: ignore[arg-type]
        if not all(name in data and _FITS[kind](data[name]) for name, kind in known.items()):
            return None
        return cls(**{name: _frozen(data[name]) for name in known})


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(_OnTheWire):
    """A worker is there, and can replay. Sent once it listens, and again with the answer to the first ping of a round.

    Attributes:
        version: of replay_users.
        host: name of its machine or container.
        pid: of its process.
        boot: the kernel's boot id, which tells who shares a monotonic clock; empty where there is none.
    """

    name: ClassVar[str] = "replay_hello"
    version: str
    host: str
    pid: int
    boot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(_OnTheWire):
    """The master asks for the time; `sent` is its own monotonic clock, `nth` counts from 0 in each round."""

    name: ClassVar[str] = "replay_ping"
    nth: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(_OnTheWire):
    """A worker's monotonic clock when it read the ping, of which `nth` and `sent` come back."""

    name: ClassVar[str] = "replay_pong"
    nth: int
    sent: int
    monotonic: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(_OnTheWire):
    """These partitions of a run are this worker's, and nobody else's; without any, it stays idle.

    Attributes:
        run: id of the run.
        epoch: number of the grant within the run, from 1: a later one supersedes the ones before.
        partitions: in order.
        options: the master's, by name, as they hold for every worker.
        digest: of what the master has prepared, `Prepared.digest`.
    """

    name: ClassVar[str] = "replay_grant"
    run: str
    epoch: int
    partitions: tuple[int, ...]
    options: Mapping[str, object]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(_OnTheWire):
    """The first rows of a grant are loaded; `digest` is of the plan as this worker made it."""

    name: ClassVar[str] = "replay_ready"
    run: str
    epoch: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_OnTheWire):
    """A worker will not take part, and has sent nothing: one sentence, and the exit code of its kind of error."""

    name: ClassVar[str] = "replay_refused"
    run: str
    epoch: int
    sentence: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(_OnTheWire):
    """The run's time 0, on the monotonic clock of the worker it is sent to."""

    name: ClassVar[str] = "replay_start"
    run: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(_OnTheWire):
    """When a worker began, on its own monotonic clock."""

    name: ClassVar[str] = "replay_started"
    run: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(_OnTheWire):
    """Send nothing more, await what is under way, then say done."""

    name: ClassVar[str] = "replay_stop"
    run: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(_OnTheWire):
    """A worker has drained; its report number `seq` is its last, and complete.

    Attributes:
        run: id of the run.
        seq: number of the last report; 0 if there was none.
        error: what kept it from reading or sending all of its share, as one sentence.
        stopped_by: why it ended early, if it did.
    """

    name: ClassVar[str] = "replay_done"
    run: str
    seq: int
    error: str | None
    stopped_by: str | None


Message: TypeAlias = Hello | Ping | Pong | Grant | Ready | Refused | Start | Started | Stop | Done

FROM_MASTER: tuple[type[Message], ...] = (Ping, Grant, Start, Stop)
"""What a worker registers with Locust."""

FROM_WORKER: tuple[type[Message], ...] = (Hello, Pong, Ready, Refused, Started, Done)
"""What a master registers with Locust."""

_BY_NAME: dict[str, type[Message]] = {kind.name: kind for kind in (*FROM_MASTER, *FROM_WORKER)}


@dataclass(frozen=True, slots=True)
class Send:
    """Something for the master to send: a message, and the worker (Locust's client id) it is for."""

    worker: str
    message: Message


def read_message(name: str, data: object) -> Message | None:
    """The message of that name; `None` if it is none of ours or cannot be read."""
    kind = _BY_NAME.get(name)
    return None if kind is None else kind.from_data(data)
