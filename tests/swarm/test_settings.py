"""From options to settings: every text is read or refused with one sentence."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.engine import Timeouts
from replay_users.engine.pool import Keep
from replay_users.errors import UsageError
from replay_users.plan.host import parse_host
from replay_users.plan.proxy import Proxy
from replay_users.swarm.reach_settings import TlsOptions
from replay_users.swarm.settings import planned_settings, read_settings, s3_options

if TYPE_CHECKING:
    from pathlib import Path

    from tests.swarm.conftest import MakeOptions

SECOND = 1_000_000_000
HOST = "http://staging:8000"


def test_the_defaults_are_a_run(options: MakeOptions) -> None:
    """A recording and a host are enough: original pace, all sessions, causal, one second of lag, thirty of waiting."""
    settings = read_settings(options(recording="rec"), HOST)
    assert (settings.recording, settings.plan.host, settings.causal) == ("rec", parse_host(HOST), True)
    assert (settings.host, settings.more_columns) == (settings.plan.host, ())
    assert (settings.keep, settings.tls, settings.plan.proxies) == (Keep(max_age=300 * SECOND), TlsOptions(), (None,))
    assert settings.plan.pace.describe() == "1x"
    assert (settings.plan.buckets, settings.plan.safety.allow_writes) == (1000, False)
    limits = settings.limits
    assert (limits.max_lag, limits.max_wait, limits.max_in_flight) == (SECOND, 30 * SECOND, 2000)
    assert settings.timeouts == Timeouts()
    assert (settings.drain_timeout, settings.run_time, settings.out) == (10 * SECOND, None, "runs/{id}")
    assert settings.autostop == ()


def test_options_become_settings(options: MakeOptions, tmp_path: Path) -> None:
    """Each option arrives where it is used."""
    (tmp_path / "rules.yaml").write_text("- {ignore: \"root['at']\", reason: a time}\n")
    (tmp_path / "safety.yaml").write_text("- {endpoint: GET /logout, kind: safe, reason: staging}\n")
    changes: dict[str, Any] = {
        "recording": "rec",
        "order": "none",
        "max_lag": "2s",
        "max_wait": "1m",
        "max_in_flight": "5",
        "timeout": "5s",
        "drain_timeout": "3s",
        "autostop": ["http(5xx,10%,5s)", "time(1s,5s,GET /users/*)"],
        "label": ["sha=1a", " image = x=y "],
        "header": ["X-Team: blue"],
        "rules": str(tmp_path / "rules.yaml"),
        "mismatch_is_failure": True,
        "fire_request_events": "never",
        "sample": "10%",
        "allow_writes": True,
        "preserve_host": True,
    }
    settings = read_settings(options(**changes), HOST)
    assert (settings.causal, settings.request_events, settings.mismatch_is_failure) == (False, "never", True)
    assert (settings.limits.max_lag, settings.limits.max_wait) == (2 * SECOND, 60 * SECOND)
    assert settings.limits.max_in_flight == 5
    assert (settings.timeouts.connect, settings.timeouts.answer, settings.drain_timeout) == (
        5 * SECOND,
        5 * SECOND,
        3 * SECOND,
    )
    assert [criterion.text for criterion in settings.autostop] == ["http(5xx,10%,5s)", "time(1s,5s,GET /users/*)"]
    assert settings.labels == {"sha": "1a", "image": "x=y"}
    assert [header.name for header in settings.headers] == list(settings.plan.headers) == ["X-Team"]
    assert (settings.plan.buckets, settings.plan.safety.allow_writes, settings.plan.preserve_host) == (100, True, True)
    assert settings.rules != read_settings(options(recording="rec"), HOST).rules


def test_a_long_timeout_may_exceed_the_usual_bound(options: MakeOptions) -> None:
    """`--timeout` of more than five minutes is meant."""
    timeouts = read_settings(options(recording="rec", timeout="10m"), HOST).timeouts
    assert (timeouts.answer, timeouts.longest, timeouts.connect) == (600 * SECOND, 600 * SECOND, 10 * SECOND)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param(90, 90, id="parsed by Locust"),
        pytest.param("90", 90, id="a bare number is seconds, as for Locust"),
        pytest.param("1h30m", 5400, id="text"),
    ],
)
def test_a_run_time_in_every_form(options: MakeOptions, given: object, expected: int | None) -> None:
    """`-t` is seconds once Locust has parsed it, and text where it has not."""
    settings = read_settings(options(recording="rec", run_time=given), HOST)
    assert settings.run_time == (expected if expected is None else expected * SECOND)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"recording": ""}, "say what to replay: --recording", id="no recording"),
        pytest.param({"pace": "fast"}, "unknown pace 'fast'", id="pace"),
        pytest.param({"sample": "200%"}, "unknown sample '200%'", id="sample"),
        pytest.param({"max_lag": "soon"}, "--max-lag 'soon' is not a length of time", id="lag"),
        pytest.param(
            {"max_in_flight": "0"}, "--max-in-flight '0': give a number from 1 to 100000", id="none in flight"
        ),
        pytest.param({"max_in_flight": "-1"}, "give a number from 1 to 100000", id="negative in flight"),
        pytest.param({"max_in_flight": "²"}, "give a number from 1 to 100000", id="a digit that is no number"),
        pytest.param({"run_time": "later"}, "--run-time 'later' is not a length of time", id="run time"),
        pytest.param({"max_wait": "soon"}, "--max-wait 'soon' is not", id="wait"),
        pytest.param({"timeout": "0s"}, "--timeout '0s' is no time", id="timeout"),
        pytest.param({"drain_timeout": "5"}, "--drain-timeout '5' is not", id="drain timeout"),
        pytest.param({"autostop": ["http(5xx,5s)"]}, "argument 2 ('5s'): write a share", id="autostop"),
        pytest.param({"label": ["sha"]}, "--label 'sha': write key=value", id="label"),
        pytest.param({"label": ["=x"]}, "write key=value", id="label without a key"),
        pytest.param({"order": "sideways"}, "--order 'sideways': choose one of causal, none", id="order"),
        pytest.param({"fire_request_events": "x"}, "choose one of auto, always, never", id="events"),
        pytest.param({"max_rate": "fast"}, "fast", id="ceiling"),
        pytest.param({"rules": "/nonexistent.yaml"}, "--rules /nonexistent.yaml cannot be read", id="rules"),
        pytest.param({"gate": "/nonexistent.yaml"}, "--gate /nonexistent.yaml cannot be read", id="gate"),
        pytest.param({"baseline": "/nonexistent.json"}, "--baseline /nonexistent.json cannot be read", id="baseline"),
        pytest.param({"baseline_run": "/nonexistent"}, "--baseline-run /nonexistent has no result", id="baseline run"),
        pytest.param({"safety": "/nonexistent.yaml"}, "--safety /nonexistent.yaml cannot be read", id="safety"),
        pytest.param({"header": ["Authorization: Bearer x"]}, "may not be a literal", id="literal secret"),
        pytest.param({"map": ["shop"]}, "--map 'shop' cannot be read", id="map"),
        pytest.param({"proxy": "socks5://p"}, "--proxy 'socks5://p' cannot be used", id="proxy"),
        pytest.param({"connections": "many"}, "--connections 'many': choose one of pooled, recorded", id="connections"),
        pytest.param({"connect_timeout": "0s"}, "--connect-timeout '0s' is no time", id="connect timeout"),
        pytest.param({"max_connection_age": "old"}, "--max-connection-age 'old' is not a length of time", id="age"),
        pytest.param({"ca_file": "ca.pem"}, "--ca-file does nothing, since no target is https", id="TLS of no target"),
    ],
)
def test_what_cannot_be_is_refused(options: MakeOptions, changes: dict[str, Any], sentence: str) -> None:
    """An option that cannot be is a usage error that names it."""
    with pytest.raises(UsageError) as refused:
        read_settings(options(**{"recording": "rec", **changes}), HOST)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        pytest.param(None, "say where to replay to: --host http://HOST:PORT", id="none"),
        pytest.param("", "say where to replay to", id="empty"),
        pytest.param("http://staging/api", "scheme, host and port only", id="path"),
    ],
)
def test_a_host_that_cannot_be_is_refused(options: MakeOptions, host: str | None, sentence: str) -> None:
    """A target is an http address without a path."""
    with pytest.raises(UsageError) as refused:
        read_settings(options(recording="rec"), host)
    assert sentence in str(refused.value)


def test_maps_are_targets_too(options: MakeOptions) -> None:
    """`--host` may be left out where hosts are mapped, and https is a target like any other."""
    given = options(recording="rec", map=["shop=https://a", "api:81=http://b:8080"], sni="c", insecure=True)
    settings = read_settings(given, None)
    assert settings.host is None
    assert [route.url for route in settings.plan.router().targets] == ["https://a", "http://b:8080"]
    assert not settings.plan.verifies
    assert read_settings(given, HOST).plan.router().targets[0].url == HOST


def test_only_what_is_needed_is_read(options: MakeOptions) -> None:
    """Schemes only for maps that name one, connections and their sources only to keep one for each."""
    assert read_settings(options(recording="rec", map=["http://a=http://b"]), None).more_columns == ("scheme",)
    recorded = read_settings(options(recording="rec", connections="recorded"), HOST)
    assert (recorded.more_columns, recorded.keep.recorded) == (("connection", "source"), True)
    assert recorded.plan.recorded_connections


def test_connecting_has_a_time_of_its_own(options: MakeOptions) -> None:
    """Up to that of the whole answer."""
    assert read_settings(options(recording="rec", connect_timeout="3s"), HOST).timeouts.connect == 3 * SECOND
    assert read_settings(options(recording="rec", connect_timeout="60s"), HOST).timeouts.connect == 30 * SECOND


def test_proxies_of_the_environment_are_used_only_if_asked(
    options: MakeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that somebody else set must not lead load through their proxy."""
    monkeypatch.setenv("http_proxy", "http://me:hunter2@proxy:3128")
    assert read_settings(options(recording="rec"), HOST).plan.proxies == (None,)
    (proxy,) = (asked := read_settings(options(recording="rec", proxy="env"), HOST)).plan.proxies
    assert proxy == Proxy(parse_host("http://proxy:3128"), "http_proxy")
    assert "hunter2" not in repr(asked)


