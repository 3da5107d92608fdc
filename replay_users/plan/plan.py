"""The plan: what a run will do, known exactly before anything is sent.

Law: computed from the manifest, the count index and the settings alone, so every process that has those has the same
plan, and `planned` never comes from what a run happened to see. The subtle thing: planned rows are those of window and
sample; methods, filters, safety and the capture's faults only decide how many of them are skipped, and each row has one
reason (`decisions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from replay_users.errors import UsageError
from replay_users.plan.counts import Counts, count
from replay_users.plan.decisions import Decisions, decide_all
from replay_users.plan.duration import SECOND
from replay_users.plan.notes import notes
from replay_users.plan.pace import clip, describe_rate
from replay_users.plan.rate import COURSE_STEPS, rate_curve
from replay_users.plan.route import SEVERAL, planned_targets, refuse_uncovered
from replay_users.plan.safety import refuse_production
from replay_users.plan.window import parse_window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from replay_users.model import SkipReason
    from replay_users.plan.counts import Cell
    from replay_users.plan.pace import Pace
    from replay_users.plan.proxy import Proxy
    from replay_users.plan.rate import RateCurve
    from replay_users.plan.route import PlannedTarget, Router
    from replay_users.plan.settings import PlanSettings
    from replay_users.plan.warp import Warp
    from replay_users.plan.window import Window
    from replay_users.recording.manifest import Manifest

__all__ = ["CountIndex", "Plan", "Reading", "make_plan"]


class CountIndex(Protocol):
    """What the plan asks of a recording's count index; times are UTC ns, whole seconds."""

    def totals(self, start: int, end: int, buckets: int) -> Mapping[Cell, int]:
        """Rows by cell with start <= at < end and a sample bucket below `buckets`."""

    def curve(self, start: int, end: int, buckets: int, keep: Collection[Cell]) -> list[int]:
        """Rows per second from `start`, of the cells in `keep` only."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recording's store has to give: slices that the window touches, all of their bytes, and ranged GETs.

    The GETs are those of one worker that owns all partitions; of several, each makes about as many, for fewer bytes.
    """

    slices: int
    bytes: int
    gets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will do.

    Attributes:
        recording: its name, as shown.
        generation: the manifest's.
        targets: where requests go; none for a plan that goes nowhere.
        window: which rows, and the origin of their offsets.
        buckets: of the `SAMPLE_BUCKETS` buckets of sessions, how many are replayed.
        pace: as it will be, clipped if it had to be.
        warp: recorded ns since the origin to due ns since the run's start.
        decisions: which rows are sent, by endpoint index and traits.
        counts: how many rows, by what becomes of them.
        duration_ns: from the run's start until the last exchange is due.
        rate: exchanges per second of the run.
        course: the same in finer steps.
        hosts: rows by recorded authority, of the whole recording, since the index does not count by it.
        protocols: rows by recorded protocol, of the whole recording.
        reading: slices, bytes and GETs.
        warnings: what a person should know before the run, one sentence each.
    """

    recording: str
    generation: int
    targets: tuple[PlannedTarget, ...]
    window: Window
    buckets: int
    pace: Pace
    warp: Warp
    decisions: Decisions
    counts: Counts
    duration_ns: int
    rate: RateCurve
    course: RateCurve
    hosts: Mapping[str, int]
    protocols: Mapping[str, int]
    reading: Reading
    warnings: tuple[str, ...]

    @property
    def target(self) -> str | None:
        """The URL that requests go to, `several` if there are more; `None` for a plan that goes nowhere."""
        if not self.targets:
            return None
        return self.targets[0].route.url if len(self.targets) == 1 else SEVERAL

    @property
    def host_header(self) -> str:
        """What Host will say, `as recorded`, or `several`."""
        said = {target.host_header for target in self.targets} or {"as recorded"}
        return said.pop() if len(said) == 1 else SEVERAL

    @property
    def planned(self) -> int:
        """Rows of window and sample; each ends as exactly one of sent, dropped, skipped, unread, in doubt."""
        return self.counts.planned

    @property
    def will_send(self) -> int:
        """Planned rows that nothing skips."""
        return self.counts.will_send

    @property
    def skipped_by(self) -> Mapping[SkipReason, int]:
        """Planned rows that are not sent, by the one reason of each."""
        return self.counts.skipped_by

    @property
    def headers_left_out(self) -> int:
        """Rows sent without a header that capture redacted."""
        return self.counts.headers_left_out

    @property
    def duration_s(self) -> float:
        """The run's planned duration in seconds."""
        return self.duration_ns / SECOND


