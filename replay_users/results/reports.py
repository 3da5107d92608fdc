"""The reports there are of a run: their formats, and the files that every run has of them.

Law: pure; which function makes what, nothing more. A report is made from what lies in the run's directory alone, so that one
made long after the run is the one that the run made.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.article import article_report
from replay_users.results.junit import junit_report
from replay_users.results.markdown import markdown_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.samples import Samples

__all__ = ["FILES", "FORMATS", "report_text"]

FORMATS: Final = ("html", "md", "junit", "json", "article")
FILES: Final[Mapping[str, str]] = {"report.html": "html", "report.md": "md", "junit.xml": "junit"}
"""Those that a run writes, by file."""
_LONE: Final = re.compile("[\ud800-\udfff]")


def report_text(
    kind: str,
    result: Mapping[str, Any],
    samples: Samples | None = None,
    exhibits: Sequence[Mapping[str, Any]] = (),
    *,
    place: str = "",
) -> str:
    """A report in one of the formats.

    Args:
        kind: which.
        result: the content of result.json, as its schema says.
        samples: histograms and course of the run, which only `html` shows.
        exhibits: the lines of exhibits.jsonl, which only `html` shows.
        place: where the run's files can be seen, for the links of `md`.

    Raises:
        UsageError: the result is of a version that did not count what this report tells.
    """
    if kind == "html":
        from replay_users.results.html import html_report  # noqa: PLC0415 - the one that needs a template engine

        return html_report(result, samples, exhibits)
    if kind == "md":
        return markdown_report(result, place=place)
    if kind == "junit":
        return junit_report(result)
    return _json(article_report(result) if kind == "article" else result)


def _json(data: Mapping[str, Any]) -> str:
    """As JSON for any reader: jq 1.6 refuses the escape of a lone surrogate, so it is shown as what stood there."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return _LONE.sub(lambda lone: f"\\\\u{ord(lone[0]):04x}", text) + "\n"
