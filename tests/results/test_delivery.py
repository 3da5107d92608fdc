"""Payloads on their way, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.delivery import LONGEST_WAIT_S, PAYLOADS_KEPT, REFUSALS, Delivery, Failed, Refused, Taken

WRONG_TOKEN = Refused("401 unauthorized", is_spoilt=False)
NONSENSE = Refused("400 unable to parse", is_spoilt=True)
DOWN = Failed("connection refused")


def tried(delivery: Delivery, *answers: Taken | Failed | Refused, now: float = 0.0) -> float:
    """Try as often as there are answers, each as soon as it may be; when the last one was."""
    for answer in answers:
        wait = delivery.wait_s(now)
        assert wait is not None
        now += wait
        delivery.take()
        delivery.answer(answer, now)
    return now


def filled(*payloads: str) -> Delivery:
    """A delivery of these."""
    delivery = Delivery()
    for payload in payloads:
        delivery.add(payload)
    return delivery


def test_payloads_go_out_in_their_order() -> None:
    """At once, the oldest first, and nothing is left to be tried."""
    delivery = filled("a 1\n", "b 1\nb 2\n")
    assert delivery.wait_s(0.0) == 0.0
    assert delivery.take() == "a 1\n"
    delivery.answer(Taken(), 0.0)
    assert delivery.take() == "b 1\nb 2\n"
    delivery.answer(Taken(), 0.0)
    assert (delivery.wait_s(0.0), delivery.written, delivery.lost, delivery.left, delivery.told) == (None, 3, 0, [], [])


def test_an_empty_payload_is_none() -> None:
    """An interval without points is nothing to send."""
    assert filled("").wait_s(0.0) is None


def test_the_waits_double_up_to_half_a_minute() -> None:
    """1, 2, 4, 8, 16, 30, 30 seconds between tries, and one second again after one that was taken."""
    delivery, now, waits = filled("a\n", "b\n"), 0.0, []
    for _ in range(7):
        now = tried(delivery, DOWN, now=now)
        waits.append(delivery.wait_s(now))
    assert waits == [1, 2, 4, 8, 16, LONGEST_WAIT_S, LONGEST_WAIT_S]
    now = tried(delivery, Taken(), DOWN, now=now)
    assert delivery.wait_s(now) == 1


def test_a_server_may_ask_for_rest() -> None:
    """What it asks for is given, up to half a minute."""
    delivery = filled("a\n")
    tried(delivery, Failed("429", rest_s=7.0))
    assert delivery.wait_s(0.0) == 7.0
    tried(delivery, Failed("429", rest_s=3600.0), now=7.0)
    assert delivery.wait_s(7.0) == LONGEST_WAIT_S


def test_an_outage_is_told_twice() -> None:
    """Once when it begins and once when it is over, however often was tried in between."""
    delivery = filled("a\n")
    tried(delivery, DOWN, DOWN, DOWN, Taken())
    assert delivery.told == [
        "InfluxDB does not take points: connection refused; the run goes on, and so do the tries",
        "InfluxDB takes points again, after 7 s",
    ]


def test_the_oldest_is_given_up_when_there_are_too_many() -> None:
    """So many payloads are kept and no more, and every point of the others is counted."""
    delivery = filled(*(f"{nth} 1\n{nth} 2\n" for nth in range(PAYLOADS_KEPT + 3)))
    assert (len(delivery.left), delivery.lost, delivery.left[0]) == (PAYLOADS_KEPT, 6, "3 1\n3 2\n")


def test_what_is_under_way_is_not_given_up() -> None:
    """The payload that is being tried counts as one of those kept, and comes back to the front."""
    delivery = filled(*(f"{nth}\n" for nth in range(PAYLOADS_KEPT)))
    assert delivery.take() == "0\n"
    delivery.add("new\n")
    assert (delivery.lost, delivery.left[:2]) == (1, ["0\n", "2\n"])
    delivery.answer(DOWN, 0.0)
    assert (len(delivery.left), delivery.left[0]) == (PAYLOADS_KEPT, "0\n")


def test_it_gives_up_after_refusals_in_a_row() -> None:
    """A wrong token is not tried for ever; what was not written is kept, to be loaded later."""
    delivery = filled("a\n", "b\n")
    now = tried(delivery, *[WRONG_TOKEN] * REFUSALS)
    assert delivery.is_off
    assert delivery.wait_s(now + 3600) is None
    assert (delivery.left, delivery.lost) == (["a\n", "b\n"], 0)
    assert len(delivery.told) == 2
    assert "refused points 3 times in a row (401 unauthorized)" in delivery.told[1]


def test_who_has_taken_points_may_do_so_again() -> None:
    """A token that is renewed, or a bucket that comes back, is waited for; it is told when it begins, lasts and is over."""
    delivery = filled("a\n", "b\n", "c\n")
    now = tried(delivery, Taken(), *[WRONG_TOKEN] * 9)
    assert not delivery.is_off
    assert delivery.wait_s(now) == LONGEST_WAIT_S
    tried(delivery, Taken(), now=now)
    assert (delivery.written, delivery.lost, delivery.left) == (2, 0, ["c\n"])
    assert [told.partition(";")[2] for told in delivery.told] == [
        "",
        " it has taken some before, so the tries go on",
        "",
    ]


def test_refusals_with_success_between_them_do_not_add_up() -> None:
    """Only those in a row say that nothing will change."""
    delivery = filled(*"abcdefgh")
    tried(delivery, WRONG_TOKEN, WRONG_TOKEN, Taken(), WRONG_TOKEN, WRONG_TOKEN, Taken())
    assert not delivery.is_off


def test_what_cannot_be_read_is_given_up() -> None:
    """A payload that the server will never take does not stand in the way of the next one."""
    delivery = filled("nonsense\n", "good\n")
    tried(delivery, NONSENSE, Taken())
    assert (delivery.lost, delivery.written, delivery.left) == (1, 1, [])


def test_points_refused_one_by_one_are_counted_and_told_once() -> None:
    """A conflict of types loses that point; the others are written, and nothing is switched off."""
    delivery = filled(*["a\nb\nc\n"] * 5)
    tried(delivery, *[Taken(1, "type conflict")] * 5)
    assert (delivery.written, delivery.lost, delivery.is_off, len(delivery.told)) == (10, 5, False, 1)


def test_more_losses_than_points_are_not_counted() -> None:
    """A server that says more than there is does not break the account."""
    delivery = filled("a\n")
    tried(delivery, Taken(99, "odd"))
    assert (delivery.written, delivery.lost) == (0, 1)


def test_there_is_no_time_to_wait_at_the_end() -> None:
    """Whatever the back-off has come to, the end tries at once, and soon again."""
    delivery = filled("a\n")
    now = tried(delivery, *[DOWN] * 6)
    delivery.hurry()
    assert delivery.wait_s(now) == 0.0
    tried(delivery, DOWN, now=now)
    assert delivery.wait_s(now) == 0.5


ANSWERS = st.sampled_from([Taken(), Taken(1, "partly"), DOWN, WRONG_TOKEN, NONSENSE])


@given(st.lists(st.one_of(st.integers(1, 4), ANSWERS), max_size=200))
def test_every_point_is_somewhere(steps: list[int | Taken | Failed | Refused]) -> None:
    """Points added are written, given up or left, whatever happens, and never more than so many payloads are kept."""
    delivery, added, now = Delivery(), 0, 0.0
    for step in steps:
        if isinstance(step, int):
            delivery.add("p\n" * step)
            added += step
        elif (wait := delivery.wait_s(now)) is not None:
            now += wait
            delivery.take()
            delivery.answer(step, now)
        assert len(delivery.left) <= PAYLOADS_KEPT
        assert added == delivery.written + delivery.lost + "".join(delivery.left).count("\n")


@pytest.mark.parametrize("answer", [DOWN, WRONG_TOKEN], ids=["down", "refused"])
def test_an_hour_of_trouble_keeps_five_minutes(answer: Failed | Refused) -> None:
    """Memory is bounded for as long as it lasts."""
    delivery, now = Delivery(), 0.0
    for _ in range(720):
        delivery.add("p\n" * 100)
        if delivery.wait_s(now) == 0.0:
            delivery.take()
            delivery.answer(answer, now)
        now += 5.0
    assert (len(delivery.left), delivery.lost) == (PAYLOADS_KEPT, 660 * 100)
