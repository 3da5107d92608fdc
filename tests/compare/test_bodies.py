from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.bodies import Bodies
from replay_users.compare.difference import Differences, Match, Unchecked
from replay_users.compare.limits import LIMITS, Limits
from replay_users.compare.rules import EndpointRules, Ignore
from replay_users.path import format_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON, HTML, TEXT, PNG = "application/json", "text/html", "text/plain; charset=utf-8", "image/png"
KINDS = [JSON, HTML, TEXT, PNG, "text/xml", "application/x-ndjson", "text/event-stream", "application/octet-stream", ""]


def head(said: str) -> bytes:
    """A header block with this content type and, behind a bar, other lines."""
    kind, *lines = said.split("|")
    return "".join(f"{line}\r\n" for line in [f"content-type: {kind}" if kind else "server: x", *lines]).encode()


def judged(
    recorded: bytes,
    replayed: bytes,
    heads: tuple[str, str],
    *,
    ignored: Sequence[str] = (),
    limits: Limits = LIMITS,
) -> Match | Unchecked | Differences:
    """What comparing two bodies says."""
    rules = [Ignore(endpoint="*", where=(parse_path(path),), reason="noise") for path in ignored]
    return Bodies(head(heads[0]), head(heads[1]), "GET /", EndpointRules(rules), limits).judge(recorded, replayed)


def told(verdict: Match | Unchecked | Differences) -> list[str] | str:
    """Paths and kinds, or a word."""
    if isinstance(verdict, Differences):
        return [f"{format_path(each.path)} {each.kind}" for each in verdict]
    return f"unchecked {verdict.reason}" if isinstance(verdict, Unchecked) else "match"


GZ = gzip.compress(b"[1]")


@pytest.mark.parametrize(
    ("recorded", "replayed", "heads", "expected"),
    [
        pytest.param(b"[1]", b"[2]", (JSON, HTML), ["root[0] value", "root encoding"], id="type-lied-about-now"),
        pytest.param(b"[1]", b"[2]", (HTML, HTML), ["root[0] value"], id="type-lied-about-twice"),
        pytest.param(b"[1]", b"<p>", (HTML, HTML), ["root type", "root encoding"], id="type-lied-about-before"),
        pytest.param(b"[1]", b"<html>", (JSON, JSON), ["root type", "root encoding"], id="page-as-json"),
        pytest.param(b"[1]", b"<html>", (JSON, HTML), ["root type"], id="page-as-page"),
        pytest.param(b"\xc3\xa4", b"\xe4", (TEXT, TEXT), ["root encoding"], id="charset-lied-about"),
        pytest.param(b"\xc3\xa4", b"\xe4", (TEXT, "text/plain; charset=latin-1"), "match", id="another-charset"),
        pytest.param(b'["\xe4"]', b'["\xc3\xa4"]', (JSON, JSON), ["root encoding"], id="json-in-latin-1"),
        pytest.param(
            b'["\xe4"]', b'["\xc3\xa4"]', (JSON + "; charset=latin-1", JSON), "match", id="json-in-latin-1-that-says-so"
        ),
        pytest.param(GZ, b"[1]", (JSON + "|content-encoding: gzip", JSON), "match", id="coded-before"),
        pytest.param(b"[1]", b"[1]\n", (JSON + "|content-encoding: gzip", JSON), "match", id="recorded-decoded"),
        pytest.param(b"[1]", GZ, (JSON, JSON), ["root encoding"], id="coding-not-named"),
        pytest.param(
            GZ,
            b"[1]",
            (JSON + "|content-encoding: gzip", JSON + "|content-encoding: gzip"),
            ["root encoding"],
            id="not-coded",
        ),
        pytest.param(
            b"[1]",
            b"[1]\n",
            (JSON + "|content-encoding: br", JSON + "|content-encoding: br"),
            "match",
            id="never-coded",
        ),
        pytest.param(b"[1]", b"[1 ]", (JSON, JSON + "|content-length: 9"), ["root encoding"], id="length"),
        pytest.param(b"[1]", b"[1 ]", (JSON + "|content-length: 9", JSON), "match", id="length-when-recorded"),
    ],
)
def test_a_lie_of_one_side_is_a_difference_of_its_own(
    recorded: bytes, replayed: bytes, heads: tuple[str, str], expected: list[str] | str
) -> None:
    """Bodies are compared as what they are; a lie comes on top, unless the other side tells the same."""
    assert told(judged(recorded, replayed, heads)) == expected


def test_a_lie_is_told_in_words() -> None:
    """Which side said what, and what it was."""
    verdict = judged(b"[1]", GZ, (JSON, HTML))
    assert isinstance(verdict, Differences)
    assert (verdict[0].recorded, verdict[0].replayed) == ("as declared", "no coding that is gzip")


@pytest.mark.parametrize(
    ("body", "heads", "expected"),
    [
        pytest.param(GZ, (JSON + "|content-encoding: gzip", JSON), ["root encoding"], id="coding-no-longer-named"),
        pytest.param(b"[1]", (JSON, JSON + "|content-encoding: gzip"), ["root encoding"], id="a-coding-it-has-not"),
        pytest.param(b"[1]", (JSON + "|content-encoding: gzip", JSON), "match", id="recorded-decoded"),
        pytest.param(GZ, (JSON, JSON + "|content-encoding: gzip"), "match", id="named-at-last"),
        pytest.param(GZ, (JSON + "|content-encoding: gzip",) * 2, "match", id="the-same"),
        pytest.param(b"[1]", (JSON, JSON + "|content-encoding: utf-8"), "match", id="nonsense"),
        pytest.param(GZ[:-3], (JSON + "|content-encoding: br", JSON), ["root encoding"], id="broken"),
        pytest.param(b"", (JSON + "|content-encoding: gzip", JSON), "match", id="no-body"),
    ],
)
def test_equal_bytes_under_another_coding_are_a_lie(
    body: bytes, heads: tuple[str, str], expected: list[str] | str
) -> None:
    """A client would read something else, so the answer that names the wrong one differs."""
    verdict = Bodies(head(heads[0]), head(heads[1]), "GET /", EndpointRules(()), LIMITS).judge_equal(body)
    assert told(verdict) == expected


