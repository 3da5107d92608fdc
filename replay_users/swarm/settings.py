"""What a run was asked to be: Locust's parsed options, read and checked once, frozen when the test starts.

Law: text to values; files that the person named (rules, safety) are read here, the recording is not opened yet. Secrets
are not here: a header is a template, which each worker fills in from its own environment when its run begins.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.compare.rules import Rules
from replay_users.compare.sampling import Sampling, parse_sampling
from replay_users.engine.engine import Timeouts
from replay_users.engine.schedule import Limits
from replay_users.errors import UsageError
from replay_users.plan.duration import parse_duration
from replay_users.plan.headers import parse_header
from replay_users.plan.host import parse_host
from replay_users.plan.map_rule import parse_maps
from replay_users.plan.pace_text import parse_pace, parse_rate
from replay_users.plan.route import Router
from replay_users.plan.safety import Safety
from replay_users.plan.safety_file import parse_safety
from replay_users.plan.selection import parse_endpoints, parse_methods, parse_sample
from replay_users.plan.settings import PlanSettings
from replay_users.recording.store import S3Options
from replay_users.results.autostop_text import parse_autostop
from replay_users.results.gate_files import read_gate_files
from replay_users.swarm.grafana_link import read_grafana
from replay_users.swarm.influx_settings import read_influx
from replay_users.swarm.options import OPTIONS
from replay_users.swarm.reach_settings import TlsOptions, read_keep, read_proxies, read_proxy_headers, read_tls
from replay_users.swarm.upload import read_upload

if TYPE_CHECKING:
    from replay_users.engine.pool import Keep
    from replay_users.plan.headers import HeaderSpec
    from replay_users.plan.host import Host
    from replay_users.results.autostop import Criterion
    from replay_users.results.gate import Yardstick
    from replay_users.results.influx import InfluxTarget

__all__ = ["RunSettings", "planned_settings", "read_settings", "s3_options"]

_LIMIT_RANGE = range(1, 100_001)
_MOST_COMPARERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything a run is made of, but the recording itself. Times are ns.

    `host` takes what no map covers; `plan.router()` has all targets.
    """

    recording: str
    store: S3Options
    plan: PlanSettings
    host: Host | None
    headers: tuple[HeaderSpec, ...]
    proxy_headers: tuple[HeaderSpec, ...]
    tls: TlsOptions
    keep: Keep
    rules: Rules
    twice: bool
    noise_is_failure: bool
    gate: Yardstick
    comparers: int
    sampling: Sampling
    causal: bool
    autostop: tuple[Criterion, ...]
    limits: Limits
    timeouts: Timeouts
    drain_timeout: int
    run_time: int | None
    out: str
    overwrite: bool
    upload: str
    labels: dict[str, str]
    mismatch_is_failure: bool
    request_events: str
    influx: InfluxTarget | None = None
    grafana: str = ""

    @property
    def more_columns(self) -> tuple[str, ...]:
        """Columns that have to be read for this run beside the usual ones."""
        scheme = ("scheme",) if self.plan.router().reads_scheme else ()
        return (*scheme, *(("connection", "source") if self.keep.recorded else ()))


def read_settings(options: Any, host: str | None, *, writes: bool = True) -> RunSettings:
    """Read parsed options (Locust's namespace) and the target; in a process that `writes` the result, where to is looked at.

    Raises:
        UsageError: one of them cannot be; the sentence says which and what would be right.
    """
    _refuse_nameless(options)
    if not host and not options.map:
        raise UsageError(
            "say where to replay to: --host http://HOST:PORT (or LOCUST_HOST), or --map PROD=STAGING for each recorded host"
        )
    settings = _settings(options, host, writes=writes)
    if not writes:
        return settings
    influx = read_influx(options, os.environ)
    return replace(settings, influx=influx, grafana=read_grafana(options.grafana_url, has_points=influx is not None))


def planned_settings(options: Any, host: str | None) -> RunSettings:
    """The same for a plan, which may go nowhere: without a target only what is about targets is not checked.

    Raises:
        UsageError: as `read_settings`.
    """
    _refuse_nameless(options)
    return _settings(options, host)


def _refuse_nameless(options: Any) -> None:
    if not options.recording.strip():
        raise UsageError("say what to replay: --recording FOLDER or s3://bucket/prefix (or REPLAY_RECORDING)")


