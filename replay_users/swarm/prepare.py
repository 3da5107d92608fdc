"""Open the recording and make the plan: everything that can go wrong before a run, in one place.

Law: raises our errors and starts nothing; what it gives back is enough to begin at once. A process that does not send (a
master) learns the plan and nothing of the targets: it may have no network to them, no certificates and no secrets.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
import pyarrow as pa

from replay_users.compare.rules.notes import expired_notes
from replay_users.engine.origin import Origin
from replay_users.engine.target import Target, resolve
from replay_users.engine.tls import Tls, TlsSettings, check_tls
from replay_users.engine.tunnel import connect_request
from replay_users.model import Capture
from replay_users.plan.digest import plan_digest
from replay_users.plan.empty import refuse_empty
from replay_users.plan.headers import resolve as fill_in
from replay_users.plan.plan import make_plan
from replay_users.plan.proxy import credential_line
from replay_users.plan.wire import WireBuilder
from replay_users.recording.recording import open_recording
from replay_users.recording.store import open_store
from replay_users.results.gate.against import refuse_other_comparison, refuse_other_run
from replay_users.results.gate.idle import idle_names
from replay_users.results.learnable import FIRST_PASS, RECORDING
from replay_users.results.result import SCHEMA_VERSION
from replay_users.swarm.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from replay_users.plan.plan import Plan
    from replay_users.plan.proxy import Proxy
    from replay_users.plan.route import Route, Router
    from replay_users.recording.index import CountIndex
    from replay_users.recording.recording import Recording
    from replay_users.swarm.settings import RunSettings

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that can begin; `headers` are whole lines with secrets in them, so they are never shown.

    `targets` are in the order of `router.targets`, and `proxy_headers` has the lines for the proxy of each; both are empty
    where nothing is sent.
    """

    settings: RunSettings
    recording: Recording
    index: CountIndex
    plan: Plan
    router: Router
    targets: tuple[Target, ...]
    headers: tuple[bytes, ...]
    proxy_headers: tuple[tuple[bytes, ...], ...]

    @property
    def digest(self) -> str:
        """Equal in processes that send the same and judge answers by the same rules; a user's code is in no digest."""
        return plan_digest(self.plan, self.recording.manifest, self.settings.rules.content)

    @property
    def more_columns(self) -> tuple[str, ...]:
        """Columns to be read beside the usual ones: what the settings need, and hashes where there are answers not kept whole."""
        has_cut = self.recording.manifest.capture.get(Capture.RESPONSE_TRUNCATED)
        return (*self.settings.more_columns, *(("response_hash",) if has_cut else ()))

    def __repr__(self) -> str:
        return f"Prepared({self.plan.recording!r}, {self.plan.planned} planned)"

    def wires(self, run_id: str) -> tuple[WireBuilder, ...]:
        """What makes the requests for each target."""
        return tuple(self._wire(run_id, nth, route) for nth, route in enumerate(self.router.targets))

    def _wire(self, run_id: str, nth: int, route: Route) -> WireBuilder:
        settings = self.settings
        proxied = route.scheme == "http" and self.settings.plan.proxies[nth] is not None
        lines = self.proxy_headers[nth] if proxied else ()
        return WireBuilder(
            host=None if route.host_header is None else route.host_header.encode(),
            run_id=run_id,
            extra=(*self.headers, *lines),
            overridden=frozenset(header.key for header in settings.headers) | frozenset(map(_key, lines)),
            place=route.url.encode() if proxied else b"",
            default=route.host.authority.encode(),
        )


