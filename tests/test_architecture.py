"""The laws of the package that no single module can keep alone: who may import whom, what is pure, how code is laid out.

Law: facts are read off the source by its syntax tree, so nothing has to be imported to be judged; only what an import
drags in at run time is asked of a fresh process. Each list of exceptions here fails as soon as an entry is not needed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = "replay_users"

GROUND = (
    "model",
    "histogram",
    "endpoint",
    "path",
    "path_json",
    "credential",
    "events",
    "errors",
    "private",
    "trailers",
)
STAGES = ("capture", "recording", "plan", "engine", "compare", "results")
"""In the order of the picture: a stage sees the ground floor and the pure parts of the stages before it."""
SEE_ALL = {"swarm": {"", "cli"}, "cli": set(), "testing": set(), "demo": {"cli"}}
"""The floors that see everything, and by whom each may be imported beside itself; `` is the package's own module."""

IMPURE = frozenset(
    {"time", "random", "os", "socket", "logging", "gevent", "locust", "pyarrow", "boto3", "influxdb_client"}
)
HEAVY = ("pyarrow", "gevent", "locust", "boto3")

EDGES = {
    "capture.appender": "appends to files",
    "capture.asgi": "sits in a service and has its clock",
    "capture.sources": "opens capture files",
    "recording.finding": "Arrow, slices",
    "recording.folder": "files",
    "recording.index": "Arrow",
    "recording.ingest": "Arrow",
    "recording.reader": "Arrow, slices",
    "recording.recording": "Arrow, slices",
    "recording.s3": "boto3",
    "recording.schema": "Arrow",
    "recording.spill": "Arrow, files",
    "recording.store": "opens folders and S3",
    "recording.writer": "Arrow, slices",
    "compare.comparer": "a process of its own",
    "compare.explain": "a clock, and DeepDiff",
    "engine.chores": "the hub's clock",
    "engine.connection": "sockets",
    "engine.engine": "the hub",
    "engine.pool": "connections",
    "engine.opening": "sockets",
    "engine.target": "names to addresses",
    "engine.tls": "files",
    "engine.timer": "the hub's timer",
    "results.influx": "InfluxDB's client",
    "results.finished": "files",
    "results.gate_files": "files",
    "results.rundir": "files",
    "results.sample_files": "files, Arrow",
    "private": "files",
}
"""The modules of ground floor and stages that do I/O, hold a clock or know Arrow. All others are pure."""

PURE_IN_SWARM = ("clock", "conductor", "division", "joint_run", "messages", "part", "roster", "shares")
"""The protocol between a master and its workers: what a simulation in virtual time can run."""

UNTESTED: frozenset[str] = frozenset()
"""Modules that no test file is named after; this list only ever gets shorter."""

NO_TESTS_OF_THEIR_OWN = {
    "cli/__main__": "one call, run by every test that starts the command line",
}

LONG_FUNCTIONS: frozenset[str] = frozenset()
"""Functions of more than 40 lines; none is allowed without a reason that stands here beside it."""

MAX_FILE = 400
MAX_FUNCTION = 40
FORBIDDEN = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|placeholder|simplified|for now\b")
VAGUE = re.compile(r"util|helper|manager|misc|common")


@dataclass(frozen=True)
class Import:
    """What a module imports; `typed` if only a type checker sees it, `late` if it happens inside a function."""

    target: str
    typed: bool
    late: bool


@dataclass(frozen=True)
class Module:
    """A module of the package, by its name within it: `plan.pace`; the package's own is ``."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All it imports, in order."""
        return tuple(_imports(self.tree, typed=False, late=False))

    @property
    def floor(self) -> str:
        """The stage, or module of the ground floor, that it belongs to."""
        return self.name.partition(".")[0]

    @property
    def dotted(self) -> str:
        """What Python calls it."""
        return f"{PACKAGE}.{self.name}".rstrip(".")


