"""The command line that asks an exemplar again."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.again import curl_line, origin_of


@pytest.mark.parametrize(
    ("run", "origin"),
    [
        ({"target": "https://staging.example/"}, "https://staging.example"),
        ({"target": "several"}, "http://TARGET"),
        ({"target": None}, "http://TARGET"),
        ({}, "http://TARGET"),
    ],
    ids=["one", "several", "null", "missing"],
)
def test_the_front_of_the_url(run: dict[str, str], origin: str) -> None:
    """A run of one target names it; of several, or of an unknown one, the person puts it in."""
    assert origin_of(run) == origin


def test_a_plain_request() -> None:
    """Method, target and our header, each as one word of a shell."""
    line = curl_line("http://a", {"method": "POST", "target": "/x?q='; rm -rf / #"})
    assert shlex.split(line) == ["curl", "-sS", "-X", "POST", "-H", "X-Replay-Test: true", "http://a/x?q='; rm -rf / #"]


def test_bare_utf_8_is_asked_for_by_its_bytes() -> None:
    """A path of letters that nobody percent-encoded is shown as Latin-1; the command asks for the bytes that were sent."""
    shown = "/日本?q=ü".encode().decode("latin-1")
    assert curl_line("http://a", {"method": "GET", "target": shown}).endswith(" 'http://a/%E6%97%A5%E6%9C%AC?q=%C3%BC'")


@given(method=st.text(min_size=1), target=st.text())
def test_one_line_that_a_shell_may_have(method: str, target: str) -> None:
    """Whatever was recorded, the line is printable, and seven words."""
    line = curl_line("http://a", {"method": method, "target": target})
    assert line.isprintable()
    assert len(shlex.split(line)) == 7
