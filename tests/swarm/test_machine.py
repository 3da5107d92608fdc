"""What processes of one machine share."""

from __future__ import annotations

from replay_users.swarm.machine import boot_id


def test_a_boot_has_one_id() -> None:
    """It is the same whenever it is asked, or there is none."""
    assert boot_id() == boot_id()
    assert len(boot_id()) in {0, 36}
