from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from replay_users.cli import parser
from replay_users.compare.difference import Kind, UncheckedReason
from replay_users.model import Capture, Drop, Fault, SessionKind, SkipReason
from replay_users.recording.schema import COLUMNS
from replay_users.recording.traits import Trait
from replay_users.results.gate import GateSettings, parse_gate
from replay_users.swarm.options import OPTIONS
from tests.docs.pages import PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def page(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def quoted(*names: str) -> set[str]:
    """Every word in backticks on these pages."""
    spans = [span for name in names for span in re.findall(r"`([^`\n]+)`", page(name))]
    return {word for span in spans for word in re.split(r"[ ,=.]", span)}


def commands() -> dict[str, Any]:
    """The command line's commands, by name."""
    actions = (action.choices for action in parser()._actions if action.dest == "command")
    return dict(next(choices for choices in actions if choices))


def options_of(command: Any) -> set[str]:
    """The options that a command's help names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", command.format_help())) - {"--help"}


@pytest.mark.parametrize(
    ("command", "pages"),
    [
        ("ingest", ["record.md"]),
        ("inspect", ["record.md"]),
        ("plan", ["record.md", "replay.md", "targets.md", "influxdb.md"]),
        ("run", ["record.md", "replay.md", "targets.md", "distribute.md", "influxdb.md"]),
    ],
)
def test_each_option_is_described(command: str, pages: list[str]) -> None:
    """What `--help` names, a page explains; some of Locust's stand in it as examples."""
    assert options_of(commands()[command]) - {"--csv", "--html"} <= quoted(*pages)


def test_each_option_of_a_run_is_described() -> None:
    """Also those that only Locust's parser knows."""
    assert {f"--{option.name}" for option in OPTIONS} <= quoted("replay.md", "targets.md", "influxdb.md")


LOCUSTS = {
    "--headless",
    "--html",
    "--master",
    "--worker",
    "--processes",
    "--expect-workers",
    "--expect-workers-max-wait",
}
LOCUSTS |= {"--master-host", "--master-port", "--master-bind-host", "--master-bind-port"}
ENVOYS = {"--concurrency", "--file-flush-interval-msec"}
OTHERS = {"--data-binary", "--fail-with-body", "--name", "--retention"}
OTHERS |= {"--wait", "--volumes", "--namespace", "--from-file"}
"""Options of curl and influx, docker compose and kubectl."""


@pytest.mark.parametrize("name", [page.path.name for page in PAGES if page.path.parent.name == "docs"])
def test_no_page_describes_an_option_that_is_not_there(name: str) -> None:
    """An option that was renamed is renamed in the docs."""
    known = {f"--{option.name}" for option in OPTIONS}.union(*map(options_of, commands().values()))
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", page(name)))
    assert told <= known | LOCUSTS | ENVOYS | OTHERS


def schema(path: str) -> Any:
    """A JSON Schema of the package."""
    return orjson.loads(resources.files("replay_users").joinpath(path).read_bytes())


def fields(node: Any) -> Iterator[str]:
    """Every property name of a schema."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"]
        for child in node.values():
            yield from fields(child)
    elif isinstance(node, list):
        for child in node:
            yield from fields(child)


def test_each_field_of_the_result_is_described() -> None:
    """What the schema names, docs/result.md explains."""
    assert set(fields(schema("results/result.schema.json"))) <= quoted("result.md")


def test_each_key_of_a_gate_file_is_described_with_its_default() -> None:
    """The example of docs/gate.md has every key, and what is not marked is as it is without a file."""
    [text] = re.findall(r"<!-- file: gate.yaml -->\n```yaml\n(.*?)```", page("gate.md"), re.DOTALL)
    given, default = parse_gate(text, "gate.yaml"), GateSettings()
    keys = set(fields(schema("results/gate/gate.schema.json")))
    assert keys <= set(re.findall(r"^ *([a-z0-9_]+):", text, re.MULTILINE))
    assert replace(given, mismatches=default.mismatches, limits=default.limits) == default
    assert replace(given.mismatches, endpoints=()) == default.mismatches
    assert given.limits.max_failed_percent == default.limits.max_failed_percent


_CHECK = re.compile(r'(?:name=|^[A-Z][A-Z_]*(?:: Final)? = )"([a-z0-9 ]+)"', re.MULTILINE)


def test_each_check_is_described() -> None:
    """docs/gate.md has the name of every check there is in the code of the gate."""
    folder = ROOT / "replay_users/results/gate"
    sources = [path for path in folder.glob("*.py") if path.name != "settings.py"]
    named = {name for path in sources for name in _CHECK.findall(path.read_text(encoding="utf-8"))}
    assert {"coverage", "server errors", "latency tail", "conservation"} <= named
    assert named <= set(re.findall(r"`([^`\n]+)`", page("gate.md")))


def test_each_field_of_a_manifest_is_described() -> None:
    """What the schema names, docs/recording-format.md explains; a histogram's inside is the schema's own matter."""
    found = set(fields(schema("recording/manifest.schema.json")))
    insides = set(fields(schema("recording/manifest.schema.json")["$defs"]["histogram"]))
    insides |= {"headers", "targets", "rules"}
    assert found - insides <= quoted("recording-format.md")


def test_each_column_and_trait_is_described() -> None:
    """The format page has every column of a slice and every trait with its bit."""
    assert set(COLUMNS) <= quoted("recording-format.md")
    for trait in Trait:
        assert f"| {int(trait)} | `{trait.name}` |" in page("recording-format.md")


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (Drop, "result.md"),
        (SkipReason, "result.md"),
        (Fault, "result.md"),
        (Kind, "compare.md"),
        (UncheckedReason, "compare.md"),
        (Capture, "recording-format.md"),
        (SessionKind, "recording-format.md"),
    ],
)
def test_each_reason_is_described(kinds: Any, name: str) -> None:
    """Every value that a result or recording may hold is on its page."""
    assert {str(kind) for kind in kinds} <= quoted(name)


def test_each_example_locustfile_is_named() -> None:
    """Whoever wants to extend a replay finds all the examples."""
    for path in (ROOT / "locustfiles").glob("*.py"):
        assert f"(../locustfiles/{path.name})" in page("extend.md")


def said() -> Iterator[str]:
    """Every text in the package's code, with a blank for each value that is filled in."""
    for path in sorted((ROOT / "replay_users").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


@cache
def all_said() -> str:
    """All of them together: reading the whole package takes a second."""
    return "\n".join(said())


def sentences() -> Iterator[str]:
    """What docs/troubleshoot.md says that the tool says."""
    for section in page("troubleshoot.md").split("\n## ")[1:-1]:
        for row in re.findall(r"^\| (?!it says|-)([^|]+) \|", section, re.MULTILINE):
            yield from (part.strip() for part in re.split(r"; |: ", row))


@pytest.mark.parametrize("sentence", [*sentences()])
def test_what_the_tool_is_said_to_say_it_says(sentence: str) -> None:
    """Each sentence of the troubleshooting page is one of the code's; names and numbers are capitals there."""
    parts = re.split(r"\b(?:[A-Z]{3,}|[NM])\b|…", sentence.strip('"'))
    pattern = ".{0,80}?".join(re.escape(part.strip()) for part in parts if part.strip())
    assert re.search(pattern, all_said()), sentence
