"""Two runs side by side, as people read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate import Check, Decision, Gate
from replay_users.results.validity import CheckKind
from replay_users.results.versus import Versus, versus
from replay_users.results.versus_text import versus_markdown, versus_text
from tests.results.reported import HOSTILE, settled
from tests.results.two_runs import SEARCH, run

if TYPE_CHECKING:
    from tests.conftest import Golden


def changed(endpoint: str = "GET /items/{id}") -> Versus:
    """A candidate with something of everything."""
    ends = (endpoint, SEARCH)
    one, theirs = run("a", odd={"gone": 5, "same": 9, "less": 200}, endpoints=ends)
    other, ours = run("b", service=33, odd={"price": 60, "same": 9, "less": 9}, broken=12, endpoints=ends)
    return versus(one, other, (theirs, ours))


def test_a_worse_candidate(golden: Golden) -> None:
    """Why it is worse, both runs by themselves, what is new, gone and less frequent, and times."""
    gate = settled({})["gate"]
    checks = tuple(Check(**{**each, "kind": CheckKind(each["kind"])}) for each in gate["checks"])
    found = replace(changed(), gate=Gate(verdict=Decision.FAIL, checks=checks, exit_code=3))
    golden("versus-worse.txt", versus_text(found))
    golden("versus-worse.md", versus_markdown(found))


def test_a_candidate_that_is_no_worse() -> None:
    """One without any signature says so."""
    one, theirs = run("a")
    text = versus_text(versus(one, one, (theirs, theirs)))
    assert text.startswith("NO WORSE: run a against run a\n")
    assert "changed     no signature in either run\n" in text
    assert "No signature is new, gone, more or less frequent." in versus_markdown(versus(one, one, (theirs, theirs)))


def test_much_is_counted() -> None:
    """Twenty signatures have a line; that a run could not keep all of its own is said."""
    one, theirs = run("a")
    other, ours = run("b", odd={f"f{n}": 9 for n in range(25)})
    other["signatures_overflow"] = {SEARCH: 3}
    found = versus(one, other, (theirs, ours))
    assert "and 5 more signatures (--format json has them all)" in versus_text(found)
    assert "a run had more signatures than it could keep" in versus_text(found)
    assert "and 5 more signatures" in versus_markdown(found)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_only_shown(name: str) -> None:
    """Each line of a table is one row, and nothing acts on a terminal or a page."""
    found = changed(name)
    text, markdown = versus_text(found), versus_markdown(found)
    assert all(line.isprintable() for line in [*text.splitlines(), *markdown.splitlines()])
    assert sum(line.startswith("| new |") for line in markdown.splitlines()) == 2
    assert len(markdown.encode()) < 60_000
