from __future__ import annotations

import copy
import gzip
import json
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.difference import Differences, Kind, Match, Unchecked
from replay_users.compare.judge import MAX_BODY, Recorded, judge
from replay_users.compare.rules import Ignore, Rules
from replay_users.model import Answer
from replay_users.path import format_path, parse_path

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

JSON = b"Content-Type: application/json; charset=utf-8\r\n"
HTML = b"Content-Type: text/html\r\n"
XML = b"Content-Type: text/xml\r\n"
NDJSON = b"Content-Type: application/x-ndjson\r\n"
SSE = b"Content-Type: text/event-stream\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
TEXT = b"Content-Type: text/plain\r\n"
PNG = b"Content-Type: image/png\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
DEEP = b"[" * 900 + b"%s" + b"]" * 900
DIFFERENCES_199 = [(f"root[{nth}]", "value") for nth in range(199)]
ENDPOINT = "GET /items/{id}"
TREES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def ignoring(*paths: str) -> Rules:
    """Rules that ignore these paths everywhere."""
    return Rules((Ignore(where=tuple(map(parse_path, paths)), reason="noise"),))


def compare(
    recorded: bytes | None,
    replayed: bytes,
    *,
    head: bytes = JSON,
    replayed_head: bytes | None = None,
    rules: Rules = Rules(),  # noqa: B008 - frozen
) -> Match | Unchecked | Differences:
    """Judge two bodies of answers that are otherwise alike."""
    size = len(recorded or b"")
    answer = Answer(200, head if replayed_head is None else replayed_head, replayed)
    return judge(Recorded(200, head, recorded, size), answer, rules, ENDPOINT)


def told(verdict: Match | Unchecked | Differences) -> list[tuple[str, str]] | str:
    """A verdict in short: the paths and kinds of what counts, or a word and the reason."""
    if isinstance(verdict, Unchecked):
        return f"unchecked({verdict.reason})"
    if isinstance(verdict, Match):
        return "match"
    return [(format_path(difference.path), str(difference.kind)) for difference in verdict]


