"""The summary: the whole story of a run on one screen, in the order a person asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.path import Index, Key
from replay_users.results.result import RunFacts, conclude, result_json
from replay_users.results.summary import summary_text
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.conftest import Golden
    from tests.results.conftest import Land

ITEM, SEARCH, CART = "GET /items/{id}", "GET /search", "POST /cart"


def result(tally: Tally, planned: int, stopped_by: str | None = None, **more: Any) -> dict[str, Any]:
    """result.json of this tally, as a reader gets it."""
    facts = RunFacts(
        id="2026-03-01T12-00-00",
        started="2026-03-01T12:00:00Z",
        recording="runs/demo/recording",
        manifest=1,
        target="http://127.0.0.1:8002",
        pace="1x",
        version="0.1.0",
        stopped_by=stopped_by,
        **more,
    )
    read: dict[str, Any] = json.loads(json.dumps(result_json(conclude(facts, tally, planned))))
    return read


def changed_shop(land: Land) -> Tally:
    """A new version that changed a price, broke a search and slowed it down."""
    tally = Tally([ITEM, SEARCH, CART])
    tally.settle([land(n, session=b"s%d" % (n % 40), due=n, lag=0.1 + n % 7 / 10, wait=n % 3) for n in range(1_000)])
    prices = [land(n, session=b"s%d" % (n % 40), due=n, judged=Verdict.MISMATCHED) for n in range(1_000, 1_120)]
    path = (Key("items"), Index(0), Key("price"))
    for flight in prices:
        tally.differences(flight, Differences([Difference(ITEM, path, Kind.VALUE, "1999", '"19.99"')]))
        tally.ignored([Difference(ITEM, (Key("query_ms"),), Kind.VALUE, "1", "2")])
    errors = [land(n, endpoint=1, due=n, answer=500, judged=Verdict.MISMATCHED) for n in range(1_120, 1_127)]
    for flight in errors:
        tally.differences(flight, Differences([Difference(SEARCH, (), Kind.STATUS, "200", "500")]))
    slow = [land(n, endpoint=1, due=n, duration=12, service=60 + n % 5) for n in range(1_127, 1_200)]
    failed = [land(1_200, endpoint=1, due=1_200, fault=Fault.RESET_IN_BODY)]
    tally.settle([*prices, *errors, *slow, *failed])
    tally.skip(2, SkipReason.METHOD, rows=60)
    tally.drop(land(), Drop.WAIT)
    return tally


def test_a_failed_run(land: Land, golden: Golden) -> None:
    """A run with differences leads with the verdict and shows each with an example."""
    golden("summary-fail.txt", summary_text(result(changed_shop(land), 1_262), "runs/demo"))


def test_a_passed_run(land: Land, golden: Golden) -> None:
    """A run without differences says what the verdict rests on, and no more than that."""
    tally = Tally([ITEM])
    tally.settle([land(n, due=n, lag=0.1) for n in range(500)])
    golden("summary-pass.txt", summary_text(result(tally, 500), "runs/demo/"))


def test_a_stopped_run(land: Land, golden: Golden) -> None:
    """A run that a person stopped is inconclusive and says how much was left."""
    tally = Tally([ITEM])
    tally.settle([land(n, due=n, lag=40) for n in range(200)])
    tally.skip(0, SkipReason.STOPPED, rows=300)
    golden("summary-stopped.txt", summary_text(result(tally, 500, stopped_by="signal")))


def test_a_run_whose_account_is_broken(land: Land, golden: Golden) -> None:
    """A broken account says which sum fails, by how much, and whose bug it is."""
    tally = Tally([ITEM])
    tally.settle([land(n, due=n) for n in range(10)])
    golden("summary-broken.txt", summary_text(result(tally, 12), "runs/demo"))


def test_a_run_that_sent_nothing(golden: Golden) -> None:
    """A run that skipped everything fails and says where to look."""
    tally = Tally([CART])
    tally.skip(0, SkipReason.METHOD, rows=60)
    golden("summary-nothing.txt", summary_text(result(tally, 60), "runs/demo"))


def test_a_run_that_was_stopped_at_once() -> None:
    """The plan is not to blame where somebody stopped the run before its first request."""
    tally = Tally([ITEM])
    tally.skip(0, SkipReason.STOPPED, rows=60)
    assert "replay-users plan" not in summary_text(result(tally, 60, stopped_by="person"), "runs/demo")


def test_a_run_that_lost_a_worker(land: Land) -> None:
    """What a lost worker left comes first, is said once, and the hint is about the worker, not about the recording."""
    tally = Tally([ITEM])
    tally.settle([land(n, due=n) for n in range(90)])
    tally.doubt(4)
    tally.unread(6, "worker a was lost at 3.0 s")
    row = {"worker": "a", "lost_at_s": 3.0}
    lost = ("worker a was lost at 3.0 s: 4 rows in doubt, 6 unread",)
    told = summary_text(result(tally, 100, lost=lost, workers=(row,)), "runs/demo")
    assert told.startswith("INCONCLUSIVE ")
    assert f"why         {lost[0]}" in told
    assert told.count("worker a") == 1
    assert "planned 100 = sent 90 + unread 6 + in doubt 4" in told
    assert "the log, and the memory, of the worker that was lost" in told
    assert "replay-users inspect" not in told


def lacking(land: Land) -> Tally:
    """A staging without its data and without logins, and a release that changed a header everywhere."""
    tally = Tally([ITEM, SEARCH, CART, "GET /me"])
    vary = {
        name: Difference(name, (Key("vary"),), Kind.HEADER, '"accept"', '"accept, cookie"') for name in (ITEM, SEARCH)
    }
    gone = Difference(ITEM, (), Kind.STATUS, "200", "404")
    login = Difference("GET /me", (), Kind.STATUS, "200", "401")
    tally.settle([land(n, session=b"s%d" % (n % 40), endpoint=n % 2, due=n) for n in range(100)])
    missing = [land(n, due=n, answer=404, judged=Verdict.MISMATCHED) for n in range(100, 120)]
    logins = [land(n, due=n, endpoint=3, answer=401, judged=Verdict.MISMATCHED) for n in range(120, 123)]
    headers = [
        land(n, session=b"s%d" % (n % 5), due=n, endpoint=n % 2, judged=Verdict.MISMATCHED) for n in range(123, 133)
    ]
    for flights, difference, found in ((missing, gone, Class.MISSING), (logins, login, Class.CREDENTIAL)):
        for flight in flights:
            flight.differences = Differences([difference], classes=(found,))
    for flight in headers:
        flight.differences = Differences([vary[(ITEM, SEARCH)[flight.endpoint]]])
    for flight in (*missing, *logins, *headers):
        tally.differences(flight, Differences(flight.differences, classes=flight.differences.classes))  # type: ignore[attr-defined]
    tally.settle([*missing, *logins, *headers])
    return tally


def test_a_run_against_a_staging_that_lacks_things(land: Land, golden: Golden) -> None:
    """What differs for want of data or logins stands apart, with advice; one cause on two endpoints is one line."""
    golden("summary-apart.txt", summary_text(result(lacking(land), 133), "runs/demo"))


def crowded(land: Land, name: str, value: str) -> dict[str, Any]:
    """The result of a run with more of everything than a screen holds."""
    endpoints = [f"GET /{name}/{n}" for n in range(20)]
    tally = Tally(endpoints)
    for number, endpoint in enumerate(endpoints):
        tally.settle([land(n, endpoint=number, lag=90, service=90) for n in range(40)])
        flight = land(endpoint=number, judged=Verdict.MISMATCHED)
        tally.settle([flight, land(endpoint=number, fault=Fault.CONNECT)])
        tally.differences(
            flight, Differences([Difference(endpoint, (Key(name),), kind, value, value) for kind in Kind])
        )
        tally.unread(3, f"slice-{number}-{name}")
        tally.drop(land(endpoint=number), Drop.LAG)
        tally.ignored([Difference(endpoint, (Key(f"{name}{number}"),), Kind.VALUE, value, value)])
    return result(tally, 10_000, stopped_by="signal") | {"run": result(tally, 1)["run"] | {"recording": name}}


def test_it_fits_a_screen_whatever_was_found(land: Land) -> None:
    """A run with hundreds of everything is told in 25 lines, and says how much more there is."""
    told = summary_text(crowded(land, "x" * 300, "v" * 120), "runs/demo")
    assert len(told.splitlines()) <= 25
    assert "more cause in result.json" in told


def test_more_causes_than_lines_are_named(land: Land) -> None:
    """Where each has no line of its own, as many have one as leave room for the names of all others."""
    tally = Tally([SEARCH])
    paths = [(Key(f"object_{n}"), Key(f"field_{n}")) for n in range(40)]
    flight = land(judged=Verdict.MISMATCHED)
    tally.settle([flight])
    tally.differences(flight, Differences([Difference(SEARCH, path, Kind.VALUE, "1", "2") for path in paths]))
    told = summary_text(result(tally, 1), "runs/demo")
    assert len(told.splitlines()) <= 25
    assert all(told.count(f"field_{n} value") + told.count(f"field_{n}'] value") == 1 for n in range(40))


def test_names_of_a_recording_cannot_act_on_the_terminal(land: Land) -> None:
    """Escape sequences and line breaks in names and values are shown, not sent."""
    told = summary_text(crowded(land, "a\x1b[2J\nb", "\x1b[31m\r\n"), "runs/demo")
    assert "\x1b" not in told
    assert "\r" not in told
    assert len(told.splitlines()) <= 25


def test_a_target_that_is_away(land: Land) -> None:
    """Endpoints without answers are not called slow, and the hint is where to look."""
    tally = Tally([ITEM, SEARCH])
    tally.settle([land(n, due=n, fault=Fault.CONNECT) for n in range(40)])
    tally.settle([land(n, endpoint=1, due=n, fault=Fault.CONNECT) for n in range(50)])
    told = summary_text(result(tally, 90), "runs/demo")
    assert f"no answer   {SEARCH}  all 50 requests: connect 50, and 1 more endpoint\n" in told
    assert "slow " not in told
    assert "next        no connection could be opened: is the target up, and is --host right?" in told


def test_nobody_is_told_to_ignore_whole_answers(land: Land) -> None:
    """A rule for `root` would compare nothing any more."""
    tally = Tally([ITEM])
    shown = Difference(ITEM, (), Kind.TYPE, "<html>", '{"ok": true}')
    flight = land(1, judged=Verdict.MISMATCHED)
    tally.settle([flight])
    tally.differences(flight, Differences([shown]))
    told = summary_text(result(tally, 1), "runs/demo")
    assert "root type" in told
    assert "ignore:" not in told


def test_what_a_baseline_accepts_needs_no_rule(land: Land) -> None:
    """Where something else failed the run, nobody is told to ignore what differs."""
    told = result(changed_shop(land), 1_262)
    assert "ignore:" in summary_text(told)
    slower = {
        "name": "latency",
        "kind": "latency",
        "verdict": "fail",
        "advisory": False,
        "sentence": "s",
        "endpoint": None,
    }
    assert "ignore:" not in summary_text({**told, "gate": {"verdict": "fail", "checks": [slower]}})
    assert "ignore:" not in summary_text({**told, "gate": {"verdict": "pass", "checks": []}})
