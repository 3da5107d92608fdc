"""`replay-users ingest SOURCE... --to RECORDING`: captured lines become a recording.

Law: reads sources, hands exchanges to the recording stage, keeps what cannot be read. A bad line never stops the rest:
it is counted and goes into a rejects file with its reason; only where no line at all could be used is that an error.
The subtle thing: rejects are appended, to a file of the recording's own, so that no ingest loses what another has kept,
and never to a file that is being read.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from replay_users.capture.fields import Ignored, Rejected
from replay_users.capture.formats import Format, read_line
from replay_users.capture.sources import STDIN, SourceCut, open_lines, source_files
from replay_users.cli.stores import add_store_options, store_of
from replay_users.endpoint import parse_rules
from replay_users.errors import StoreError, UsageError
from replay_users.private import make_file, make_folder
from replay_users.recording.ingest import write_recording
from replay_users.recording.recording import recording_to_extend
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.endpoint import Rule
    from replay_users.model import Exchange

__all__ = ["add_to"]

_MAX_PARTITIONS = 256
_KEPT_TEXT = 4096  # bytes of a rejected line that are kept
_REJECTS = ".rejects.jsonl"
"""How the name of a rejects file ends; in a folder of captures, such a file is none."""


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser("ingest", help="turn captured lines into a recording")
    command.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="file (plain, .gz, .zst), directory, or - for stdin"
    )
    command.add_argument(
        "--to", required=True, metavar="RECORDING", help="folder or s3://bucket/prefix, new or to be added to"
    )
    command.add_argument(
        "--templates", default="", metavar="FILE", help="endpoint templates, one a line: GET /users/{id}"
    )
    command.add_argument(
        "--partitions", type=int, default=16, help="shares that workers can own, 1 to 256 (default 16)"
    )
    command.add_argument(
        "--source-name", default="", help="pod or host the lines come from (default: each file's name)"
    )
    command.add_argument(
        "--rejects",
        default="",
        metavar="FILE",
        help=f"where bad lines are appended (default: RECORDING{_REJECTS} beside the recording)",
    )
    command.add_argument(
        "--format",
        choices=[str(form) for form in Format],
        default=str(Format.AUTO),
        help="what wrote the lines (default: auto, told from each line)",
    )
    add_store_options(command, writes=True)
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Ingest.

    Raises:
        ReplayError: nothing can be read or written.
    """
    if not 1 <= options.partitions <= _MAX_PARTITIONS:
        raise UsageError(f"--partitions {options.partitions}: give a number from 1 to {_MAX_PARTITIONS}")
    rules = _rules(options.templates)
    store = store_of(options, options.to)
    rejects = _rejects_path(options)
    _refuse_rejects(rejects, options.sources)
    existing = recording_to_extend(store)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-users-")))
        folder = None if "://" in options.to else Path(options.to)
        reader = _Reader(options.sources, options.source_name, rejects, folder, Format(options.format))
        stack.callback(reader.close)
        done = write_recording(
            reader.exchanges(), store, scratch=scratch, rules=rules, partitions=options.partitions, existing=existing
        )
    if not done.rows and not done.duplicates:
        raise UsageError(f"no line of {', '.join(options.sources)} could be used: {reader.why()}")
    _report(reader, done.rows, done.duplicates, store.name)
    return 0


def _rules(path: str) -> tuple[Rule, ...]:
    if not path:
        return ()
    try:
        return parse_rules(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"--templates {path} cannot be read: {reason}") from None


def _rejects_path(options: Any) -> Path:
    if options.rejects:
        return Path(options.rejects)
    if "://" in options.to:
        return Path(options.to.rstrip("/").rpartition("/")[2] + _REJECTS)
    recording = Path(options.to)
    return recording.parent / ((recording.name or recording.resolve().name) + _REJECTS)


