"""`replay-users rules check`: what a rules file says, and what in it does nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.compare.rules import Rules
from tests.cli.finished import finish
from tests.integration.replays import record_traffic

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
- endpoint: "GET /items/{id}"
  ignore: $.at
  reason: a time
- {ignore: $.old, reason: was renamed, expires: 2020-01-31}
- {unordered: $.tags, reason: a set, endpoint: "GET /itmes/*", expires: 9999-12-31}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The name of a rules file."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


def test_a_file_is_shown_rule_by_rule(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With lines, endpoints, reasons, and what is over."""
    assert main(["rules", "check", file]) == 0
    said = capsys.readouterr().out
    assert said == (
        f"{file}: 3 rules, 1 of them expired\n"
        "    2  ignore root['at'] on GET /items/{id}: a time\n"
        "    5  ignore root['old'] (until 2020-01-31): was renamed\n"
        "    6  unordered root['tags'] on GET /itmes/* (until 9999-12-31): a set\n"
        "note: the rule in line 5, ignore root['old'], expired on 2020-01-31 and is not applied; take it out, or give it "
        "another day\n"
    )


def test_places_are_told_in_both_syntaxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For tools that know only JSONPath, whichever the file is written in."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "- ignore: [\"root['a b'][*]['x.y']\", $..etag, header:x-build]\n  reason: noise\n"
        "- {ignore: status, from: 200, to: 201, reason: as good}\n"
    )
    assert main(["rules", "check", str(path), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["rules"]
    assert first["places"] == ["root['a b'][*]['x.y']", "root[**]['etag']", "header:x-build"]
    assert first["json_paths"] == ["$['a b'][*]['x.y']", "$..etag"]
    assert second["places"] == second["json_paths"] == []


def test_rules_about_nothing_are_found(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a recording says what endpoints there are."""
    recording = record_traffic(tmp_path / "traffic", 8)
    assert main(["rules", "check", file, "--recording", recording, "--json"]) == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert [rule["endpoints"] for rule in shown["rules"]][::2] == [["GET /items/{id}"], []]
    assert shown["rules"][1]["expires"] == "2020-01-31"
    assert "line 6 is for 'GET /itmes/*', which no endpoint of the recording matches" in shown["notes"][1]


def test_a_plan_tells_the_same(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the run, where it can still be changed."""
    recording = record_traffic(tmp_path / "traffic", 8)
    assert main(["plan", recording, "--rules", file, "--json"]) == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert ["line 5" in text or "line 6" in text for text in warnings].count(True) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "- {ignroe: $.a, reason: x}", "line 1, column 4: unknown key 'ignroe'; did you mean 'ignore'?", id="key"
        ),
        pytest.param(None, "cannot be read: No such file", id="no-file"),
        pytest.param("\ud800", "cannot be read: not UTF-8 text", id="no-text"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(
    text: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and exit code 2, as a run would say."""
    path = tmp_path / "rules.yaml"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert main(["rules", "check", str(path)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err


def test_a_recording_that_is_not_there_is_a_usage_error(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As everywhere."""
    assert main(["rules", "check", file, "--recording", str(tmp_path / "none")]) == 2
    assert "there is no recording in" in capsys.readouterr().err


PAIRS: list[tuple[str, object, object]] = [("GET /c", {"n": 1, "ms": 1}, {"n": 2, "ms": nth}) for nth in range(4)]


def test_rules_are_tried_on_a_finished_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the pairs that it kept: what the rules settle, and what they leave."""
    run = finish(tmp_path / "run", PAIRS, Rules())
    path = tmp_path / "more.yaml"
    path.write_text("- ignore: $.n\n  reason: expected\n")
    assert main(["rules", "try", run, "--rules", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"{run}: of " in said
    assert re.search(r"settled  \dx  GET /c  root\['n'\]  value", said)
    assert main(["rules", "try", run, "--rules", str(path), "--json"]) == 0
    shown: Any = json.loads(capsys.readouterr().out)
    assert shown["tried"] == shown["matched"] + shown["differ"]
    assert {each[1] for each in shown["settled"]} == {"root['n']"}


def test_rules_are_tried_with_the_hosts_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which its result names; one of before they were named is tried without."""
    links = {"next": "http://shop.example/2", "n": 1}, {"next": "http://staging.example/2", "n": 2}
    run, path = finish(tmp_path / "run", [("GET /c", *links)], Rules()), tmp_path / "none.yaml"
    path.write_text("")
    left = []
    for hosts in ({"shop.example": "staging.example"}, None):
        result = json.loads((tmp_path / "run" / "result.json").read_bytes())
        result["run"]["hosts"] = hosts
        (tmp_path / "run" / "result.json").write_text(json.dumps(result))
        assert main(["rules", "try", run, "--rules", str(path), "--json"]) == 0
        left.append({each[1] for each in json.loads(capsys.readouterr().out)["left"]})
    assert left == [{"root['n']"}, {"root['n']", "root['next']"}]


def test_a_run_that_kept_nothing_cannot_be_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor one whose file was edited: both in a sentence."""
    run = finish(tmp_path / "run", [("GET /c", 1, 1)], Rules())
    path = tmp_path / "none.yaml"
    path.write_text("")
    assert main(["rules", "try", run, "--rules", str(path)]) == 2
    assert "has kept no answers" in capsys.readouterr().err
    (tmp_path / "run" / "exhibits.jsonl").write_text('{"id": 1}\n')
    assert main(["rules", "try", run, "--rules", str(path)]) == 2
    assert "is not what a run has kept" in capsys.readouterr().err
