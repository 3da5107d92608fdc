"""What `make bench` measures: contenders, the groups they run in, rows with goals and floors.

Law: declarations only; a new contender or row is added here and nowhere else. The peers' commands
are functions because groups run them against different targets and recordings.
The subtle thing: a peer is compared only with contenders of its own group, which saw the same
target, body size and minute.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.harness import Bar, Beside, Contender, Group, Level, Ratio
from benchmarks.ours.recording import recording
from benchmarks.peers.request import CONNECTIONS
from benchmarks.servers.target import Serving
from benchmarks.soak import LAG_FLOOR_MS, LAG_GOAL_MS, row_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["busy_loop", "fasthttp", "groups", "naive", "ours", "wrk"]

WINDOW_S = 2
WARM_UP_S = 1
ROWS_PER_USER_S = 10
"""How many requests per second one greenlet of the naive replay is meant for."""


def _locust(locustfile: str, *, users: int, seconds: float) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "locust", "-f", f"benchmarks/peers/{locustfile}", "--headless",
        "-u", str(users), "-r", "1000", "-t", f"{seconds:.0f}s", "--only-summary",
    )  # fmt: skip


def fasthttp(name: str = "FastHttpUser", *, scheme: str = "http") -> Contender:
    """Locust's FastHttpUser, closed loop, 32 users."""
    command = _locust("fasthttp.py", users=CONNECTIONS, seconds=WARM_UP_S + WINDOW_S)
    return Contender(name=name, command=command, env={"BENCH_SCHEME": scheme})


def wrk(name: str = "wrk", *, scheme: str = "http") -> Contender:
    """Wrk with one thread and 32 connections; skips itself where it is not installed."""
    command = (sys.executable, "-m", "benchmarks.peers.wrk")
    return Contender(name=name, command=command, env={"BENCH_SECONDS": str(WINDOW_S), "BENCH_SCHEME": scheme})


def busy_loop(name: str = "busy loop", *, rate: float, seconds: float = 4) -> Contender:
    """The machine's own lag at `rate` due times per second."""
    command = (
        sys.executable, "-m", "benchmarks.peers.floor", "--rate", str(rate),
        "--seconds", str(seconds),
    )  # fmt: skip
    return Contender(name=name, command=command)


def naive(name: str = "naive", *, rate: float | None = None, seconds: float = 4) -> Contender:
    """The naive Locust replay of BENCH_RECORDING (set by the group's `prepare`).

    With `rate`, the recording's, at its own timing with a user per 10 requests/s; without, flat
    out with 32 users.
    """
    users = round(rate / ROWS_PER_USER_S) if rate else CONNECTIONS
    command = _locust("naive/locustfile.py", users=max(1, users), seconds=seconds + 2 * WARM_UP_S)
    env = {"BENCH_PACE": "recorded" if rate else "flat-out"}
    return Contender(name=name, command=command, env=env)


def ours(module: str, name: str, *arguments: str, timeout_s: float = 120.0) -> Contender:
    """One of our own contenders, `benchmarks.ours.MODULE`."""
    command = (sys.executable, "-m", f"benchmarks.ours.{module}", *arguments)
    return Contender(name=name, command=command, timeout_s=timeout_s)


def _recorded(**shape: float) -> Callable[[], Mapping[str, str]]:
    """Write the recording of this shape if it is not there; its folder, for the contenders."""

    def prepare() -> Mapping[str, str]:
        return {"BENCH_RECORDING": str(recording(**shape))}  # type: ignore[arg-type]

    return prepare


def _transport() -> Group:
    return Group(
        name="transport",
        contenders=(ours("transport", "our transport"), fasthttp(), wrk()),
        rows=(
            Ratio(name="transport vs FastHttpUser", of="our transport", over="FastHttpUser", goal=15, floor=8),
            Ratio(name="transport vs wrk", of="our transport", over="wrk", goal=85, floor=50, unit="%"),
        ),
    )


def _tls() -> Group:
    """The same over TLS 1.3, ours with the certificate verified; wrk for the eye only."""
    name, peer = "our transport, TLS", "FastHttpUser, TLS"
    return Group(
        name="tls",
        contenders=(
            ours("transport", name, "--tls"),
            fasthttp(peer, scheme="https"),
            wrk("wrk, TLS", scheme="https"),
        ),
        serving=Serving(tls=True),
        rows=(Ratio(name="HTTPS vs FastHttpUser over HTTPS", of=name, over=peer, goal=10, floor=6),),
    )


