"""What must hold before a run can begin, in one step."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from replay_users.errors import DamagedRecording, UsageError
from replay_users.recording import index
from replay_users.results.baseline import Baseline
from replay_users.results.gate import Yardstick
from replay_users.results.samples import Samples
from replay_users.swarm import prepare as module
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.swarm.conftest import MakeOptions

HOST = "http://127.0.0.1:8000"


def test_a_run_that_can_begin_is_planned_and_resolved(options: MakeOptions, traffic: str) -> None:
    """The recording is open, the plan made of its counts, and the target's addresses are known."""
    prepared = prepare(read_settings(options(recording=traffic), HOST))
    assert (prepared.plan.planned, prepared.plan.will_send) == (40, 30)
    assert prepared.recording.manifest.rows == 40
    (target,) = prepared.targets
    assert [address[:2] for _, address in target.addresses] == [("127.0.0.1", 8000)]


def test_a_name_in_the_gate_that_no_endpoint_has_is_told_before_the_run(
    options: MakeOptions, traffic: str, tmp_path: Path
) -> None:
    """A limit that is about nothing would fail nothing, so that whoever mistyped it hears of it."""
    (tmp_path / "gate.yaml").write_text('limits: {p95_ms: {"GET /no-such-thing": 200, "*": 500}}')
    prepared = prepare(read_settings(options(recording=traffic, gate=str(tmp_path / "gate.yaml")), HOST), sends=False)
    assert [note for note in prepared.plan.warnings if "of the gate names" in note] == [
        "limits.p95_ms of the gate names 'GET /no-such-thing', which no endpoint of the recording matches"
    ]


