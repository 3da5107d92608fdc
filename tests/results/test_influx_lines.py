"""Lines of series, and places."""

from __future__ import annotations

from replay_users.histogram import OVER
from replay_users.results.influx_lines import Lines, Places, in_ms
from replay_users.results.influx_schema import DIFF


def test_a_line_has_the_tags_of_its_measurement() -> None:
    """Tags come in the measurement's order, and the line has an end."""
    lines = Lines()
    text = lines.of(DIFF, ("GET /a b", "value", "r1", "root['a']"), {"count": 2, "sessions": 1}, 7)
    assert text == "replay_diff,endpoint=GET\\ /a\\ b,kind=value,run=r1,signature=root['a'] count=2i,sessions=1i 7\n"


def test_series_are_counted() -> None:
    """A second point of a series is none of another, and a point without values is no line."""
    lines = Lines()
    for at in range(3):
        assert lines.of(DIFF, ("a", "b", "c", "d"), {"count": 1}, at)
    assert lines.of(DIFF, ("a", "b", "c", "d"), {}, 5) == ""
    assert len(lines) == 1


def test_the_first_to_ask_have_a_place() -> None:
    """Who has a place keeps it; when there is none left, nobody else gets one."""
    places = Places(2)
    assert [places.has(name) for name in "abacba"] == [True, True, True, False, True, True]


def test_what_is_larger_than_any_number_is_none() -> None:
    """Milliseconds of a duration; nothing for `over` and for what was not measured."""
    assert [in_ms(each) for each in (1_234_567, OVER, None)] == [1.235, None, None]
