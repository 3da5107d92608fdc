"""The report of a run as one HTML page that needs nothing else.

Law: pure but for the package's own templates. Every text is escaped by the template engine; the page's policy allows the one
style sheet and the one script that are in it, by their hashes, and nothing from anywhere. The subtle thing: a report too large
to open helps nobody, so that examples are given less room until it is at most 3 MB; nothing is left out without being counted.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from replay_users.results.again import origin_of
from replay_users.results.html import figures
from replay_users.results.html.account import ignored_of, reasons_of, sums_of
from replay_users.results.html.changes import Allowance, changes_of
from replay_users.results.html.endpoints import table_of
from replay_users.results.html.facts import facts_of
from replay_users.results.html.gate import checks_of
from replay_users.results.html.reading import mapping, rows
from replay_users.results.html.reasons import EXCLUDED, TERMS
from replay_users.results.html.story import verdict_of
from replay_users.results.html.timing import happenings_of, timing_of
from replay_users.results.html.visible import plain, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.samples import Samples

__all__ = ["MOST_BYTES", "html_report"]

MOST_BYTES: Final = 3_000_000
_BASE, _PER_ENDPOINT, _PER_SIGNATURE, _PER_CHECK = 100_000, 5_000, 700, 800
"""What a page takes without examples (measured at 200 endpoints and 2,000 signatures with long names)."""
_MOST_EXAMPLES, _MOST_ANSWERS = 1_000_000, 40
_USUAL: Final = {"name": 160, "path": 240, "sentence": 800}
_SHORT: Final = {"name": 40, "path": 60, "sentence": 120}
"""Characters of names that are shown; the short ones where a recording's names would make a page too large."""


def html_report(result: Mapping[str, Any], samples: Samples | None, exhibits: Sequence[Mapping[str, Any]]) -> str:
    """The page.

    Args:
        result: the content of result.json; what is missing in it is left out.
        samples: the run's histograms and course; `None` for a run that kept none.
        exhibits: the lines of exhibits.jsonl.
    """
    page = _page(result, samples, exhibits, Allowance(_room(result), answers=_MOST_ANSWERS), _USUAL)
    if len(page.encode()) > MOST_BYTES:
        page = _page(result, samples, exhibits, Allowance(0, answers=0), _SHORT)
    return page


def _room(result: Mapping[str, Any]) -> int:
    """Bytes that examples may take."""
    bulk = _PER_ENDPOINT * len(rows(result, "endpoints")) + _PER_SIGNATURE * len(rows(result, "signatures"))
    bulk += _PER_CHECK * len(rows(mapping(result, "gate"), "checks"))
    return max(0, min(_MOST_EXAMPLES, MOST_BYTES - _BASE - bulk))


def _page(
    result: Mapping[str, Any],
    samples: Samples | None,
    exhibits: Sequence[Mapping[str, Any]],
    allowance: Allowance,
    most: Mapping[str, int],
) -> str:
    style, script = _source("report.css"), _source("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            verdict=verdict_of(result),
            facts=facts_of(result),
            origin=origin_of(mapping(result, "run")),
            changes=changes_of(result, exhibits, allowance),
            table=table_of(result, samples),
            timing=timing_of(result, samples),
            happenings=happenings_of(result),
            sums=sums_of(result),
            reasons=reasons_of(result),
            ignored=ignored_of(result),
            checks=checks_of(result),
            excluded=EXCLUDED,
            terms=TERMS,
            most=most,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters |= {
        name: getattr(figures, name) for name in ("clock", "count", "ms", "percent", "probability", "seconds", "times")
    }
    environment.filters |= {"plain": plain, "visible": visible}
    return environment


def _finalized(value: object) -> object:
    """Every text that is no markup is made harmless, whether the template remembers it or not."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=32)
def _source(name: str) -> str:
    return files("replay_users.results.html").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere: the style sheet and the script by their hashes, and the icon that is written in the page."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
