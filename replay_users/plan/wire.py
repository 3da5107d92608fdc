"""The bytes of a request: what was recorded, retargeted, marked and framed.

Law: recorded bytes to wire bytes, once per row in the hub, so: no object per header, no exception, one pattern over the
head. The order is fixed: request line, Host, the recorded head as it was, our marks, added headers, framing, body. The
subtle thing: what is copied unread could write a second request (a bare line feed, a second Content-Length), so a head
or target that is not strictly what it claims to be is not sent at all; it comes back as a reason, because a bad
recording is not an error of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from replay_users.model import REDACTED, SkipReason
from replay_users.recording.sendable import TOKEN, is_head, is_target
from replay_users.recording.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Request

__all__ = ["RUN_HEADER", "TEST_HEADER", "WireBuilder"]

TEST_HEADER = b"X-Replay-Test: true\r\n"
"""On each request: capture never records what bears it."""

RUN_HEADER = b"X-Replay-Run: "
"""Followed by the run's id, for the target's logs."""

_METHOD = re.compile(TOKEN + rb"{1,32}")
_AUTHORITY = re.compile(rb"[!-~]{0,255}")
_RUN_ID = re.compile(r"[!-~]{1,128}")

_ABSOLUTE = re.compile(rb"(?i:https?)://[^/?#]*")

_FRAMED = frozenset({"POST", "PUT", "PATCH"})
"""Methods that say their length even when it is zero (RFC 9110 section 8.6)."""

_CACHED = 4096
"""How many methods and authorities are remembered; a recording of more hosts forgets and starts again."""

_REDACTED_HEADER = int(Trait.REDACTED_HEADER)


class WireBuilder:
    """Builds requests for one run."""

    __slots__ = ("_default", "_end", "_hosts", "_line", "_marks", "_overridden", "_place", "_starts")

    def __init__(
        self,
        *,
        host: bytes | None,
        run_id: str,
        extra: Sequence[bytes] = (),
        overridden: frozenset[bytes] = frozenset(),
        place: bytes = b"",
        default: bytes = b"",
    ) -> None:
        r"""Fix what is the same for all requests.

        Args:
            host: the value of Host; `None` preserves the recorded authority.
            run_id: printable ASCII.
            extra: whole header lines to add, `Name: value\r\n`.
            overridden: lower-case names of recorded headers that give way to added ones.
            place: scheme and authority, for a forward proxy, which takes whole URLs (RFC 9112 section 3.2.2).
            default: the value of Host where none was recorded and it is to be preserved.

        Raises:
            ValueError: `run_id`, `host` or a line of `extra` cannot stand in a request.
        """
        if not _RUN_ID.fullmatch(run_id) or not is_head(b"".join(extra)):
            raise ValueError("a run id or an added header cannot stand in a request")
        self._line = _host_line(host) if host is not None else b""
        if host is not None and not self._line:
            raise ValueError(f"{host!r} cannot stand in a Host header")
        self._marks = b"".join((TEST_HEADER, RUN_HEADER, run_id.encode(), b"\r\n", *extra))
        self._end = self._marks + b"\r\n"
        self._place = place
        self._default = default
        self._overridden = tuple(b"\n" + name + b":" for name in sorted(overridden))
        self._starts: dict[str, bytes] = {}
        self._hosts: dict[str, bytes] = {}

    def build(
        self, method: str, authority: str, target: bytes, head: bytes, body: bytes, traits: int
    ) -> bytes | SkipReason:
        """The request as it goes out, or `SkipReason.PROTOCOL` where the recorded bytes cannot be sent as one.

        That head and target are strictly that was asked at ingest: rows that fail have `Trait.PROTOCOL` and never come here.
        """
        start = self._starts.get(method) or self._start(method)
        line = self._line or self._hosts.get(authority) or self._host(authority)
        path = target if target[:1] == b"/" else self._origin_form(method, target)
        if traits & _REDACTED_HEADER:
            head = _unredacted(head)
        if self._overridden:
            head = self._replaced(head)
        if path is None or not (start and line):
            return SkipReason.PROTOCOL
        if body or method in _FRAMED:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            return b"".join((start, path, line, head, self._marks, length, body))
        return b"".join((start, path, line, head, self._end))

    def build_request(self, request: Request) -> bytes | SkipReason:
        """The same for a request that `rewrite` or `sign` returned, which knows no traits."""
        if REDACTED in request.target:
            return SkipReason.REDACTED_TARGET
        if not (is_target(request.target) and is_head(request.head)):
            return SkipReason.PROTOCOL
        traits = _REDACTED_HEADER if REDACTED in request.head else 0
        return self.build(request.method, request.authority, request.target, request.head, request.body, traits)

    def _origin_form(self, method: str, target: bytes) -> bytes | None:
        """A target that is no path: `*` of OPTIONS, or absolute, whose authority would override Host.

        So a retargeted absolute target is sent as the path it means (RFC 9112 section 3.2.2), and `*` is nothing behind the
        place that a proxy is told (section 3.2.4); `None`, which cannot be sent, for all else.
        """
        if target == b"*" and method == "OPTIONS":
            return b"" if self._place else target
        absolute = _ABSOLUTE.match(target)
        if absolute is None or not self._line:
            return target if absolute else None
        path = target[absolute.end() :]
        return path if path.startswith(b"/") else b"/" + path

    def _replaced(self, head: bytes) -> bytes:
        """The head without the lines that added headers replace."""
        lower = b"\n" + head.lower()
        for name in self._overridden:
            while (begin := lower.find(name)) >= 0:
                end = lower.find(b"\n", begin + 1)
                end = end if end >= 0 else len(lower)
                head, lower = head[:begin] + head[end:], lower[:begin] + lower[end:]
        return head

    def _start(self, method: str) -> bytes:
        name = method.encode("utf-8", "surrogatepass")
        return _remember(self._starts, method, name + b" " + self._place if _METHOD.fullmatch(name) else b"")

    def _host(self, authority: str) -> bytes:
        return _remember(
            self._hosts, authority, _host_line(authority.encode("utf-8", "surrogatepass") or self._default)
        )


def _unredacted(head: bytes) -> bytes:
    """The head without the lines in which capture took a secret out."""
    begin = 0
    while (secret := head.find(REDACTED, begin)) >= 0:
        begin = head.rfind(b"\n", begin, secret) + 1 or begin
        end = head.find(b"\n", secret) + 1 or len(head)
        head = head[:begin] + head[end:]
    return head


def _host_line(authority: bytes) -> bytes:
    """The rest of the request line, and Host; nothing if it cannot be a Host."""
    return b" HTTP/1.1\r\nHost: %b\r\n" % authority if _AUTHORITY.fullmatch(authority) else b""


def _remember(known: dict[str, bytes], key: str, value: bytes) -> bytes:
    if len(known) >= _CACHED:
        known.clear()
    known[key] = value
    return value
