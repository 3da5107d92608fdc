"""Requests that act although their method only reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.recording.acting import ACTING_WORDS, READ_METHODS, acts

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
    """Longer words, parameters of a template, searches and other parameters do not."""
    assert not acts(target)


@pytest.mark.parametrize("word", sorted(ACTING_WORDS))
def test_every_word_counts_alone(word: str) -> None:
    """Each word of the list is found in a path and in an action, and not in what merely begins with it."""
    assert acts(f"/a/{word}/b")
    assert acts(f"/a?action={word}")
    assert not acts(f"/a/{word}x/b")


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_target_is_read(target: str) -> None:
    """Nothing that a client may have sent makes the question fail, and an action behind it is seen."""
    acts(target)
    assert "?" in target or acts(f"{target}/logout")


def test_methods_that_read() -> None:
    """The methods whose requests change nothing where servers keep to the rules."""
    assert {"GET", "HEAD", "OPTIONS"} == READ_METHODS
