"""The report of a run as one HTML file: the verdict first, then everything it rests on.

Law: pure; the content of the run directory to a page, nothing judged or counted anew.
"""

from replay_users.results.html.page import html_report

__all__ = ["html_report"]
