"""A plan of nothing is refused before a run of it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.errors import UsageError
from replay_users.plan import PlanSettings, make_plan, parse_endpoints, refuse_empty

if TYPE_CHECKING:
    from replay_users.plan import CountIndex
    from replay_users.recording.manifest import Manifest
    from tests.plan.conftest import MakeRecording, Row

SECOND = 1_000_000_000


@pytest.fixture
def shop(make_recording: MakeRecording, row: type[Row]) -> tuple[Manifest, CountIndex]:
    """One exchange at each end of a minute, and none of a small sample."""
    return make_recording([row(0, "GET /", sample=500), row(59 * SECOND, "GET /", sample=900)])


def test_a_quiet_window_is_refused(shop: tuple[Manifest, CountIndex]) -> None:
    """The sentence names the window, the recording's range and the cure."""
    with pytest.raises(UsageError) as refused:
        refuse_empty(make_plan(*shop, PlanSettings(window="+10s..+12s")), shop[0])
    assert str(refused.value) == (
        "the window holds no exchange of this recording: 2026-11-05T10:00:10Z..2026-11-05T10:00:12Z of"
        " 2026-11-05T10:00:00Z..2026-11-05T10:00:59Z; choose another --window"
    )


def test_an_empty_sample_says_to_take_a_larger_one(shop: tuple[Manifest, CountIndex]) -> None:
    """Where the sample may be why, the cure is a larger one."""
    with pytest.raises(UsageError, match=r"in a sample of 0\.5%: .*; take a larger --sample or another --window"):
        refuse_empty(make_plan(*shop, PlanSettings(buckets=5)), shop[0])


def test_a_plan_of_skipped_exchanges_is_not_empty(shop: tuple[Manifest, CountIndex]) -> None:
    """What sends nothing since everything is left out is a plan with a warning."""
    refuse_empty(make_plan(*shop, PlanSettings(endpoints=parse_endpoints("!*"))), shop[0])
