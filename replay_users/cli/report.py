"""`replay-users report RUN`: a finished run as HTML, Markdown, JUnit, JSON, or the report of the article.

Law: reads the run's directory, which is not changed; a report that was made says nothing on the run's verdict by its exit code.
Bytes are written, not text: a terminal or a file may be of any encoding, a report is UTF-8.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from replay_users.errors import StoreError, UsageError
from replay_users.private import make_folder
from replay_users.results.finished import folder_of, read_lines, read_whole_result
from replay_users.results.reports import FORMATS, report_text
from replay_users.results.rundir import OWN_FILES, encoded, write_whole
from replay_users.results.sample_files import read_samples

__all__ = ["add_to", "put"]


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "report",
        help="show a finished run as html, md, junit, json or article",
        description="Makes a report from the directory of a finished run. Ends with 0 whatever the run's verdict was.",
    )
    command.add_argument("run", metavar="RUN", help="directory of a finished run")
    command.add_argument(
        "--format",
        default="md",
        choices=FORMATS,
        help="html: one page; md: for a comment or a job's summary, at most 60 kB; junit: for a CI server; json: result.json,"
        " looked at; article: the article's five keys (default: md)",
    )
    command.add_argument("--to", default="", metavar="FILE", help="where to write it (default: to the terminal)")
    command.add_argument(
        "--url",
        default="",
        metavar="URL",
        help="where the run's files can be seen, for the links of md (default: beside it)",
    )
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Make it.

    Raises:
        UsageError: there is no such run, or it is damaged, or the report may not be written where it should.
        StoreError: it could not be written.
    """
    result, folder = read_whole_result(options.run), folder_of(options.run)
    is_page = options.format == "html"
    samples = read_samples(folder) if is_page else None
    exhibits = read_lines(folder / "exhibits.jsonl") if is_page else []
    put(report_text(options.format, result, samples, exhibits, place=options.url), options.to, folder)
    return 0


def put(text: str, to: str, folder: Path) -> None:
    """Write a report to a file, or to the terminal; what the run in `folder` wrote itself stays.

    Raises:
        UsageError: it is no place for a report.
        StoreError: it could not be written.
    """
    if not to:
        sys.stdout.flush()
        sys.stdout.buffer.write(encoded(text))
        return
    path = Path(to)
    if path.is_dir():
        raise UsageError(f"--to {to} is a directory: name a file in it")
    if path.absolute().parent.resolve() == folder.resolve() and path.name in OWN_FILES:
        raise UsageError(f"--to {to} is what the run itself wrote: choose another name")
    try:
        make_folder(path.parent)
        write_whole(path, text)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"--to {to}: {path.parent} is not a directory") from error
    except OSError as error:
        raise StoreError(f"cannot write {to} ({error.strerror}): free some space or choose another --to") from error