def _modules() -> Iterator[Module]:
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        yield Module(".".join(parts).removesuffix("__init__").rstrip("."), path)


def _imports(node: ast.AST, *, typed: bool, late: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, typed, late) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(f"{child.module}.{alias.name}", typed, late) for alias in child.names)
        else:
            only_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, typed=typed or only_types, late=late or inside)


MODULES = {module.name: module for module in _modules()}
LAWFUL = [name for name in MODULES if name.partition(".")[0] in (*GROUND, *STAGES)]
PURE = [name for name in LAWFUL if name not in EDGES]
ALL_PURE = [*PURE, *(f"swarm.{name}" for name in PURE_IN_SWARM)]


def within(target: str) -> str | None:
    """The module of the package that an import is about; `None` if it is somebody else's."""
    top, _, name = target.partition(".")
    if top != PACKAGE:
        return None
    return name if name in MODULES else name.rpartition(".")[0]


def floors_seen(module: Module) -> Iterator[str]:
    """The modules of other floors that a module imports, for types too: an arrow is an arrow."""
    found = {within(each.target) for each in module.imports} - {None}
    yield from (name for name in sorted(map(str, found)) if MODULES[name].floor != module.floor)


def _allowed(module: Module, seen: str) -> bool:
    floor = MODULES[seen].floor
    if floor in GROUND:
        return True
    if module.floor not in STAGES or floor not in STAGES:
        return False
    return STAGES.index(floor) < STAGES.index(module.floor) and seen in PURE


@pytest.mark.parametrize("name", LAWFUL)
def test_imports_follow_the_picture(name: str) -> None:
    """The ground floor sees itself, a stage the ground floor and the pure parts of the stages before it."""
    module = MODULES[name]
    wrong = [seen for seen in floors_seen(module) if not _allowed(module, seen)]
    assert not wrong, f"{name} may not import {wrong}"


def test_nobody_looks_back_at_the_floors_that_see_everything() -> None:
    """The Locust face, the command line, the demo and the fakes are imported by those alone that are named here."""
    arrows = {(m.floor, MODULES[seen].floor) for m in MODULES.values() for seen in floors_seen(m)}
    looks = {(floor, seen) for floor, seen in arrows if seen in SEE_ALL and floor not in SEE_ALL[seen]}
    assert not looks
    assert {floor for floor, _ in arrows} <= {"", *GROUND, *STAGES, *SEE_ALL}, "a floor that no law knows"


def _impure(name: str) -> list[str]:
    """What a module imports that a pure one may not, or of our own edges."""
    running = [each.target for each in MODULES[name].imports if not each.typed]
    outside = {target.partition(".")[0] for target in running} & IMPURE
    return sorted(outside | ({within(target) or "" for target in running} & set(EDGES)))


@pytest.mark.parametrize("name", ALL_PURE)
def test_pure_modules_import_nothing_that_acts(name: str) -> None:
    """No clock, chance, files, sockets, logs, hub, Arrow or S3, and none of our modules that have them."""
    assert not _impure(name)


@pytest.mark.parametrize("name", EDGES)
def test_an_edge_is_one(name: str) -> None:
    """A module listed as an edge does act, or it belongs to the pure ones."""
    opens_files = re.search(r"\bopen_store\b|\.open\(|\bPath\(", MODULES[name].text) is not None
    assert _impure(name) or opens_files, f"{name} is pure by now: take it off the list"


_DRAGGED = """
import importlib, os, sys
for name in sys.argv[2:]:
    if (child := os.fork()) == 0:
        importlib.import_module(name)
        found = [heavy for heavy in sys.argv[1].split(",") if heavy in sys.modules]
        if found:
            print(name, "loads", *found, flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(name, "cannot be imported alone", flush=True)
"""
"""Each module alone, in a fork of an interpreter that has imported nothing yet."""


