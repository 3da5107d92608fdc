"""The answers of the first pass of an A/A run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.errors import StoreError
from replay_users.model import Fault
from replay_users.swarm.first_pass import FirstPass
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.model import Flight


def answered(nth: int, body: bytes, *, size: int | None = None, status: int = 200) -> Flight:
    """An exchange with an answer."""
    flight = make_flight(id=f"id-{nth}")
    flight.answer_status, flight.answer_body = status, body
    flight.answer_size = len(body) if size is None else size
    flight.answer_head = b"HTTP/1.1 200 OK\r\nX-Nth: %d\r\n\r\n" % nth
    flight.sent, flight.done = 100, 350
    return flight


def test_answers_come_back_as_they_were(tmp_path: Path) -> None:
    """Each exchange of the second pass has the first pass's answer in the place of the recorded one."""
    kept = FirstPass(tmp_path / "run")
    kept.keep([answered(1, b"one", status=201), answered(2, b"")])
    again = [answered(2, b"x"), answered(1, b"y")]
    found, missing = kept.hand_out(again)
    assert (found, missing) == (again, [])
    assert [(each.status, each.body, each.duration) for each in again] == [(200, b"", 250), (201, b"one", 250)]
    assert again[0].response_head == b"X-Nth: 2\r\n"
    kept.close()


def test_trailers_of_the_first_pass_are_the_recorded_ones(tmp_path: Path) -> None:
    """They stand behind its head, as those of a recording do."""
    kept, one = FirstPass(tmp_path), answered(1, b"one")
    one.answer_head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Sum: 1\r\n\r\n"
    kept.keep([one])
    again = answered(1, b"one")
    kept.hand_out([again])
    assert again.response_head == b"Transfer-Encoding: chunked\r\n\r\nX-Sum: 1\r\n"
    kept.close()


def test_what_was_not_answered_is_missing(tmp_path: Path) -> None:
    """Without a first answer there is nothing to compare with; a failure of the second pass is told as ever."""
    kept = FirstPass(tmp_path)
    failed = answered(1, b"")
    failed.fault = Fault.TIMEOUT
    kept.keep([failed])
    again, lost = answered(1, b"a"), answered(1, b"a")
    lost.fault = Fault.TIMEOUT
    assert kept.hand_out([again, lost]) == ([lost], [again])
    kept.close()


def test_a_cut_answer_has_no_body(tmp_path: Path) -> None:
    """What was longer than is kept of an answer cannot be compared by what was kept."""
    kept = FirstPass(tmp_path)
    kept.keep([answered(1, b"half", size=900)])
    again = answered(1, b"half", size=900)
    again.hash = b"h" * 16
    kept.hand_out([again])
    assert [again.body, again.hash] == [None, None]
    kept.close()


def test_the_first_pass_is_compared_by_its_status_only(tmp_path: Path) -> None:
    """Not even by the hash of what was recorded."""
    kept, one = FirstPass(tmp_path), answered(1, b"one")
    one.body, one.hash = None, b"h" * 16
    kept.keep([one])
    assert [one.body, one.hash, one.response_head] == [None, None, b""]
    kept.close()


def test_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    """The file has no name, so that whatever ends the process ends it."""
    kept = FirstPass(tmp_path)
    kept.keep([answered(1, b"secret" * 100)])
    assert list(tmp_path.iterdir()) == []
    kept.close()


def test_a_full_disk_leaves_answers_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is counted, and its counterpart is missing."""
    kept = FirstPass(tmp_path)

    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    kept._file.close()
    monkeypatch.setattr(kept, "_file", Full())
    kept.keep([answered(1, b"a"), answered(2, b"b")])
    assert (kept.kept, kept.left_out) == (0, 2)
    kept.close()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    """A file in its place is an error of ours, with a cure."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another --out"):
        FirstPass(tmp_path / "file" / "run")
