"""Headers: what differs in them counts, what only looks different does not, and most of them are noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Differences, Kind, Match
from replay_users.compare.headers import Heads
from replay_users.compare.policy import IGNORED, TREATMENTS
from replay_users.compare.rules import HostMap, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS = HostMap.parse(["shop.example=staging.example:8080"])
ENDPOINT = "GET /items/{id}"


def block(lines: Sequence[str]) -> bytes:
    """A header block as recordings hold it."""
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def compare(recorded: Sequence[str], replayed: Sequence[str], *, hosts: HostMap | None = None) -> list[tuple[str, ...]]:
    """Name, recorded and replayed text of each difference; every head has a line that is not compared."""
    found = Heads(hosts).compare(block(["x-noise: 1", *recorded]), block(["x-noise: 2", *replayed]), ENDPOINT)
    return [(d.signature.path_text, d.recorded, d.replayed) for d in found] if isinstance(found, Differences) else []


SAME = [
    ("accept-ranges", "bytes", "Bytes"),
    ("access-control-allow-credentials", "true", "TRUE"),
    ("access-control-allow-headers", "X-A, X-B", "x-b,x-a"),
    ("access-control-allow-methods", "GET, POST", "POST,GET"),
    ("access-control-allow-origin", "https://a.example", " https://a.example "),
    ("access-control-expose-headers", "Link, Age", "age, link, age"),
    ("access-control-max-age", "600", "600 "),
    ("allow", "GET, HEAD", "HEAD, GET"),
    ("api-deprecated-versions", "1, 2", "2, 1"),
    ("api-supported-versions", "2, 3", "3, 2"),
    ("api-version", "2", " 2"),
    ("cache-control", "no-cache, max-age=5", "Max-Age = 5,no-cache"),
    ("content-disposition", 'attachment; filename="report-17.csv"', "Attachment;filename=report-18.csv"),
    ("content-language", "en, de", "DE, en"),
    ("content-location", "/items/17", "/items/18"),
    ("content-range", "bytes 0-9/100", "bytes  0-9/100"),
    (
        "content-security-policy",
        "script-src 'nonce-YWJj' a.example; img-src *",
        "img-src *;script-src a.example 'nonce-eHl6'",
    ),
    ("content-security-policy-report-only", "default-src 'self'", "Default-Src  'self';"),
    ("content-type", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'),
    ("cross-origin-embedder-policy", "require-corp", "require-corp "),
    ("cross-origin-opener-policy", "same-origin", " same-origin"),
    ("cross-origin-resource-policy", "same-site", "Same-Site"),
    ("deprecation", "@1688169599", "@1688169599 "),
    ("etag", '"abc"', 'W/"xyz"'),
    ("last-modified", "Mon, 23 Nov 2026 20:28:30 GMT", "Tue, 24 Nov 2026 20:28:30 GMT"),
    ("link", '</a>; rel="next"', '</a>;  rel="next"'),
    ("location", "/orders/17?next=3", "/orders/18?next=4"),
    ("odata-version", "4.0", " 4.0"),
    ("permissions-policy", "camera=()", "camera=() "),
    ("ratelimit", "limit=10", "limit=9"),
    ("referrer-policy", "no-referrer, origin", "Origin, no-referrer"),
    ("retry-after", "5", "Mon, 23 Nov 2026 20:28:30 GMT"),
    ("set-cookie", "sid=abc; Path=/; HttpOnly", "sid=xyz; httponly; path=/"),
    ("strict-transport-security", "max-age=1; includeSubDomains", "includesubdomains;max-age=1"),
    ("sunset", "Mon, 23 Nov 2026 20:28:30 GMT", "Mon, 23 Nov 2026 20:28:30 GMT "),
    ("vary", "Accept, Cookie", "cookie,accept"),
    ("www-authenticate", 'Bearer realm="a, b", error="x"', 'bearer realm="c"'),
    ("x-api-version", "3", "3 "),
    ("x-content-type-options", "nosniff", "NoSniff"),
    ("x-csrf-token", "abc", "xyz"),
    ("x-frame-options", "DENY", "deny"),
    ("x-request-id", "1", "2"),
    ("x-robots-tag", "noindex, nofollow", "nofollow, noindex"),
    ("x-ratelimit-remaining", "10", "9"),
]
OTHER = [
    ("accept-ranges", "bytes", "none"),
    ("access-control-allow-credentials", "true", "false"),
    ("access-control-allow-headers", "X-A", "X-A, X-B"),
    ("access-control-allow-methods", "GET, POST", "GET"),
    ("access-control-allow-origin", "https://a.example", "*"),
    ("access-control-expose-headers", "Link", "Age"),
    ("access-control-max-age", "600", "60"),
    ("allow", "GET, HEAD", "GET"),
    ("api-deprecated-versions", "1", "1, 2"),
    ("api-supported-versions", "2", "3"),
    ("api-version", "2", "3"),
    ("cache-control", "max-age=5", "max-age=5, private"),
    ("content-disposition", "attachment; filename=a.csv", "inline; filename=a.csv"),
    ("content-language", "en", "de"),
    ("content-location", "/items/17", "/things/17"),
    ("content-range", "bytes 0-9/100", "bytes 0-9/200"),
    ("content-security-policy", "script-src 'self'", "script-src 'self' 'unsafe-inline'"),
    ("content-security-policy-report-only", "default-src 'self'", "default-src *"),
    ("content-type", "application/json; charset=utf-8", "application/json; charset=latin-1"),
    ("cross-origin-embedder-policy", "require-corp", "unsafe-none"),
    ("cross-origin-opener-policy", "same-origin", "unsafe-none"),
    ("cross-origin-resource-policy", "same-site", "cross-origin"),
    ("deprecation", "@1688169599", "@1788169599"),
    ("link", '</a>; rel="next"', '</b>; rel="next"'),
    ("location", "/orders/17", "/login"),
    ("odata-version", "4.0", "4.01"),
    ("permissions-policy", "camera=()", "camera=*"),
    ("referrer-policy", "no-referrer", "origin"),
    ("set-cookie", "sid=abc; Path=/; HttpOnly", "sid=abc; Path=/"),
    ("strict-transport-security", "max-age=31536000", "max-age=0"),
    ("sunset", "Mon, 23 Nov 2026 20:28:30 GMT", "Mon, 23 Nov 2027 20:28:30 GMT"),
    ("vary", "Accept", "Accept, Cookie"),
    ("www-authenticate", 'Bearer realm="a"', 'Basic realm="a"'),
    ("x-api-version", "3", "4"),
    ("x-content-type-options", "nosniff", "sniff"),
    ("x-frame-options", "DENY", "SAMEORIGIN"),
    ("x-robots-tag", "noindex", "all"),
]
PRESENCE_ONLY = {"etag", "last-modified", "ratelimit", "retry-after", "x-csrf-token", "x-request-id"}


def test_the_tables_hold_every_header() -> None:
    """No header is on the list without an example of what counts in it and what does not."""
    assert set(TREATMENTS) <= {row[0] for row in SAME}
    assert {row[0] for row in OTHER} == set(TREATMENTS) - PRESENCE_ONLY


@pytest.mark.parametrize(("name", "recorded", "replayed"), SAME, ids=[row[0] for row in SAME])
def test_what_only_looks_different_is_the_same(name: str, recorded: str, replayed: str) -> None:
    """Case, blanks, the order of sets, ids, secrets and clocks are no difference, in either direction."""
    assert compare([f"{name}: {recorded}"], [f"{name.title()}:{replayed}"]) == []
    assert compare([f"{name}: {replayed}"], [f"{name}: {recorded}"]) == []


@pytest.mark.parametrize(("name", "recorded", "replayed"), OTHER, ids=[row[0] for row in OTHER])
def test_another_value_is_one_difference(name: str, recorded: str, replayed: str) -> None:
    """It is found under the header's name, with both texts."""
    [(path, one, other)] = compare([f"{name}: {recorded}"], [f"{name}: {replayed}"])
    assert path == f"root['{name}']"
    assert one != other
    assert compare([f"{name}: {replayed}"], [f"{name}: {recorded}"]) == [(path, other, one)]