def prepare(settings: RunSettings, *, sends: bool = True, pause: Callable[[], None] | None = None) -> Prepared:
    """Open, count, plan; and, in a process that `sends`, fill in secrets, read certificates, resolve and try https targets.

    `pause` is called between pieces of the count index; by default it gives the hub its turns.

    Raises:
        ReplayError: whatever would keep the run from being what was asked.
    """
    _use_small_pool()
    recording = open_recording(open_store(settings.recording, settings.store))
    index = recording.count_index(pause or Turns(time.monotonic, gevent.sleep).pause)
    plan = make_plan(recording.manifest, index, settings.plan)
    refuse_empty(plan, recording.manifest)
    _refuse_other_baseline(settings, plan)
    today = datetime.now(UTC).date()
    idle = idle_names(settings.gate.settings, [info.name for info in recording.manifest.endpoints])
    notes = (*_aa_notes(settings), *expired_notes(settings.rules, today), *idle)
    plan = replace(plan, warnings=(*plan.warnings, *notes))
    settings = replace(settings, rules=settings.rules.on(today))
    router = settings.plan.router()
    lines = tuple(_proxy_headers(settings, proxy) for proxy in settings.plan.proxies) if sends else ()
    return Prepared(
        settings=settings,
        recording=recording,
        index=index,
        plan=plan,
        router=router,
        headers=tuple(fill_in(header, os.environ, _read_file) for header in settings.headers if sends),
        proxy_headers=lines,
        targets=_targets(settings, router, lines) if sends else (),
    )


def _refuse_other_baseline(settings: RunSettings, plan: Plan) -> None:
    """What cannot stand beside this run is refused now, not when the run is over."""
    if settings.gate.accepted is not None:
        refuse_other_comparison(FIRST_PASS if settings.twice else RECORDING, settings.gate.accepted)
    if settings.gate.baseline_run is not None:
        run = {
            "recording": plan.recording,
            "manifest": plan.generation,
            "window_ns": (plan.window.start, plan.window.end),
            "pace": plan.pace.describe(),
        }
        refuse_other_run(run, settings.gate.baseline_run[0], version=SCHEMA_VERSION)


def _aa_notes(settings: RunSettings) -> Iterator[str]:
    if settings.twice:
        writes = ", and writes everything twice" if settings.plan.safety.allow_writes else ""
        yield f"an A/A run: this is replayed twice, so it takes twice as long{writes}"


def _proxy_headers(settings: RunSettings, proxy: Proxy | None) -> tuple[bytes, ...]:
    """Whole lines for a proxy; what the person gives is stronger than what the environment says."""
    if proxy is None:
        return ()
    given = tuple(fill_in(header, os.environ, _read_file) for header in settings.proxy_headers)
    own = credential_line(proxy, os.environ)
    return given if not own or _key(own) in map(_key, given) else (*given, own)


def _key(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _targets(settings: RunSettings, router: Router, lines: Sequence[tuple[bytes, ...]]) -> tuple[Target, ...]:
    """Where connections go, tried where there is TLS, so that a wrong certificate is one sentence and not a run of failures."""
    origins = [_origin(settings, *each) for each in zip(router.targets, settings.plan.proxies, lines, strict=True)]
    targets = tuple(Target(origin, resolve(origin.name, origin.port)) for origin in origins)
    for nth, (origin, target) in enumerate(zip(origins, targets, strict=True)):
        if origin.tls is not None:
            within, option = settings.timeouts.connect / 1e9, router.option(nth)
            check_tls(target.addresses, origin.tls, origin.tunnel, within, option=option)
    return targets


def _origin(settings: RunSettings, route: Route, proxy: Proxy | None, lines: tuple[bytes, ...]) -> Origin:
    place = proxy.host if proxy else route.host
    if route.scheme == "http":
        return Origin(name=place.name, port=place.port)
    options = settings.tls
    tls = Tls(
        TlsSettings(
            ca_file=options.ca_file,
            cert_file=options.cert_file,
            key_file=options.key_file,
            server_name=options.sni or route.name,
            verify=options.verify,
        )
    )
    tunnel = connect_request(route.name, route.port, lines) if proxy else b""
    return Origin(name=place.name, port=place.port, tls=tls, tunnel=tunnel)


def _read_file(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _use_small_pool() -> None:
    """Let Arrow give memory back at once: its default pool kept 100 MB more after the same slices (measured, pyarrow 26)."""
    try:
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(0)
    except NotImplementedError:  # not in this build
        pa.set_memory_pool(pa.system_memory_pool())
