"""The options of a replay, on Locust's parser and on others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import configargparse
import pytest
from locust.argument_parser import LocustArgumentParser

from replay_users.swarm.options import OPTIONS, add_options

if TYPE_CHECKING:
    from replay_users.swarm.options import Option


@pytest.fixture
def parser() -> Any:
    """Locust's kind of parser with our options and nothing else."""
    made = LocustArgumentParser(default_config_files=[])
    add_options(made)
    return made


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_survives_the_web_form(option: Option) -> None:
    """The form keeps what has a value, names without a digit after a letter, no lists, and shows help as it is written."""
    assert isinstance(option.default, str | bool | list)
    if option.web:
        assert not re.search(r"[a-z]\d", option.dest)
        assert not isinstance(option.default, list)
        assert "%" not in option.help


def test_names_are_unique() -> None:
    """No two options share a name or an environment variable."""
    assert len({option.dest for option in OPTIONS}) == len({option.env for option in OPTIONS}) == len(OPTIONS)


def test_every_option_has_its_default(parser: Any) -> None:
    """An empty command line gives the documented defaults."""
    parsed = vars(parser.parse_args([]))
    assert {name: parsed[name] for name in parsed} == {option.dest: option.default for option in OPTIONS}


def test_options_come_from_the_command_line(parser: Any) -> None:
    """Text, switches and repeated options are read as such."""
    parsed = parser.parse_args(
        ["--pace", "2x", "--allow-writes", "--label", "a=1", "--label", "b=2", "--order", "none"]
    )
    assert (parsed.pace, parsed.allow_writes, parsed.label, parsed.order) == ("2x", True, ["a=1", "b=2"], "none")


def test_lists_are_not_shared_between_parses(parser: Any) -> None:
    """What one parse collects is not there in the next one."""
    parser.parse_args(["--label", "a=1"])
    assert parser.parse_args([]).label == []
    assert next(option for option in OPTIONS if option.name == "label").default == []


def test_options_come_from_the_environment(parser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option has a REPLAY_ variable; the command line is stronger."""
    monkeypatch.setenv("REPLAY_PACE", "3x")
    monkeypatch.setenv("REPLAY_ALLOW_WRITES", "true")
    monkeypatch.setenv("REPLAY_MAX_IN_FLIGHT", "7")
    parsed = parser.parse_args(["--max-in-flight", "8"])
    assert (parsed.pace, parsed.allow_writes, parsed.max_in_flight) == ("3x", True, "8")


def test_an_unknown_choice_is_a_usage_error(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there are choices, the parser refuses others with exit code 2."""
    with pytest.raises(SystemExit) as exit_info:
        parser.parse_args(["--order", "sideways"])
    assert exit_info.value.code == 2
    assert "sideways" in capsys.readouterr().err


def test_the_form_leaves_out_what_is_the_operators(parser: Any) -> None:
    """What is secret, or decides where a run may go and where it writes, is not in the form."""
    shown = set(parser.args_included_in_web_ui)
    hidden = {
        "header",
        "allow_writes",
        "allow_target",
        "allow_recording",
        "out",
        "overwrite",
        "label",
        "rules",
        "safety",
        "s3_role",
    }
    assert shown.isdisjoint(hidden)
    assert {"recording", "pace", "window", "sample", "preserve_host", "max_rate"} <= shown


def test_another_parser_has_the_same_options() -> None:
    """`replay-users plan` takes what Locust takes, though its parser knows no form."""
    plain = configargparse.ArgumentParser()
    add_options(plain, web=False)
    assert set(vars(plain.parse_args([]))) == {option.dest for option in OPTIONS}
    assert "--pace PACE" in plain.format_help()
