from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.endpoint import Templates, TemplatesBuilder, parse_rules, templates
from replay_users.errors import DamagedRecording, UsageError
from replay_users.model import OTHER_ENDPOINT

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "BREW"]),
        st.lists(st.sampled_from(["a", "b", "c", "d.json", "7", "x-1", "caf\u00e9"]), min_size=1, max_size=3),
        st.integers(1, 5),
    ).map(lambda row: (row[0], ("/" + "/".join(row[1]) + "?q=1").encode(), row[2])),
    max_size=30,
)
RULES = parse_rules("GET /a/{anything...}\n/b/{name}")


def built(rows: list[tuple[str, bytes, int]], base: Templates | None = None) -> Templates:
    """Templates of these rows under small caps."""
    builder = TemplatesBuilder(() if base else RULES, base=base, literal_cap=2, endpoint_cap=6)
    for method, target, count in rows:
        builder.add(method, target, count)
    return builder.build()


def shop() -> Templates:
    """Templates of a small shop's traffic."""
    builder = TemplatesBuilder(parse_rules("GET /wiki/{page...}"))
    for n in range(60):
        builder.add("GET", b"/products/%d?ref=%d" % (n, n))
        builder.add("GET", b"/orgs/org%s/members" % bytes([97 + n % 26, 97 + n // 26]))
    for target in (b"/products/list", b"/products/search?q=mug", b"/wiki/Main", b"/nyc/flights.json"):
        builder.add("GET", target, 20)
    builder.add("POST", b"/products/17", 2)
    return builder.build()


def test_the_endpoints_of_a_shop() -> None:
    """Numbers and names of organisations become placeholders; resources, suffixes and methods stay apart."""
    assert shop().endpoints == (
        "GET /nyc/flights.json",
        "GET /orgs/{*}/members",
        "GET /products/list",
        "GET /products/search",
        "GET /products/{id}",
        "GET /wiki/{page...}",
        "POST /products/{id}",
    )


@pytest.mark.parametrize(
    ("method", "target", "endpoint"),
    [
        pytest.param("GET", b"/products/99999?x=1", "GET /products/{id}", id="unseen-id"),
        pytest.param("GET", b"/orgs/newcomer/members", "GET /orgs/{*}/members", id="unseen-name"),
        pytest.param("GET", b"/wiki/a/b", "GET /wiki/{page...}", id="rule"),
        pytest.param("PUT", b"/products/1", OTHER_ENDPOINT, id="unseen-method"),
        pytest.param("GET", b"/products/unheard-of", OTHER_ENDPOINT, id="unseen-route"),
        pytest.param("GET", b"/products", OTHER_ENDPOINT, id="a-level-is-no-endpoint"),
        pytest.param("GET", b"/products/" + b"9" * 60 + b"?" + b"x" * 9000, "GET /products/{id}", id="long-query"),
        pytest.param("GET", b"/wiki/" + b"x" * 9000, "GET /wiki/{page...}", id="long-path"),
    ],
)
def test_a_request_finds_its_endpoint(method: str, target: bytes, endpoint: str) -> None:
    """Targets never seen are named like those that were; what is no endpoint of the recording is `__other__`."""
    names = shop()
    assert names.endpoint(method, target) == endpoint
    assert names.endpoint(method, target) == endpoint  # from the cache


def test_only_the_endpoints_with_most_rows_are_kept() -> None:
    """Beyond the cap endpoints are counted in `__other__`, the rarest first."""
    builder = TemplatesBuilder(endpoint_cap=2)
    for target, rows in ((b"/a", 5), (b"/b", 1), (b"/c", 9)):
        builder.add("GET", target, rows)
    names = builder.build()
    assert names.endpoints == ("GET /a", "GET /c")
    assert names.endpoint("GET", b"/b") == OTHER_ENDPOINT


def test_a_method_nobody_knows_names_no_endpoint_unless_a_rule_has_it() -> None:
    """Made-up methods cannot fill the table."""
    builder = TemplatesBuilder(parse_rules("BREW /pot"))
    builder.add("BREW", b"/pot")
    builder.add("XYZZY", b"/pot")
    assert builder.build().endpoints == ("BREW /pot",)


@given(ROWS, st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, bytes, int]], seed: int) -> None:
    """The same rows in any order give the same endpoints."""
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)
    assert built(rows).to_json() == built(shuffled).to_json()


