"""What cannot be replayed: one sentence with its cure and an exit code, never a traceback."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from replay_users.testing import handshake, serve
from tests.engine.tls_server import authority
from tests.integration.replays import locust_command, replay, replaying, run_command
from tests.integration.swarms import start_swarm
from tests.recording.making import HOUR, START, make_exchange, record_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from replay_users.testing import ScriptedTarget
    from tests.integration.replays import Finished

    MakeSecure = Callable[[datetime | None], str]

pytestmark = pytest.mark.server

NOWHERE = "http://127.0.0.1:9"


def assert_refused(done: Finished, code: int, sentence: str) -> None:
    """It ended at once with the code, and with one line: this sentence."""
    lines = [line for line in done.said.splitlines() if "/INFO/" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("replay-users: ")
    assert sentence in lines[0]
    assert done.code == code
    assert not (done.folder / "result.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--host", NOWHERE, "--pace", "fast"], "unknown pace 'fast'", id="unknown pace"),
        pytest.param([], "say where to replay to: --host", id="no host"),
        pytest.param(["--host", "http://shop.example"], "a replay never goes to production", id="production"),
        pytest.param(
            ["--host", NOWHERE, "--header", "Authorization: Bearer hunter2"],
            "may not be a literal",
            id="literal secret",
        ),
        pytest.param(
            ["--map", "other.example=http://127.0.0.1:9"],
            "no target is given for the recorded host 'shop.example': add --map",
            id="host that no map covers",
        ),
        pytest.param(
            ["--host", NOWHERE.replace("http", "https"), "--client-key", "some.key"],
            "--client-key needs the certificate that it belongs to: add --client-cert",
            id="key without certificate",
        ),
        pytest.param(
            ["--host", NOWHERE.replace("http", "https"), "--ca-file", "none.pem"],
            "--ca-file: none.pem cannot be read (No such file or directory); check the path",
            id="unreadable file",
        ),
    ],
)
def test_a_run_that_cannot_be_is_refused(traffic: str, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """What cannot be as asked is exit code 2 and one sentence, before anything is sent."""
    done = replay(run_command(traffic, *arguments), tmp_path / "run")
    assert_refused(done, 2, sentence)
    assert "hunter2" not in done.said


_LAST_YEAR = datetime.now(UTC) - timedelta(days=365)

BAD_CERTIFICATES = [
    pytest.param(
        None,
        "other",
        "is not trusted (",
        "give the authority that signed it with --ca-file",
        id="authority that does not fit",
    ),
    pytest.param(_LAST_YEAR, "ours", "has expired", "renew it", id="expired"),
]


@pytest.fixture
def secure(target: ScriptedTarget, tmp_path: Path) -> MakeSecure:
    """Makes the target speak TLS with a certificate of `ours`; beside it lie the files of `ours` and of `other`."""
    for name in ("ours", "other"):
        authority(name).cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))

    def make(not_after: datetime | None) -> str:
        made = authority().issue_cert("localhost", not_after=not_after)
        made.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
        made.private_key_pem.write_to_path(str(tmp_path / "cert.key"))
        target.use_tls(tmp_path / "cert.pem", tmp_path / "cert.key")
        target.play([handshake(), serve()])
        return f"https://localhost:{target.port}"

    return make


@pytest.mark.parametrize(("not_after", "trusted", "sentence", "cure"), BAD_CERTIFICATES)
def test_a_certificate_that_does_not_do_is_refused(
    not_after: datetime | None, trusted: str, sentence: str, cure: str, traffic: str, secure: MakeSecure, tmp_path: Path
) -> None:
    """A certificate of another authority, or an old one, is exit code 2 and one sentence, and no run of failures."""
    command = run_command(traffic, "--host", secure(not_after), "--ca-file", str(tmp_path / f"{trusted}.pem"))
    done = replay(command, tmp_path / "run")
    assert_refused(done, 2, f"--host: the certificate of localhost {sentence}")
    assert cure in done.err


@pytest.mark.slow
def test_a_certificate_that_does_not_do_is_said_on_the_master(
    traffic: str, secure: MakeSecure, target: ScriptedTarget, tmp_path: Path
) -> None:
    """With workers, who alone speak to the target, the master has the sentence, once, and their exit code."""
    given = ("--recording", traffic, "--host", secure(_LAST_YEAR), "--ca-file", str(tmp_path / "ours.pem"))
    with start_swarm(tmp_path, *given, "--expect-workers", "2") as swarm:
        done = swarm.master.finish()
        swarm.wait_until_gone()
    assert (done.code, target.received()) == (2, [])
    [line] = [line for line in done.err.splitlines() if line.startswith("replay-users: ")]
    assert line.startswith("replay-users: worker ")
    assert "--host: the certificate of localhost has expired; renew it" in line
    assert "Traceback" not in done.said


def test_no_recording_is_refused(tmp_path: Path) -> None:
    """An address at which there is no recording is exit code 2."""
    assert_refused(
        replay(run_command(str(tmp_path / "none"), "--host", NOWHERE), tmp_path / "run"), 2, "no recording in"
    )


def test_plain_locust_without_a_recording_is_refused(tmp_path: Path) -> None:
    """A locustfile started without saying what to replay is exit code 2."""
    assert_refused(replay(locust_command("--host", NOWHERE), tmp_path), 2, "say what to replay: --recording")


def test_another_runs_directory_is_refused(traffic: str, tmp_path: Path) -> None:
    """`--out` with another run's result in it is exit code 2, and that result stays."""
    (tmp_path / "result.json").write_text("somebody's")
    done = replay(run_command(traffic, "--host", NOWHERE), tmp_path)
    assert done.code == 2
    assert "holds a run already" in done.err
    assert (tmp_path / "result.json").read_text() == "somebody's"


