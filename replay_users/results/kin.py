"""Groups of like signatures that have one cause although they are about different fields.

Law: pure; groups in, fewer and larger groups out, nothing left out. What goes together:
    members of one object, lost (or gained) on the same endpoints    a smaller envelope is one change, not fifteen
    the markup of pages that were built anew                          a new layout is one change, not two hundred
The subtle thing: a page of which only a title differs was not built anew; it takes many differences on one endpoint, and
what else of its markup differs on other pages in the same way goes along.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from replay_users.compare.difference import Kind
from replay_users.path import Key, format_path, parse_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.signatures import SignatureCount, SignatureKey

__all__ = ["MARKUP", "Rows", "field_of", "together"]

Likeness: TypeAlias = "tuple[str, ...]"
"""Field, kind, class and the shapes of both values."""
Rows: TypeAlias = "list[tuple[SignatureKey, SignatureCount]]"

MARKUP: Final = "markup"
_ANEW = 8
"""Differences in the markup of one endpoint from which its page was built anew: a changed word or link makes one to three."""
_PAGE: Final = frozenset({"title", "head", "body"})
_MEMBERS: Final = frozenset({Kind.ADDED, Kind.REMOVED})
_BY_NAME: Final = frozenset({Kind.STATUS, Kind.HEADER, Kind.TRAILER})


@lru_cache(maxsize=4096)
def field_of(path: str, kind: str) -> str:
    """The name that says most: the last key of a path, a header's name, both statuses."""
    if kind == Kind.STATUS:
        return path
    keys = _keys(path)
    return keys[-1] if keys else "root"


def together(groups: Mapping[Likeness, Rows]) -> dict[Likeness, Rows]:
    """The same signatures in fewer groups."""
    anew = _built_anew(groups)
    joined: dict[Likeness, Rows] = {}
    members: list[tuple[Likeness, set[str], Likeness]] = []
    for likeness, rows in groups.items():
        endpoints = {key[0] for key, _ in rows}
        if _is_page(rows) and not anew.isdisjoint((name, likeness[2]) for name in endpoints):
            joined.setdefault((MARKUP, Kind.VALUE, likeness[2], "", ""), []).extend(rows)
        elif likeness[1] in _MEMBERS and (container := _container(rows)):
            into = _family((container, *likeness[1:3]), endpoints, likeness, members)
            joined.setdefault(into, []).extend(rows)
        else:
            joined.setdefault(likeness, []).extend(rows)
    return joined


def _family(
    kin: Likeness, endpoints: set[str], likeness: Likeness, families: list[tuple[Likeness, set[str], Likeness]]
) -> Likeness:
    """The name of the group whose members stand in the same object on some of the same endpoints; a new one if there is none."""
    for known, theirs, name in families:
        if known == kin and not theirs.isdisjoint(endpoints):
            theirs.update(endpoints)
            return name
    families.append((kin, set(endpoints), likeness))
    return likeness


def _built_anew(groups: Mapping[Likeness, Rows]) -> set[tuple[str, str]]:
    """Endpoints, with the class of the difference, of which much of the markup differs.

    Objects of JSON may have a `body` as well, but no attributes (`@href`) and texts (`#text`) in it.
    """
    found = [key for rows in groups.values() for key, _ in rows if _is_of_page(key)]
    pages = Counter((key[0], key[3]) for key in found)
    marked = {(key[0], key[3]) for key in found if field_of(key[1], key[2])[:1] in {"@", "#"}}
    return {page for page, count in pages.items() if count >= _ANEW and page in marked}


def _is_page(rows: Sequence[tuple[SignatureKey, SignatureCount]]) -> bool:
    return all(_is_of_page(key) for key, _ in rows)


def _is_of_page(key: SignatureKey) -> bool:
    """Whether it is about the markup of a page: what HTML is lifted to stands under these names, and lists in them."""
    _, path, kind, _ = key
    if kind in _BY_NAME:
        return False
    keys = _keys(path)
    return bool(keys) and (keys[0] in _PAGE or keys[0].startswith(("@", "#")))


def _container(rows: Sequence[tuple[SignatureKey, SignatureCount]]) -> str:
    """The path of the object that the members stand in, if it is the same one in all rows and they are members at all."""
    containers = {_above(key[1]) for key, _ in rows}
    return containers.pop() if len(containers) == 1 else ""


@lru_cache(maxsize=4096)
def _above(path: str) -> str:
    """The path one step up from a named member; nothing for other places."""
    steps = parse_path(path)
    return format_path(steps[:-1]) if steps and isinstance(steps[-1], Key) else ""


@lru_cache(maxsize=4096)
def _keys(path: str) -> tuple[str, ...]:
    return tuple([step.name for step in parse_path(path) if isinstance(step, Key)])
