"""What the gate reads out of result.json, of this version and of earlier ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tests
from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.errors import UsageError
from replay_users.model import Fault, Verdict
from replay_users.results.article import article_report
from replay_users.results.gate import GateSettings, judge_run
from replay_users.results.gate.evidence import Turned, evidence_of
from replay_users.results.gate.shares import Share
from replay_users.results.result import result_json
from replay_users.results.tally import Tally
from replay_users.testing import make_flight
from tests.results.gate.runs import NAMES, concluded, tally_of


def result_of(planned: int = 1_600, **how: Any) -> dict[str, Any]:
    """The content of a run's result.json."""
    read: dict[str, Any] = json.loads(json.dumps(result_json(concluded(tally_of(**how), planned))))
    return read


def test_sessions_are_counted_where_an_answer_was_compared() -> None:
    """Of an endpoint and of the run exactly up to 255, of a signature up to 63; beyond that a fair sample is."""
    evidence = evidence_of(result_of(differs=lambda end, row: "price" if end == 3 and row < 800 else ""))
    price = next(each for each in evidence.endpoints if each.name == NAMES[3])
    [signature] = evidence.signatures
    assert price.share == evidence.sessions == Share(80, 160)
    assert signature.share.differing <= 63
    assert signature.share.value == pytest.approx(0.5, abs=0.15)
    assert (signature.key, signature.told) == ((NAMES[3], "root['price']", "value"), "root['price'] value")


def test_answers_between_2xx_and_5xx_are_apart() -> None:
    """They are no session that differs and no signature to be accepted."""
    statuses = {0: 500, 1: 503, 2: 404}
    evidence = evidence_of(result_of(status=lambda end, row: statuses.get(end, 200) if row % 4 == end else 200))
    broken = {each.name: each.broken for each in evidence.endpoints if each.broken.count}
    assert set(broken) == {NAMES[0], NAMES[1]}
    assert all(each.count >= each.sessions > 0 for each in broken.values())
    assert {each.endpoint for each in evidence.signatures} <= {NAMES[2]}
    assert evidence.broken_sessions > 0


def test_where_the_recording_has_statuses_only_all_sessions_were_looked_at() -> None:
    """One other status of 100 is one of 100 sessions, though only that answer counts as compared."""
    tally = Tally(["GET /"])
    for nth in range(100):
        flight = make_flight(id=f"{nth}", session=b"%d" % nth, answer_status=404 if nth == 7 else 200)
        flight.judged = Verdict.MISMATCHED if nth == 7 else Verdict.UNCHECKED
        if nth == 7:
            tally.differences(flight, Differences([Difference("GET /", (), Kind.STATUS, "200", "404")]))
        else:
            tally.unchecked(flight, "status_only")
        tally.settle([flight])
    evidence = evidence_of(result_json(concluded(tally, 100)))
    assert (evidence.sessions, evidence.endpoints[0].share) == (Share(1, 100), Share(1, 100))
    assert evidence.signatures[0].share == Share(1, 100)


def test_issues_are_counted_as_the_article_does() -> None:
    """The limit on issues and the article's report mean the same."""
    result = result_of(
        status=lambda end, row: 404 if end == 1 and row % 3 == 0 else 200,
        fault=lambda end, row: Fault.TIMEOUT if end == 2 and row % 5 == 0 else Fault.STOPPED if row == 44 else None,
        slower=lambda end, _row: 3.0 if end == 4 else 1.0,
    )
    evidence, report = evidence_of(result), article_report(result)
    assert sum(each.status_mismatches for each in evidence.endpoints) == report["status_mismatches"] > 0
    assert sum(each.slow_pairs for each in evidence.endpoints) == report["performance_issues"] > 0


def test_what_we_stopped_is_not_the_targets() -> None:
    """Answers that a stop did not wait for are neither sent nor failed here."""
    evidence = evidence_of(result_of(fault=lambda end, row: Fault.STOPPED if end == 0 and row < 80 else None))
    assert (evidence.endpoints[-1].failed, sum(each.sent for each in evidence.endpoints)) == (0, 1_590)


def earlier() -> dict[str, Any]:
    """A result as the first version wrote it."""
    path = Path(tests.__path__[0]) / "data" / "result-first.json"
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def test_a_result_of_an_earlier_version_is_judged() -> None:
    """By what it says of sessions, which is less."""
    result = earlier()
    gate = judge_run(result, None, GateSettings())
    evidence = evidence_of(result)
    assert gate.verdict in {"pass", "fail", "inconclusive"}
    assert all(each.share.seen >= each.share.differing for each in evidence.endpoints)
    for each in evidence.endpoints:
        assert isinstance(each.broken, Turned)


def test_an_earlier_result_without_its_counts_of_sessions_has_what_signatures_say() -> None:
    """An endpoint differs in at least as many sessions as its most frequent signature shows."""
    result = result_of(differs=lambda end, row: "price" if end == 3 and row < 400 else "")
    now = evidence_of(result)
    del result["sessions"]
    for row in result["endpoints"]:
        for name in ("compared_sessions", "differing_sessions", "sampled_sessions", "broken", "mended", "slow_pairs"):
            del row[name]
    for row in result["signatures"]:
        del row["sampled_sessions"]
    then = evidence_of(result)
    share = next(each.share for each in then.endpoints if each.name == NAMES[3])
    assert share == then.sessions == now.sessions
    assert judge_run(result, None, GateSettings()).verdict == "fail"


@pytest.mark.parametrize("wrong", [None, "x", [], {}, {"run": 3}])
def test_no_result_is_refused_in_a_sentence(wrong: Any) -> None:
    """Whatever it is."""
    with pytest.raises(UsageError, match="this result cannot be judged"):
        evidence_of(wrong)