def test_a_locustfile_that_would_not_end_is_refused(traffic: str, tmp_path: Path) -> None:
    """A locustfile without a shape, which alone ends a run, is exit code 2."""
    locustfile = tmp_path / "mine.py"
    locustfile.write_text("from replay_users import ReplayUser\nclass A(ReplayUser): pass\n")
    command = locust_command("--recording", traffic, "--host", NOWHERE, locustfile=locustfile)
    assert_refused(replay(command, tmp_path / "run"), 2, "no subclass of ReplayShape")


def test_a_half_written_recording_is_refused(traffic: str, tmp_path: Path) -> None:
    """A recording whose manifest was not written is exit code 1, with what to do about it."""
    shutil.copytree(traffic, tmp_path / "half")
    next((tmp_path / "half").rglob("manifest.json")).unlink()
    done = replay(run_command(str(tmp_path / "half"), "--host", NOWHERE), tmp_path / "run")
    assert_refused(done, 1, "is half written")
    assert "run the ingest that was interrupted again" in done.err


def test_a_damaged_slice_is_unread_and_named(target: ScriptedTarget, tmp_path: Path) -> None:
    """Rows of a damaged slice are unread, the others are replayed; the run ends with exit code 1 and names the slice."""
    hours = [make_exchange(nth, at=START + hour * HOUR + nth * 10_000_000) for hour in (0, 1) for nth in range(20)]
    record_in(tmp_path / "two", hours)
    damaged = next((tmp_path / "two").rglob("hour=11/slice-*.parquet"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    done = replay(run_command(str(tmp_path / "two"), "--host", target.url, "--pace", "100/s"), tmp_path / "run")
    assert done.code == done.result["exit_code"] == 1
    assert (done.totals["sent"], done.totals["unread"]) == (len(target.received()), 20) == (20, 20)
    [where] = done.totals["unread_by"]
    assert where.endswith(damaged.name)
    assert f"{damaged.name} is damaged" in done.err
    assert "Traceback" not in done.said
    assert done.out.startswith("FAIL ")


@pytest.mark.slow
def test_a_slice_that_changes_during_the_run_is_unread(target: ScriptedTarget, tmp_path: Path) -> None:
    """A slice that is rewritten while an earlier one is replayed is not read: exit code 1, and its name."""
    rows = (8000, 10, 10, 10)  # more than are loaded ahead, so that the last slice is not read when the run begins
    hours = [make_exchange(0, at=START + h * HOUR + nth, id=f"{h}-{nth}") for h in range(4) for nth in range(rows[h])]
    record_in(tmp_path / "four", hours)
    last = next((tmp_path / "four").rglob("hour=13/slice-*.parquet"))
    command = run_command(str(tmp_path / "four"), "--host", target.url, "--pace", "1500/s", "--order", "none")
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: target.accepted > 0)
        last.write_bytes(last.read_bytes())
        done = running.finish()
    assert done.code == done.result["exit_code"] == 1
    assert (done.totals["planned"], done.totals["unread"]) == (8030, 10)
    assert f"{last.name} changed after the recording was opened" in done.err
    assert "Traceback" not in done.said
