"""`replay-users learn`: from runs to a rules file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from replay_users.cli import main
from replay_users.compare.rules import Rules
from replay_users.results.learnable import RECORDING
from tests.cli.finished import finish

if TYPE_CHECKING:
    from pathlib import Path

PAIRS: list[tuple[str, object, object]] = [
    ("GET /c", {"ms": 1, "n": [1]}, {"ms": nth, "n": [1] * (1 + nth % 2)}) for nth in range(8)
]


@pytest.fixture
def aa(tmp_path: Path) -> str:
    """An A/A run in which a field and a length differ."""
    return finish(tmp_path / "aa", PAIRS, Rules())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where to learn."""
    return tmp_path / "rules.yaml"


def places(path: Path) -> list[str]:
    """What each rule of a file is about, without learnt ones' counts."""
    return [line.strip(" -") for line in path.read_text().splitlines() if line.strip(" -").startswith("ignore")]


def test_values_are_learnt_and_the_rest_is_told(aa: str, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was not learnt stands there with its reason and the cure."""
    assert main(["learn", aa, "--out", str(out)]) == 0
    assert places(out) == ["ignore: root['ms']"]
    said = capsys.readouterr().out
    assert f"{out}: 1 new; learnt from 8 compared answers. Review it." in said
    assert (
        "unsure: 1 of 1 endpoint had too few answers to show all noise, at the least 8 (unseen at 1 % rate: 92 %"
        in said
    )
    assert "not learnt: 1 (more than another value; if expected, --accept)" in said
    assert "4x GET /c  root['n'] length" in said
    (rule,) = Rules.parse(out.read_text(), "r").rules
    assert rule.expires == datetime.now(UTC).date() + timedelta(days=90)


def test_what_found_no_place_is_told(tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run keeps 200 signatures of an endpoint: noise beyond them is not learnt from it, but from one with what was learnt."""
    pairs: list[tuple[str, object, object]] = [
        ("GET /c", {f"a{key}": 1 for key in part}, {f"a{key}": 2 for key in part})
        for part in (range(nth, nth + 50) for nth in range(0, 250, 50))
    ]
    run = finish(tmp_path / "wide", pairs, Rules())
    assert main(["learn", run, "--out", str(out)]) == 0
    assert len(places(out)) == 200
    assert "not all: GET /c differed in more places than a run keeps" in capsys.readouterr().out
    again = finish(tmp_path / "again", pairs, Rules.parse(out.read_text(), "r"))
    assert main(["learn", again, "--out", str(out)]) == 0
    assert len(places(out)) == 250
    assert "not all" not in capsys.readouterr().out


def test_what_is_accepted_is_learnt(aa: str, out: Path) -> None:
    """By path, with wildcards."""
    assert main(["learn", aa, "--out", str(out), "--accept", "root['n'][**]", "--expires", "0"]) == 0
    assert sorted(set(places(out))) == ["ignore: root['ms']", "ignore: root['n']"]
    assert all(rule.expires is None for rule in Rules.parse(out.read_text(), "r").rules)


def test_what_is_accepted_and_does_not_differ_is_told(aa: str, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is mistyped, or over."""
    assert main(["learn", aa, "--out", str(out), "--accept", "root['n'][**]", "--accept", "header:vray"]) == 0
    said = capsys.readouterr().out
    assert "--accept 'header:vray': nothing differs there" in said
    assert "--accept \"root['n']" not in said


def test_learning_goes_on_in_a_file_that_is_there(aa: str, out: Path) -> None:
    """What a person wrote stays; with --force nothing does."""
    own = "# mine\n- ignore: $.x\n  reason: y\n"
    out.write_text(own)
    out.chmod(0o640)
    assert main(["learn", aa, aa, "--out", str(out)]) == 0
    assert out.read_text().startswith(own)
    assert out.stat().st_mode & 0o777 == 0o640
    assert "seen: 14" in out.read_text()
    assert main(["learn", aa, "--out", str(out), "--force"]) == 0
    assert "mine" not in out.read_text()
    assert sorted(each.name for each in out.parent.iterdir()) == ["aa", "rules.yaml"]


def test_a_run_against_the_recording_is_learnt_from_when_it_was_good(tmp_path: Path, out: Path) -> None:
    """Of a release under test it would hide the regressions, so somebody has to say so."""
    run = finish(tmp_path / "run", PAIRS, Rules(), compared_with=RECORDING)
    assert main(["learn", run, "--out", str(out)]) == 2
    assert not out.exists()
    assert main(["learn", run, "--out", str(out), "--baseline"]) == 0
    assert "source: baseline" in out.read_text()


def test_learnt_rules_make_the_run_clean(aa: str, out: Path, tmp_path: Path) -> None:
    """What was learnt does not differ any more."""
    assert main(["learn", aa, "--out", str(out), "--accept", "GET /c"]) == 0
    again = finish(tmp_path / "again", PAIRS, Rules.parse(out.read_text(), "r"))
    assert main(["learn", again, "--out", str(tmp_path / "more.yaml")]) == 0
    assert (tmp_path / "more.yaml").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["{tmp}/nowhere"], "has no result.json", id="no-run"),
        pytest.param(["{aa}", "--baseline"], "is an A/A run", id="no-baseline"),
        pytest.param(["{aa}", "--expires", "soon"], "give a number of days", id="no-days"),
        pytest.param(["{aa}", "--accept", "root["], "bad path", id="no-place"),
        pytest.param(["{aa}", "--out", "{tmp}"], "cannot be read", id="a-folder"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    arguments: list[str], sentence: str, aa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the cure, and nothing is written."""
    filled = [text.format(tmp=tmp_path, aa=aa) for text in arguments]
    assert main(["learn", "--out", str(tmp_path / "r.yaml"), *filled]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "r.yaml").exists()


def test_an_aa_run_is_asked_to_be_one(tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --aa, a run against the recording is refused."""
    run = finish(tmp_path / "run", PAIRS, Rules(), compared_with=RECORDING)
    assert main(["learn", run, "--aa", "--out", str(out)]) == 2
    assert "no A/A run" in capsys.readouterr().err
