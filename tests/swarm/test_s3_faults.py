"""A run whose recording lies in an S3 that is unwell: nothing is ever lost without being counted and named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.feed import LookAhead
from replay_users.errors import StoreError
from replay_users.recording import s3 as s3_module
from replay_users.results.conservation import broken_laws
from replay_users.results.validity import validate
from replay_users.swarm import assembly
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.prepare import prepare
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings
from tests.integration.replays import BODY
from tests.recording.making import HOUR, START, make_exchange, record
from tests.servers.s3_proxy import S3Proxy, cut, delay, hang, refuse
from tests.swarm.test_hooks import Base, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from replay_users.results.tally import Totals
    from replay_users.results.validity import Validity
    from replay_users.testing import ScriptedTarget
    from tests.servers.s3_proxy import Asked, Trouble
    from tests.servers.weed import Weed
    from tests.swarm.conftest import MakeOptions

pytestmark = pytest.mark.server

_WITHIN = 30.0  # s: only a test that fails waits so long
SLICES, ROWS, RATE = 8, 25, 100
"""A slice for each quarter of a second of the run."""
PLANNED = SLICES * ROWS


@pytest.fixture(scope="module")
def recorded(weed: Weed) -> str:
    """The address of a recording in the real S3."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in weed.keys.items():
            patch.setenv(name, value)
        rows = [(hour, nth) for hour in range(SLICES) for nth in range(ROWS)]
        record(
            weed.store("unwell"),
            [
                make_exchange(
                    hour * ROWS + nth,
                    at=START + hour * HOUR + nth * 1_000_000,
                    session=b"session-%d-%d" % (hour, nth),
                    response_body=BODY,
                    response_size=len(BODY),
                )
                for hour, nth in rows
            ],
        )
    return weed.address("unwell")


