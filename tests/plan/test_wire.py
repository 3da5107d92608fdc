from __future__ import annotations

from itertools import pairwise

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.model import Request, SkipReason
from replay_users.plan.wire import WireBuilder
from replay_users.recording.traits import Trait, traits
from replay_users.testing import make_exchange

HEAD = b"Accept: */*\r\ncookie: a=1\r\nX-Dup: one\r\nx-dup: two\r\n"
MARKS = b"X-Replay-Test: true\r\nX-Replay-Run: r1\r\n"


def build(
    method: str = "GET",
    authority: str = "shop.example.com",
    target: bytes = b"/a?b=1",
    head: bytes = HEAD,
    body: bytes = b"",
    traits: int = 0,
    **options: object,
) -> bytes | SkipReason:
    """One request of a builder that sends to `staging:8080`."""
    known = {"host": b"staging:8080", "run_id": "r1", **options}
    builder = WireBuilder(**known)  # type: ignore[arg-type]
    return builder.build(method, authority, target, head, body, traits)


def test_a_request_is_its_line_host_recorded_head_marks_and_end() -> None:
    """Order, case and duplicates of the recorded head stay; Host comes first, our marks after it."""
    assert build() == b"GET /a?b=1 HTTP/1.1\r\nHost: staging:8080\r\n" + HEAD + MARKS + b"\r\n"


def test_added_headers_and_framing_come_last() -> None:
    """Content-Length is the last header, whatever the recording framed the body with."""
    wire = build("POST", body=b"{}", extra=(b"Authorization: Bearer x\r\n",))
    end = MARKS + b"Authorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}"
    assert wire == b"POST /a?b=1 HTTP/1.1\r\nHost: staging:8080\r\n" + HEAD + end


@pytest.mark.parametrize(
    ("method", "body", "framed"),
    [
        ("GET", b"", False),
        ("GET", b"x", True),
        ("HEAD", b"", False),
        ("DELETE", b"", False),
        ("DELETE", b"x", True),
        ("POST", b"", True),
        ("PUT", b"", True),
        ("PATCH", b"", True),
    ],
)
def test_length_is_said_where_there_is_a_body_or_one_is_expected(method: str, body: bytes, framed: bool) -> None:
    """POST, PUT and PATCH say that nothing comes; other methods say a length only with a body."""
    wire = build(method, body=body)
    assert isinstance(wire, bytes)
    assert (b"Content-Length: %d\r\n" % len(body) in wire) is framed
    assert wire.endswith(b"\r\n\r\n" + body)


def rewritten(
    method: str = "GET", *, target: bytes = b"/", head: bytes = b"", host: bytes | None = b"s"
) -> bytes | SkipReason:
    """What a request that a user's code made becomes."""
    builder = WireBuilder(host=host, run_id="r1")
    return builder.build_request(Request(method=method, target=target, authority="shop", head=head))


def test_the_recorded_authority_can_be_preserved() -> None:
    """Without a host, each request names the one it was recorded for."""
    builder = WireBuilder(host=None, run_id="r1")
    wires = [builder.build("GET", name, b"/", b"", b"", 0) for name in ("a.example", "b.example", "a.example", "")]
    hosts = [b"a.example", b"b.example", b"a.example", b""]
    assert wires == [b"GET / HTTP/1.1\r\nHost: " + h + b"\r\n" + MARKS + b"\r\n" for h in hosts]


def test_where_no_authority_was_recorded_host_says_the_target() -> None:
    """There is nothing to preserve then, and an empty Host is refused by most servers."""
    builder = WireBuilder(host=None, run_id="r1", default=b"staging:8080")
    wires = [builder.build("GET", name, b"/", b"", b"", 0) for name in ("", "a.example")]
    assert wires == [
        b"GET / HTTP/1.1\r\nHost: " + h + b"\r\n" + MARKS + b"\r\n" for h in (b"staging:8080", b"a.example")
    ]


