"""Groups that belong together: members of one object, and the markup of a page that was built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.compare.difference import Kind
from replay_users.results.kin import Rows, field_of, together
from replay_users.results.signatures import SignatureCount

if TYPE_CHECKING:
    from replay_users.results.signatures import SignatureKey


def grouped(*keys: SignatureKey) -> list[list[str]]:
    """The paths of each group, of signatures that are alike in nothing but their path and kind."""
    groups: dict[tuple[str, ...], Rows] = {}
    for nth, key in enumerate(keys):
        groups[key[1], key[2], key[3], str(nth)] = [(key, SignatureCount())]
    return [[key[1] for key, _ in rows] for rows in together(groups).values()]


def at(endpoint: str, path: str, kind: Kind = Kind.REMOVED, found: str = "regression") -> SignatureKey:
    """A signature."""
    return endpoint, path, str(kind), found


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        pytest.param(at("GET /a", "root['y']"), True, id="of-one-object"),
        pytest.param(at("GET /b", "root['y']"), False, id="on-another-endpoint"),
        pytest.param(at("GET /a", "root['a']['y']"), False, id="of-another-object"),
        pytest.param(at("GET /a", "root['y']", Kind.ADDED), False, id="added-and-removed"),
        pytest.param(at("GET /a", "root['y']", Kind.VALUE), False, id="values"),
        pytest.param(at("GET /a", "root['y']", found="missing_in_staging"), False, id="of-another-class"),
        pytest.param(at("GET /a", "root[*]"), False, id="an-item"),
    ],
)
def test_members_that_go_together(other: SignatureKey, is_one: bool) -> None:
    """Members are one cause if the same object lost them on an endpoint that both share."""
    assert len(grouped(at("GET /a", "root['x']"), other)) == (1 if is_one else 2)


def test_a_page_built_anew_is_one_cause() -> None:
    """From eight differences in its markup on, a page is one, with what differs alike elsewhere; headers stand apart."""
    page = [at("GET /a", f"root['body']['p'][*]['@x{n}']", Kind.VALUE) for n in range(8)]
    assert len(grouped(*page)) == 1
    assert len(grouped(*page[:7])) == 7
    assert len(grouped(*page, at("GET /a", "root['vary']", Kind.HEADER), at("GET /a", "root['x']", Kind.VALUE))) == 3


def test_objects_with_a_body_are_no_page() -> None:
    """JSON may have a member `body`, which holds neither attributes nor texts of elements."""
    assert len(grouped(*[at("GET /a", f"root['body']['x{n}']", Kind.VALUE) for n in range(9)])) == 9


@pytest.mark.parametrize(
    ("path", "kind", "field"),
    [("root['a'][*]['b']", "value", "b"), ("root[*]", "value", "root"), ("200 -> 404", "status", "200 -> 404")],
)
def test_the_name_of_a_place(path: str, kind: str, field: str) -> None:
    """It is the last key, or both statuses."""
    assert field_of(path, kind) == field
