"""The slow rule: by pairs, with a floor in ms and in number, and no credit for timeouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.model import Fault
from replay_users.results.slow import Speed, speed
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.results.conftest import Land

Rows = list[tuple[int, dict[str, Any]]]

CASES = [
    pytest.param([(30, {"duration": 10, "service": 21})], Speed.SLOW, id="twice-as-slow"),
    pytest.param([(6, {"duration": 10, "service": 5_000})], Speed.FEW, id="too-few-to-say"),
    pytest.param(
        [(15, {"duration": 10, "service": 21}), (14, {"duration": 10, "service": 11})],
        Speed.FEW,
        id="too-few-to-be-sure",
    ),
    pytest.param([(19, {"duration": 10, "service": 5_000})], Speed.SLOW, id="few-but-all-of-them"),
    pytest.param([(19, {"duration": 1, "service": 4})], Speed.FEW, id="few-below-5-ms"),
    pytest.param([(10, {"fault": Fault.TIMEOUT})], Speed.FAILING, id="few-and-none-was-answered"),
    pytest.param([(30, {"duration": 10, "service": 14})], Speed.OK, id="below-the-ratio"),
    pytest.param([(30, {"duration": 2, "service": 6})], Speed.OK, id="below-5-ms"),
    pytest.param([(30, {"duration": 20, "service": 10})], Speed.OK, id="faster"),
    pytest.param([(40, {"duration": 10, "service": 20, "answer": 500})], Speed.FEW, id="other-answers-are-no-pairs"),
    pytest.param(
        [(40, {"duration": 10}), (20, {"duration": 90, "service": 90})], Speed.OK, id="heavy-requests-are-paired"
    ),
    pytest.param([(20, {"service": 10}), (21, {"fault": Fault.TIMEOUT})], Speed.FAILING, id="most-timed-out"),
    pytest.param(
        [(30, {"service": 10}), (15, {"service": 30}), (20, {"fault": Fault.TIMEOUT})],
        Speed.SLOW,
        id="timeouts-rank-above-all",
    ),
]


@pytest.mark.parametrize(("rows", "expected"), CASES)
def test_an_endpoint_is_slow_by_its_pairs(land: Land, rows: Rows, expected: Speed) -> None:
    """The verdict follows the median pair, the medians' distance and the number of pairs."""
    tally = Tally(["GET /"])
    numbered = enumerate(marks for count, marks in rows for _ in range(count))
    tally.settle([land(n, **marks) for n, marks in numbered])
    assert speed(tally.endpoints["GET /"]) is expected
