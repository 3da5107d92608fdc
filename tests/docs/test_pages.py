from __future__ import annotations

import re

import pytest
import yaml

from replay_users.compare.rules import Rules
from replay_users.plan import parse_safety
from tests.docs.pages import PAGES, ROOT, Page

KINDS = {"sh", "text", "yaml", "python", "dockerfile"}
NOTES = {"", "not run", "file", "output"}

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HOST = r"(?:py" r"pi|python" r"hosted)\.org"  # in pieces, so that this file names no such host
_FOREIGN = re.compile(r"/w" rf"ork/|/tmp/|\.\./shared|{_HOST}|index-url|--index", re.IGNORECASE)
_PROMISE = re.compile(r"\b(?:TODO|FIXME|TBD|lorem)\b|placeholder|for now\b|simply|blazing|powerful", re.IGNORECASE)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Page) -> None:
    """Files and headings that a page refers to are there."""
    for link in _LINK.findall(page.text):
        if link.startswith(("http:", "https:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pages
def test_blocks_are_of_a_known_kind(page: Page) -> None:
    """So that no command hides in a block that no test looks at, and no comment is misspelt."""
    assert page.text.count("```") == 2 * len(page.blocks)
    for block in page.blocks:
        assert block.kind in KINDS, f"{page.name}, line {block.line}"
        assert block.key in NOTES, f"{page.name}, line {block.line}"


@pages
def test_code_in_a_page_can_be_read(page: Page) -> None:
    """Python compiles, YAML is YAML, and the two kinds of rules files are rules."""
    for block in page.blocks:
        name = f"{page.name}, line {block.line}"
        if block.kind == "python":
            compile(block.text, name, "exec")
        if block.kind == "yaml":
            yaml.safe_load(block.text)
        if block.note == "rules.yaml":
            assert len(Rules.parse(block.text, name).rules) > 1
        if block.note == "safety.yaml":
            assert len(parse_safety(block.text, name)) > 1


@pages
def test_a_page_names_nobody_elses_machine(page: Page) -> None:
    """No path of the machine it was written on, no package index, no promise and no praise."""
    assert not _FOREIGN.findall(page.text)
    assert not _PROMISE.findall(page.text)


def test_every_page_can_be_found_from_the_readme() -> None:
    """What is not linked is not read."""
    readme = next(page for page in PAGES if page.name == "README.md")
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _LINK.findall(readme.text)}
    assert {page.path for page in PAGES} - linked == {readme.path}