@pytest.mark.parametrize(
    ("method", "target", "host", "sent"),
    [
        pytest.param("GET", b"//x/%2e%2E/\xff?q=[1]#f", b"s", b"//x/%2e%2E/\xff?q=[1]#f", id="nothing is normalised"),
        pytest.param("OPTIONS", b"*", b"s", b"*", id="asterisk of OPTIONS"),
        pytest.param("GET", b"*", b"s", None, id="asterisk of GET"),
        pytest.param("GET", b"HTTP://shop/a?b", b"s", b"/a?b", id="absolute, retargeted: would override Host"),
        pytest.param("GET", b"https://shop", b"s", b"/", id="absolute without a path"),
        pytest.param("GET", b"http://shop?q", b"s", b"/?q", id="absolute with a query only"),
        pytest.param("GET", b"http://shop/a", None, b"http://shop/a", id="absolute, host preserved: as recorded"),
        pytest.param("CONNECT", b"shop:443", b"s", None, id="authority form"),
        pytest.param("GET", b"a/b", b"s", None, id="a path without its slash"),
        pytest.param("GET", b"", b"s", None, id="no target"),
        pytest.param("GET", b"/a b", b"s", None, id="space"),
        pytest.param("GET", b"/a HTTP/1.1\r\nX: y", b"s", None, id="line break"),
        pytest.param("GET", b"/a\nb", b"s", None, id="bare line feed"),
        pytest.param("GET", b"/a\0", b"s", None, id="NUL"),
        pytest.param("GET", b"/a\x7f", b"s", None, id="DEL"),
        pytest.param("GET", b"http://shop/a b", b"s", None, id="space in an absolute target"),
        pytest.param("", b"/", b"s", None, id="no method"),
        pytest.param("G T", b"/", b"s", None, id="space in the method"),
        pytest.param("GET\r\n", b"/", b"s", None, id="line break in the method"),
        pytest.param("G\u20ac", b"/", b"s", None, id="a method that is not ASCII"),
    ],
)
def test_targets(method: str, target: bytes, host: bytes | None, sent: bytes | None) -> None:
    """A target goes out byte for byte, or not at all if it would end the request line."""
    wire = rewritten(method, target=target, host=host)
    if sent is None:
        assert wire is SkipReason.PROTOCOL
    else:
        assert isinstance(wire, bytes)
        assert wire.startswith(method.encode() + b" " + sent + b" HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("method", "target", "sent"),
    [
        pytest.param("GET", b"/a?b=1", b"GET http://staging:8080/a?b=1 HTTP/1.1", id="a path"),
        pytest.param("GET", b"http://shop/a", b"GET http://staging:8080/a HTTP/1.1", id="absolute, retargeted"),
        pytest.param(
            "OPTIONS", b"*", b"OPTIONS http://staging:8080 HTTP/1.1", id="asterisk is nothing (RFC 9112 3.2.4)"
        ),
        pytest.param("GET", b"*", None, id="asterisk of GET"),
        pytest.param("G T", b"/", None, id="space in the method"),
        pytest.param("GET", b"", None, id="no target"),
    ],
)
def test_a_proxy_is_told_the_whole_url(method: str, target: bytes, sent: bytes | None) -> None:
    """Behind a forward proxy the request line names the target, and Host and the added headers are as ever."""
    line = b"Proxy-Authorization: Basic eA==\r\n"
    wire = build(method, target=target, place=b"http://staging:8080", extra=(line,))
    if sent is None:
        assert wire is SkipReason.PROTOCOL
    else:
        assert wire == sent + b"\r\nHost: staging:8080\r\n" + HEAD + MARKS + line + b"\r\n"