@pytest.mark.parametrize(("name", "value"), [row[:2] for row in SAME], ids=[row[0] for row in SAME])
def test_a_header_that_only_one_side_has_is_a_difference(name: str, value: str) -> None:
    """Nothing stands where a side has no such header."""
    [(path, recorded, replayed)] = compare([f"{name}: {value}"], [])
    assert (path, replayed) == (f"root['{name}']", "")
    assert compare([], [f"{name}: {value}"]) == [(path, "", recorded)]


@pytest.mark.parametrize(
    "name", [*sorted(IGNORED), "x-envoy-upstream-service-time", "x-cache-hits", "cf-ray", "x-unknown"]
)
def test_noise_is_not_compared(name: str) -> None:
    """Whether it is there, and what it says, does not matter."""
    assert compare([f"{name}: 1"], [f"{name}: 2"]) == compare([f"{name}: 1"], []) == compare([], [f"{name}: 1"]) == []


@pytest.mark.parametrize(
    ("recorded", "replayed", "found"),
    [
        pytest.param(["vary: a", "vary: b"], ["vary: b, a"], [], id="a-set-over-several-lines"),
        pytest.param(["link: </a>", "link: </b>"], ["link: </b>", "link: </a>"], [], id="lines-in-another-order"),
        pytest.param(["link: </a>", "link: </a>"], ["link: </a>"], ["link"], id="a-line-twice"),
        pytest.param(["vary: a", "allow: get"], ["Allow: GET", "Vary: A"], [], id="headers-in-another-order"),
        pytest.param(["vary: a", "allow: get"], ["vary: b"], ["allow", "vary"], id="several-differences"),
        pytest.param(["connection: Vary", "vary: a"], ["connection: close"], [], id="a-hop-by-hop-header"),
        pytest.param(["vary:"], [], ["vary"], id="empty-is-not-missing"),
        pytest.param(["vary: a", " folded"], ["vary: a"], [], id="a-folded-line"),
        pytest.param(["no colon"], [], [], id="no-header-at-all"),
        pytest.param(
            ["set-cookie: a=1; Path=/", "set-cookie: b=2"],
            ["set-cookie: b=3", "set-cookie: a=4; Path=/"],
            [],
            id="cookies",
        ),
        pytest.param(["set-cookie: a=1", "set-cookie: b=2"], ["set-cookie: a=1"], ["set-cookie"], id="a-cookie-less"),
        pytest.param(
            ["set-cookie: a=1", "set-cookie: b=2; Secure"],
            ["set-cookie: c=1", "set-cookie: b=2"],
            ["set-cookie"] * 3,
            id="each-cookie-by-itself",
        ),
        pytest.param(
            ["content-type: multipart/mixed; boundary=1"],
            ["content-type: multipart/mixed; boundary=2"],
            [],
            id="boundary",
        ),
        pytest.param(
            ["www-authenticate: Basic", "www-authenticate: Digest qop=a"],
            ["www-authenticate: Digest qop=b, Basic"],
            [],
            id="schemes",
        ),
        pytest.param(["set-cookie: [redacted:40]"], ["set-cookie: a=1; Path=/"], [], id="a-redacted-cookie"),
        pytest.param(["set-cookie: [redacted:40]"], [], ["set-cookie"], id="a-redacted-cookie-less"),
        pytest.param([], ["set-cookie: a=1"], ["set-cookie"], id="a-cookie-more"),
        pytest.param(["location: /a?token=[redacted:9]"], ["location: /a?token=xyz"], [], id="a-redacted-parameter"),
        pytest.param(["location: /a?token=[redacted:9]"], ["location: /b?token=xyz"], ["location"], id="beside-it"),
        pytest.param(["location: /a?sid=abc"], ["location: /a?sid=xyz"], [], id="a-secret-by-its-whole-name"),
        pytest.param(
            ["location: /a#id=1&token=abc"], ["location: /a#id=2&token=xyz"], [], id="a-fragment-of-parameters"
        ),
        pytest.param(
            ["location: /a#tab=b&token=abc"], ["location: /a#tab=c&token=xyz"], ["location"], id="and-beside-it"
        ),
        pytest.param(
            ["content-security-policy: a x; a y"], ["content-security-policy: a x"], [], id="the-first-directive-holds"
        ),
    ],
)
def test_whole_heads(recorded: list[str], replayed: list[str], found: list[str]) -> None:
    """Lines are grouped by name, whatever their order and case."""
    assert [path for path, *_ in compare(recorded, replayed)] == [f"root['{name}']" for name in found]


