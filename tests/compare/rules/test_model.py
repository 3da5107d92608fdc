from __future__ import annotations

import pytest

from replay_users.compare.rules.model import Header, Ignore, Place, Trailer, covers_endpoint, format_place
from replay_users.path import parse_path
from replay_users.path_json import read_path


@pytest.mark.parametrize(
    ("glob", "endpoint", "covered"),
    [
        pytest.param("*", "POST /anything", True, id="everything"),
        pytest.param("GET /users/{id}", "GET /users/{id}", True, id="itself"),
        pytest.param("get /users/{id}", "GET /users/{id}", True, id="method-in-any-case"),
        pytest.param("/users/{id}", "PUT /users/{id}", True, id="any-method"),
        pytest.param("GET /users/{id}", "GET /users/7", False, id="braces-are-braces"),
        pytest.param("GET *", "GET /users/{id}", True, id="a-method"),
        pytest.param("GET *", "POST /users", False, id="another-method"),
        pytest.param("* /nyc/?.json", "GET /nyc/a.json", True, id="one-character"),
        pytest.param("* /nyc/?.json", "GET /nyc/ab.json", False, id="not-two"),
        pytest.param("GET /a[bc]", "GET /a[bc]", True, id="brackets-are-brackets"),
        pytest.param("GET /a", "GET /ab", False, id="not-what-only-begins-so"),
    ],
)
def test_a_rule_holds_for_the_endpoints_its_glob_covers(glob: str, endpoint: str, covered: bool) -> None:
    """Globs are those of `--endpoints`: stars and question marks are wild, everything else stands for itself."""
    assert covers_endpoint(Ignore(where=((),), reason="x", endpoint=glob), endpoint) is covered


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param(parse_path("root['a'][*]"), "root['a'][*]", id="path"),
        pytest.param(Header("x-*"), "header:x-*", id="header"),
        pytest.param(Trailer("x-sum"), "trailer:x-sum", id="trailer"),
        pytest.param(read_path("$..a"), "root[**]['a']", id="json-path"),
    ],
)
def test_a_place_is_shown_as_files_write_it(place: Place, text: str) -> None:
    """What messages name can be looked for in the file."""
    assert format_place(place) == text


def test_a_rule_is_what_it_says_wherever_it_stands() -> None:
    """Its line is no part of it."""
    assert Ignore(where=((),), reason="x", line=1) == Ignore(where=((),), reason="x", line=2)
