from __future__ import annotations

import pytest

from replay_users.errors import DamagedRecording, ReplayError, StoreError, UsageError


@pytest.mark.parametrize(("kind", "code"), [(ReplayError, 1), (UsageError, 2), (DamagedRecording, 1), (StoreError, 1)])
def test_each_error_has_the_exit_code_of_its_kind(kind: type[ReplayError], code: int) -> None:
    """What a person can mend by asking for something else is 2, what failed on our side is 1."""
    assert kind.exit_code == code


@pytest.mark.parametrize("kind", [UsageError, DamagedRecording, StoreError])
def test_one_handler_catches_them_all(kind: type[ReplayError]) -> None:
    """A command shows any of them as its sentence."""
    with pytest.raises(ReplayError, match=r"^the sentence$"):
        raise kind("the sentence")