PARTS = "multipart/byteranges; boundary="


@pytest.mark.parametrize("content", [pytest.param(b"abc", id="text"), pytest.param(b"\x00\xff", id="bytes")])
def test_another_boundary_is_no_difference(content: bytes) -> None:
    """It is made anew for each answer; what stands between counts."""
    one, other = (b"--" + name + b"\r\n\r\n" + content + b"\r\n--" + name + b"--" for name in (b"aB1", b"Cd2"))
    heads = PARTS + "aB1", PARTS + '"Cd2"; x=y'
    assert told(judged(one, other, heads)) == "match"
    assert told(judged(one, other.replace(content, b"x" + content), heads)) != "match"


def test_a_lie_beside_noise_counts() -> None:
    """A rule takes away what it covers, and nothing of the rest."""
    verdict = judged(b'{"a":1}', b'{"a":2}', (JSON, HTML), ignored=["root['a']"])
    assert isinstance(verdict, Differences)
    assert (told(verdict), len(verdict.ignored)) == (["root encoding"], 1)
    assert told(judged(b'{"a":1}', b'{"a":2}', (JSON, HTML), ignored=["root"])) == "match"


@pytest.mark.parametrize(
    ("recorded", "replayed", "kind"),
    [
        pytest.param(b'{"a":1,"a":2}', b'{"a":1,"a":2} ', JSON, id="json"),
        pytest.param(b'{}\n{"a":1,"a":2}', b'{} \n{"a":1,"a":2}', "application/x-ndjson", id="lines"),
        pytest.param(b'data:{"a":1,"a":2}\n\n', b'data: {"a":1,"a":2}\n\n', "text/event-stream", id="events"),
        pytest.param(b'<p><script>{"a":1,"a":2}</script>', b'<p><script>{"a":1,"a":2}</script >', HTML, id="script"),
    ],
)
def test_what_hides_a_key_never_matches(recorded: bytes, replayed: bytes, kind: str) -> None:
    """In whatever form JSON comes, a key that is there twice leaves the tree short of something."""
    assert told(judged(recorded, replayed, (kind, kind))) == "unchecked json"


def test_bytes_differ_as_a_whole() -> None:
    """An image has no parts."""
    verdict = judged(b"\x89PNG\0a", b"\x89PNG\0b", (PNG, PNG))
    assert isinstance(verdict, Differences)
    assert (told(verdict), verdict[0].replayed) == (["root value"], "6 bytes, byte 6 differs")


NEARLY = """<html><body><table><tr><td>UA</td><td>{}</td></tr></table>
<footer>Powered by <a href="/" title="Datasette v{}">Datasette</a> &middot; Queries took {}ms</footer>"""


def test_a_page_says_what_changed_where() -> None:
    """A title and a time in the footer of every page are one signature each, whatever stands above."""
    old, new = NEARLY.format("a", "0.64.8", "1.5").encode(), NEARLY.format("a", "0.65.5", "2.5").encode()
    expected = ["root['body']['footer'][0]['#text'] value", "root['body']['footer'][0]['a'][0]['@title'] value"]
    assert told(judged(old, new, (HTML, HTML))) == expected
    longer = new.replace(b"<tr>", b"<tr><td>DL</td><td>b</td></tr><tr>", 1)
    assert told(judged(old, longer, (HTML, HTML))) == [
        *expected[:1],
        "root['body']['table'][0]['tr'] length",
        *expected[1:],
    ]
    assert told(judged(old, new, (HTML, HTML), ignored=["root['body']['footer'][**]"])) == "match"


def test_a_limit_is_unchecked_with_its_reason() -> None:
    """Of either side."""
    few = Limits(nodes=3)
    assert told(judged(b"[1,2,3,4]", b"[]", (JSON, JSON), limits=few)) == "unchecked nodes"
    assert told(judged(b"[]", b"[1,2,3,4]", (JSON, JSON), limits=few)) == "unchecked nodes"


PIECES = st.sampled_from(
    [
        b"<p>",
        b"</p>",
        b"<a b='",
        b"{",
        b'"a":1',
        b",",
        b"]",
        b"[",
        b"}",
        b"\n",
        b"data: ",
        b"&",
        b"\xff",
        b"\0",
        b" ",
        b"<!--",
    ]
)
BODIES = st.binary(max_size=30) | st.lists(PIECES, max_size=12).map(b"".join)
_MIRROR = {"added": "removed", "removed": "added"}


@given(BODIES, BODIES, st.sampled_from(KINDS))
def test_swapping_sides_swaps_what_was_added_and_removed(left: bytes, right: bytes, kind: str) -> None:
    """Whatever two bodies hold, the verdict from the other side is its mirror image."""
    there, back = judged(left, right, (kind, kind)), judged(right, left, (kind, kind))
    assert type(there) is type(back)
    if isinstance(there, Differences) and isinstance(back, Differences):
        kinds = sorted(_MIRROR.get(each.kind, str(each.kind)) for each in there)
        assert kinds == sorted(str(each.kind) for each in back)


@given(BODIES, st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_a_body_matches_itself(body: bytes, kind: str, other: str) -> None:
    """Under any type, even if it is said to be of another."""
    assert told(judged(body, body, (kind, other))) == "match"
