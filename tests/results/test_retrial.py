"""Rules tried on what a run has kept."""

from __future__ import annotations

from replay_users.compare.rules import HostMap, Rules
from replay_users.results.exhibits import Exhibit
from replay_users.results.retrial import retry

HEAD = "content-type: application/json\r\n"


def exhibit(name: str, body: str | None, answer: str | None, status: int = 200) -> Exhibit:
    """A kept pair."""
    return Exhibit(name, "GET /a", 200, HEAD, body, status, HEAD, answer)


KEPT = [
    exhibit("1", '{"ms": 1, "n": 1}', '{"ms": 2, "n": 1}'),
    exhibit("2", '{"ms": 1, "n": 1}', '{"ms": 2, "n": 2}'),
    exhibit("3", '{"token": "[redacted:3:aaaa]"}', '{"token": "[redacted:3:bbbb]"}'),
    exhibit("4", '{"token": "[redacted:3:aaaa]"}', '{"token": "[redacted:3:aaaa]"}'),
    exhibit("5", None, None),
]


def test_rules_are_tried_on_each_pair() -> None:
    """What they settle and what they leave, by signature; what redaction hides is told apart."""
    rules = Rules.parse("- ignore: $.ms\n  reason: a clock\n", "r.yaml")
    retrial = retry(KEPT, rules)
    assert (retrial.tried, retrial.matched, retrial.differ, retrial.unchecked) == (5, 2, 2, 1)
    assert {mark.path_text: count for mark, count in retrial.settled.items()} == {"root['ms']": 2}
    assert {mark.path_text: count for mark, count in retrial.left.items()} == {"root['n']": 1, "root['token']": 1}
    assert [mark.path_text for mark in retrial.hidden] == ["root['token']"]


def test_without_rules_all_that_differed_does() -> None:
    """As the run has found it."""
    retrial = retry(KEPT, Rules())
    assert (retrial.matched, retrial.differ) == (1, 3)
    assert not retrial.settled


def test_a_status_can_be_tried_without_bodies() -> None:
    """Which stand for nothing where the statuses differ."""
    rules = Rules.parse("- ignore: status\n  from: 200\n  to: 404\n  reason: gone\n", "r.yaml")
    assert retry([exhibit("1", None, None, 404)], rules).matched == 1
    assert retry([exhibit("1", None, None, 404)], Rules()).differ == 1


def test_hosts_of_the_run_stand_for_recorded_ones() -> None:
    """As they did when the run compared: a link to production equals one to staging."""
    pair = exhibit("1", '{"next": "https://shop.example/2"}', '{"next": "http://127.0.0.1:8080/2"}')
    hosts = HostMap.of({"shop.example": "127.0.0.1:8080", "https://shop.example": "http://127.0.0.1:8080"})
    assert retry([pair], Rules(), hosts).matched == 1
    assert retry([pair], Rules()).differ == 1