@pytest.mark.parametrize(
    ("recorded", "replayed", "same"),
    [
        ("location: https://shop.example/orders/17", "location: https://staging.example:8080/orders/9", True),
        ("location: https://shop.example/orders/17", "location: https://other.example/orders/17", False),
        ("location: http://a.example:80/x", "location: http://A.example/x", True),
        ("location: /a/17#top", "location: /a/18#end", False),
        ("location: ../a", "location: ../b", False),
        ("location:", "location: /", False),
        ("content-location: https://shop.example/a", "content-location: https://staging.example:8080/a", True),
        ("link: <https://shop.example/a>; rel=x", "link: <https://staging.example:8080/a>; rel=x", True),
        ("set-cookie: a=1; Domain=shop.example", "set-cookie: a=1; Domain=staging.example:8080", True),
        (
            "access-control-allow-origin: https://shop.example",
            "access-control-allow-origin: https://staging.example:8080",
            True,
        ),
        (
            "content-security-policy: img-src shop.example",
            "content-security-policy: img-src staging.example:8080",
            True,
        ),
    ],
)
def test_hosts_are_mapped(recorded: str, replayed: str, same: bool) -> None:
    """The recorded host in a URL, a domain or a source is as good as the one it stands for."""
    assert (compare([recorded], [replayed], hosts=HOSTS) == []) is same


