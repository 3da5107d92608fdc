"""The nouns every stage may import: an exchange, a request about to go out, an answer, a flight.

Law: values only; no clock, no I/O, no imports of ours. Times are `int` nanoseconds. Wire text (targets, heads, bodies)
stays `bytes` exactly as recorded.
The subtle thing: `Flight` is mutable on purpose. It is the one object an exchange costs on the hot path; the schedule, the
connection, the judge and the tally each write their own fields, once, in that order. Everything public is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

__all__ = [
    "OTHER_ENDPOINT",
    "REDACTED",
    "Answer",
    "Capture",
    "Drop",
    "Exchange",
    "Fate",
    "Fault",
    "Flight",
    "Outcome",
    "Request",
    "SessionKind",
    "Skip",
    "SkipReason",
    "Verdict",
    "outcome_of",
]

REDACTED = b"[redacted:"
"""What capture writes in place of a secret (`[redacted:LENGTH]`); a header value or target that holds it is not sent."""

OTHER_ENDPOINT = "__other__"
"""Where endpoints beyond the cap of a recording are counted."""


class SessionKind(StrEnum):
    """What tied the exchanges of a session together; only `COOKIE` and `AUTH` sessions keep causality."""

    COOKIE = "cookie"
    AUTH = "auth"
    CONNECTION = "connection"
    SHARED = "shared"


class Capture(StrEnum):
    """How much of an exchange the capture holds."""

    COMPLETE = "complete"
    REQUEST_TRUNCATED = "request-truncated"
    RESPONSE_TRUNCATED = "response-truncated"
    STATUS_ONLY = "status-only"
    """The request is whole; of the answer only its status was captured, so nothing else can be compared."""
    ABORTED = "aborted"


class Fate(StrEnum):
    """How a planned exchange ended; each ends in exactly one of these."""

    SENT = "sent"
    DROPPED = "dropped"
    SKIPPED = "skipped"
    UNREAD = "unread"
    IN_DOUBT = "in_doubt"


class Drop(StrEnum):
    """Why an exchange was not sent by our limits (design section 2)."""

    LAG = "lag"
    WAIT = "wait"
    IN_FLIGHT = "in_flight"
    LEASE_GAP = "lease_gap"


class SkipReason(StrEnum):
    """Why an exchange was not sent by choice or need."""

    METHOD = "method"
    ENDPOINT_RULE = "endpoint_rule"
    FILTER = "filter"
    PROTOCOL = "protocol"
    REDACTED_TARGET = "redacted_target"
    NOT_WHOLE = "not_whole"
    NO_CREDENTIAL = "no_credential"
    REWRITE = "rewrite"
    UNMAPPED = "unmapped"
    STOPPED = "stopped"
    SEEK = "seek"


class Fault(StrEnum):
    """What the peer or the network did instead of answering; keys of `failed_by` in result.json."""

    CONNECT = "connect"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET_BEFORE_HEADERS = "reset_before_headers"
    RESET_IN_HEADERS = "reset_in_headers"
    RESET_IN_BODY = "reset_in_body"
    CLOSED_BEFORE_HEADERS = "closed_before_headers"
    CLOSED_IN_HEADERS = "closed_in_headers"
    CLOSED_IN_BODY = "closed_in_body"
    TIMEOUT = "timeout"
    TIMEOUT_IN_BODY = "timeout_in_body"
    PROTOCOL = "protocol"
    LATE_BYTES = "late_bytes"
    HEADERS_TOO_LARGE = "headers_too_large"
    UPGRADE = "upgrade"
    NO_SOCKET = "no_socket"
    TLS = "tls"
    PROXY = "proxy"
    STOPPED = "stopped"


class Verdict(StrEnum):
    """What comparing the answer with the recording said."""

    MATCHED = "matched"
    MISMATCHED = "mismatched"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    r"""One recorded request with its recorded response, as capture saw it (schema v1 without what ingest assigns).

    `at` is UTC ns of the request's first byte. `request_head` and `response_head` are header blocks, `Name: value\r\n` per
    line with no empty line at the end; the request's has Host, hop-by-hop and framing headers taken out. A body is `None`
    where capture did not keep it and `b""` where there was none. `request_size` and `response_size` are the true body sizes.
    `duration` and `first_byte` are ns from `at`, `None` where capture could not tell.
    """

    at: int
    id: str
    session: bytes
    session_kind: SessionKind
    method: str
    target: bytes
    authority: str
    scheme: str = "http"
    protocol: str = "HTTP/1.1"
    identity: str | None = None
    connection: str | None = None
    source: str = ""
    client: str | None = None
    request_head: bytes = b""
    request_body: bytes | None = b""
    request_size: int = 0
    status: int = 0
    response_head: bytes = b""
    response_body: bytes | None = b""
    response_size: int = 0
    response_hash: bytes | None = None
    trailers: bytes | None = None
    first_byte: int | None = None
    duration: int | None = None
    end_flags: str = ""
    capture: Capture = Capture.COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    r"""A request on its way to the wire, as `rewrite`, `endpoint` and `sign` see it.

    `head` is a header block (`Name: value\r\n` per line) without Host and framing headers: the engine writes those.
    """

    method: str
    target: bytes
    authority: str
    head: bytes = b""
    body: bytes = b""
    endpoint: str = ""
    session: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query, as text."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case; `None` if it is not there."""
        wanted = name.lower().encode("latin-1")
        for line in self.head.split(b"\r\n"):
            key, colon, value = line.partition(b":")
            if colon and key.strip().lower() == wanted:
                return value.strip().decode("latin-1")
        return None

    def without_header(self, name: str) -> Request:
        """The same request without any header of this name."""
        wanted = name.lower().encode("latin-1")
        lines = [
            line for line in self.head.split(b"\r\n") if line and line.partition(b":")[0].strip().lower() != wanted
        ]
        return replace(self, head=b"".join(line + b"\r\n" for line in lines))

    def with_header(self, name: str, value: str) -> Request:
        """The same request with this header in place of any of its name.

        Raises:
            ValueError: the name is none, or name or value hold what would let one header write another.
        """
        if not name or any(c in name for c in ": \t\r\n\0") or any(c in value for c in "\r\n\0"):
            raise ValueError(f"a header needs a name without colon or space, and may not hold line breaks: {name!r}")
        line = f"{name}: {value}\r\n".encode("latin-1")
        return replace(self, head=self.without_header(name).head + line)


