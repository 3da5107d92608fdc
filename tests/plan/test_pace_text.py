from __future__ import annotations

from fractions import Fraction

import pytest

from replay_users.errors import UsageError
from replay_users.plan.duration import SECOND
from replay_users.plan.pace import AsRecorded, Pace, Rates, Stage
from replay_users.plan.pace_text import parse_pace, parse_rate


def hold(rate: int, seconds: int | None = None) -> Stage:
    """A stage of one rate."""
    return Stage(Fraction(rate), Fraction(rate), None if seconds is None else seconds * SECOND)


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("1x", AsRecorded()),
        ("2.5x", AsRecorded(Fraction(5, 2))),
        (" 0.1x ", AsRecorded(Fraction(1, 10))),
        ("500/s", Rates((hold(500),))),
        ("90/m", Rates((Stage(Fraction(3, 2), Fraction(3, 2), None),))),
        (
            "100/s->500/s:5m, 500/s:10m",
            Rates((Stage(Fraction(100), Fraction(500), 300 * SECOND), hold(500, 600))),
        ),
        ("0/s->5/s:30s,7/s", Rates((Stage(Fraction(0), Fraction(5), 30 * SECOND), hold(7)))),
    ],
)
def test_every_form_is_read(text: str, pace: Pace) -> None:
    """Speeds, rates, holds and ramps, spaces aside."""
    assert parse_pace(text) == pace


@pytest.mark.parametrize(
    "text",
    [
        "1x",
        "2.5x",
        "0.001x",
        "500/s",
        "100/m",
        "0.5/s",
        "100/s->500/s:5m,500/s:10m",
        "0/s->5/s:1h30m,7/s",
        "123456789.123456789/s",
    ],
)
def test_a_pace_describes_itself_as_it_is_written(text: str) -> None:
    """What a plan shows can be given to `--pace` again."""
    assert parse_pace(text).describe() == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "a rate is missing", id="empty"),
        pytest.param("fast", "'fast' is not a rate", id="nonsense"),
        pytest.param("0x", "more than zero", id="zero speed"),
        pytest.param("0/s", "more than zero", id="zero rate"),
        pytest.param("5/s->0/s:5m", "more than zero", id="a ramp that never ends"),
        pytest.param("-1x", "not a rate", id="negative"),
        pytest.param("nanx", "not a rate", id="nan"),
        pytest.param("inf/s", "not a rate", id="infinite"),
        pytest.param("1e3/s", "not a rate", id="exponent"),
        pytest.param("1", "not a rate", id="no unit"),
        pytest.param("9" * 5000 + "x", "not a rate", id="more digits than anybody means"),
        pytest.param("100/s->500/s", "needs the time it takes", id="a ramp without a time"),
        pytest.param("100/s,500/s", "needs the time it takes", id="a hold before another without a time"),
        pytest.param("100/s:0s", "more than zero", id="a stage of no time"),
        pytest.param("100/s:", "length of time", id="a time left out"),
        pytest.param("100/s:5m,", "a rate is missing", id="a comma too many"),
        pytest.param("2x,500/s", "not a rate", id="a speed is no stage"),
    ],
)
def test_what_is_no_pace_is_refused_with_the_forms(text: str, reason: str) -> None:
    """An unknown pace is a usage error that says what is wrong and what is right."""
    with pytest.raises(UsageError, match=r"write 1x, 2.5x, 500/s.*100/s->500/s:5m") as caught:
        parse_pace(text)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(("text", "rate"), [("500/s", Fraction(500)), ("500", Fraction(500)), ("90/m", Fraction(3, 2))])
def test_a_ceiling_is_a_rate(text: str, rate: Fraction) -> None:
    """`--max-rate` takes a rate, per second if it does not say."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "0/s", "-5", "2x", "500/h", "nan"])
def test_what_is_no_ceiling_is_refused(text: str) -> None:
    """An unreadable ceiling never means no ceiling."""
    with pytest.raises(UsageError, match="unknown rate"):
        parse_rate(text)
