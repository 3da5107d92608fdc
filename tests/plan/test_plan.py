from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import UsageError
from replay_users.model import SkipReason
from replay_users.plan import (
    AsRecorded,
    PlanSettings,
    Reading,
    Safety,
    make_plan,
    parse_endpoints,
    parse_host,
    parse_pace,
    parse_rate,
)
from replay_users.plan.map_rule import parse_maps
from replay_users.plan.proxy import Proxy
from replay_users.recording.manifest import SliceInfo

if TYPE_CHECKING:
    from replay_users.plan import CountIndex
    from replay_users.recording.manifest import Manifest
    from tests.plan.conftest import MakeRecording

SECOND = 1_000_000_000
HALF = SECOND // 2
STAGING = parse_host("http://staging:8080")


@pytest.fixture
def shop(make_recording: MakeRecording, row: Any) -> tuple[Manifest, CountIndex]:
    """A minute of a shop, from half a second after START on: 10 rows a second to two endpoints, a few bad ones."""
    rows = [row(HALF, "GET /", rows=5)]
    rows += [row(second * SECOND, "GET /items/{id}", sample=second * 10, rows=10) for second in range(1, 60)]
    rows += [
        row(10 * SECOND, "POST /orders", rows=20),
        row(10 * SECOND, "GET /logout", rows=3),
        row(20 * SECOND, "GET /items/{id}", 1, rows=40),
        row(20 * SECOND, "GET /items/{id}", 2, rows=4),
        row(20 * SECOND, "GET /items/{id}", 4 + 1, rows=2),
        row(20 * SECOND, "GET /items/{id}", 8, rows=1),
        row(59 * SECOND + HALF, "GET /", rows=1),
    ]
    return make_recording(rows)


def test_every_row_of_the_window_is_planned_and_has_one_fate(shop: tuple[Manifest, CountIndex]) -> None:
    """Planned comes from the index; sent and skipped add up to it."""
    plan = make_plan(*shop, PlanSettings(recording="shop"))
    assert plan.planned == shop[0].rows == 666
    assert plan.skipped_by == {
        SkipReason.METHOD: 20,
        SkipReason.REDACTED_TARGET: 4,
        SkipReason.ENDPOINT_RULE: 3,
        SkipReason.NOT_WHOLE: 2,
        SkipReason.PROTOCOL: 1,
    }
    assert plan.will_send == 636
    assert plan.headers_left_out == 40
    assert plan.counts.methods == {"GET": 636}


@pytest.mark.parametrize(
    ("settings", "planned", "will_send"),
    [
        pytest.param(PlanSettings(window="+10s..+20s"), 123, 100, id="a window"),
        pytest.param(PlanSettings(buckets=100), 166, 136, id="a sample"),
        pytest.param(PlanSettings(methods=frozenset({"HEAD"})), 666, 0, id="a method stays planned"),
        pytest.param(PlanSettings(endpoints=parse_endpoints("GET /")), 666, 6, id="a filter stays planned"),
        pytest.param(PlanSettings(safety=Safety(allow_writes=True)), 666, 659, id="writes"),
    ],
)
def test_selection_decides_what_is_planned_and_what_is_sent(
    shop: tuple[Manifest, CountIndex], settings: PlanSettings, planned: int, will_send: int
) -> None:
    """Window and sample decide what is planned, the rest what is skipped of it."""
    plan = make_plan(*shop, settings)
    assert (plan.planned, plan.will_send) == (planned, will_send)
    assert plan.planned == plan.will_send + sum(plan.skipped_by.values())


def test_the_run_lasts_from_the_first_to_the_last_recorded_instant(shop: tuple[Manifest, CountIndex]) -> None:
    """The half second before the first exchange takes no time, nor does what follows the last."""
    plan = make_plan(*shop, PlanSettings())
    assert plan.duration_ns == 59 * SECOND
    assert plan.duration_s == 59
    assert plan.warp(plan.window.lead) == HALF
    assert make_plan(*shop, PlanSettings(pace=parse_pace("2x"))).duration_s == 29.5


def test_what_is_skipped_takes_no_time_at_a_rate(shop: tuple[Manifest, CountIndex]) -> None:
    """A rate is of sent exchanges of the selection."""
    settings = PlanSettings(pace=parse_pace("3/s"), endpoints=parse_endpoints("GET /"))
    plan = make_plan(*shop, settings)
    assert plan.warp(58 * SECOND + HALF) == pytest.approx(5 * SECOND / 3, abs=2)
    assert plan.rate.peak == 3


def test_a_filter_that_ends_early_ends_the_run_early(shop: tuple[Manifest, CountIndex]) -> None:
    """The run is over when the last sent exchange is due, not when the recording ends."""
    plan = make_plan(*shop, PlanSettings(endpoints=parse_endpoints("POST *"), safety=Safety(allow_writes=True)))
    assert plan.duration_ns == 11 * SECOND - HALF - 1


def test_nothing_to_send_is_a_plan(shop: tuple[Manifest, CountIndex]) -> None:
    """What to make of an empty plan is the caller's choice."""
    plan = make_plan(*shop, PlanSettings(endpoints=parse_endpoints("!*")))
    assert (plan.will_send, plan.duration_ns, plan.rate.peak, plan.rate.mean) == (0, 0, 0, 0)
    assert plan.planned == 666


@pytest.mark.parametrize(
    ("pace", "peak"), [("1x", "50"), ("2.5x", "125"), ("100/s", "100"), ("1/s->99.5/s:1s", "99.5")]
)
def test_a_plan_above_the_ceiling_is_refused(shop: tuple[Manifest, CountIndex], pace: str, peak: str) -> None:
    """The message says the peak, the ceiling, and the three ways on."""
    settings = PlanSettings(pace=parse_pace(pace), max_rate=parse_rate("49"))
    with pytest.raises(UsageError, match=rf"up to {peak}/s, above --max-rate 49/s.*--pace.*--max-rate.*--clip"):
        make_plan(*shop, settings)