def _refuse_rejects(rejects: Path, sources: list[str]) -> None:
    """Refuse a place for rejects that is, or that the next ingest would take for, a capture."""
    if rejects.is_dir():
        raise UsageError(f"--rejects {rejects} is a directory: give the name of a file in it")
    for given in sources:
        if any(_same(Path(file), rejects) for file in _captures(given)):
            raise UsageError(f"--rejects {rejects} is one of the captures (in {given}): give it another name")
        if Path(given).resolve() in rejects.resolve().parents and not rejects.name.endswith(_REJECTS):
            raise UsageError(
                f"--rejects {rejects} lies among the captures in {given}, and would be read as one the next time:"
                f" put it elsewhere, or let its name end with {_REJECTS}"
            )


def _same(file: Path, rejects: Path) -> bool:
    return rejects.exists() and file.exists() and rejects.samefile(file)


def _captures(given: str) -> list[str]:
    """The capture files that a source on the command line stands for; none for stdin."""
    files = () if given == STDIN else source_files(given)
    return [file for file in files if Path(given).is_file() or not file.endswith(_REJECTS)]


class _Reader:
    """Gives the exchanges of all sources and keeps account of the other lines."""

    def __init__(self, sources: list[str], source_name: str, rejects: Path, written: Path | None, form: Format) -> None:
        """`written` is the recording's folder, if it is one."""
        self._sources = sources
        self._written = {written.resolve()} if written is not None else set()
        self._source_name = source_name
        self._path = rejects
        self._form = form
        self._file: Any = None
        self.rejected: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.secrets = 0
        self.cut: list[str] = []

    @property
    def rejects(self) -> Path:
        return self._path

    def exchanges(self) -> Iterator[Exchange]:
        for source in self._files():
            name = self._source_name or Path(source).name.partition(".")[0]
            for number, line in open_lines(source):
                if isinstance(line, SourceCut):
                    self.cut.append(f"{source}: {line.reason}")
                    continue
                read = self._read(line, name, number) if isinstance(line, bytes) else line
                if isinstance(read, Rejected):
                    self._reject(source, number, read.reason, line)
                elif isinstance(read, Ignored):
                    self.ignored[read.reason] += 1
                else:
                    yield read

    def _read(self, line: bytes, source: str, number: int) -> Exchange | Rejected | Ignored:
        return read_line(line, source=source, number=number, form=self._form, on_secret=self._secret)

    def _files(self) -> Iterator[str]:
        """The files of all sources, but for what an ingest itself writes, which may lie in a folder of captures."""
        ours = {self._path.resolve(), *self._written}
        for given in self._sources:
            for file in source_files(given):
                path = Path(file).resolve()
                if file != given and file.endswith(_REJECTS):
                    continue
                if file == given or not ours.intersection((path, *path.parents)):
                    yield file

    def _reject(self, source: str, number: int, reason: str, line: bytes | Rejected) -> None:
        self.rejected[reason] += 1
        try:
            if self._file is None:
                make_folder(self._path.parent)
                make_file(self._path)
                self._file = self._path.open("ab")
            text = line[:_KEPT_TEXT].decode("utf-8", "backslashreplace") if isinstance(line, bytes) else ""
            entry = {"source": source, "line": number, "reason": reason, "text": text}
            self._file.write(orjson.dumps(entry) + b"\n")
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror}") from None

    def _secret(self) -> None:
        self.secrets += 1

    def why(self) -> str:
        """The commonest reason why nothing was usable, and where the lines are."""
        reasons = self.rejected + self.ignored
        kept = f"; rejected lines are in {self._path}" if self.rejected else ""
        return (reasons.most_common(1)[0][0] if reasons else (self.cut or ["there are no lines"])[0]) + kept

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _report(reader: _Reader, rows: int, duplicates: int, name: str) -> None:
    out = [f"{several(rows, 'exchange')} into {name}"]
    if duplicates:
        out.append(f"  {duplicates:,} were there already (same id)")
    if reader.secrets:
        out.append(f"  {reader.secrets:,} held secrets in the clear, which are not recorded")
    out += [f"  {count:,} left out: {reason}" for reason, count in reader.ignored.most_common()]
    out += [f"  {count:,} rejected: {reason}" for reason, count in reader.rejected.most_common(8)]
    if reader.rejected:
        out.append(f"  rejected lines are in {reader.rejects}")
    out += [f"  {text}" for text in reader.cut]
    sys.stdout.write("\n".join(out) + "\n")
