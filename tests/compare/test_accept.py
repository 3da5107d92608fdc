"""`--accept`: which drifts a text covers."""

from __future__ import annotations

import pytest

from replay_users.compare.accept import Acceptance
from replay_users.compare.difference import Kind
from replay_users.compare.noise import Drift, Rate
from replay_users.errors import UsageError


def drift(path: str, kind: Kind, endpoint: str = "GET /a/{id}") -> Drift:
    """Something that differed."""
    return Drift(endpoint=endpoint, path_text=path, kind=kind, rate=Rate(seen=1, total=10))


FIELD = drift("root['items'][*]['at']", Kind.ADDED)
VARY = drift("root['vary']", Kind.HEADER)
STATUS = drift("200 -> 304", Kind.STATUS)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        pytest.param("root['items'][*]['at']", [FIELD], id="its-path"),
        pytest.param("$.items[*].at", [FIELD], id="as-json-path"),
        pytest.param("root[**]", [FIELD], id="all-of-bodies"),
        pytest.param("root['items']", [], id="not-what-is-below"),
        pytest.param("header:vary", [VARY], id="a-header"),
        pytest.param("header:*", [VARY], id="all-headers"),
        pytest.param("trailer:vary", [], id="a-trailer"),
        pytest.param("status", [STATUS], id="statuses"),
        pytest.param("GET /a/* status", [STATUS], id="statuses-of-endpoints"),
        pytest.param("GET /b status", [], id="of-another-endpoint"),
        pytest.param("GET /a/{id}", [FIELD, VARY, STATUS], id="all-of-an-endpoint"),
        pytest.param("*", [FIELD, VARY, STATUS], id="everything"),
    ],
)
def test_a_text_covers_what_it_names(text: str, covered: list[Drift]) -> None:
    """Paths, headers, statuses, endpoints, and these together."""
    accepts = Acceptance([text])
    assert [each for each in (FIELD, VARY, STATUS) if accepts(each)] == covered


@pytest.mark.parametrize("text", ["", "root['a", "GET /a root.a"], ids=["empty", "no-path", "no-path-of-an-endpoint"])
def test_what_names_nothing_is_refused(text: str) -> None:
    """With the cure."""
    with pytest.raises(UsageError):
        Acceptance([text])


def test_what_covers_nothing_is_told() -> None:
    """Somebody has mistyped it, most likely."""
    accepts = Acceptance(["header:vary", "header:vray", "GET /nowhere root"])
    assert accepts.idle([FIELD, VARY, STATUS]) == ["header:vray", "GET /nowhere root"]


def test_nothing_is_accepted_unasked() -> None:
    """Without a text."""
    assert not Acceptance()(FIELD)