@dataclass(frozen=True, slots=True)
class Skip:
    """What `rewrite` returns to leave an exchange out; counted under `skipped_by.rewrite`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A final HTTP response: status, header block as received (no status line), body as on the wire, trailers as a block."""

    status: int
    head: bytes
    body: bytes
    trailers: bytes = b""


class Flight:
    """One exchange on its way through a run: the recorded side, the wire, the marks, the answer.

    Marks are ns since the run's start, 0 until set. `ready` = max(due, answers waited for); lag = picked - ready;
    wait = ready - due; service = done - sent; latency = done - due (design section 2).
    """

    __slots__ = (
        "answer_body",
        "answer_head",
        "answer_size",
        "answer_status",
        "at",
        "body",
        "connect",
        "connection",
        "dependents",
        "differences",
        "done",
        "due",
        "duration",
        "ended",
        "endpoint",
        "fault",
        "hash",
        "id",
        "judged",
        "method",
        "pending",
        "picked",
        "ready",
        "request",
        "resent",
        "response_head",
        "route",
        "sent",
        "session",
        "state",
        "status",
        "target",
        "tried",
        "weight",
        "wire",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - one call per exchange, positional because it is on the hot path
        self,
        at: int,
        due: int,
        session: bytes | None,
        endpoint: int,
        method: str,
        target: bytes,
        wire: bytes,
        status: int,
        response_head: bytes,
        body: bytes | None,
        duration: int | None,
        id: str,  # noqa: A002 - the recording's column name
        hash: bytes | None = None,  # noqa: A002 - as in the recording's column name
    ) -> None:
        """`endpoint` is the index in the plan's endpoint list; `body` the recorded body, `None` if it was cut or not kept.

        `hash` is BLAKE2b-128 of the whole recorded body, only where `body` is `None` and it is known.

        `response_head` is the recorded header block; trailers, where some were recorded, stand behind it after an empty line.
        `answer_head` begins with the answer's head; what came with it follows, and of a chunked answer its end (`trailers`).

        `route` (which of the run's targets) and `connection` (the recorded one) are set afterwards where a run has use for them.
        """
        self.at = at
        self.due = due
        self.session = session
        self.endpoint = endpoint
        self.method = method
        self.target = target
        self.wire = wire
        self.status = status
        self.response_head = response_head
        self.body = body
        self.duration = duration
        self.ended = at + (duration or 0)
        self.id = id
        self.hash = hash
        self.state = 0
        self.pending = self.weight = self.tried = self.route = 0
        self.dependents: list[Flight] | None = None
        self.fault: Fault | None = None
        self.resent = False
        self.ready = self.picked = self.sent = self.done = self.connect = 0
        self.answer_status = self.answer_size = 0
        self.answer_head = self.answer_body = b""
        self.judged: Verdict | None = None
        self.differences: tuple[Any, ...] = ()
        self.request: Request | None = None
        self.connection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one exchange that was sent or dropped ended: what the `outcomes` event hands to listeners, in batches.

    Exchanges that are skipped, unread or left over by a stop are counted and never reach listeners.
    Times are ns since the run's start. `answer_status` is 0 and `fault` set where no answer came.
    """

    id: str
    endpoint: str
    method: str
    target: bytes
    session: bytes | None
    fate: Fate
    reason: str = ""
    due: int = 0
    ready: int = 0
    picked: int = 0
    sent: int = 0
    done: int = 0
    recorded_status: int = 0
    recorded_duration: int | None = None
    answer_status: int = 0
    fault: Fault | None = None
    resent: bool = False
    verdict: Verdict | None = None


def outcome_of(flight: Flight, *, endpoint: str, fate: Fate, reason: str = "") -> Outcome:
    """How a flight ended, as a value; `endpoint` is the name behind its index."""
    return Outcome(
        id=flight.id,
        endpoint=endpoint,
        method=flight.method,
        target=flight.target,
        session=flight.session,
        fate=fate,
        reason=reason,
        due=flight.due,
        ready=flight.ready,
        picked=flight.picked,
        sent=flight.sent,
        done=flight.done,
        recorded_status=flight.status,
        recorded_duration=flight.duration,
        answer_status=flight.answer_status,
        fault=flight.fault,
        resent=flight.resent,
        verdict=flight.judged,
    )