@given(ROWS)
def test_templates_survive_the_manifest(rows: list[tuple[str, bytes, int]]) -> None:
    """What went through JSON names every request as before."""
    names = built(rows)
    again = Templates.from_json(json.loads(json.dumps(names.to_json())))
    assert again.to_json() == names.to_json()
    for method, target, _ in rows:
        assert again.endpoint(method, target) == names.endpoint(method, target)


@given(ROWS)
def test_every_row_has_an_endpoint_unless_the_cap_took_it(rows: list[tuple[str, bytes, int]]) -> None:
    """Below the cap nothing but made-up methods is `__other__`, and each endpoint has a row."""
    names = built(rows)
    found = {names.endpoint(method, target) for method, target, _ in rows}
    assert found - {OTHER_ENDPOINT} == set(names.endpoints)
    if len(names.endpoints) < 6:
        known = [(method, target) for method, target, _ in rows if method != "BREW"]
        assert all(names.endpoint(method, target) != OTHER_ENDPOINT for method, target in known)


@given(ROWS, ROWS)
def test_a_later_ingest_adds_endpoints_and_renames_none(
    first: list[tuple[str, bytes, int]], later: list[tuple[str, bytes, int]]
) -> None:
    """With a base, all it named keeps its name, and the cap still holds."""
    base = built(first)
    grown = built(later, base)
    assert set(base.endpoints) <= set(grown.endpoints)
    assert len(grown.endpoints) <= 6
    assert grown.rules == base.rules
    for method, target, _ in first:
        name = base.endpoint(method, target)
        assert name == OTHER_ENDPOINT or grown.endpoint(method, target) == name


def test_a_later_ingest_takes_new_routes_in() -> None:
    """A route that the first ingest did not see gets one of the free places."""
    builder = TemplatesBuilder(base=shop())
    builder.add("GET", b"/refunds/7")
    assert builder.build().endpoint("GET", b"/refunds/8") == "GET /refunds/{id}"


def test_a_later_ingest_with_other_rules_is_refused() -> None:
    """The message says that templates were decided and what to do."""
    with pytest.raises(UsageError, match="leave --templates out, or ingest into a new recording"):
        TemplatesBuilder(parse_rules("/x/{y}"), base=shop())


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"rules": [], "endpoints": "GET /"}, id="no-list"),
        pytest.param({"rules": [1], "endpoints": []}, id="no-text"),
        pytest.param({"rules": ["users"], "endpoints": []}, id="no-rule"),
    ],
)
def test_a_damaged_manifest_is_said(kept: dict[str, object]) -> None:
    """Anything but what `to_json` wrote is a damaged recording."""
    with pytest.raises(DamagedRecording, match="ingest the recording again"):
        Templates.from_json(kept)


@settings(max_examples=20)
@given(ROWS)
def test_rows_that_wait_are_placed_when_there_are_many(rows: list[tuple[str, bytes, int]]) -> None:
    """How many paths may wait changes nothing but memory."""
    expected = built(rows).to_json()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_CACHED_PATHS", 1)
        patch.setattr(templates, "_CACHED_LENGTH", 6)
        assert built(rows).to_json() == expected


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many paths are asked for, few are remembered, and long ones never."""
    monkeypatch.setattr(templates, "_CACHED_PATHS", 4)
    names = shop()
    for n in range(50):
        names.endpoint("GET", b"/products/%d" % n)
        names.endpoint("GET", b"/products/%d" % n + b"/x" * 400)
    assert len(names._seen) <= 4
    assert max(len(path) for _, path in names._seen) < 20
