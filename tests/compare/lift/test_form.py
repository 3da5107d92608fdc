from __future__ import annotations

import pytest

from replay_users.compare.lift.form import read_form
from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.limits import LIMITS, Limits


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}, id="a-name-twice"),
        pytest.param("a=&b\r\n", {"a": [""], "b": [""]}, id="without-value"),
        pytest.param("k%C3%B6ln=a+b%26", {"köln": ["a b&"]}, id="escapes"),
        pytest.param("a=%ff", {"a": ["\udcff"]}, id="no-utf-8"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_a_form_is_its_fields(text: str, form: dict[str, list[str]]) -> None:
    """Each name with its values in order, escapes undone."""
    assert read_form(text, LIMITS) == form


def test_too_many_fields_are_too_many() -> None:
    """A form is not read further than the limit."""
    with pytest.raises(Beyond):
        read_form("a&" * 9, Limits(nodes=5))
