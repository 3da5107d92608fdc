"""Every report of every result: made, and of the format that it says."""

from __future__ import annotations

import json
from functools import partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from replay_users.results.reports import FILES, FORMATS, report_text
from tests.results.reported import HOSTILE, failed, hostile, nothing, passed, untimed

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS: dict[str, Callable[[], dict[str, Any]]] = {
    "failed": failed,
    "passed": passed,
    "nothing": nothing,
    "untimed": untimed,
    **{name: partial(hostile, text) for name, text in HOSTILE.items()},
}


def _page(text: str) -> None:
    HTMLParser().feed(text)
    assert text.lower().startswith("<!doctype html>")
    assert "<script>alert" not in text


def _markdown(text: str) -> None:
    assert text.startswith("## ")


def _xml(text: str) -> None:
    assert ET.fromstring(text.encode()).tag == "testsuites"  # noqa: S314 - our own


def _json(text: str) -> None:
    assert isinstance(json.loads(text), dict)


LOOK = {"html": _page, "md": _markdown, "junit": _xml, "json": _json, "article": _json}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_every_result_has_every_report(kind: str, result: Callable[[], dict[str, Any]]) -> None:
    """Whatever happened in the run, and whatever its traffic was called."""
    LOOK[kind](report_text(kind, result()))


def test_a_run_writes_those_that_people_and_servers_open() -> None:
    """The result itself is JSON already, and the article's report is asked for."""
    assert set(FILES.values()) | {"json", "article"} == set(FORMATS)


def test_json_is_for_any_reader() -> None:
    """A lone surrogate, which some refuse, is shown as what stood there."""
    result = hostile("GET /\ud800x")
    assert json.loads(report_text("json", result))["run"]["recording"] == "GET /\\ud800x"


def test_json_is_the_result_itself() -> None:
    """As it was read."""
    assert json.loads(report_text("json", failed())) == failed()
