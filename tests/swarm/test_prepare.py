"""What must hold before a run can begin, in one step."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from replay_users.errors import DamagedRecording, UsageError
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
    assert [address[:2] for _, address in prepared.addresses] == [("127.0.0.1", 8000)]


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