@pytest.mark.parametrize(
    ("recorded", "replayed", "head", "verdict"),
    [
        pytest.param(b'{"a":1}', b'{"a":1}', JSON, "match", id="same-bytes"),
        pytest.param(b'{"a":1,"b":2.0}', b'{"b": 2, "a": 1}', JSON, "match", id="same-tree"),
        pytest.param(b'{"a":1}', b'{"a":2}', JSON, [("root['a']", "value")], id="value"),
        pytest.param(b'{"a":1}', b'{"a":true}', JSON, [("root['a']", "type")], id="one-is-not-true"),
        pytest.param(b"[NaN, 1]", b"[NaN,  1]", JSON, "match", id="nan"),
        pytest.param(b"[NaN]", b"[null]", JSON, [("root[0]", "type")], id="nan-is-not-null"),
        pytest.param(
            b"[18446744073709551617]", b"[18446744073709551618]", JSON, [("root[0]", "value")], id="big-integers"
        ),
        pytest.param(b"[1e400]", b"[1e500]", JSON, [("root[0]", "value")], id="beyond-doubles"),
        pytest.param(b'["\\ud800"]', b'["\\ud801"]', JSON, [("root[0]", "value")], id="lone-surrogates"),
        pytest.param(b'{"a":1,"a":2}', b'{"a":3,"a":2}', JSON, "unchecked(json)", id="a-key-twice"),
        pytest.param(
            b'{"a":1,"a":2}', b'{"a":1,"a":3}', JSON, [("root['a']", "value")], id="a-key-twice-and-a-difference"
        ),
        pytest.param(
            b"[" * 2100 + b"1" + b"]" * 2100, b"[" * 2100 + b"2" + b"]" * 2100, JSON, "unchecked(depth)", id="too-deep"
        ),
        pytest.param(
            b"[" * 2000 + b"1" + b"]" * 2000,
            b"[" * 2000 + b"2" + b"]" * 2000,
            JSON,
            [("root" + "[0]" * 2000, "value")],
            id="2000-levels-deep",
        ),
        pytest.param(b"[" * 1500 + b"]" * 1500, b"[" * 1500 + b" ]" + b"]" * 1499, JSON, "match", id="equal-and-deep"),
        pytest.param(DEEP % b"1", DEEP % b"2", JSON, [("root" + "[0]" * 900, "value")], id="deep"),
        pytest.param(b'{"a":1}', b"<html>", JSON, [("root", "type"), ("root", "encoding")], id="no-longer-json"),
        pytest.param(b'{"a":1', b'{"a":1}', JSON, [("root", "type"), ("root", "encoding")], id="no-json-before"),
        pytest.param(b'{"a":1}', b"", JSON, [("root", "type")], id="empty-now"),
        pytest.param(b"<a>", b"<b>", JSON, [("root[0]", "value")], id="json-on-neither-side"),
        pytest.param(b'{"a":1}', b'{"a": 2}', HTML, [("root['a']", "value")], id="json-under-another-name"),
        pytest.param(b"<p>a<p>b", b"<p>a<p>c", HTML, [("root['body']['p'][1]['#text']", "value")], id="html"),
        pytest.param(b"<p>a</p>", b"<P>\n  a", HTML, "match", id="the-same-html"),
        pytest.param(b"<p>a<h2>b</h2>", b"<h2>b</h2><p>a", HTML, [("root['body']", "order")], id="another-order"),
        pytest.param(b"<a><b>1</b></a>", b"<a><b>2</b></a>", XML, [("root['a'][0]['b'][0]", "value")], id="xml"),
        pytest.param(b'{"a":1}\n[2]', b'{"a":1}\n[3]', NDJSON, [("root[1][0]", "value")], id="ndjson"),
        pytest.param(b"data: 1\n\n", b"data: 2\n\n", SSE, [("root[0]['data']", "value")], id="events"),
        pytest.param(b"a=1&b=2", b"b=2&a=3", FORM, [("root['a'][0]", "value")], id="form"),
        pytest.param(b"a\r\nb\n", b"a\nb", TEXT, "match", id="line-ends"),
        pytest.param(b"a\nb", b"a\nc", TEXT, [("root[1]", "value")], id="a-line"),
        pytest.param(b"{<a>", b"{<b>", TEXT, [("root[0]", "value")], id="looks-like-json"),
        pytest.param(b"1.0", b"1", TEXT, [("root[0]", "value")], id="a-text-that-is-a-number"),
        pytest.param(b"1.0", b"1", JSON, "match", id="a-number"),
        pytest.param(b"\x89PNG\0\1", b"\x89PNG\0\2", b"", [("root", "value")], id="binary"),
        pytest.param(b'{"a":"\xff"}', b'{"a":"\xfe"}', JSON, [("root['a']", "value")], id="no-utf-8"),
    ],
)
def test_bodies_are_compared_as_what_they_are(
    recorded: bytes, replayed: bytes, head: bytes, verdict: list[tuple[str, str]] | str
) -> None:
    """Every form is compared as a tree, JSON exactly; bytes as bytes; what cannot be decided is unchecked."""
    assert told(compare(recorded, replayed, head=head)) == verdict


def test_another_status_is_the_difference() -> None:
    """A status says more than its body, which is then another one, so it is reported alone."""
    verdict = judge(Recorded(200, JSON, b'{"a":1}', 7), Answer(500, HTML, b"oops"), Rules(), ENDPOINT)
    assert isinstance(verdict, Differences)
    (difference,) = verdict
    assert (difference.endpoint, difference.path, difference.kind) == (ENDPOINT, (), Kind.STATUS)
    assert (difference.recorded, difference.replayed) == ("200", "500")


def test_no_rule_ignores_a_status() -> None:
    """A rule for the whole body leaves the status what it is."""
    verdict = judge(Recorded(200, JSON, None, 7), Answer(500, HTML, b""), ignoring("root", "root[**]"), ENDPOINT)
    assert told(verdict) == [("root", "status")]


def test_an_answer_of_which_only_the_status_was_captured_is_said_to_be_so() -> None:
    """With neither head nor body recorded an equal status is all there is, and another one is a difference."""
    recorded = Recorded(200, b"", None, 0)
    assert told(judge(recorded, Answer(200, JSON, b"{}"), Rules(), ENDPOINT)) == "unchecked(status_only)"
    assert told(judge(recorded, Answer(404, JSON, b"{}"), Rules(), ENDPOINT)) == [("root", "status")]


@pytest.mark.parametrize(
    ("body", "size"),
    [pytest.param(None, 7, id="not-kept"), pytest.param(b'{"a"', 7, id="cut"), pytest.param(None, 1 << 20, id="large")],
)
def test_what_was_not_recorded_is_unchecked(body: bytes | None, size: int) -> None:
    """A body that capture did not keep whole is neither match nor mismatch, while its status is compared."""
    assert (
        told(judge(Recorded(200, JSON, body, size), Answer(200, JSON, b'{"a":1}'), Rules(), ENDPOINT))
        == "unchecked(not_recorded)"
    )


