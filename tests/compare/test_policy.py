"""The lists of headers: who is compared how, and that no list contradicts another."""

from __future__ import annotations

import pytest

from replay_users.compare.policy import IGNORED, IGNORED_PREFIXES, PREFIXES, TREATMENTS, Treatment, treatment


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_what_is_ignored_is_on_no_other_list(name: str) -> None:
    """A name on the ignored list is not compared."""
    assert treatment(name) is Treatment.IGNORE


@pytest.mark.parametrize("prefix", IGNORED_PREFIXES)
def test_ignored_families_are_on_no_other_list(prefix: str) -> None:
    """No header whose name begins like this is compared."""
    assert treatment(f"{prefix}anything") is Treatment.IGNORE
    assert not [name for name in (*TREATMENTS, *PREFIXES) if name.startswith(prefix)]


@pytest.mark.parametrize("name", sorted(TREATMENTS))
def test_names_are_whole(name: str) -> None:
    """A longer name is another header: `date` says nothing about `x-candidate-id`, nor `vary` about `x-vary`."""
    assert name == name.lower()
    assert treatment(name) is TREATMENTS[name]
    assert treatment(f"x-other-{name}") is Treatment.IGNORE
    assert treatment(f"{name}_other") is Treatment.IGNORE


@pytest.mark.parametrize("name", ["x-ratelimit-remaining", "ratelimit-reset", "x-rate-limit-limit"])
def test_families_of_rate_limits_are_asked_for_presence(name: str) -> None:
    """How much is left is another number each time; that it is said at all is not."""
    assert treatment(name) is Treatment.PRESENCE


def test_what_is_on_no_list_is_not_compared() -> None:
    """An unknown header is noise until somebody says otherwise."""
    assert treatment("x-anything") is treatment("") is Treatment.IGNORE
