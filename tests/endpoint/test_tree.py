from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.endpoint import tree as tree_module
from replay_users.endpoint.shape import names
from replay_users.endpoint.tree import Tree

SEGMENTS = st.sampled_from(["a", "b", "c", "d", "e", "a.json", "b.json", "c.json", "7", "x-1", "v1", ""])
PATHS = st.lists(st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda s: "/" + "/".join(s)), max_size=30)


def grown(paths: list[str], *, cap: int = 2, pinned: tuple[str, ...] = ()) -> Tree:
    """A tree of these paths, one row each."""
    tree = Tree(pinned, literal_cap=cap)
    for path in paths:
        node = tree.reach(names(path))
        assert node is not None
        node.rows["GET"] += 1
    return tree


def ends(tree: Tree) -> dict[str, int]:
    """Its endpoints and their rows."""
    return dict(tree.root.ends())


def test_a_crowded_level_folds_and_unites_what_is_below() -> None:
    """More names than the cap become `{*}`, and so does every later one."""
    assert ends(grown(["/u/ann/x", "/u/bob/x"])) == {"GET /u/ann/x": 1, "GET /u/bob/x": 1}
    assert ends(grown(["/u/ann/x", "/u/bob/x", "/u/cid/x", "/u/dan/x"])) == {"GET /u/{*}/x": 4}


def test_the_first_level_never_folds() -> None:
    """Names at the first level are applications and resources, however many there are."""
    assert len(ends(grown([f"/n{c}" for c in "abcdefgh"]))) == 8


def test_suffixes_are_counted_and_folded_apart() -> None:
    """Names that differ in their file suffix do not crowd each other out, and keep it when they fold."""
    pages, data = ["/t/a", "/t/b"], ["/t/a.json", "/t/b.json", "/t/c.json"]
    assert ends(grown(pages + data)) == {"GET /t/a": 1, "GET /t/b": 1, "GET /t/{*}.json": 3}


def test_a_fold_takes_in_the_free_shapes_but_not_ids_and_versions() -> None:
    """At a level of free names `{slug}` is one of them; `{id}`, versions and the level's own index are not."""
    tree = grown(["/p/x-1", "/p/7", "/p/v1", "/p/", "/p/a", "/p/b", "/p/c"])
    assert ends(tree) == {"GET /p/{*}": 4, "GET /p/{id}": 1, "GET /p/v1": 1, "GET /p/": 1}


def test_a_pinned_name_stays_beside_the_fold() -> None:
    """A level of pinned names folds only the new ones."""
    tree = grown(["/u/ann", "/u/bob", "/u/cid", "/u/dan"], pinned=("GET /u/ann",))
    assert ends(tree) == {"GET /u/ann": 1, "GET /u/{*}": 3}


@given(PATHS, st.integers(0, 99))
def test_the_order_of_arrival_does_not_matter(paths: list[str], seed: int) -> None:
    """The tree is a function of the multiset of paths."""
    shuffled = list(paths)
    Random(seed).shuffle(shuffled)
    one, other = grown(paths), grown(shuffled)
    assert ends(one) == ends(other)
    one.thin()
    other.thin()
    assert ends(one) == ends(other)


@given(PATHS, PATHS)
def test_uniting_two_trees_is_growing_one(some: list[str], more: list[str]) -> None:
    """Halves gathered apart and united name the same endpoints with the same rows."""
    united, other = grown(some), grown(more)
    united.unite(united.root, other.root)
    assert ends(united) == ends(grown(some + more))


@given(PATHS)
def test_no_row_is_lost(paths: list[str]) -> None:
    """Folding moves rows, it never drops one, and the node count stays true."""
    tree = grown(paths)
    assert sum(ends(tree).values()) == len(paths)
    assert tree._nodes == tree.root.size()


@pytest.mark.parametrize(
    ("asks", "endpoints"),
    [
        pytest.param(1, {"GET /o/{*}": 6}, id="asked-once-each"),
        pytest.param(4, {f"GET /o/{c}": 4 for c in "abcdef"}, id="asked-often"),
    ],
)
def test_a_thin_level_folds(asks: int, endpoints: dict[str, int]) -> None:
    """Six names asked for once are values, six asked for often are routes."""
    tree = grown([f"/o/{c}" for c in "abcdef"] * asks, cap=40)
    tree.thin()
    assert ends(tree) == endpoints


def test_thinness_is_judged_over_all_suffixes_of_a_level() -> None:
    """Names that came half as pages and half as data are values together."""
    tree = grown([f"/o/{c}" for c in "abc"] + [f"/o/{c}.json" for c in "def"], cap=40)
    tree.thin()
    assert ends(tree) == {"GET /o/{*}": 3, "GET /o/{*}.json": 3}


def test_a_full_tree_has_no_place_for_a_new_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit on nodes only known paths are reached, so memory is bounded."""
    monkeypatch.setattr(tree_module, "_MAX_NODES", 3)
    tree = Tree()
    assert tree.reach(["a", "b"]) is not None
    assert tree.reach(["c"]) is None
    assert tree.reach(["a", "b"]) is not None
