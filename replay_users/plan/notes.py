"""What a person should know before a run: one sentence each, with the cure where there is one.

Law: from counts to sentences; no note repeats what the figures of the plan already say. A filter, rule or method that
matches nothing is named here, because a misspelt one is otherwise invisible.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from replay_users.model import OTHER_ENDPOINT, Capture, SkipReason
from replay_users.plan.headers import is_credential
from replay_users.plan.layout import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.plan.counts import Counts
    from replay_users.plan.route import Router
    from replay_users.plan.selection import Pattern
    from replay_users.plan.settings import PlanSettings
    from replay_users.recording.manifest import Manifest

__all__ = ["notes"]

_CURES = {
    SkipReason.METHOD: "allow writes with --allow-writes, or name other --methods",
    SkipReason.FILTER: "check --endpoints",
    SkipReason.ENDPOINT_RULE: "mark endpoints as safe in --safety FILE",
    SkipReason.PROTOCOL: "gRPC, WebSocket and CONNECT cannot be replayed over HTTP/1.1",
    SkipReason.REDACTED_TARGET: "capture redacted their targets",
    SkipReason.NOT_WHOLE: "capture cut their requests; raise its body limit",
}


def notes(
    manifest: Manifest, settings: PlanSettings, counts: Counts, router: Router, *, clipped: bool
) -> tuple[str, ...]:
    """The warnings of a plan, the gravest first."""
    return (
        *_nothing(counts),
        *_targets(manifest, settings, router),
        *_credentials(settings, counts),
        *_unmatched(manifest, settings),
        *_overflow(settings, counts),
        *_capture(manifest),
        *(_CLIPPED if clipped else ()),
    )


_CLIPPED = ("the pace is held at --max-rate, so the run takes longer than the pace says",)


def _nothing(counts: Counts) -> Iterator[str]:
    if counts.will_send:
        return
    if not counts.planned:
        yield "nothing would be sent: no session of the sample is in the window; take a larger --sample"
        return
    reason = max(counts.skipped_by, key=lambda r: counts.skipped_by[r])
    yield f"nothing would be sent: {_CURES[reason]}"


def _targets(manifest: Manifest, settings: PlanSettings, router: Router) -> Iterator[str]:
    if not settings.verifies:
        yield "--insecure: certificates are not verified, so whoever answers may not be the target"
    for rule in router.rules:
        if not router.covers(rule, manifest.hosts):
            close = get_close_matches(rule.name, manifest.hosts, n=1, cutoff=0.6)
            hint = f"; did you mean {shown(close[0])!r}?" if close else ""
            yield f"--map {rule.text} matches no host of the recording{hint}"
    if settings.preserve_host and (nameless := manifest.hosts.get("", 0)):
        yield f"{nameless:,} exchanges have no recorded host to preserve: there, Host says where they go"
    if router.reads_scheme and (bare := manifest.protocols.get("", 0)):  # what tells no scheme tells no protocol either
        yield (
            f"{bare:,} exchanges have no recorded scheme, so no --map with one is about them: give their hosts one without,"
            " or --host"
        )
    half = [authority for authority in manifest.hosts if router.may_reach(authority) > {None}]
    if half:
        yield (
            f"some exchanges of {listed(half)} may be of a scheme that no map covers and are skipped then (unmapped):"
            " map the other scheme too, or give --host"
        )
    if settings.recorded_connections and (h2 := manifest.protocols.get("HTTP/2", 0)):
        yield (
            f"{h2:,} exchanges shared connections over HTTP/2: with --connections recorded, those that were under way"
            " together open extra connections"
        )


def _credentials(settings: PlanSettings, counts: Counts) -> Iterator[str]:
    if not counts.headers_left_out:
        return
    share = counts.headers_left_out / counts.will_send
    cure = "add one with --header 'Authorization: Bearer ${STAGING_TOKEN}'"
    if any(is_credential(name) for name in settings.headers):
        cure = "--header gives them one"
    yield (
        f"{counts.headers_left_out:,} requests ({share:.1%}) go out without a header that capture redacted,"
        f" most likely their credential: {cure}"
    )


def _unmatched(manifest: Manifest, settings: PlanSettings) -> Iterator[str]:
    names = [info.name for info in manifest.endpoints]
    yield from _idle(settings.endpoints.patterns, names, "--endpoints pattern")
    yield from _idle([rule.pattern for rule in settings.safety.rules], names, "--safety rule for")
    absent = sorted((settings.methods or frozenset()) - set(manifest.methods))
    if absent:
        yield f"no exchange of the recording has method {', '.join(absent)}"


def _idle(patterns: Sequence[Pattern], names: Sequence[str], what: str) -> Iterator[str]:
    for pattern in patterns:
        if not any(pattern.matches(name) for name in names):
            close = pattern.nearest(names)
            hint = f"; did you mean {close!r}?" if close else ""
            yield f"{what} {pattern.text!r} matches no endpoint of the recording{hint}"


def _overflow(settings: PlanSettings, counts: Counts) -> Iterator[str]:
    beyond = sum(endpoint.planned for endpoint in counts.endpoints if endpoint.name == OTHER_ENDPOINT)
    if settings.methods is not None and beyond:
        yield (
            f"{beyond:,} exchanges beyond the cap on endpoints ({OTHER_ENDPOINT}) are left out by --methods, since"
            " their methods are not counted: run without --methods, where writes are skipped one by one"
        )


def _capture(manifest: Manifest) -> Iterator[str]:
    if cut := manifest.capture.get(Capture.RESPONSE_TRUNCATED, 0):
        yield f"{cut:,} recorded responses were cut by capture: their bodies cannot be compared"
    if bare := manifest.capture.get(Capture.STATUS_ONLY, 0):
        yield f"{bare:,} exchanges were recorded without their answers: only their statuses can be compared"
    if h2 := manifest.protocols.get("HTTP/2", 0):
        yield f"{h2:,} exchanges were recorded over HTTP/2 and go out as HTTP/1.1"
    if shared := len(manifest.shared_sessions):
        yield (
            f"{shared:,} sessions are shared by many clients (an API key, a service token): they keep their"
            " timing, but no exchange waits for another's answer"
        )