def _pipeline() -> Group:
    """Flat out: the pace is far above what a core can do, and nothing is dropped."""
    bar = Bar(name="naive replay vs bare FastHttpUser, less its decoding", peer="naive", bare="FastHttpUser")
    return Group(
        name="pipeline",
        contenders=(
            ours(
                "pipeline",
                "our pipeline",
                "--pace",
                "60000/s",
                "--in-flight",
                "100000",
                "--window",
                "4",
                "--comparers",
                "0",
            ),
            naive(),
            fasthttp(),
        ),
        prepare=_recorded(rate=20_000, seconds=15),
        rows=(
            bar,
            Ratio(
                name="whole pipeline vs naive Locust replay",
                of="our pipeline",
                over="naive",
                goal=10,
                floor=4,
                bar=bar,
            ),
            Level(
                name="whole pipeline, requests per CPU second",
                of="our pipeline",
                key="per_cpu_s",
                unit="/s",
                goal=30_000,
                better="more",
            ),
        ),
    )


def _engine_lag() -> Group:
    p50, p99 = "lag_p50_ms", "lag_p99_ms"
    floor_p50 = Beside(of="busy loop", key=p50, plus=3)
    floor_p99 = Beside(of="busy loop", key=p99, plus=3)
    engine = "our engine"
    return Group(
        name="engine lag",
        contenders=(ours("engine", engine, "--rate", "2000"), busy_loop(rate=2000)),
        rows=(
            Level(name="lag p50 at 2,000/s, engine only", of=engine, key=p50, unit="ms", goal=0.1, floor=floor_p50),
            Level(name="lag p99 at 2,000/s, engine only", of=engine, key=p99, unit="ms", goal=0.5, floor=floor_p99),
        ),
    )


def _pipeline_lag() -> Group:
    name, p99 = "our pipeline at 1,000/s", "lag_p99_ms"
    return Group(
        name="pipeline lag",
        contenders=(ours("pipeline", name, "--pace", "1x", "--window", "8"), naive(rate=1000, seconds=8)),
        prepare=_recorded(rate=1000, seconds=30),
        rows=(
            Level(name="lag p99 at 1,000/s, whole pipeline", of=name, key=p99, unit="ms", goal=2, floor=10),
            Ratio(
                name="the same vs the naive replay's",
                of=name,
                over="naive",
                key=p99,
                goal=50,
                floor=50,
                unit="%",
                better="less",
            ),
        ),
    )


def _fast_lag(rate: int, seconds: int, goal_ms: float, floor_ms: float) -> Group:
    """Lag where the core is busier; the window ends before the recording does."""
    name = f"our pipeline at {rate:,}/s"
    window_s = str(seconds - WARM_UP_S - 2)
    return Group(
        name=f"pipeline lag {rate}",
        contenders=(ours("pipeline", name, "--pace", "1x", "--window", window_s),),
        prepare=_recorded(rate=rate, seconds=seconds),
        rows=(
            Level(
                name=f"lag p99 at {rate:,}/s, whole pipeline",
                of=name,
                key="lag_p99_ms",
                unit="ms",
                goal=goal_ms,
                floor=floor_ms,
            ),
        ),
    )


def _processes() -> Group:
    """Where a user's code keeps a core busy; beside it what two cores are worth here, since neighbours may have one of them."""

    def contender(name: str, count: int, *more: str) -> Contender:
        command = (sys.executable, "-m", "benchmarks.ours.processes", "--processes", str(count), *more)
        return Contender(name=name, command=command, free=True)

    def burn(count: int) -> Contender:
        command = (sys.executable, "-m", "benchmarks.peers.burn", "--processes", str(count))
        return Contender(name=f"{count} x busy", command=command, free=True)

    one, two = contender("1 process", 1), contender("2 processes", 2)
    calm = contender("2 processes, calm", 2, "--locustfile", "plain", "--pace", "2000")
    return Group(
        name="processes",
        contenders=(one, two, calm, burn(1), burn(2)),
        prepare=_recorded(rate=1000, seconds=10, partitions=64),
        rows=(
            Ratio(name="2 processes vs 1, CPU-bound", of=two.name, over=one.name, key="rps", goal=1.9, floor=1.5),
            Ratio(name="2 busy loops vs 1, the machine's own", of="2 x busy", over="1 x busy", key="rps"),
            Level(
                name="start of all workers against the common epoch",
                of=calm.name,
                key="start_ms",
                unit="ms",
                goal=1,
                floor=10,
            ),
        ),
    )


_SIDES = (("hub", "our hub"), ("comparer", "our comparer"), ("deepdiff", "DeepDiff"))


def _comparing() -> Group:
    """CPU of one pair: on the hub, in a comparer, and what DeepDiff takes for the same, its parsing left out."""
    return Group(
        name="comparing",
        contenders=tuple(
            ours("compare", name, "--side", side, "--count", "40" if side == "deepdiff" else "2000")
            for side, name in _SIDES
        ),
        serving=None,
        rows=(
            Level(
                name="comparing: hub, equal bodies of 1 KB",
                of="our hub",
                key="equal_1000_us",
                unit="us",
                goal=0.5,
                floor=2,
            ),
            Level(
                name="comparing: hub, handing over a pair of 1 KB",
                of="our hub",
                key="handed_1000_us",
                unit="us",
                goal=10,
                floor=25,
            ),
            Level(
                name="comparing: 1 KB of JSON, one difference",
                of="our comparer",
                key="differing_1000_us",
                unit="us",
                goal=60,
                floor=150,
            ),
            Level(
                name="comparing: 10 KB of JSON, one difference",
                of="our comparer",
                key="differing_10000_us",
                unit="us",
                goal=300,
                floor=750,
            ),
            Ratio(
                name="comparing vs DeepDiff at 10 KB",
                of="DeepDiff",
                over="our comparer",
                key="differing_10000_us",
                goal=40,
                floor=40,
            ),
        ),
    )


