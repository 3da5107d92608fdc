"""What a person asked a run to be, read and checked, before any recording is looked at.

Law: values. Only the window stays text, because what it means depends on the recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.plan.pace import AsRecorded
from replay_users.plan.route import Router
from replay_users.plan.safety import Safety
from replay_users.plan.selection import EndpointFilter
from replay_users.recording.partition import SAMPLE_BUCKETS

if TYPE_CHECKING:
    from fractions import Fraction

    from replay_users.plan.host import Host
    from replay_users.plan.map_rule import MapRule
    from replay_users.plan.pace import Pace
    from replay_users.plan.proxy import Proxy

__all__ = ["PlanSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """The settings of a plan.

    Attributes:
        recording: its name, as shown.
        pace: how recorded time becomes run time.
        window: `A..B` as `--window` writes it; empty for all of the recording.
        buckets: of the `SAMPLE_BUCKETS` buckets of sessions, how many are replayed.
        methods: which are replayed; `None` for all.
        endpoints: which are replayed.
        safety: whether writes are allowed, and the endpoint rules.
        max_rate: exchanges per second the plan may not exceed; `None` for no ceiling.
        clip: hold the pace at the ceiling instead of refusing.
        host: where what no map covers goes; `None` for nowhere. Without maps either, the plan goes nowhere.
        maps: where recorded hosts go.
        preserve_host: send the recorded Host.
        proxies: of each of the router's targets; empty for none at all.
        verifies: whether the certificates of https targets are verified.
        recorded_connections: whether each recorded connection has one of its own.
        headers: names of the headers the run adds.
    """

    recording: str = ""
    pace: Pace = AsRecorded()  # noqa: RUF009 - a frozen value
    window: str = ""
    buckets: int = SAMPLE_BUCKETS
    methods: frozenset[str] | None = None
    endpoints: EndpointFilter = EndpointFilter()  # noqa: RUF009 - a frozen value
    safety: Safety = Safety()  # noqa: RUF009 - a frozen value
    max_rate: Fraction | None = None
    clip: bool = False
    host: Host | None = None
    maps: tuple[MapRule, ...] = ()
    preserve_host: bool = False
    proxies: tuple[Proxy | None, ...] = ()
    verifies: bool = True
    recorded_connections: bool = False
    headers: tuple[str, ...] = ()

    def router(self) -> Router:
        """Where each recorded host goes; its targets are those of the run, in order."""
        return Router(self.maps, self.host, preserve_host=self.preserve_host)
