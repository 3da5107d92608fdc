"""Which reader reads a line: the one asked for, else the one whose keys it has."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from replay_users.capture import envoy, traffic_capture
from replay_users.capture.fields import Ignored, Rejected
from replay_users.capture.formats import Format, read_line
from replay_users.model import Exchange

DATA = Path(__file__).parents[1] / "data"
OURS = gzip.decompress((DATA / "capture-small.jsonl.gz").read_bytes()).splitlines()[:20]
ARTICLES = (DATA / "traffic-capture.jsonl").read_bytes().splitlines()


def test_a_mixed_file_is_read_line_by_line() -> None:
    """Each line is read as its own reader reads it, whatever came before."""
    mixed = [line for pair in zip(OURS, ARTICLES * 4, strict=False) for line in pair]
    for number, line in enumerate(mixed, start=1):
        found = read_line(line, source="pod", number=number)
        assert isinstance(found, Exchange)
        if number % 2:
            assert found == envoy.read_line(line, source="pod")
        else:
            assert found == traffic_capture.read_line(line, source="pod", number=number)


@pytest.mark.parametrize(
    ("form", "line", "reason"),
    [
        pytest.param(Format.ENVOY, ARTICLES[0], "v is missing", id="the article's as ours"),
        pytest.param(Format.TRAFFIC_CAPTURE, OURS[0], "timestamp is missing", id="ours as the article's"),
        pytest.param(Format.AUTO, b'{"a":1}', "v is missing", id="neither"),
        pytest.param(
            Format.AUTO, b'{"v":2,"timestamp":"x"}', "v is not 1: a newer capture schema", id="a later one of ours"
        ),
    ],
)
def test_a_line_of_another_format_is_rejected(form: Format, line: bytes, reason: str) -> None:
    """Who names a format gets that one, and lines of no format say what they lack."""
    assert read_line(line, source="pod", number=1, form=form) == Rejected(reason)


def test_empty_lines_are_of_no_format() -> None:
    """They are ignored before anybody looks."""
    assert read_line(b"\n", source="pod", number=1) == Ignored("an empty line")


def test_secrets_are_told_of_in_either() -> None:
    """Whoever reads says that there were any."""
    told: list[str] = []
    clear = ARTICLES[0].replace(b"page=2", b"token=PRODSECRET")
    read_line(clear, source="pod", number=1, on_secret=lambda: told.append("article"))
    clear = OURS[0].replace(b'"path":"', b'"path":"/?token=PRODSECRET&x=')
    read_line(clear, source="pod", number=1, on_secret=lambda: told.append("ours"))
    assert told == ["article", "ours"]
