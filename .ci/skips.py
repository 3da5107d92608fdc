"""Lists the tests that were skipped, with their reasons, out of pytest's JUnit reports: `python .ci/skips.py REPORT…`.

Law: one line a test, sorted, the same on every machine that skips the same: no paths of this machine, no line numbers.
"""

# ruff: noqa: INP001 - a program, not a package

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = str(Path(__file__).resolve().parents[1])


def skipped(report: str) -> Iterator[str]:
    """The skipped tests of one report; an expected failure is none."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        for skip in case.iter("skipped"):
            if skip.get("type") != "pytest.xfail":
                name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
                yield f"{name}: {_reason(skip)}"


def _reason(skip: ET.Element) -> str:
    """Why, on one line. A module that skipped itself has `('path', line, 'Skipped: why')` as its text."""
    reason = skip.get("message") or ""
    if reason == "collection skipped":
        found = re.search(r"['\"]Skipped: (.*)['\"]\)\s*$", skip.text or "", re.DOTALL)
        reason = found[1] if found else skip.text or ""
    return " ".join(reason.replace(_ROOT, ".").split())


if __name__ == "__main__":
    sys.stdout.writelines(line + "\n" for line in sorted({line for report in sys.argv[1:] for line in skipped(report)}))
