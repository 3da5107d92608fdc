from __future__ import annotations

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.lifted import Beyond, Form, Lifted


def test_forms_are_called_what_people_call_them() -> None:
    """They are shown where a body is not what it was said to be."""
    assert [str(form) for form in Form] == ["json", "ndjson", "sse", "form", "html", "xml", "text", "opaque"]


def test_two_bodies_are_one_whatever_charset_they_came_in() -> None:
    """Their trees are compared, not how their characters were written."""
    assert Lifted(Form.TEXT, ["a"], b"a", charset="utf-8") == Lifted(Form.TEXT, ["a"], b"a", charset="latin-1")


def test_what_is_beyond_a_limit_says_why() -> None:
    """The reason goes into `unchecked_by`."""
    assert Beyond(UncheckedReason.DEPTH).reason == "depth"