@pytest.mark.parametrize("authority", ["a b", "a\r\nX: y", "a\0", "\u20ac", "\ud800", "x" * 256])
def test_an_authority_that_is_none_is_not_sent(authority: str) -> None:
    """A preserved Host cannot write another header."""
    assert build(authority=authority, host=None) is SkipReason.PROTOCOL


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"A: 1", id="an unfinished line"),
        pytest.param(b"A: 1\n", id="bare line feed"),
        pytest.param(b"A: 1\nB: 2\r\n", id="bare line feed inside"),
        pytest.param(b"A: 1\rB: 2\r\n", id="bare carriage return"),
        pytest.param(b"A: 1\r\n\r\nGET / HTTP/1.1\r\n", id="an end inside"),
        pytest.param(b"\r\n", id="an end"),
        pytest.param(b"A: \0\r\n", id="NUL"),
        pytest.param(b"A: 1\r\n folded\r\n", id="a folded line"),
        pytest.param(b" A: 1\r\n", id="a leading space"),
        pytest.param(b"A : 1\r\n", id="a space before the colon"),
        pytest.param(b"A\r\n", id="no colon"),
        pytest.param(b": 1\r\n", id="no name"),
        pytest.param(b"A: 1\r\nHOST: x\r\n", id="a second Host"),
        pytest.param(b"content-Length: 5\r\n", id="a length of its own"),
        pytest.param(b"Transfer-Encoding: chunked\r\n", id="a framing of its own"),
        pytest.param(b"Content-Length : 5\r\n", id="a length in disguise"),
    ],
)
def test_a_head_that_could_write_another_request_is_not_sent(head: bytes) -> None:
    """What is not whole header lines, or frames the request, comes back as a reason: from a user's code as from a recording."""
    assert rewritten(head=head) is SkipReason.PROTOCOL
    assert traits(make_exchange(request_head=head)) & Trait.PROTOCOL


def test_names_that_only_begin_like_framing_are_sent() -> None:
    """Host-Override is not Host."""
    assert isinstance(build(head=b"Host-Override: x\r\nContent-Length-Hint: 5\r\n"), bytes)


@pytest.mark.parametrize(
    ("head", "left"),
    [
        (b"A: 1\r\nCookie: [redacted:12]\r\nB: 2\r\n", b"A: 1\r\nB: 2\r\n"),
        (b"Cookie: a=[redacted:3]; b=[redacted:4]\r\nB: 2\r\n", b"B: 2\r\n"),
        (b"A: 1\r\nAuthorization: Bearer [redacted:99]\r\n", b"A: 1\r\n"),
        (b"A: [redacted:1]\r\nA: [redacted:2]\r\n", b""),
    ],
)
def test_a_header_with_a_redacted_value_is_left_out(head: bytes, left: bytes) -> None:
    """Only the line that lost its secret goes."""
    assert build(head=head, traits=Trait.REDACTED_HEADER) == build(head=left)


def test_redaction_is_looked_for_only_where_the_trait_says_so() -> None:
    """Rows without the trait do not pay for a search."""
    wire = build(head=b"X: [redacted:1]\r\n", traits=Trait.NOT_WHOLE)
    assert isinstance(wire, bytes)
    assert b"[redacted:1]" in wire


@pytest.mark.parametrize(
    ("head", "left"),
    [
        (HEAD, b"Accept: */*\r\nX-Dup: one\r\nx-dup: two\r\n"),
        (b"COOKIE: a\r\nA: cookie: b\r\ncookie: c\r\n", b"A: cookie: b\r\n"),
        (b"Authorization: x\r\nCookie: y\r\n", b""),
        (b"X-Cookie: a\r\nCookies: b\r\n", b"X-Cookie: a\r\nCookies: b\r\n"),
        (b"", b""),
    ],
)
def test_added_headers_replace_recorded_ones(head: bytes, left: bytes) -> None:
    """All recorded headers of an overridden name give way, in any case."""
    extra = (b"Cookie: new\r\n",)
    wire = build(head=head, extra=extra, overridden=frozenset({b"cookie", b"authorization"}))
    assert wire == build(head=left, extra=extra)


def test_an_overridden_line_without_an_end_does_not_hang_or_leak() -> None:
    """A broken head loses the replaced line like any other."""
    assert build(head=b"Cookie: x", overridden=frozenset({b"cookie"})) == build(head=b"")


