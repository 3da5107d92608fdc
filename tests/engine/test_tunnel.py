"""The request for a tunnel, and what a proxy's answer to it means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.engine.tunnel import Opened, Refused, connect_request, read_answer

NO_HTTP = Refused("the proxy does not answer in HTTP/1.1")
SILENT = Refused("the proxy closed the connection without an answer", final=False)
TOO_LARGE = Refused("the proxy's answer has too large a head")


@pytest.mark.parametrize(
    ("name", "lines", "wanted"),
    [
        pytest.param("a.test", (), b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", id="a name"),
        pytest.param("::1", (), b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", id="IPv6"),
        pytest.param(
            "a.test",
            (b"Proxy-Authorization: Basic eDp5\r\n",),
            b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n",
            id="a credential",
        ),
    ],
)
def test_the_request(name: str, lines: tuple[bytes, ...], wanted: bytes) -> None:
    """It names host and port twice, and holds the lines that are for the proxy."""
    assert connect_request(name, 443, lines) == wanted


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", Opened(), id="200"),
        pytest.param(b"HTTP/1.0 204\r\nContent-Length: 5\r\n\r\n", Opened(), id="any 2xx, whatever length it says"),
        pytest.param(
            b"HTTP/1.1 103 A\r\nB: c\r\n\r\n" * 500 + b"HTTP/1.1 200 OK\r\n\r\n", Opened(), id="after interims"
        ),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"HTT", None, id="a little"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: b\r\n", None, id="half a head"),
        pytest.param(b"HTTP/1.1 100 A\r\n\r\n", None, id="an interim only"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n\r\nx", Refused("bytes follow the proxy's answer before TLS begins"), id="more"
        ),
        pytest.param(b"HTTP/1.1 407 Who\x1b[1m?\r\n\r\n<html>", Refused("407 Who[1m?"), id="407, printable"),
        pytest.param(b"HTTP/1.1 403 %b\r\n\r\n" % (b"x" * 99), Refused("403 " + "x" * 60), id="a long phrase"),
        pytest.param(b"HTTP/1.1 302 Found\r\n\r\n", Refused("302 Found"), id="a redirect"),
        pytest.param(b"HTTP/1.1 404 No\r\n\r\n", Refused("404 No", final=False), id="404 may pass"),
        pytest.param(b"HTTP/1.1 503 No\r\n\r\n", Refused("503 No", final=False), id="503 may pass"),
        pytest.param(b"HTTP/2 200\r\n\r\n", NO_HTTP, id="another version"),
        pytest.param(b"\x05\x00", NO_HTTP, id="SOCKS"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", NO_HTTP, id="no status"),
        pytest.param(b"HTTP/1.1 200 " + b"x" * 70_000, TOO_LARGE, id="a huge head, not whole"),
        pytest.param(b"HTTP/1.1 200 %b\r\n\r\n" % (b"x" * 70_000), TOO_LARGE, id="a huge head"),
        pytest.param(b"HTTP/1.1 100 A\r\n\r\n" * 5000, TOO_LARGE, id="a storm of interims"),
    ],
)
def test_the_answer(data: bytes, wanted: Opened | Refused | None) -> None:
    """A bare 2xx opens the tunnel; what is not whole yet is waited for, and is a refusal where nothing follows."""
    assert read_answer(data, ended=False) == wanted
    assert read_answer(data, ended=True) == (SILENT if wanted is None else wanted)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 A\r\n\r\n"]))
def test_how_an_answer_is_cut_changes_nothing(data: bytes, start: bytes) -> None:
    """The first decision on a growing answer is the one on all of it, but for what has not come yet."""
    whole = start + data
    decisions = [read_answer(whole[:size], ended=False) for size in range(len(whole) + 1)]
    first = next((each for each in decisions if each is not None), None)
    last = decisions[-1]
    assert (first is None) == (last is None)
    if isinstance(first, Refused):
        assert isinstance(last, Refused)