def _settings(options: Any, host: str | None, *, writes: bool = True) -> RunSettings:
    _refuse_unknown_choices(options)
    headers = tuple(parse_header(text) for text in options.header)
    plan = _plan_settings(options, parse_host(host) if host else None, headers)
    return RunSettings(
        recording=options.recording,
        store=s3_options(options),
        plan=plan,
        host=plan.host,
        headers=headers,
        proxy_headers=read_proxy_headers(options),
        tls=read_tls(options, plan.router().targets),
        keep=read_keep(options),
        rules=_rules(options.rules),
        twice=options.aa == "2",
        noise_is_failure=options.noise_is_failure,
        gate=read_gate_files(options.gate, options.baseline, options.baseline_run) if writes else read_gate_files(),
        comparers=_comparers(options.comparers),
        sampling=parse_sampling(options.compare_sample),
        causal=options.order == "causal",
        autostop=parse_autostop(options.autostop),
        limits=_limits(options),
        timeouts=_timeouts(_duration(options, "timeout"), _duration(options, "connect-timeout")),
        drain_timeout=_duration(options, "drain-timeout"),
        run_time=_run_time(getattr(options, "run_time", None)),
        out=_out(options.out, overwrite=options.overwrite) if writes else options.out,
        overwrite=options.overwrite,
        upload=read_upload(options.upload) if writes else "",
        labels=_labels(options.label),
        mismatch_is_failure=options.mismatch_is_failure,
        request_events=options.fire_request_events,
    )


def _refuse_unknown_choices(options: Any) -> None:
    """The parser has done this for the command line; the web form offers free text."""
    for option in OPTIONS:
        given = getattr(options, option.dest)
        if option.choices and given not in option.choices:
            raise UsageError(f"--{option.name} {given[:40]!r}: choose one of {', '.join(option.choices)}")


def _plan_settings(options: Any, host: Host | None, headers: tuple[HeaderSpec, ...]) -> PlanSettings:
    """The part that the plan needs; without `host` and maps it is one that goes nowhere."""
    maps = parse_maps(options.map)
    targets = Router(maps, host, preserve_host=options.preserve_host).targets
    return PlanSettings(
        recording=options.recording,
        pace=parse_pace(options.pace),
        window=options.window,
        buckets=parse_sample(options.sample),
        methods=parse_methods(options.methods),
        endpoints=parse_endpoints(options.endpoints),
        safety=Safety(allow_writes=options.allow_writes, rules=_safety_rules(options.safety)),
        max_rate=parse_rate(options.max_rate) if options.max_rate else None,
        clip=options.clip,
        host=host,
        maps=maps,
        preserve_host=options.preserve_host,
        proxies=read_proxies(options, targets, os.environ),
        verifies=not options.insecure,
        recorded_connections=options.connections == "recorded",
        headers=tuple(header.name for header in headers),
    )


def s3_options(options: Any) -> S3Options:
    """How to reach the recording's bucket."""
    return S3Options(
        endpoint=options.s3_endpoint or None,
        region=options.s3_region or None,
        role=options.s3_role or None,
        requester_pays=options.s3_requester_pays,
        expected_owner=options.s3_expected_owner or None,
    )


def _safety_rules(path: str) -> Any:
    return parse_safety(_text(path, "--safety"), path) if path else ()


def _rules(path: str) -> Rules:
    return Rules.parse(_text(path, "--rules"), path) if path else Rules()


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"{option} {path} cannot be read: {reason}") from None


def _limits(options: Any) -> Limits:
    return Limits(
        max_lag=_duration(options, "max-lag"),
        max_wait=_duration(options, "max-wait"),
        max_in_flight=_in_flight(options.max_in_flight),
    )


def _in_flight(text: str) -> int:
    if not text.isdecimal() or int(text) not in _LIMIT_RANGE:
        raise UsageError(f"--max-in-flight {text!r}: give a number from 1 to 100000")
    return int(text)


def _comparers(text: str) -> int:
    if not text.isdecimal() or int(text[:9]) > _MOST_COMPARERS:
        raise UsageError(f"--comparers {text!r}: give a number from 0 to {_MOST_COMPARERS}")
    return int(text)


def _duration(options: Any, name: str) -> int:
    return _named_duration(getattr(options, name.replace("-", "_")), name)


def _named_duration(text: str, name: str) -> int:
    """A length of time in ns; a refusal says of which option."""
    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(f"--{name} {error}") from None


def _timeouts(answer: int, connect: int) -> Timeouts:
    return Timeouts(connect=min(answer, connect), answer=answer, longest=max(answer, Timeouts().longest))


def _run_time(value: Any) -> int | None:
    """Locust's `-t`: seconds as a number once parsed, or still its text, where a bare number is seconds too."""
    if not value:
        return None
    text = f"{value}s" if str(value).isdecimal() else str(value)
    return _named_duration(text, "run-time")


def _out(out: str, *, overwrite: bool) -> str:
    """Where to write; refused now rather than after the run, if it holds another one or cannot be a directory."""
    folder = Path(out)
    if not overwrite and (folder / "result.json").exists():
        raise UsageError(
            f"--out {out} holds a run already: choose another directory, such as 'runs/{{id}}',"
            " or replace it with --overwrite"
        )
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UsageError(f"--out {out} cannot be written: {there} is not a directory that you may write to")
    return out


def _labels(pairs: list[str]) -> dict[str, str]:
    labels = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--label {pair!r}: write key=value, such as --label sha=1a2b3c")
        labels[key.strip()] = value.strip()
    return labels