def test_trailers_are_compared_alike() -> None:
    """The same lists hold, and the kind says what it was."""
    found = Heads().compare(b"etag: x\r\nvary: a\r\n", b"etag: y\r\n", ENDPOINT, kind=Kind.TRAILER)
    assert [(d.kind, d.signature.path_text) for d in found] == [("trailer", "root['vary']")]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("recorded", "replayed", "expected"),
    [
        pytest.param("Grpc-Status: 0", "grpc-status: 13", ("root['grpc-status']", "0", "13"), id="grpc"),
        pytest.param("X-Rows: 1", "x-rows:  1", None, id="same"),
        pytest.param("X-Rows: 1", "", ("root['x-rows']", "1", ""), id="removed"),
        pytest.param("", "X-Rows: 1", ("root['x-rows']", "", "1"), id="added"),
        pytest.param("Server-Timing: db;dur=1", "server-timing: db;dur=2", None, id="timing"),
        pytest.param("X-Runtime: 1", "X-Runtime: 2", None, id="ignored-of-headers-too"),
        pytest.param("X-Amzn-Trace: 1", "", None, id="ignored-by-the-beginning"),
        pytest.param("X-Checksum: 1", "X-Checksum: 2", None, id="checksum"),
        pytest.param("X-Amz-Checksum-Crc32: 1", "", ("root['x-amz-checksum-crc32']", "present", ""), id="no-checksum"),
        pytest.param("X-Auth-Token: a", "X-Auth-Token: b", None, id="a-secret"),
        pytest.param("X-Auth-Token: hunter2", "", ("root['x-auth-token']", "present", ""), id="no-secret"),
        pytest.param("Expires: 1", "Expires: 2", None, id="not-listed"),
    ],
)
def test_more_is_compared_of_trailers(recorded: str, replayed: str, expected: tuple[str, ...] | None) -> None:
    """All that a service says of itself, but for clocks, traces, and what follows from the body; and there may be none."""
    ours, theirs = (block([line] if line else []) for line in (recorded, replayed))
    found = Heads().compare(ours, theirs, ENDPOINT, kind=Kind.TRAILER)
    differing = found if isinstance(found, Differences) else ()
    told = [(d.path_text, d.recorded.strip('"'), d.replayed.strip('"')) for d in differing]
    assert told == ([expected] if expected else [])
    assert Heads().compare(block(["a: 1", recorded]), block(["a: 1", replayed]), ENDPOINT) == Match()


def test_a_rule_takes_a_header_from_the_count() -> None:
    """What a rule ignores is kept beside what counts, and a rule for trailers says nothing about headers."""
    text = "- {ignore: 'header:vary', reason: known}\n- {ignore: 'trailer:allow', reason: known}\n"
    rules = Rules.parse(text, "rules.yaml").for_endpoint(ENDPOINT)
    both = Heads().compare(b"vary: a\r\nallow: get\r\n", b"vary: b\r\n", ENDPOINT, rules=rules)
    assert [d.signature.path_text for d in both] == ["root['allow']"]  # type: ignore[union-attr]
    assert [d.signature.path_text for d in both.ignored] == ["root['vary']"]
    only = Heads().compare(b"vary: a\r\n", b"vary: b\r\n", ENDPOINT, rules=rules)
    assert isinstance(only, Match)
    assert [d.signature.path_text for d in only.ignored] == ["root['vary']"]


def test_where_no_head_was_recorded_nothing_can_differ() -> None:
    """A capture without headers is no evidence that there were none."""
    assert Heads().compare(b"", b"vary: a\r\n", ENDPOINT) == Match()


def test_no_secret_is_told() -> None:
    """Neither a cookie's value nor a token in a URL is in what is shown."""
    secret = "hunter2-hunter2"
    heads = ([f"set-cookie: a={secret}; Path=/", f"location: /a?token={secret}"], ["vary: a"])
    assert secret not in repr(compare(*heads))