def _differing() -> Group:
    """Every answer differs in a field that a rule ignores, half of them are recorded as gzip, against all of them equal."""
    name, equal, p99 = "all of them differing", "all of them equal", "lag_p99_ms"
    near_equal = Beside(of=equal, key=p99, plus=1)
    run = ("--pace", "1x", "--window", "7", "--ignore", "root['items'][*]['price']")
    return Group(
        name="differing",
        contenders=(
            replace(ours("pipeline", equal, *run, "--recording", "equal"), free=True),
            replace(ours("pipeline", name, *run, "--recording", "differing"), free=True),
        ),
        serving=Serving(body_bytes=_DIFFERING_BYTES),
        prepare=_both_recorded,
        rows=(
            Level(name="5,000/s, all differing: not compared", of=name, key="unchecked", unit="rows", goal=0, floor=0),
            Level(
                name="5,000/s, all differing: answers that wait",
                of=name,
                key="queue_peak_mb",
                unit="MB",
                goal=3,
                floor=12,
            ),
            Level(
                name="5,000/s, all differing: lag p99",
                of=name,
                key=p99,
                unit="ms",
                goal=near_equal,
                floor=near_equal,
            ),
        ),
    )


_DIFFERING_BYTES = 2000


def _both_recorded() -> Mapping[str, str]:
    shape = {"rate": 5000, "seconds": 10, "body_bytes": _DIFFERING_BYTES}
    return {
        "BENCH_RECORDING_EQUAL": str(recording(**shape, mismatch=0)),
        "BENCH_RECORDING_DIFFERING": str(recording(**shape, mismatch=1, packed=0.5)),
    }


def _hour() -> Group:
    """What `make soak` measured the last time: an hour is too long to be measured here."""
    name = "our pipeline, an hour"
    contender = Contender(name=name, command=(sys.executable, "-m", "benchmarks.soak", "--tell"))
    return Group(
        name="hour",
        contenders=(contender,),
        serving=None,
        rounds=1,
        rows=(Level(name=row_name(), of=name, key="lag_p99_ms", unit="ms", goal=LAG_GOAL_MS, floor=LAG_FLOOR_MS),),
    )


def _stretch() -> Group:
    name = "our pipeline, 30 s"
    return Group(
        name="stretch",
        contenders=(ours("pipeline", name, "--pace", "1x"),),
        prepare=_recorded(rate=1000, seconds=30),
        rounds=1,
        rows=(
            Level(
                name="stretch of 30 s at 1,000/s",
                of=name,
                key="stretch_percent",
                unit="%",
                goal=0.1,
                floor=0.5,
            ),
            Level(name="dropped in 30 s at 1,000/s", of=name, key="dropped", unit="rows", goal=0, floor=0),
        ),
    )


ROW_BYTES = 4000
"""Answer's size in the large recordings; with its head and request a row is 5.1 KB raw."""


def _memory(name: str, rows: int, *, partitions: int = 16, goal: float = 250, floor: float = 400) -> Group:
    contender = f"our pipeline, {name}"
    return Group(
        name=f"memory {name}",
        contenders=(ours("pipeline", contender, "--pace", "10000/s", "--in-flight", "100000", timeout_s=400),),
        serving=Serving(body_bytes=ROW_BYTES, seconds=600),
        prepare=_recorded(rate=10_000, seconds=rows / 10_000, body_bytes=ROW_BYTES, partitions=partitions),
        rounds=1,
        rows=(Level(name=f"peak RSS, {name}", of=contender, key="rss_mb", unit="MB", goal=goal, floor=floor),),
    )


def groups() -> tuple[Group, ...]:
    """All groups, in the order of the table."""
    return (
        _transport(),
        _tls(),
        _pipeline(),
        _engine_lag(),
        _pipeline_lag(),
        _fast_lag(2_000, 30, goal_ms=2, floor_ms=10),
        _fast_lag(10_000, 20, goal_ms=4, floor_ms=20),
        _comparing(),
        _differing(),
        _hour(),
        _processes(),
        _stretch(),
        _memory("1 GB recording", 195_000),
        _memory("4 GB recording", 780_000),
        _memory("P = 256, one owner, 4 GB", 780_000, partitions=256, goal=400, floor=500),
    )
