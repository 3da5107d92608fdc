"""A target that does wrong, in as many ways as there are kinds, and counts what it did.

Law: the handle; kinds are data in `kinds`, what they do on the wire is the scripted target's `server`. The subtle thing:
counts are of turns that were begun. What an exchange met is one of the kinds' `meets`, and a kind that acts as soon as a
connection is free may have acted before there was an exchange to meet it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.testing.kinds import FAULT_KINDS, GOOD
from replay_users.testing.target import ScriptedTarget, written

if TYPE_CHECKING:
    from replay_users.testing.kinds import FaultKind

__all__ = ["Each", "FaultTarget", "Faults"]


class Each(StrEnum):
    """What a kind is chosen for."""

    TURN = "turn"
    CONNECTION = "connection"


@dataclass(frozen=True, slots=True)
class Faults:
    """What a fault target did: turns begun by kind, connections accepted, whole requests read, connections still open."""

    begun: dict[str, int]
    accepted: int
    whole: int
    open: int


class FaultTarget(ScriptedTarget):
    """A real server on the loopback interface that misbehaves by kind.

    ```python
    with FaultTarget(GOOD, *FAULT_KINDS, seed=7) as target:
        ...  # replay to target.url
        assert target.faults().begun["reset-in-body"] == failed_by["reset_in_body"]
    ```

    Without kinds it does all of `FAULT_KINDS`. It is a scripted target too: `go_down` and `come_up` make it refuse
    connections for a while, `refusing` and `deaf` are addresses that never work, `use_tls` gives it a certificate.
    """

    def __init__(self, *kinds: FaultKind, seed: int | None = None, each: Each = Each.TURN) -> None:
        """Start it; what it does is as for `misbehave`."""
        super().__init__()
        self.misbehave(*kinds, seed=seed, each=each)

    def misbehave(self, *kinds: FaultKind, seed: int | None = None, each: Each = Each.TURN) -> None:
        """Do these kinds from the next connection on, and count anew.

        Args:
            *kinds: what to do; give one several times to have more of it.
            seed: choose at random, the same for the same seed; without one kinds come in turn.
            each: whether a connection stays with the kind that it was accepted with.
        """
        listed = [(kind.name, written(kind.steps)) for kind in kinds or (GOOD, *FAULT_KINDS)]
        self._order({"mix": {"kinds": listed, "seed": seed, "each": each}})

    def faults(self) -> Faults:
        """What it did since it was last told to misbehave."""
        told = self._order({})
        return Faults(told["begun"], told["accepted"], told["whole"], told["open"])