DATASETTE = ["cache-control: max-age=5", "referrer-policy: no-referrer", "content-type: text/html; charset=utf-8"]
"""What version 0.64.8 says beside `date`, `server` and framing."""


@pytest.mark.parametrize(
    ("recorded", "replayed", "found"),
    [
        pytest.param(
            [*DATASETTE, "date: Mon, 23 Nov 2026 20:28:30 GMT", "server: envoy", "x-envoy-upstream-service-time: 7"],
            [*DATASETTE, "date: Tue, 24 Nov 2026 08:00:00 GMT", "server: uvicorn", "transfer-encoding: chunked"],
            [],
            id="the-same-version",
        ),
        pytest.param(DATASETTE, [*DATASETTE, "vary: Cookie, Authorization"], ["vary"], id="vary-added"),
        pytest.param(
            [*DATASETTE, "vary: Accept-Encoding"],
            [*DATASETTE, "vary: Accept-Encoding", "vary: Cookie, Authorization"],
            ["vary"],
            id="vary-longer",
        ),
        pytest.param(
            DATASETTE, ["cache-control: private", *DATASETTE[1:]], ["cache-control"], id="private-with-a-login"
        ),
        pytest.param(DATASETTE[1:], ["cache-control: private", *DATASETTE[1:]], ["cache-control"], id="private-added"),
        pytest.param(
            ['link: http://flights.example.test/nyc.json; rel="alternate"'],
            ['link: <http://flights.example.test/nyc.json>; rel="alternate"'],
            ["link"],
            id="a-link-in-brackets",
        ),
        pytest.param(DATASETTE, [DATASETTE[0], DATASETTE[2]], ["referrer-policy"], id="referrer-policy-removed"),
        pytest.param(DATASETTE, [*DATASETTE, 'etag: "a1"'], ["etag"], id="etag-added"),
        pytest.param(
            ["set-cookie: [redacted:87]"],
            ["set-cookie: ds_csrftoken=x; Path=/; SameSite=lax"],
            [],
            id="the-token's-cookie",
        ),
    ],
)
def test_versions_of_datasette(recorded: list[str], replayed: list[str], found: list[str]) -> None:
    """What the captured service is known to have changed in its headers is found, and nothing else."""
    assert [path for path, *_ in compare(recorded, replayed)] == [f"root['{name}']" for name in found]


LINES = st.sampled_from([f"{name}: {value}" for rows in (SAME, OTHER) for name, *values in rows for value in values])
HEADS = st.lists(LINES, max_size=8)
BYTES = st.binary(max_size=200) | st.lists(LINES.map(str.encode), max_size=5).map(b"\r\n".join)


@settings(max_examples=100)
@given(lines=HEADS, data=st.data())
def test_a_head_equals_itself(lines: list[str], data: st.DataObject) -> None:
    """In any order, and with names in any case."""
    names = [line.partition(":") for line in data.draw(st.permutations(lines))]
    other = [f"{name.upper() if data.draw(st.booleans()) else name.title()}:{value}" for name, _, value in names]
    assert compare(lines, lines) == compare(lines, other) == []


@settings(max_examples=100)
@given(a=HEADS, b=HEADS)
def test_swapping_the_sides_swaps_the_texts(a: list[str], b: list[str]) -> None:
    """The same headers differ, the other way round."""
    assert sorted((path, y, x) for path, x, y in compare(a, b)) == sorted(compare(b, a))


@settings(max_examples=100)
@given(a=HEADS, b=HEADS)
def test_what_is_remembered_changes_nothing(a: list[str], b: list[str]) -> None:
    """Heads that have seen thousands of lines say what fresh ones say."""
    fresh = Heads().compare(block(["x: 1", *a]), block(b), ENDPOINT)
    assert SEASONED.compare(block(["x: 1", *a]), block(b), ENDPOINT) == fresh


SEASONED = Heads()


@settings(max_examples=200)
@given(a=BYTES, b=BYTES)
def test_no_bytes_make_it_raise(a: bytes, b: bytes) -> None:
    """Whatever stands in a head, comparing it gives a value, and itself equals itself."""
    assert Heads(HOSTS).compare(a, a, ENDPOINT) == Match()
    assert isinstance(Heads().compare(a, b, ENDPOINT), Match | Differences)


def test_a_hostile_head_fills_no_memory() -> None:
    """Long lines are read and forgotten."""
    heads = Heads()
    for number in range(20):
        heads.fields(b"vary: " + bytes([65 + number]) * 5_000 + b"\r\n")
    assert heads._line.cache_info().currsize == heads._same.cache_info().currsize == 0
