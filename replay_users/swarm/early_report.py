"""The report of a worker that is told to quit in the moment in which it is connected.

Law: nothing but this. Locust's worker reports once more when its master quits, and Locust's master expects in each report how
many users there are; but the worker's listener that counts them is only added once the connection stands. Where a master is
ended just then, its log had a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["count_nobody"]


def count_nobody(client_id: str, data: MutableMapping[str, Any]) -> None:  # noqa: ARG001 - Locust gives it by name
    """No users, unless the report says how many (a listener of Locust's `report_to_master`)."""
    data.setdefault("user_classes_count", {})
    data.setdefault("user_count", 0)