@pytest.mark.parametrize(
    ("body", "replayed", "head", "is_hashed", "verdict"),
    [
        pytest.param(None, b'{"a":1}', JSON, True, "match", id="equal"),
        pytest.param(b'{"a"', b'{"a":1}', JSON, True, "match", id="equal-and-cut"),
        pytest.param(None, b'{"a":1}', JSON, False, "unchecked(not_recorded)", id="no-hash"),
        pytest.param(None, b'{"a":2}', JSON, True, "unchecked(not_recorded)", id="a-text-may-hold-noise"),
        pytest.param(None, b'{"a":2}', PNG, True, [("root", "value")], id="an-image-is-another"),
        pytest.param(None, b'{"a":2}', PNG + GZIP, True, "unchecked(not_recorded)", id="a-coding-varies"),
        pytest.param(None, b"longer than it", PNG, False, [("root", "value")], id="an-image-of-another-size"),
        pytest.param(None, b"7 bytes", PNG, False, "unchecked(not_recorded)", id="an-image-of-that-size"),
        pytest.param(None, b'{"a":1}', b"", True, "match", id="no-head"),
        pytest.param(None, b'{"a":2}', b"", True, "unchecked(status_only)", id="no-head-and-another"),
    ],
)
def test_a_body_that_was_not_kept_is_compared_by_its_hash(
    body: bytes | None, replayed: bytes, head: bytes, is_hashed: bool, verdict: list[tuple[str, str]] | str
) -> None:
    """The same hash is the same body; another one says something only where every byte counts."""
    recorded = Recorded(200, head, body, 7, blake2b(b'{"a":1}', digest_size=16).digest() if is_hashed else None)
    assert told(judge(recorded, Answer(200, head, replayed), Rules(), ENDPOINT)) == verdict


def test_a_size_that_is_not_known_proves_nothing() -> None:
    """Without hash and size an image may be the same one."""
    assert (
        told(judge(Recorded(200, PNG, None, 0), Answer(200, PNG, b"abc"), Rules(), ENDPOINT))
        == "unchecked(not_recorded)"
    )


@pytest.mark.parametrize("status", [pytest.param(204, id="no-content"), pytest.param(304, id="not-modified")])
def test_an_answer_without_a_body_matches_by_its_status(status: int) -> None:
    """204 and 304 have no body, whatever a capture made of it."""
    assert told(judge(Recorded(status, b"", None, 0), Answer(status, b"", b""), Rules(), ENDPOINT)) == "match"


def test_an_answer_to_head_matches_without_a_body() -> None:
    """Two empty bodies are equal, whatever their headers say of a length and a coding."""
    assert told(compare(b"", b"", head=JSON + GZIP + b"Content-Length: 99\r\n")) == "match"


def test_bodies_larger_than_64_kb_are_unchecked_unless_equal() -> None:
    """The largest body that is compared has 64 KB, on both sides; equal bytes match at any size."""
    fits, large = b'"' + b"a" * (MAX_BODY - 2) + b'"', b'"' + b"a" * (MAX_BODY - 1) + b'"'
    assert told(compare(fits, b'"b"')) == [("root", "value")]
    assert told(compare(large, b'"b"')) == "unchecked(size)"
    assert told(compare(b'"b"', large)) == "unchecked(size)"
    assert told(compare(large, bytes(bytearray(large)))) == "match"


BODY = b'{"query_ms": 12.5, "items": [{"id": 1, "price": 5}]}'
SLOWER = BODY.replace(b"12.5", b"99.9")
BOMB = gzip.compress(b"[" + b"1," * (5 << 20) + b"1]")