def test_a_rewritten_request_is_built_the_same_way() -> None:
    """What `rewrite` returns goes through the same checks, redaction included."""
    builder = WireBuilder(host=b"staging:8080", run_id="r1")
    request = Request(method="POST", target=b"/a?b=1", authority="shop", head=HEAD, body=b"x")
    redacted = Request(method="GET", target=b"/", authority="shop", head=b"A: [redacted:1]\r\n")
    bad = Request(method="GET", target=b"/\n", authority="shop")
    secret = Request(method="GET", target=b"/?t=[redacted:3]", authority="shop")
    assert builder.build_request(request) == build("POST", body=b"x")
    assert builder.build_request(redacted) == build(target=b"/", head=b"")
    assert builder.build_request(bad) is SkipReason.PROTOCOL
    assert builder.build_request(secret) is SkipReason.REDACTED_TARGET


@pytest.mark.parametrize(
    "options",
    [{"run_id": "a\r\nb"}, {"run_id": ""}, {"host": b"a b"}, {"extra": (b"A: 1",)}, {"extra": (b"Host: x\r\n",)}],
)
def test_a_builder_refuses_parts_that_cannot_stand_in_a_request(options: dict[str, object]) -> None:
    """What is the same for all requests is checked once, before the run."""
    with pytest.raises(ValueError, match="cannot stand"):
        build(**options)  # type: ignore[arg-type]


def test_what_is_remembered_is_bounded() -> None:
    """A recording of very many hosts does not fill the memory."""
    builder = WireBuilder(host=None, run_id="r1")
    for nth in range(5000):
        builder.build("GET", f"h{nth}.example", b"/", b"", b"", 0)
    assert len(builder._hosts) <= 4096


class Seen:
    """What a server reads out of bytes."""

    def __init__(self) -> None:
        self.urls: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = 0

    def on_url(self, url: bytes) -> None:
        """Take the target."""
        self.urls.append(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Count a request."""
        self.complete += 1


pieces = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b"a",
        b"B",
        b"Host",
        b"content-length",
        b"Transfer-Encoding: chunked",
        b"GET / HTTP/1.1",
        b": 0",
        b"[redacted:1]",
        b"/",
        b"x: y\r\n",
        b"cookie",
    ]
)
texts = st.lists(pieces, max_size=12).map(b"".join)


@given(
    target=texts.map(lambda t: b"/" + t),
    head=texts,
    body=texts,
    redacted=st.integers(0, 1),
    method=st.sampled_from(["GET", "POST"]),
)
@settings(max_examples=300, deadline=None)
def test_a_server_reads_exactly_one_request(
    target: bytes, head: bytes, body: bytes, redacted: int, method: str
) -> None:
    """Whatever was recorded, the target's parser sees one request with our target and body, or nothing is sent."""
    if traits(make_exchange(method=method, target=target, request_head=head)) & Trait.PROTOCOL:
        return
    wire = build(method, target=target, head=head, body=body, traits=redacted, overridden=frozenset({b"cookie"}))
    if wire is SkipReason.PROTOCOL:
        return
    seen = Seen()
    assert isinstance(wire, bytes)
    httptools.HttpRequestParser(seen).feed_data(wire)
    assert (b"".join(seen.urls), seen.body, seen.complete) == (target, body, 1)
    assert [name.lower() for name, _ in seen.headers].count(b"host") == 1


lines = st.lists(
    st.tuples(st.sampled_from([b"Accept", b"x-dup", b"X-Dup", b"Cookie"]), st.binary(max_size=6)).filter(
        lambda line: not set(line[1]) & set(b"\r\n\0")
    ),
    max_size=6,
)


@given(lines)
@settings(max_examples=100, deadline=None)
def test_a_good_head_goes_out_byte_for_byte(head: list[tuple[bytes, bytes]]) -> None:
    """Order, case, duplicates and odd bytes of values are the recording's."""
    block = b"".join(name + b": " + value + b"\r\n" for name, value in head)
    wire = build(head=block)
    assert isinstance(wire, bytes)
    assert wire.split(b"Host: staging:8080\r\n", 1)[1] == block + MARKS + b"\r\n"
    assert all(wire.find(a[0]) <= wire.rfind(b[0]) for a, b in pairwise(head))
