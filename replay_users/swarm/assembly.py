"""The parts of one run, made from what was prepared: its source, loader, feed, engine, judging and statistics.

Law: composition; each part is made once and nothing is begun. Who calls what during the run is the run's.
The subtle thing: the same request builders serve loader and signer, so that what is signed is what the loader has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gevent.hub import get_hub

from replay_users.endpoint import Templates
from replay_users.engine.engine import Engine
from replay_users.engine.feed import Feed, LookAhead
from replay_users.engine.loader import HookedLoader, Loader, RoutedLoader
from replay_users.plan.duration import SECOND
from replay_users.plan.safety import judge_rewritten
from replay_users.recording.reader import Selection
from replay_users.swarm.judging import Judging, hosts_of
from replay_users.swarm.source import Source
from replay_users.swarm.stats import LocustStats, wants_events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.schedule import Schedule
    from replay_users.model import Flight, SkipReason
    from replay_users.results.tally import Tally
    from replay_users.swarm.first_pass import Against, Keeping
    from replay_users.swarm.hooks import Hooks
    from replay_users.swarm.prepare import Prepared

__all__ = ["Assembly"]


class Assembly:
    """Makes the parts of a run; `names` are those of its endpoints by index, which may become more."""

    def __init__(self, run_id: str, prepared: Prepared, hooks: Hooks, names: list[str]) -> None:
        """Nothing but the builders of requests is made yet."""
        self._prepared = prepared
        self._hooks = hooks
        self._names = names
        self._wires = prepared.wires(run_id)

    def engine(self, schedule: Schedule, *, wake: Callable[[], None], unsigned: Callable[[Flight], None]) -> Engine:
        """What sends; `unsigned` is told of requests that the user's `sign` gave nothing for."""
        settings, hooks = self._prepared.settings, self._hooks
        return Engine(
            get_hub().loop,
            schedule,
            self._prepared.targets,
            timeouts=settings.timeouts,
            keep=settings.keep,
            wake=wake,
            sign=hooks.signer(self._wires) if hooks.signs else None,
            unsigned=unsigned,
        )

    def judging(
        self,
        tally: Tally,
        *,
        aa: Keeping | Against | None = None,
        wake: Callable[[], None],
        tell: Callable[[str], None],
    ) -> Judging:
        """What compares; `aa` where this is a pass of an A/A run."""
        prepared = self._prepared
        return Judging(
            prepared.settings,
            self._names,
            tally,
            left_out=prepared.plan.decisions.left_out(prepared.recording.manifest.endpoints),
            hosts=hosts_of(prepared.router, prepared.recording.manifest.hosts),
            wake=wake,
            tell=tell,
            aa=aa,
        )

    def source(
        self,
        columns: Sequence[str],
        partitions: frozenset[int] | None,
        *,
        unread: Callable[[int, str], None],
        wake: Callable[[], None],
    ) -> Source:
        """What reads the share of the recording; these columns and those that the settings need."""
        prepared, plan = self._prepared, self._prepared.plan
        window, manifest = plan.window, prepared.recording.manifest
        return Source(
            prepared.recording,
            Selection(
                partitions=frozenset(range(manifest.partitions)) if partitions is None else partitions,
                start=window.start,
                end=window.end,
                buckets=plan.buckets,
                columns=tuple(dict.fromkeys((*columns, *prepared.more_columns))),
                trailers=True,
            ),
            prepared.index.slices(window.start, window.end, plan.buckets, partitions),
            unread=unread,
            wake=wake,
        )

    def due_in_time(self, partitions: frozenset[int] | None, long: int) -> int:
        """Planned rows of this share that are due `long` ns or more before a time limit; of a recorded second all or none."""
        prepared, plan = self._prepared, self._prepared.plan
        limit, window = prepared.settings.run_time, plan.window
        if limit is None:
            return 0
        share = range(prepared.recording.manifest.partitions) if partitions is None else partitions
        curve = prepared.index.partition_curve(window.start, window.end, plan.buckets, share)
        ends = (plan.warp((nth + 1) * SECOND - window.lead) for nth in range(len(curve)))
        return sum(rows for rows, end in zip(curve, ends, strict=True) if end <= limit - long)

    def feed(
        self,
        schedule: Schedule,
        index_of: Callable[[str], int],
        *,
        skipped: Callable[[int, SkipReason], None],
        pulled: Callable[[], None],
        waiting_bytes: Callable[[], int],
    ) -> Feed:
        """What makes flights of rows; `index_of` gives the index of an endpoint that the user's code names."""
        return Feed(
            schedule,
            self._loader(index_of),
            {name: nth for nth, name in enumerate(self._names)},
            skipped=skipped,
            pulled=pulled,
            ahead=LookAhead(),
            waiting_bytes=waiting_bytes,
        )

    def _loader(self, index_of: Callable[[str], int]) -> Loader:
        """The plainest one that does."""
        plan, hooks, router, wires = self._prepared.plan, self._hooks, self._prepared.router, self._wires
        settings, origin, warp, rules = self._prepared.settings, plan.window.origin, plan.warp, plan.decisions
        if not hooks.loads and router.is_single and not settings.keep.recorded:
            return Loader(origin=origin, warp=warp, rules=rules, wire=wires[0])
        if not hooks.loads:
            return RoutedLoader(origin=origin, warp=warp, rules=rules, wires=wires, where=router.route)
        templates = Templates.from_json(self._prepared.recording.manifest.templates)
        return HookedLoader(
            origin=origin,
            warp=warp,
            rules=rules,
            wires=wires,
            where=router.route,
            rewrite=hooks.rewrite,
            judge=judge_rewritten(settings.plan.safety, templates.endpoint),
            endpoint=hooks.endpoint,
            index_of=index_of,
            names=self._names,
            keep=hooks.signs,
        )

    def stats(self, environment: Any) -> LocustStats:
        """What tells Locust of the run."""
        settings = self._prepared.settings
        return LocustStats(
            environment,
            self._names,
            fire=wants_events(environment.events, settings.request_events),
            mismatch_is_failure=settings.mismatch_is_failure,
        )