def test_a_file_that_is_no_text_is_refused(options: MakeOptions, tmp_path: Path) -> None:
    """Rules that are not UTF-8 are a usage error, not a traceback."""
    (tmp_path / "rules.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read: not UTF-8 text"):
        read_settings(options(recording="rec", rules=str(tmp_path / "rules.yaml")), HOST)


def test_a_gate_is_read_where_the_result_is_written(options: MakeOptions, tmp_path: Path) -> None:
    """A worker, which judges nothing, needs none of its files."""
    (tmp_path / "gate.yaml").write_text("coverage: 90%\n")
    given = options(recording="rec", gate=str(tmp_path / "gate.yaml"))
    assert read_settings(given, HOST).gate.settings.coverage == 0.9
    (tmp_path / "gate.yaml").unlink()
    assert read_settings(given, HOST, writes=False).gate.settings.coverage == 0.95


def test_another_runs_directory_is_refused_before_the_run(options: MakeOptions, tmp_path: Path) -> None:
    """A run must not lose its result at its end because `--out` holds another one, unless that may be replaced."""
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(UsageError, match="holds a run already"):
        read_settings(options(recording="rec", out=str(tmp_path)), HOST)
    assert read_settings(options(recording="rec", out=str(tmp_path), overwrite=True), HOST).overwrite


