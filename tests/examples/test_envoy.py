from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from replay_users.credential import PARAMETER_WORDS, SECRET_HEADERS, SECRET_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_ENVOY = _ROOT / "examples" / "envoy"
_CAPTURE = _ROOT / "tests" / "data" / "capture-small.jsonl.gz"
"""Lines that a real Envoy wrote with this configuration."""


@pytest.fixture(scope="module")
def lua() -> str:
    """The capture script."""
    return (_ENVOY / "capture.lua").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def config() -> Any:
    """The configuration."""
    return yaml.safe_load((_ENVOY / "envoy.yaml").read_text(encoding="utf-8"))


def _found(config: Any, key: str) -> Iterator[Any]:
    """Every value that stands under a key, at any depth."""
    if isinstance(config, dict):
        yield from (value for name, value in config.items() if name == key)
    children = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    for child in children:
        yield from _found(child, key)


def test_the_configured_line_is_schema_v1(config: Any) -> None:
    """Envoy writes the very keys that a captured line of schema v1 has."""
    (line,) = _found(config, "json_format")
    with gzip.open(_CAPTURE) as captured:
        assert set(line) == set(orjson.loads(captured.readline()))
    assert line["v"] == 1


def test_the_script_is_where_the_configuration_looks_for_it(config: Any) -> None:
    """The name of the script in the configuration is that of the file beside it."""
    (source,) = _found(config, "default_source_code")
    assert (_ENVOY / Path(source["filename"]).name).exists()


def test_the_script_redacts_what_the_middleware_redacts(lua: str) -> None:
    """Both captures take the same headers and parameters for secrets."""
    quoted = "".join(re.findall(r'"([^"]*)"', lua.partition("local DROP = ")[2].partition("local DROP_PART")[0]))
    assert set(quoted.split()) == SECRET_HEADERS
    assert _listed(lua, "DROP_PART") == set(SECRET_WORDS)
    assert _listed(lua, "QS_DROP") == set(PARAMETER_WORDS)


def _listed(lua: str, name: str) -> set[str]:
    found = re.search(rf"local {name} = {{([^}}]*)}}", lua)
    assert found
    return set(re.findall(r'"([^"]+)"', found[1]))


def test_the_script_leaves_marked_requests_out_before_anything_else(lua: str) -> None:
    """A replay that goes through a captured place is not captured again."""
    body = lua.partition("function envoy_on_request(h)\n")[2].splitlines()
    assert body[1].strip() == 'if hd:get("x-replay-test") then return end'