def dragged_in(names: list[str], heavy: tuple[str, ...]) -> str:
    """A sentence for each of the modules that loads one of the heavy packages."""
    command = [sys.executable, "-c", _DRAGGED, ",".join(heavy), *names]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.timeout(180)  # 155 modules at 0.1 s each, on a machine that others may use too
def test_pure_modules_come_without_anything_heavy() -> None:
    """Imported alone in a fresh process, none loads Arrow, gevent, Locust or boto3, by whatever way."""
    assert dragged_in([MODULES[name].dotted for name in ALL_PURE], HEAVY) == ""


def test_heavy_imports_are_noticed() -> None:
    """The question before finds what it looks for."""
    assert dragged_in(["replay_users.recording.schema"], HEAVY) == "replay_users.recording.schema loads pyarrow\n"


def test_only_the_run_command_imports_locust() -> None:
    """Locust patches the process, which `ingest`, `inspect` and `plan` do not want."""
    light = ["replay_users", "replay_users.cli", "replay_users.swarm", "replay_users.swarm.options"]
    assert dragged_in(light, ("gevent", "locust", "boto3")) == ""


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by the alphabet: the order that the linter keeps too."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _exported(module: Module) -> list[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if ast.unparse(names[0]) == "__all__":
                return list(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no __all__")


def _defined(module: Module) -> set[str]:
    stored = (node for node in ast.walk(module.tree) if isinstance(node, ast.Name))
    names = {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names |= {node.name for node in module.tree.body if isinstance(node, kinds)}
    return names | {each.target.rpartition(".")[2] for each in module.imports}


EXPORTING = [name for name in MODULES if not name.endswith("__main__")]


@pytest.mark.parametrize("name", EXPORTING)
def test_a_module_says_what_it_is_for_and_what_it_gives(name: str) -> None:
    """Its docstring has its law; `__all__` is there, in order, without doubles, and nothing in it is missing."""
    module = MODULES[name]
    assert re.search(r"\bLaw\b", ast.get_docstring(module.tree) or ""), f"{name}: no law in the docstring"
    exported = _exported(module)
    assert exported == sorted(set(exported), key=_rank)
    assert set(exported) <= _defined(module)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_stays_small(name: str) -> None:
    """At most 400 lines, and no name that could hold anything."""
    module = MODULES[name]
    assert len(module.text.splitlines()) <= MAX_FILE
    assert not VAGUE.search(module.name)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_finished(name: str) -> None:
    """No words that put something off."""
    found = [line.strip() for line in MODULES[name].text.splitlines() if FORBIDDEN.search(line)]
    assert not found


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring: a signature has a line for each column of a row."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_stay_short() -> None:
    """At most 40 lines, but for those listed with a reason."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = ((m.name, node) for m in MODULES.values() for node in ast.walk(m.tree) if isinstance(node, kinds))
    found = {f"{name}.{node.name}" for name, node in functions if _length(node) > MAX_FUNCTION}
    assert found == LONG_FUNCTIONS


def test_each_module_has_tests_of_its_own_name() -> None:
    """`plan/pace.py` is tested in `tests/plan/test_pace.py`; the list of exceptions may only shrink."""
    paths = [m.path.relative_to(ROOT / PACKAGE).with_suffix("") for m in MODULES.values()]
    untested = {
        str(path)
        for path in paths
        if path.name != "__init__" and not (ROOT / "tests" / path.parent / f"test_{path.name}.py").exists()
    }
    missing = untested - set(NO_TESTS_OF_THEIR_OWN)
    assert missing <= UNTESTED, "a module without tests"
    assert missing >= UNTESTED, "covered by now: take it off the list"


def test_the_locustfile_is_what_a_person_can_copy() -> None:
    """`locustfiles/replay.py` has at most 15 lines."""
    assert len((ROOT / "locustfiles/replay.py").read_text(encoding="utf-8").splitlines()) <= 15


def test_properties_are_not_timed() -> None:
    """Hypothesis fails no example for the time it took, which may have been somebody else's."""
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check