@pytest.mark.parametrize(
    ("recorded", "replayed", "heads", "verdict"),
    [
        pytest.param(
            gzip.compress(BODY, 9), gzip.compress(BODY, 1), (JSON + GZIP, JSON + GZIP), "match", id="coded-differently"
        ),
        pytest.param(gzip.compress(BODY), BODY, (JSON + GZIP, JSON), "match", id="coded-on-one-side"),
        pytest.param(BODY, gzip.compress(BODY), (JSON + GZIP, JSON + GZIP), "match", id="recorded-decoded"),
        pytest.param(
            gzip.compress(BODY),
            gzip.compress(SLOWER),
            (JSON + GZIP, JSON + GZIP),
            [("root['query_ms']", "value")],
            id="a-value-inside",
        ),
        pytest.param(
            gzip.compress(BODY)[:-3],
            gzip.compress(BODY),
            (JSON + GZIP, JSON + GZIP),
            [("root", "encoding")],
            id="broken-when-recorded",
        ),
        pytest.param(BODY, gzip.compress(BODY)[:-3], (JSON, JSON + GZIP), [("root", "encoding")], id="broken-now"),
        pytest.param(
            gzip.compress(BODY)[:-3],
            gzip.compress(BODY)[:-4],
            (JSON + GZIP, JSON + GZIP),
            "unchecked(encoding)",
            id="broken-on-both-sides",
        ),
        pytest.param(
            b"\x1f\x9d\x90a",
            BODY,
            (JSON + b"Content-Encoding: compress\r\n", JSON),
            "unchecked(encoding)",
            id="unknown-coding",
        ),
        pytest.param(
            b"\x1f\x9d\x90a",
            gzip.compress(BODY)[:-3],
            (JSON + b"Content-Encoding: compress\r\n", JSON + GZIP),
            "unchecked(encoding)",
            id="unknown-and-broken",
        ),
        pytest.param(BOMB, BODY, (JSON + GZIP, JSON), "unchecked(size)", id="more-inside-than-is-read"),
        pytest.param(BOMB, BOMB + b"\0", (JSON + GZIP, JSON + GZIP), "unchecked(size)", id="on-both-sides"),
        pytest.param(
            BOMB,
            BOMB[:-3],
            (JSON + GZIP, JSON + b"Content-Encoding: br\r\n"),
            "unchecked(size)",
            id="large-under-another-name",
        ),
        pytest.param(
            zlib.compress(BODY),
            gzip.compress(BODY),
            (JSON + b"Content-Encoding: deflate\r\n", JSON + GZIP),
            "match",
            id="two-codings",
        ),
    ],
)
def test_content_codings_are_undone_first(
    recorded: bytes, replayed: bytes, heads: tuple[bytes, bytes], verdict: list[tuple[str, str]] | str
) -> None:
    """How a body travelled is no difference, unless one side cannot be read at all."""
    assert len(recorded) <= MAX_BODY
    assert told(compare(recorded, replayed, head=heads[0], replayed_head=heads[1])) == verdict


def test_equal_bytes_whose_coding_is_no_longer_named_differ() -> None:
    """What is equal on the wire matches only if it is read in the same way."""
    coded = gzip.compress(BODY)
    assert told(compare(coded, coded, head=JSON + GZIP, replayed_head=JSON)) == [("root", "encoding")]
    assert told(compare(coded, coded, head=JSON + GZIP, replayed_head=JSON + GZIP)) == "match"


def test_a_broken_coding_is_named() -> None:
    """One sees which side sent what could not be read."""
    verdict = compare(BODY, gzip.compress(BODY)[:-3], head=JSON, replayed_head=JSON + GZIP)
    assert isinstance(verdict, Differences)
    assert (verdict[0].recorded, verdict[0].replayed) == ("none", "gzip, broken")


def test_an_ignored_difference_makes_a_match_that_remembers_it() -> None:
    """The noise of an unchanged service matches, and how much there was stays known."""
    verdict = compare(gzip.compress(BODY), gzip.compress(SLOWER), head=JSON + GZIP, rules=ignoring("root['query_ms']"))
    assert isinstance(verdict, Match)
    (ignored,) = verdict.ignored
    assert (ignored.signature.path_text, ignored.recorded, ignored.replayed) == ("root['query_ms']", "12.5", "99.9")


@pytest.mark.parametrize(
    ("recorded", "replayed", "head", "found"),
    [
        pytest.param(b"<p>Queries took 1.2ms</p>", b"<p>Queries took 9.9ms</p>", HTML, 1, id="html"),
        pytest.param(b'{"a":1}', b"<html>", JSON, 2, id="no-longer-json"),
        pytest.param(b'{"a":1}', b'{"a":2}', JSON, 1, id="json"),
        pytest.param(b"plain", b"\x1f\x8b\x08broken", HTML, 1, id="broken-coding"),
    ],
)
def test_a_rule_for_the_root_ignores_a_whole_body(recorded: bytes, replayed: bytes, head: bytes, found: int) -> None:
    """Pages that differ each time are ignored by `root`, and counted as ignored."""
    assert isinstance(compare(recorded, replayed, head=head), Differences)
    verdict = compare(recorded, replayed, head=head, rules=ignoring("root"))
    assert isinstance(verdict, Match)
    assert len(verdict.ignored) == found


