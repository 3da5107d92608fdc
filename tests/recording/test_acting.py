"""Requests that act although their method only reads."""

from __future__ import annotations

import pytest

from replay_users.recording.acting import READ_METHODS, acts

ACTING = [
    "/logout",
    "/log-out",
    "/log_out",
    "/logOut",
    "/Logout.php",
    "/users/17/delete",
    "/deleteAccount",
    "/API/DELETE",
    "/mail/opt-out/x",
    "/cart?action=clear&do=remove",
    "/cart?a=1;cmd=delete",
    "/cart?ACTION=Delete",
]
READING = [
    "/",
    "",
    "/deleted-items",
    "/cancellations",
    "/blog/logouts-explained",
    "/users/{delete}",
    "/search?q=delete",
    "/search?reaction=delete",
    "/?next=/logout",
]


@pytest.mark.parametrize("target", ACTING)
def test_an_action_is_a_whole_word(target: str) -> None:
    """A word of a path, however it is written, or the value of a parameter that names an action, makes a GET act."""
    assert acts(target)


@pytest.mark.parametrize("target", READING)
def test_other_words_only_read(target: str) -> None:
    """Longer words, placeholders, searches and other parameters do not."""
    assert not acts(target)


def test_methods_that_read() -> None:
    """The methods whose requests change nothing where servers keep to the rules."""
    assert {"GET", "HEAD", "OPTIONS"} == READ_METHODS