def make_plan(manifest: Manifest, index: CountIndex, settings: PlanSettings) -> Plan:
    """Plan a run. A plan that would send nothing is a plan; what to make of it is the caller's choice.

    Raises:
        UsageError: a target is production, a recorded host has none, the window holds nothing, or the pace exceeds
            `max_rate` without `clip`.
    """
    router = settings.router()
    proxies = settings.proxies or (None,) * len(router.targets)
    _refuse_places(router, proxies, manifest.hosts)
    window = parse_window(settings.window, manifest.first_at, manifest.last_at)
    names = [info.name for info in manifest.endpoints]
    decisions = decide_all(names, settings.methods, settings.endpoints, settings.safety)
    counts = count(names, decisions, index.totals(window.start, window.end, settings.buckets))
    curve = index.curve(window.start, window.end, settings.buckets, counts.sent)
    pace = _within_ceiling(settings, curve)
    warp = pace.warp(curve, window.lead)
    duration = warp.duration(_last_offset(curve, window, manifest.last_at))
    rated = curve, warp, window.lead, duration, pace.peak_rate(curve)
    return Plan(
        recording=settings.recording,
        generation=manifest.generation,
        targets=planned_targets(router, proxies, manifest.hosts),
        window=window,
        buckets=settings.buckets,
        pace=pace,
        warp=warp,
        decisions=decisions,
        counts=counts,
        duration_ns=duration,
        rate=rate_curve(*rated),
        course=rate_curve(*rated, most_steps=COURSE_STEPS),
        hosts=manifest.hosts,
        protocols=manifest.protocols,
        reading=_reading(manifest, window),
        warnings=notes(manifest, settings, counts, router, clipped=pace != settings.pace),
    )


def _reading(manifest: Manifest, window: Window) -> Reading:
    sizes = [s.size for s in manifest.slices if s.first_at < window.end and s.last_at >= window.start]
    return Reading(len(sizes), sum(sizes), len(sizes))


def _refuse_places(router: Router, proxies: Sequence[Proxy | None], hosts: Mapping[str, int]) -> None:
    """Production is no target, and no proxy either: a server that takes whole URLs may well answer them itself."""
    for place in (*(route.host for route in router.targets), *(proxy.host for proxy in proxies if proxy)):
        refuse_production(place.url, hosts)
    if router.targets:
        refuse_uncovered(router, hosts)


def _within_ceiling(settings: PlanSettings, curve: Sequence[int]) -> Pace:
    """The pace asked for, or clipped to `max_rate` if it would exceed it and that is allowed."""
    pace, ceiling = settings.pace, settings.max_rate
    if ceiling is None or pace.peak_rate(curve) <= float(ceiling):
        return pace
    if settings.clip:
        return clip(pace, ceiling)
    raise UsageError(
        f"the plan would send up to {pace.peak_rate(curve):.6g}/s, above --max-rate {describe_rate(ceiling)}:"
        " choose a slower --pace, raise --max-rate, or hold it there with --clip"
    )


def _last_offset(curve: Sequence[int], window: Window, last_at: int) -> int:
    """Ns from the origin to the latest moment at which the last sent exchange can have been recorded."""
    seconds = max((nth for nth, rows in enumerate(curve, start=1) if rows), default=0)
    last = min(window.start + seconds * SECOND - 1, last_at)
    return max(last - window.origin, 0)
