"""InfluxDB's line protocol."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results import line_protocol
from replay_users.results.influx_schema import EVENT, LATENCY, Kind, Measurement
from replay_users.results.line_protocol import line, series, tag_text
from tests.results.influx_parser import parse

NASTY = st.text(st.one_of(st.characters(), st.sampled_from('\\,= "\n\r\t\0😀\ud800')), max_size=40)
"""Any text, with much of what the protocol gives a meaning to."""

AT = 1_700_000_000_000_000_000


def test_its_examples_are_true() -> None:
    """The examples in the documentation are what comes out."""
    assert doctest.testmod(line_protocol).failed == 0


@settings(max_examples=400)
@given(endpoint=NASTY, path=NASTY, title=NASTY, number=st.floats(), count=st.integers(-(2**63), 2**63 - 1))
def test_what_is_written_is_read_back(endpoint: str, path: str, title: str, number: float, count: int) -> None:
    """Tags, strings, floats and counts of any content come out of a parser as they went in."""
    measurement = Measurement(name="m", tags=("a", "b"), fields=(*EVENT.fields, *LATENCY.fields), series=1, says="")
    key = series("m", [("a", endpoint), ("b", path)])
    point = parse(line(key, measurement, {"title": title, "sum_ms": number, "count": count}, AT))
    assert point.tags == {"a": tag_text(endpoint), "b": tag_text(path)}
    assert point.at == AT
    finite = {} if number != number or abs(number) == float("inf") else {"sum_ms": round(number, 6)}  # noqa: PLR0124
    assert point.fields == {"title": _plain(title), "count": count} | finite
    assert {name: type(value) for name, value in point.fields.items()} == (
        {"title": str, "count": int} | dict.fromkeys(finite, float)
    )


def _plain(text: str) -> str:
    """What we promise of text: the pictures of control characters, and `?` for halves of surrogate pairs."""
    text = re.sub(r"[\ud800-\udfff]", "?", text)
    return "".join(chr(0x2400 + ord(c)) if c < " " else "␡" if c == "\x7f" else c for c in text)


@given(NASTY)
def test_a_tag_is_its_text(text: str) -> None:
    """Only what the protocol cannot say is replaced, and that by what looks like it."""
    expected = _plain(text)
    found = tag_text(text)
    if not text:
        assert found == "-"
    else:
        assert len(found) == len(expected)
        assert all(a == b or (b == "\\" and a == "\u29f5") for a, b in zip(found, expected, strict=True))


@given(NASTY)
def test_a_tag_reads_the_same_by_every_rule(text: str) -> None:
    """Whether a server takes two backslashes for one or for two, what it finds is the same: neither occurs."""
    written = series("m", [("a", text)])
    assert not re.search(r"\\\\", written)
    assert not written.endswith("\\")


def test_long_tags_stay_apart() -> None:
    """Two long texts that differ only at their ends are two tags, of bounded length."""
    one, two = tag_text("x" * 100_000 + "1"), tag_text("x" * 100_000 + "2")
    assert one != two
    assert len(one) == len(two) == 500


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        pytest.param(12, Kind.FLOAT, "x=12.0", id="a-whole-duration-is-a-float"),
        pytest.param(12.0, Kind.INT, "x=12i", id="a-count-is-an-integer"),
        pytest.param(True, Kind.INT, "x=1i", id="yes-is-one"),
        pytest.param(float("nan"), Kind.FLOAT, "", id="not-a-number"),
        pytest.param(float("inf"), Kind.FLOAT, "", id="infinite"),
        pytest.param("over", Kind.FLOAT, "", id="over"),
        pytest.param(None, Kind.TEXT, "", id="nothing"),
        pytest.param(7, Kind.TEXT, 'x="7"', id="text-of-a-number"),
        pytest.param("a\nb", Kind.TEXT, 'x="a␊b"', id="one-line"),
    ],
)
def test_a_field_has_its_type_whatever_the_value(value: object, kind: Kind, text: str) -> None:
    """The schema decides the type; what has no value of that type is left out, and a point without any is none."""
    from replay_users.results.influx_schema import Field  # noqa: PLC0415

    measurement = Measurement(name="m", tags=(), fields=(Field("x", kind, "", ""),), series=1, says="")
    assert line("m", measurement, {"x": value}, 5) == (f"m {text} 5" if text else "")