def test_the_hub_has_its_turns_while_the_recording_is_counted(
    options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A greenlet that waits for its time is not kept waiting until everything is counted."""
    answered: list[str] = []
    scan = index._scan

    def slow(*given: Any) -> Any:
        time.sleep(0.06)
        return scan(*given)

    monkeypatch.setattr(index, "_scan", slow)
    heartbeat = gevent.spawn_later(0.001, answered.append, "heartbeat")
    prepare(read_settings(options(recording=traffic), HOST), sends=False)
    assert answered == ["heartbeat"]
    heartbeat.kill()


def test_pauses_are_whoever_gives_them(options: MakeOptions, traffic: str) -> None:
    """Each pass over the count index, here and in the run, pauses between its pieces."""
    pauses: list[int] = []
    prepared = prepare(read_settings(options(recording=traffic), HOST), sends=False, pause=lambda: pauses.append(1))
    planned = len(pauses)
    assert planned > 1
    prepared.index.partition_curve(prepared.plan.window.start, prepared.plan.window.end, 1000, {0})
    assert len(pauses) > planned


def test_the_digest_is_of_plan_and_rules(options: MakeOptions, traffic: str, tmp_path: Path) -> None:
    """Processes with rules of the same content have the same digest wherever the file lies; others have another one."""
    digests = []
    for name, path, pace in [
        ("a", "root['a']", "1x"),
        ("b", "root['a']", "1x"),
        ("c", "root", "1x"),
        ("d", "root", "2x"),
    ]:
        rules = tmp_path / name
        rules.write_text(f'# of {name}\n- {{ignore: "{path}", reason: {name}}}\n')
        chosen = options(recording=traffic, rules=str(rules), pace=pace)
        digests.append(prepare(read_settings(chosen, HOST), sends=False).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.parametrize("capture", [{"complete": 40}, {"complete": 39, "response-truncated": 1}], ids=["whole", "cut"])
def test_hashes_are_read_only_where_answers_were_cut(
    options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch, capture: dict[str, int]
) -> None:
    """Beside what the settings need; a run of a whole recording does not pay for them."""
    prepared = prepare(read_settings(options(recording=traffic, connections="recorded"), HOST), sends=False)
    monkeypatch.setattr(prepared.recording, "manifest", replace(prepared.recording.manifest, capture=capture))
    expected = ("connection", "source", *(("response_hash",) if len(capture) > 1 else ()))
    assert prepared.more_columns == expected


def test_secrets_are_filled_in_and_not_shown(
    options: MakeOptions, traffic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headers come whole, with what environment and files hold, and the object does not show them."""
    monkeypatch.setenv("STAGING_TOKEN", "s3cret")
    (tmp_path / "key").write_text("f1le\n")
    header = ["Authorization: Bearer ${STAGING_TOKEN}", f"X-Api-Key: ${{file:{tmp_path}/key}}"]
    prepared = prepare(read_settings(options(recording=traffic, header=header), HOST))
    assert prepared.headers == (b"Authorization: Bearer s3cret\r\n", b"X-Api-Key: f1le\r\n")
    assert repr(prepared) == f"Prepared({traffic!r}, 40 planned)"


def test_a_process_that_does_not_send_touches_no_target(options: MakeOptions, traffic: str) -> None:
    """A master plans the same run without names that resolve, certificates, or secrets."""
    nowhere = {
        "map": ["shop.example=https://no-such-name.invalid"],
        "ca_file": "/nonexistent",
        "header": ["X-Api-Key: ${NOT_SET_ANYWHERE}"],
        "proxy": "http://no-such-proxy.invalid:3128",
        "proxy_header": ["Proxy-Authorization: ${NOT_SET_ANYWHERE}"],
    }
    prepared = prepare(read_settings(options(recording=traffic, **nowhere), None), sends=False)
    assert (prepared.targets, prepared.headers, prepared.proxy_headers) == ((), (), ())
    assert prepared.plan.target == "https://no-such-name.invalid"


def test_each_host_has_its_target(options: MakeOptions, traffic: str) -> None:
    """Targets are in the order of the routes, each resolved, each with its own Host."""
    maps = ["shop.example.com=http://127.0.0.1:8001", "*.example.com=http://127.0.0.2:8002"]
    prepared = prepare(read_settings(options(recording=traffic, map=maps), HOST))
    assert [(t.origin.name, t.origin.port, t.addresses[0][1][0]) for t in prepared.targets] == [
        ("127.0.0.1", 8000, "127.0.0.1"),
        ("127.0.0.1", 8001, "127.0.0.1"),
        ("127.0.0.2", 8002, "127.0.0.2"),
    ]
    wires = [wire.build("GET", "a", b"/", b"", b"", 0) for wire in prepared.wires("r1")]
    assert [bytes(wire).split(b"\r\n")[1] for wire in wires] == [  # type: ignore[arg-type]
        b"Host: 127.0.0.1:8000",
        b"Host: 127.0.0.1:8001",
        b"Host: 127.0.0.2:8002",
    ]


def test_a_proxy_is_where_plain_requests_go(
    options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With whole URLs, the proxy's header in each, and nothing of the target resolved here."""
    monkeypatch.setenv("PROXY_AUTH", "bWU6cGFzcw==")
    given = {"proxy": "http://127.0.0.1:3128", "proxy_header": ["Proxy-Authorization: Basic ${PROXY_AUTH}"]}
    prepared = prepare(read_settings(options(recording=traffic, **given), "http://no-such-name.invalid:81"))
    (target,) = prepared.targets
    assert (target.origin.name, target.origin.port, target.origin.tunnel) == ("127.0.0.1", 3128, b"")
    (wire,) = prepared.wires("r1")
    built = wire.build("GET", "a", b"/x", b"Proxy-Authorization: old\r\n", b"", 0)
    assert isinstance(built, bytes)
    assert built.startswith(b"GET http://no-such-name.invalid:81/x HTTP/1.1\r\nHost: no-such-name.invalid:81\r\n")
    assert built.count(b"Proxy-Authorization") == built.count(b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n") == 1


@pytest.mark.parametrize(
    ("header", "said"),
    [
        pytest.param([], b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n", id="of the environment"),
        pytest.param(["proxy-authorization: ${OTHER}"], b"proxy-authorization: x\r\n", id="what is given is stronger"),
    ],
)
def test_a_tunnel_is_where_requests_over_tls_go(
    options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch, header: list[str], said: bytes
) -> None:
    """The proxy is asked for the target, with its header, which is in no request; the name that is verified is the target's."""
    tried = []
    monkeypatch.setattr(module, "check_tls", lambda *given, option: tried.append((*given, option)))
    monkeypatch.setenv("https_proxy", "http://me:pass@127.0.0.1:3128")
    monkeypatch.setenv("OTHER", "x")
    given = {"proxy": "env", "proxy_header": header, "preserve_host": True, "connect_timeout": "3s"}
    prepared = prepare(read_settings(options(recording=traffic, **given), "https://staging.invalid"))
    (target,) = prepared.targets
    assert (target.origin.name, target.origin.port) == ("127.0.0.1", 3128)
    assert target.origin.tunnel == (
        b"CONNECT staging.invalid:443 HTTP/1.1\r\nHost: staging.invalid:443\r\n" + said + b"\r\n"
    )
    assert target.origin.tls is not None
    assert target.origin.tls.settings.server_name == "staging.invalid"
    assert tried == [(target.addresses, target.origin.tls, target.origin.tunnel, 3.0, "--host")]
    (wire,) = prepared.wires("r1")
    built = wire.build("GET", "shop.example.com", b"/x", b"", b"", 0)
    assert isinstance(built, bytes)
    assert built.startswith(b"GET /x HTTP/1.1\r\nHost: shop.example.com\r\nX-Replay-Test")
    assert b"uthorization" not in built


def test_tls_is_as_asked(options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name, no verification; plain targets beside it have none. What is wrong is said of the option that gave it."""
    tried = []
    monkeypatch.setattr(module, "check_tls", lambda *_, option: tried.append(option))
    given = {"sni": "shop.internal", "insecure": True, "map": ["a=https://127.0.0.1:8443"]}
    prepared = prepare(read_settings(options(recording=traffic, **given), HOST))
    plain, secure = prepared.targets
    assert (plain.origin.tls, tried) == (None, ["--map"])
    assert secure.origin.tls is not None
    assert (secure.origin.tls.settings.server_name, secure.origin.tls.settings.verify) == ("shop.internal", False)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        pytest.param("X-Api-Key: ${NOT_SET_ANYWHERE}", "variable NOT_SET_ANYWHERE, which is not set", id="variable"),
        pytest.param("X-Api-Key: ${file:/nonexistent}", "file /nonexistent, which cannot be read", id="file"),
    ],
)
def test_a_secret_that_is_not_there_is_refused(options: MakeOptions, traffic: str, header: str, sentence: str) -> None:
    """A run does not begin without its credentials."""
    with pytest.raises(UsageError, match=sentence):
        prepare(read_settings(options(recording=traffic, header=[header]), HOST))


def test_production_is_refused(options: MakeOptions, traffic: str) -> None:
    """The place a recording is from is no target."""
    with pytest.raises(UsageError, match="a replay never goes to production"):
        prepare(read_settings(options(recording=traffic), "http://shop.example"))


def test_nothing_to_replay_is_refused(options: MakeOptions, traffic: str) -> None:
    """A window and sample without an exchange are a usage error before the run, not a verdict after it."""
    with pytest.raises(UsageError, match=r"the window holds no exchange of this recording in a sample of 0\.1%"):
        prepare(read_settings(options(recording=traffic, sample="0.1%"), HOST))


def test_a_baseline_run_of_something_else_is_refused(options: MakeOptions, traffic: str) -> None:
    """Before anything is sent, not when the run is over."""
    settings = read_settings(options(recording=traffic), HOST)
    plan = prepare(settings).plan
    run = {
        "id": "before",
        "recording": plan.recording,
        "manifest": plan.generation,
        "window_ns": [plan.window.start, plan.window.end],
        "pace": plan.pace.describe(),
    }
    for change, told in (({}, ""), ({"pace": "2x"}, "baseline run before is of another pace")):
        other = {"schema_version": 1, "run": run | change, "totals": {"sent": 1}}
        beside = replace(settings, gate=Yardstick(baseline_run=(other, Samples())))
        if told:
            with pytest.raises(UsageError, match=told):
                prepare(beside)
        else:
            prepare(beside)


def test_a_baseline_of_another_comparison_is_refused(options: MakeOptions, traffic: str) -> None:
    """An A/A run is not held against what differs from the recording."""
    gate = Yardstick(accepted=Baseline(runs=("before",)))
    prepare(replace(read_settings(options(recording=traffic), HOST), gate=gate))
    with pytest.raises(UsageError, match="compared with the recording, this run is compared with the first pass"):
        prepare(replace(read_settings(options(recording=traffic, aa="2"), HOST), gate=gate))


def test_a_missing_recording_is_refused(options: MakeOptions, tmp_path: Path) -> None:
    """So is an address with nothing there."""
    with pytest.raises(UsageError, match="there is no recording in"):
        prepare(read_settings(options(recording=str(tmp_path)), HOST))


def test_a_damaged_index_is_an_error(options: MakeOptions, traffic: str, tmp_path: Path) -> None:
    """A recording whose counts are damaged is an error of its own, since no plan could be trusted."""
    shutil.copytree(traffic, tmp_path / "copy")
    index = next((tmp_path / "copy").rglob("index-*"))
    index.write_bytes(index.read_bytes()[:-1] + b"!")
    with pytest.raises(DamagedRecording, match="is damaged"):
        prepare(read_settings(options(recording=str(tmp_path / "copy")), HOST))
