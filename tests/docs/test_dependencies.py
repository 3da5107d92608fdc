from __future__ import annotations

import importlib.metadata
import re
import tomllib
from typing import Any

import pytest

from tests.docs.pages import ROOT

_PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


def declared() -> set[str]:
    """Every package that pyproject.toml asks for, our own left out."""
    project: Any = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    names = {re.split(r"[\[<>=~!; ]", line)[0] for group in groups for line in group}
    return {name.lower() for name in names} - {"replay-users"}


def listed() -> dict[str, str]:
    """Packages of the page with their licences."""
    rows = re.findall(r"^\| ([\w, .-]+) \|(?: `\w+` \|)? ([^|]+) \|", _PAGE, re.MULTILINE)
    return {name.strip(): licence for names, licence in rows for name in names.split(",") if name != "package"}


LISTED = listed()


def test_each_dependency_has_its_line() -> None:
    """What is asked for is explained, and what is explained is asked for (or builds and locks the project)."""
    assert declared() == {name.lower() for name in LISTED} - {"uv", "setuptools"}


@pytest.mark.parametrize("name", sorted(LISTED.keys() - {"uv", "setuptools"}))
def test_a_licence_is_what_the_package_says(name: str) -> None:
    """The page agrees with the metadata of what is installed."""
    data = importlib.metadata.metadata(name)
    classes = [text for text in data.get_all("Classifier") or () if text.startswith("License")]
    named = {text.rpartition(":: ")[2].removesuffix(" License") for text in classes}
    said = {text for key in ("License-Expression", "License") for text in data.get_all(key) or ()}
    assert LISTED[name] in named | said
