"""How much of what opening connections took is taken off all times."""

from __future__ import annotations

import pytest

from replay_users.results.gate.latency_hops import hops_of
from tests.results.gate.paired import MS, pairs

FAST, SLOW = {"GET /a": pairs([2.0] * 40), "GET /b": pairs([80.0] * 40)}, {"GET /a": pairs([32.0] * 40)}


@pytest.mark.parametrize(
    ("connect_ms", "expected_ms"),
    [
        pytest.param((0.3, 0.4), (0.3, 0.4), id="as-measured"),
        pytest.param((0.3, 1.9), (0.3, 1.6), id="not-all-of-the-quickest"),
        pytest.param((1.5, 1.9), (1.0, 1.0), id="alike-and-half-of-the-quickest"),
        pytest.param((1.28, 0.3), (1.28, 0.3), id="a-millisecond-apart-and-as-measured"),
        pytest.param((1.28, 0.9), (1.0, 0.9), id="a-third-of-one-apart-is-alike"),
        pytest.param((0.3, 2.1), (0, 0), id="longer-than-an-answer"),
        pytest.param((2.1, 0.3), (0, 0), id="ours-longer-than-an-answer"),
        pytest.param((None, 0.3), (0, 0), id="not-known"),
    ],
)
def test_hops_are_believed_as_far_as_answers_allow(
    connect_ms: tuple[float | None, float | None], expected_ms: tuple[float, float]
) -> None:
    """No answer comes sooner than its way takes, and what is left of the quickest must be more than an error."""
    connect = [None if each is None else round(each * MS) for each in connect_ms]
    found = hops_of((connect[0], connect[1]), FAST, FAST, 20)
    assert found == pytest.approx([each * MS for each in expected_ms])


def test_a_longer_way_is_taken_off() -> None:
    """Six ms, where even the quickest answers took them."""
    farther = {"GET /a": pairs([8.0] * 40)}
    assert hops_of((6 * MS, MS // 2), farther, FAST, 20) == (6 * MS, MS / 2)


@pytest.mark.parametrize(("connect_ms", "expected_ms"), [(6, 6), (30, 25.6), (33, 0), (None, 0)])
def test_a_recorded_time_has_no_hop(connect_ms: int | None, expected_ms: float) -> None:
    """Only ours has, as far as it can be."""
    connect = None if connect_ms is None else connect_ms * MS
    assert hops_of((connect, None), SLOW, None, 20) == pytest.approx((expected_ms * MS, 0))


def test_an_endpoint_of_a_few_is_not_the_quickest() -> None:
    """Unless there are no others; and where nothing was answered nothing is taken off."""
    some = {**SLOW, "GET /few": pairs([1.0] * 5), "GET /none": pairs([None] * 40)}
    assert hops_of((6 * MS, 6 * MS), some, some, 20) == (6 * MS, 6 * MS)
    few = {"GET /few": pairs([1.0] * 5)}
    assert hops_of((6 * MS, 6 * MS), few, few, 20) == (0, 0)
    assert hops_of((6 * MS, 6 * MS), {}, {}, 20) == (0, 0)
