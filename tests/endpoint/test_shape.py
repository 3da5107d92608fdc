from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.endpoint import shape


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        pytest.param("17", "{id}", id="int"),
        pytest.param("-3", "{id}", id="negative-int"),
        pytest.param("17.json", "{id}.json", id="int-with-suffix"),
        pytest.param("0d6f2d4a-9f0e-4b51-8c3e-0c7a4d7f7f10", "{uuid}", id="uuid"),
        pytest.param("2013-01-05", "{date}", id="date"),
        pytest.param("2013-01", "{date}", id="month"),
        pytest.param("anna@shop.example", "{email}", id="email"),
        pytest.param("anna%40shop.example", "{email}", id="email-encoded"),
        pytest.param("9f86d081884c7d65", "{hex}", id="hex"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP", "{token}", id="jwt"),
        pytest.param("a" * 65, "{token}", id="longer-than-any-name"),
        pytest.param("mug-12", "{slug}", id="slug-with-number"),
        pytest.param("the-ten-best-mugs-of-the-year-2024", "{slug}", id="long-slug-is-no-token"),
        pytest.param("codemirror-5.57.0.min.js", "{slug}.js", id="versioned-asset"),
        pytest.param("N10156", "{slug}", id="five-digits"),
        pytest.param("v1", "v1", id="version"),
        pytest.param("v2beta1", "v2beta1", id="beta-version"),
        pytest.param("v1.2", "v1.2", id="minor-version"),
        pytest.param("oauth2", "oauth2", id="name-with-digit"),
        pytest.param("sha256", "sha256", id="name-with-digits"),
        pytest.param("getAllProductCategoriesOfShop", "getAllProductCategoriesOfShop", id="long-name"),
        pytest.param("flights.json", "flights.json", id="name-with-suffix"),
        pytest.param("john.smith", "john.smith", id="dot-without-file-suffix"),
        pytest.param(".json", ".json", id="suffix-alone"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_segment_is_named_by_its_look(segment: str, name: str) -> None:
    """Values get the placeholder of their kind and keep their file suffix; names stay as they are."""
    assert shape.names(f"/api/{segment}") == ["api", name]


def test_a_slug_at_the_first_level_is_a_name() -> None:
    """`/web-2/x` is an application's prefix, not a value; a number there is still one."""
    assert shape.names("/web-2/x") == ["web-2", "x"]
    assert shape.names("/2024/x") == ["{id}", "x"]


def test_a_deep_path_ends_in_a_rest() -> None:
    """Twelve segments are told apart, whatever follows is one rest."""
    assert shape.names("/a" * 12) == ["a"] * 12
    assert shape.names("/a" * 13) == [*["a"] * 12, "{...}"] == shape.names("/a" * 500)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        pytest.param(b"/a/b?c=/d", "/a/b", id="query"),
        pytest.param(b"/a#b", "/a", id="fragment"),
        pytest.param(b"/cart;jsessionid=1A/items;x=1", "/cart/items", id="parameters"),
        pytest.param(b"http://shop.example:80/a?b", "/a", id="absolute-form"),
        pytest.param(b"http://shop.example", "/", id="absolute-form-without-path"),
        pytest.param(b"*", "/*", id="asterisk-form"),
        pytest.param(b"", "/", id="empty"),
        pytest.param(b"/caf\xc3\xa9 \n/{*}", "/caf%C3%A9%20%0A/%7B*%7D", id="unprintable"),
    ],
)
def test_the_path_of_a_target(target: bytes, path: str) -> None:
    """Query, parameters and origin are left out; what could forge a placeholder or a line is encoded."""
    assert shape.path(target) == path


@pytest.mark.parametrize(
    ("name", "star"),
    [
        pytest.param("flights", "{*}", id="word"),
        pytest.param("flights.json", "{*}.json", id="word-with-suffix"),
        pytest.param("{slug}.json", "{*}.json", id="free-shape"),
        pytest.param("{*}", "{*}", id="fold-itself"),
        pytest.param("{id}.json", None, id="id"),
        pytest.param("v1", None, id="version"),
        pytest.param("", None, id="empty"),
        pytest.param("{...}", None, id="rest"),
    ],
)
def test_what_a_name_folds_into(name: str, star: str | None) -> None:
    """Words and free shapes fold by their suffix; versions, ids and the empty name stay for ever."""
    assert shape.star(name) == star


@given(st.binary(max_size=200))
def test_a_name_is_printable_and_starts_at_the_root(target: bytes) -> None:
    """Any bytes give a path of printable ASCII whose only braces are our placeholders'."""
    path = shape.path(target)
    assert path.startswith("/")
    assert path.isascii()
    assert path.isprintable()
    assert not set(path) & set("{} ?")
    assert all(len(name) <= 80 for name in shape.names(path))