def test_a_rule_holds_for_its_endpoints_only() -> None:
    """The noise of one endpoint is a difference of another."""
    rules = Rules(
        (
            Ignore(endpoint="GET /items/*", where=(parse_path("root['a']"),), reason="noise"),
            Ignore(endpoint="POST *", where=(parse_path("root"),), reason="x"),
        )
    )
    assert told(compare(b'{"a":1,"b":1}', b'{"a":2,"b":2}', rules=rules)) == [("root['b']", "value")]


def test_a_page_shows_what_changed_in_it() -> None:
    """Of two pages of 60 KB one sees the text that differs, and where it stands."""
    page = "<p>Nothing to see in here.</p>" * 2000 + "<footer>Powered by"
    verdict = compare(f"{page} v0.64.8".encode(), f"{page} v0.65.5".encode(), head=HTML)
    assert isinstance(verdict, Differences)
    assert told(verdict) == [("root['body']['footer'][0]['#text']", "value")]
    assert (verdict[0].recorded, verdict[0].replayed) == ('"Powered by v0.64.8"', '"Powered by v0.65.5"')


@given(TREES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_body_matches_itself_however_it_is_written(tree: Json, indent: int | str | None, sort_keys: bool) -> None:
    """Spaces, escapes and codings are no differences."""
    written = json.dumps(tree).encode()
    again = json.dumps(tree, indent=indent, sort_keys=sort_keys, ensure_ascii=False).encode()
    assert told(compare(written, written)) == "match"
    assert told(compare(written, again)) == "match"
    assert told(compare(gzip.compress(written), again, head=JSON + GZIP, replayed_head=JSON)) == "match"


@given(TREES, TREES, st.data())
def test_a_rule_never_makes_a_mismatch_and_loses_nothing(a: Json, b: Json, data: st.DataObject) -> None:
    """Whatever is ignored was a difference before, and what is left was one too."""
    left, right = json.dumps(a).encode(), json.dumps(b).encode()
    before = compare(left, right)
    found = list(before) if isinstance(before, Differences) else []
    paths = [difference.signature.path_text for difference in found] + ["root", "root[*]", "root['a']"]
    after = compare(left, right, rules=ignoring(*data.draw(st.lists(st.sampled_from(paths), max_size=3))))
    if isinstance(before, Match):
        assert after == Match()
    if not isinstance(after, Unchecked):
        counting = list(after) if isinstance(after, Differences) else []
        assert sorted(map(repr, [*counting, *after.ignored])) == sorted(map(repr, found))


@given(TREES.filter(lambda tree: isinstance(tree, dict)), st.text("abc", min_size=1), st.integers(), st.booleans())
def test_a_change_in_a_body_has_its_signature(tree: Json, key: str, value: int, coded: bool) -> None:
    """From bytes to signature, the one change in a body is found under its path and kind."""
    assert isinstance(tree, dict)
    recorded = {**tree, "changed": {key: [{"id": 1, "price": value}]}}
    replayed = copy.deepcopy(recorded) | {"changed": {key: [{"id": 1, "price": value + 1}]}}
    left, right = json.dumps(recorded).encode(), json.dumps(replayed).encode()
    if coded:
        left, right = gzip.compress(left), gzip.compress(right)
    verdict = compare(left, right, head=JSON + GZIP * coded)
    assert isinstance(verdict, Differences)
    (difference,) = verdict
    assert (difference.signature.path_text, difference.kind) == (f"root['changed']['{key}'][*]['price']", "value")


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A body, coded or not, with a byte changed or its end cut off."""
    body = json.dumps(draw(TREES)).encode()
    if draw(st.booleans()):
        body = gzip.compress(body)
    at = draw(st.integers(0, len(body) - 1))
    return body[:at] + draw(st.binary(max_size=2)) + body[at + 1 :] * draw(st.booleans())


BYTES = st.binary(max_size=60) | spoilt()
HEADS = st.binary(max_size=20) | st.sampled_from(
    [JSON, HTML, b"", JSON + GZIP, GZIP, b"Content-Encoding: br\r\n", JSON + b"Content-Encoding: zstd, deflate\r\n"]
)


@given(BYTES, BYTES, HEADS, HEADS, st.sampled_from([Rules(), ignoring("root[**]['a']", "root[0]")]))
def test_no_bytes_make_it_raise(left: bytes, right: bytes, head: bytes, replayed_head: bytes, rules: Rules) -> None:
    """Whatever a peer or a recording holds, there is a verdict, the same each time, and a body matches itself."""
    there = compare(left, right, head=head, replayed_head=replayed_head, rules=rules)
    assert isinstance(there, Match | Unchecked | Differences)
    assert compare(left, right, head=head, replayed_head=replayed_head, rules=rules) == there
    assert told(compare(left, left, head=head, rules=rules)) == "match"


STATUS_RULES = Rules.parse(
    "- {ignore: status, from: 200, to: [201, 204, 302], reason: x}\n- {ignore: $.at, reason: x}", "rules.yaml"
)


@pytest.mark.parametrize(
    ("status", "head", "body", "verdict"),
    [
        pytest.param(201, JSON, b'{"at":2,"v":1}', "match", id="the-same-but-what-is-ignored"),
        pytest.param(201, JSON, b'{"at":2,"v":2}', [("root['v']", "value")], id="bodies-of-one-class-count"),
        pytest.param(201, JSON + b"Vary: x\r\n", b'{"at":2,"v":1}', [("root['vary']", "header")], id="and-headers"),
        pytest.param(204, b"", b"", "match", id="no-body-to-compare"),
        pytest.param(302, HTML, b"elsewhere", "match", id="another-class"),
        pytest.param(202, JSON, b'{"at":1,"v":1}', [("root", "status")], id="another-status"),
    ],
)
def test_a_status_that_a_rule_lets_pass(
    status: int, head: bytes, body: bytes, verdict: list[tuple[str, str]] | str
) -> None:
    """It is kept beside what counts; bodies and headers are compared where the two can have the same."""
    recorded = b'{"at":1,"v":1}'
    said = judge(Recorded(200, JSON, recorded, len(recorded)), Answer(status, head, body), STATUS_RULES, ENDPOINT)
    assert told(said) == verdict
    if isinstance(said, Match):
        assert Kind.STATUS in {difference.kind for difference in said.ignored}


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        pytest.param("unordered: $.tags", [("root['tags'][0]", "repeat")], id="unordered"),
        pytest.param("normalise: $.tags, how: sort", [("root['tags']", "length")], id="sorted"),
    ],
)
def test_rules_pair_the_lists_of_bodies(rule: str, verdict: list[tuple[str, str]]) -> None:
    """Repetitions count, whatever the order."""
    rules = Rules.parse(f"- {{{rule}, reason: x}}", "rules.yaml")
    assert told(compare(b'{"tags":[1,1,2]}', b'{"tags":[2,1]}', rules=rules)) == verdict
    assert told(compare(b'{"tags":[1,1,2]}', b'{"tags":[2,1,1]}', rules=rules)) == "match"


VARY, NOISE = b"Vary: a\r\n", b"X-Noise: 1\r\n"
HEADER = ("root['vary']", "header")


@pytest.mark.parametrize(
    ("recorded", "replayed", "verdict"),
    [
        pytest.param(b"[1]", b"[1]", [HEADER], id="equal-bodies"),
        pytest.param(b"[1]", b"[2]", [("root[0]", "value"), HEADER], id="both-differ"),
        pytest.param(None, b"[2]", [HEADER], id="a-body-that-was-not-kept"),
        pytest.param(
            json.dumps([0] * 300).encode(),
            json.dumps([1] * 300).encode(),
            [*DIFFERENCES_199, HEADER],
            id="more-than-is-kept",
        ),
    ],
)
def test_headers_count_beside_the_body(recorded: bytes | None, replayed: bytes, verdict: list[tuple[str, str]]) -> None:
    """A header that differs is a mismatch whatever is known of the body, and is never what is left out."""
    assert told(compare(recorded, replayed, head=JSON + VARY, replayed_head=JSON + NOISE)) == verdict
    ignored = Rules.parse("- {ignore: 'header:vary', reason: known}", "rules.yaml")
    alone = compare(recorded, replayed, head=JSON + VARY, replayed_head=JSON, rules=ignored)
    assert told(alone) == told(compare(recorded, replayed))


def test_nothing_found_is_lost_where_both_differ() -> None:
    """What is not kept is counted."""
    bodies = json.dumps([0] * 300).encode(), json.dumps([1] * 300).encode()
    both = compare(*bodies, head=JSON + VARY, replayed_head=JSON)
    assert isinstance(both, Differences)
    assert (len(both), both.capped) == (200, 101)
