"""The report's page: one file, whatever a result holds."""

from __future__ import annotations

from replay_users.results.html import html_report


def test_an_empty_result_has_a_page() -> None:
    """A result in which nothing is still makes a whole page."""
    page = html_report({}, None, [])
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