def test_a_directory_that_cannot_be_is_refused_before_the_run(options: MakeOptions, tmp_path: Path) -> None:
    """`--out` below a file, or where nobody may write, is refused before anything is sent."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file is not a directory that you may write to"):
        read_settings(options(recording="rec", out=str(tmp_path / "file" / "run")), HOST)


def test_a_directory_without_permission_is_refused(
    options: MakeOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is one that may not be written to (as the system says, which lets root write anywhere)."""
    monkeypatch.setattr(os, "access", lambda place, mode: not (place == tmp_path and mode == os.W_OK))
    with pytest.raises(UsageError, match="cannot be written"):
        read_settings(options(recording="rec", out=str(tmp_path / "run")), HOST)


def test_who_does_not_write_needs_no_directory(options: MakeOptions, tmp_path: Path) -> None:
    """A worker's result is written by its master, wherever that runs."""
    (tmp_path / "result.json").write_text("{}")
    assert read_settings(options(recording="rec", out=str(tmp_path)), HOST, writes=False).out == str(tmp_path)


def test_a_new_directory_is_fine(options: MakeOptions, tmp_path: Path) -> None:
    """A directory that is not there yet is made by the run, not by asking for it."""
    out = str(tmp_path / "a" / "b" / "{id}")
    assert read_settings(options(recording="rec", out=out), HOST).out == out
    assert not (tmp_path / "a").exists()


def test_secrets_are_not_in_the_settings(options: MakeOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings hold templates, and do not show even those."""
    monkeypatch.setenv("STAGING_TOKEN", "s3cret")
    settings = read_settings(options(recording="rec", header=["Authorization: Bearer ${STAGING_TOKEN}"]), HOST)
    assert "s3cret" not in repr(settings)
    assert "STAGING_TOKEN" not in repr(settings)


def test_a_plan_may_go_nowhere(options: MakeOptions) -> None:
    """A plan needs no target, and with one it is what the run would be."""
    assert planned_settings(options(recording="rec"), "").plan.host is None
    assert planned_settings(options(recording="rec", ca_file="x", proxy="http://p:1"), "").plan.router().targets == ()
    assert planned_settings(options(recording="rec", map=["shop=http://a"]), "").plan.maps
    assert planned_settings(options(recording="rec"), HOST) == read_settings(options(recording="rec"), HOST)


def test_a_plan_is_checked_as_its_run(options: MakeOptions) -> None:
    """What the run alone needs is refused in a plan too."""
    with pytest.raises(UsageError, match="--drain-timeout 'banana'"):
        planned_settings(options(recording="rec", drain_timeout="banana"), None)


def test_the_bucket_is_reached_as_asked(options: MakeOptions) -> None:
    """What says how to reach a bucket is taken, and what is empty is the default of the ordinary chain."""
    reached = s3_options(options(s3_endpoint="http://weed:8333", s3_requester_pays=True))
    assert (reached.endpoint, reached.region, reached.role, reached.requester_pays) == (
        "http://weed:8333",
        None,
        None,
        True,
    )


def test_only_who_writes_the_result_copies_it(options: MakeOptions) -> None:
    """A worker needs no way to the bucket."""
    chosen = options(recording="x", upload="s3://bucket/runs")
    assert read_settings(chosen, "http://h").upload == "s3://bucket/runs"
    assert read_settings(chosen, "http://h", writes=False).upload == ""
