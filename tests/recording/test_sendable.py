from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.model import SkipReason
from replay_users.plan.wire import WireBuilder
from replay_users.recording.sendable import is_head, is_target
from replay_users.recording.traits import Trait, traits
from replay_users.testing import make_exchange


@pytest.mark.parametrize(
    ("block", "strict"),
    [
        pytest.param(b"", True, id="no header at all"),
        pytest.param(b"A: 1\r\nA: 2\r\n", True, id="duplicates"),
        pytest.param(b"A:\xff\t\r\n", True, id="bytes beyond ASCII"),
        pytest.param(b"Host-Override: x\r\n", True, id="a name that only begins like Host"),
        pytest.param(b"A: 1\r\n\r\nGET / HTTP/1.1\r\n", False, id="a second request"),
        pytest.param(b"A: 1\nB: 2\r\n", False, id="a bare line feed"),
        pytest.param(b"hOsT: x\r\n", False, id="a second Host"),
        pytest.param(b"Content-Length: 1\r\n", False, id="a second length"),
        pytest.param(b"A: 1", False, id="no line end"),
    ],
)
def test_a_head_is_whole_lines_that_frame_nothing(block: bytes, strict: bool) -> None:
    """Only such a block can stand between our own lines."""
    assert is_head(block) is strict


@pytest.mark.parametrize(
    ("target", "strict"), [(b"/a?b=%20#c", True), (b"*", True), (b"", False), (b"/a b", False), (b"/\r\nX: y", False)]
)
def test_a_target_ends_where_it_ends(target: bytes, strict: bool) -> None:
    """No byte of it may end the request line."""
    assert is_target(target) is strict


@given(head=st.binary(max_size=60), target=st.binary(max_size=40))
def test_no_recorded_bytes_write_a_second_request(head: bytes, target: bytes) -> None:
    """Whatever is recorded, what goes out has one request line, one Host, and ends once; or it does not go out."""
    exchange = make_exchange(request_head=head, target=target)
    wire = WireBuilder(host=b"s", run_id="r").build("GET", "shop", target, head, b"", 0)
    if traits(exchange) & Trait.PROTOCOL or isinstance(wire, SkipReason):
        return
    lines = wire.split(b"\r\n")
    assert lines[-2:] == [b"", b""]
    assert b"" not in lines[:-2]
    assert sum(line.lower().startswith(b"host:") for line in lines) == 1
    assert lines[0].count(b" ") == 2
    assert not any(b"\n" in line or b"\0" in line for line in lines)