@pytest.fixture
def proxy(s3: Weed) -> Iterator[S3Proxy]:
    """A proxy in front of it, in which nothing is wrong yet."""
    with S3Proxy(int(s3.endpoint.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture
def replay(
    environment: Any,
    options: MakeOptions,
    recorded: str,
    proxy: S3Proxy,
    target: ScriptedTarget,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Run, Totals, Validity]]:
    """Replays it with little look-ahead, so that slices are read as the run goes, while S3 has some trouble."""
    monkeypatch.setattr(assembly, "LookAhead", lambda: LookAhead(rows=10))
    monkeypatch.setattr(s3_module, "_READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr(s3_module, "PATIENCE_S", 8.0)

    def finish(trouble: Callable[[Asked], Trouble | None], **changes: str) -> tuple[Run, Totals, Validity]:
        chosen = {"recording": recorded, "pace": f"{RATE}/s", "s3_endpoint": proxy.endpoint, "s3_region": "us-east-1"}
        settings = read_settings(options(**{**chosen, **changes}), target.url)
        run = Run("r1", prepare(settings), environment, Hooks(user(), Base))
        proxy.trouble(trouble)
        run.begin()
        assert run.done.wait(_WITHIN), "the run does not end"
        totals = run.tally.totals()
        assert not broken_laws(run.plan.planned, totals)
        assert run.plan.planned == PLANNED
        return run, totals, validate(PLANNED, totals, run.tally.fidelity)

    return finish


def some(trouble: Trouble, *, first: int, last: int) -> Callable[[Asked], Trouble | None]:
    """Do it to the GETs from the first to the last, counted from 0."""
    return lambda asked: trouble if first <= asked.nth <= last else None


def of_slice(trouble: Trouble, proxy: S3Proxy, nth: int) -> Callable[[Asked], Trouble | None]:
    """Do it to every GET of the nth slice."""

    def choose(asked: Asked) -> Trouble | None:
        order = list(dict.fromkeys(each.target for each in proxy.asked))
        return trouble if order.index(asked.target) == nth else None

    return choose


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(some(delay(0.15), first=2, last=99), id="slow"),
        pytest.param(some(refuse(503, "SlowDown"), first=4, last=4), id="slow-down"),
        pytest.param(some(refuse(500, "InternalError"), first=3, last=8), id="internal-errors", marks=pytest.mark.slow),
        pytest.param(some(refuse(502, "BadGateway"), first=3, last=6), id="bad-gateway", marks=pytest.mark.slow),
        pytest.param(some(cut(), first=3, last=4), id="cut"),
        pytest.param(some(cut(0.9, reset=True), first=3, last=4), id="cut-by-reset", marks=pytest.mark.slow),
        pytest.param(some(cut(0), first=4, last=4), id="cut-before-the-body", marks=pytest.mark.slow),
        pytest.param(some(hang(), first=5, last=5), id="hangs-once"),
    ],
)
def test_what_passes_loses_nothing(
    replay: Callable[..., Any], proxy: S3Proxy, target: ScriptedTarget, trouble: Callable[[Asked], Trouble | None]
) -> None:
    """An S3 that is slow, fails, cuts or hangs for less than the look-ahead costs no row, and the answers say so."""
    run, totals, validity = replay(trouble, max_lag="3s")  # of which a machine may stand still for two
    assert len(proxy.troubled) > 0
    assert (totals.sent, totals.matched, totals.unread, totals.dropped) == (PLANNED, PLANNED, 0, 0)
    assert len(target.received()) == PLANNED
    assert (run.error, validity.valid) == (None, True)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(delay(3.0), id="slow"),
        pytest.param(None, id="fails-for-a-time", marks=pytest.mark.slow),
    ],
)
def test_what_lasts_makes_rows_late(
    replay: Callable[..., Any], proxy: S3Proxy, monkeypatch: pytest.MonkeyPatch, trouble: Trouble | None
) -> None:
    """Rows that S3 brings too late are dropped as our lag, which the run's validity says; none is unread, the rest is sent."""
    monkeypatch.setattr(s3_module, "_READ_TIMEOUT_S", 20)
    began: list[float] = []

    def choose(asked: Asked) -> Trouble | None:
        if asked.nth < 4:
            return None
        began.append(asked.seconds)
        if trouble is not None:
            return trouble if asked.nth == 4 else None
        return refuse(500, "InternalError") if asked.seconds < began[0] + 2.5 else None

    run, totals, validity = replay(choose)
    assert proxy.troubled
    assert totals.dropped_by["lag"] == totals.dropped > 0
    assert totals.sent + totals.dropped == PLANNED
    assert totals.sent >= 4 * ROWS
    assert (run.error, totals.unread) == (None, 0)
    assert any("lag" in reason for reason in validity.reasons)
    assert [str(kind) for kind in validity.void] == ["latency"]


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        pytest.param(refuse(403, "AccessDenied"), "is denied .*: let the bucket's policy allow it", id="forbidden"),
        pytest.param(refuse(404, "NoSuchKey"), "is not there: restore it", id="gone", marks=pytest.mark.slow),
        pytest.param(
            refuse(412, "PreconditionFailed"),
            "changed after the recording was opened",
            id="changed",
            marks=pytest.mark.slow,
        ),
        pytest.param(refuse(503, "SlowDown"), "S3 failed for .*SlowDown.*start again when S3 is well", id="never-well"),
        pytest.param(cut(), "S3 failed for .*start again when S3 is well", id="always-cut", marks=pytest.mark.slow),
    ],
)
def test_what_does_not_pass_is_unread(
    replay: Callable[..., Any],
    proxy: S3Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: Trouble,
    sentence: str,
) -> None:
    """The rows of a slice that S3 never gives are unread under its name, with the cure; those of the others are sent or late."""
    monkeypatch.setattr(s3_module, "PATIENCE_S", 3.0)
    run, totals, validity = replay(of_slice(trouble, proxy, 4))
    [(name, rows)] = totals.unread_by.items()
    assert rows == totals.unread == ROWS
    assert proxy.troubled[0].target.split("?")[0].endswith(name.rpartition("/")[2])
    assert totals.sent + totals.dropped_by.get("lag", 0) == PLANNED - ROWS
    assert isinstance(run.error, StoreError) or "changed" in sentence
    assert run.error.exit_code == 1
    [said] = [record.getMessage() for record in caplog.records if "rows are unread" in record.getMessage()]
    assert said.startswith(f"{ROWS} rows are unread: ")
    assert re.search(sentence, str(run.error))
    assert not validity.valid
    assert f"{ROWS} planned rows could not be read: {name}" in validity.reasons[0]


def test_what_s3_holds_back_until_the_time_is_over_is_unread(
    replay: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were due before a time limit and not read by then are no choice of anybody: the run is not valid."""
    monkeypatch.setattr(s3_module, "_READ_TIMEOUT_S", 20)
    run, totals, validity = replay(some(delay(30.0), first=4, last=99), run_time="4500ms", pace="40/s")
    assert run.stopped_by == "time"
    assert 0 < totals.unread < PLANNED - totals.sent
    assert not validity.valid
