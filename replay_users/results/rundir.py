"""A run's directory: result.json, what it speaks of, what was kept for those who judge and draw, and the reports.

Law: an edge. Another run's result is never overwritten unless asked, and nothing of a run that was here before may be taken for
this one's. The subtle thing: each file is written beside its place and renamed, result.json last, and another run's goes first.
Who sees a result.json sees all of it, and the files it speaks of are there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.errors import StoreError, UsageError
from replay_users.private import make_folder, write
from replay_users.results.again import curl_line, origin_of
from replay_users.results.reports import FILES
from replay_users.results.sample_files import HISTOGRAMS, PAIRS, remove_samples, write_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from replay_users.results.samples import Samples

__all__ = [
    "OWN_FILES",
    "RUN_FILES",
    "encoded",
    "exemplars_of",
    "rewrite_result",
    "run_in",
    "write_run",
    "write_whole",
]

_RESULT, _MISMATCHES, _EXHIBITS, _SUMMARY = "result.json", "mismatches.jsonl", "exhibits.jsonl", "summary.txt"
OWN_FILES = frozenset({_RESULT, _MISMATCHES, _EXHIBITS, PAIRS, HISTOGRAMS})
"""Files that nothing but a run writes."""
RUN_FILES = (*FILES, _SUMMARY, _MISMATCHES, _EXHIBITS, PAIRS, HISTOGRAMS, "unsent.lp", _RESULT)
"""All that a run may leave, in the order in which a copy may be seen."""


def write_run(
    folder: Path | str,
    result: Mapping[str, Any],
    summary: str,
    exemplars: Iterable[Mapping[str, Any]] | None = None,
    *,
    exhibits: Iterable[Mapping[str, Any]] = (),
    samples: Samples | None = None,
    reports: Mapping[str, str] | None = None,
    replace: bool = False,
) -> None:
    """Write a run's files, in a folder that is made if it is not there; other files in it stay.

    Args:
        folder: the run's directory.
        result: the content of result.json.
        summary: the content of summary.txt.
        exemplars: the lines of mismatches.jsonl, redacted; by default those of the result's signatures.
        exhibits: the lines of exhibits.jsonl, whole redacted answers; without any there is no such file.
        samples: what pairs.parquet and histograms.json hold.
        reports: the reports by the names of their files; those of a run that were not made are not there.
        replace: overwrite the result of another run.

    Raises:
        UsageError: the folder holds another run's result, or is no folder.
        StoreError: the disk is full, or the folder may not be written.
    """
    folder = Path(folder)
    if not replace:
        _refuse_other_run(folder, result["run"]["id"])
    lines = exemplars_of(result) if exemplars is None else exemplars
    texts = {_MISMATCHES: _lines(lines), _EXHIBITS: _lines(exhibits) or None, _SUMMARY: summary, **dict.fromkeys(FILES)}
    try:
        make_folder(folder)
        (folder / _RESULT).unlink(missing_ok=True)
        _write_samples(folder, samples)
        for name, text in {**texts, **(reports or {})}.items():
            _write_or_remove(folder / name, text)
        rewrite_result(folder, result)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{folder} is not a directory: choose another --out") from error
    except OSError as error:
        raise StoreError(
            f"cannot write the result to {folder} ({error.strerror}): free some space or choose another --out"
        ) from error


def rewrite_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Write result.json, also once more where something happened after it was written.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(folder / _RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def _lines(objects: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)


def _write_samples(folder: Path, samples: Samples | None) -> None:
    if samples is None:
        remove_samples(folder)
    else:
        write_samples(folder, samples)


def _write_or_remove(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, text)


def exemplars_of(
    result: Mapping[str, Any], explanations: Mapping[str, list[str]] | None = None
) -> Iterator[dict[str, Any]]:
    """Every kept exemplar under its signature, with a curl line that asks the same again (without body and login).

    `explanations` are lines by exchange.
    """
    origin = origin_of(result["run"])
    for signature in result["signatures"]:
        where = {name: signature[name] for name in ("endpoint", "path", "kind")}
        for exemplar in signature["exemplars"]:
            line = {**where, **exemplar, "looks": signature.get("looks", []), "curl": curl_line(origin, exemplar)}
            explanation = (explanations or {}).get(exemplar["id"])
            yield {**line, "explanation": explanation} if explanation else line


def run_in(folder: Path) -> str | None:
    """The id of the run whose result is there, or what stands for one that cannot be read; `None` if there is no result."""
    try:
        return str(json.loads((folder / _RESULT).read_bytes())["run"]["id"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, LookupError, TypeError):
        return "which cannot be read"


def _refuse_other_run(folder: Path, run_id: str) -> None:
    earlier = run_in(folder)
    if earlier not in {None, run_id}:
        raise UsageError(
            f"{folder} holds the result of another run ({earlier}): choose another --out, or replace it with --overwrite"
        )


def write_whole(path: Path, text: str) -> None:
    """Write a file that is seen complete or not at all, over one that is there.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}")
    try:
        write(beside, encoded(text))
        os.replace(beside, path)  # noqa: PTH105 - atomic, and over an existing file
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def encoded(text: str) -> bytes:
    """A text as the bytes of a file; a lone surrogate becomes its escape, which is what JSON would write."""
    return text.encode("utf-8", "backslashreplace")