@pytest.mark.parametrize("pace", ["1x", "50/s", "5/m"])
def test_a_plan_at_the_ceiling_is_as_it_was_asked_for(shop: tuple[Manifest, CountIndex], pace: str) -> None:
    """A ceiling that is not exceeded changes nothing, with or without `--clip`."""
    plain = PlanSettings(pace=parse_pace(pace), max_rate=parse_rate("50"))
    clipping = PlanSettings(pace=parse_pace(pace), max_rate=parse_rate("50"), clip=True)
    assert make_plan(*shop, plain).pace == make_plan(*shop, clipping).pace == parse_pace(pace)


def test_a_clipped_plan_sends_as_much_in_more_time(shop: tuple[Manifest, CountIndex]) -> None:
    """The busy second is stretched, and the plan says so."""
    plan = make_plan(*shop, PlanSettings(max_rate=parse_rate("25"), clip=True))
    assert plan.will_send == 636
    assert plan.duration_ns == 60 * SECOND
    assert plan.rate.peak == 25
    assert plan.pace.describe() == "1x, at most 25/s"


def test_production_is_refused(shop: tuple[Manifest, CountIndex]) -> None:
    """A host of the manifest is no target."""
    with pytest.raises(UsageError, match="production"):
        make_plan(*shop, PlanSettings(host=parse_host("https://shop.example.com")))


@pytest.mark.parametrize(
    ("url", "preserve", "target", "header"),
    [
        ("http://staging:8080", False, "http://staging:8080", "staging:8080"),
        ("http://staging:8080", True, "http://staging:8080", "as recorded"),
        (None, False, None, "as recorded"),
    ],
)
def test_the_plan_says_where_to_and_with_which_host(
    shop: tuple[Manifest, CountIndex], url: str | None, preserve: bool, target: str | None, header: str
) -> None:
    """Retargeted unless preserved; a plan may go nowhere."""
    settings = PlanSettings(host=parse_host(url) if url else None, preserve_host=preserve)
    plan = make_plan(*shop, settings)
    assert (plan.target, plan.host_header) == (target, header)


def test_no_target_may_be_production(make_recording: MakeRecording, row: Any) -> None:
    """A map that leads from one recorded host to another one is refused, and so is a proxy that was recorded."""
    recording = make_recording([row(0, "GET /a")], hosts={"shop": 1, "api": 1})
    with pytest.raises(UsageError, match=r"http://api is where this was recorded \(api\)"):
        make_plan(*recording, PlanSettings(host=STAGING, maps=parse_maps(["shop=http://api"])))
    with pytest.raises(UsageError, match=r"http://shop:443 is where this was recorded"):
        make_plan(*recording, PlanSettings(host=STAGING, proxies=(Proxy(parse_host("http://shop:443")),)))


def test_every_recorded_host_needs_a_target(make_recording: MakeRecording, row: Any) -> None:
    """One that neither a map nor `--host` covers is refused; a plan that goes nowhere needs none."""
    recording = make_recording([row(0, "GET /a")], hosts={"shop": 1, "api": 1})
    maps = parse_maps(["shop=http://staging"])
    with pytest.raises(UsageError, match="no target is given for the recorded host 'api'"):
        make_plan(*recording, PlanSettings(maps=maps))
    plan = make_plan(*recording, PlanSettings(maps=maps, host=STAGING))
    assert [(target.route.url, target.rows) for target in plan.targets] == [
        ("http://staging:8080", 1),
        ("http://staging", 1),
    ]
    assert (plan.target, plan.host_header) == ("several", "several")
    assert make_plan(*recording, PlanSettings(maps=maps, host=STAGING, preserve_host=True)).host_header == "as recorded"
    assert make_plan(*recording, PlanSettings()).targets == ()


def test_only_slices_of_the_window_are_read(
    shop: tuple[Manifest, CountIndex], make_recording: MakeRecording, row: Any
) -> None:
    """Bytes and GETs are those of slices that hold a part of the window."""
    first = shop[0].slices[0].first_at - HALF

    def piece(begin: int, end: int, size: int) -> SliceInfo:
        return SliceInfo(
            file=f"{begin}",
            size=size,
            content_hash="",
            first_at=first + begin * SECOND,
            last_at=first + end * SECOND - 1,
            rows=1,
            footer=1,
            raw_bytes=1,
            groups=(),
        )

    manifest, index = make_recording(
        [row(0, "GET /a"), row(60 * SECOND - 1, "GET /a")],
        slices=(piece(0, 20, 100), piece(20, 40, 10), piece(40, 60, 1)),
    )
    assert make_plan(manifest, index, PlanSettings()).reading == Reading(3, 111, 3)
    assert make_plan(manifest, index, PlanSettings(window="+20s..+40s")).reading == Reading(1, 10, 1)
    assert make_plan(manifest, index, PlanSettings(window="+19s..+41s")).reading == Reading(3, 111, 3)


def test_two_processes_have_the_same_plan(shop: tuple[Manifest, CountIndex]) -> None:
    """A plan is a value of its inputs."""
    settings = PlanSettings(pace=parse_pace("10/s->20/s:10s"), window="+1s..")
    assert make_plan(*shop, settings) == make_plan(*shop, settings)
    assert make_plan(*shop, settings) != make_plan(*shop, PlanSettings(pace=AsRecorded()))
