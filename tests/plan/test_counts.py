from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.model import SkipReason
from replay_users.plan.counts import PlannedEndpoint, count
from replay_users.plan.decisions import decide_all
from replay_users.plan.safety import Safety
from replay_users.plan.selection import EndpointFilter

NAMES = ["GET /a", "GET /b", "POST /c"]
DECISIONS = decide_all(NAMES, None, EndpointFilter(), Safety())

MIXED = {(0, 0): 30, (0, 32): 10, (0, 16): 20}

totals = st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 63)), st.integers(1, 1000))


def test_rows_are_counted_by_what_becomes_of_them() -> None:
    """Each cell is sent or has a reason; redacted headers count among the sent only."""
    counts = count(NAMES, DECISIONS, {(0, 0): 50, (0, 1): 7, (0, 5): 2, (1, 8): 3, (2, 16): 100, (2, 17): 1})
    assert (counts.planned, counts.will_send, counts.headers_left_out) == (163, 57, 7)
    assert counts.skipped_by == {SkipReason.METHOD: 101, SkipReason.PROTOCOL: 3, SkipReason.NOT_WHOLE: 2}
    assert list(counts.skipped_by) == [SkipReason.METHOD, SkipReason.PROTOCOL, SkipReason.NOT_WHOLE]
    assert counts.sent == {(0, 0), (0, 1)}
    assert counts.methods == {"GET": 57}
    assert counts.endpoints == (
        PlannedEndpoint("POST /c", 101, 0, {SkipReason.METHOD: 101}),
        PlannedEndpoint("GET /a", 59, 57, {SkipReason.NOT_WHOLE: 2}),
        PlannedEndpoint("GET /b", 3, 0, {SkipReason.PROTOCOL: 3}),
    )


def test_an_endpoint_says_every_reason_for_what_it_does_not_send() -> None:
    """Where only some rows act or write, the plan shows how many, the commonest reason first."""
    (endpoint,) = count(["__other__"], decide_all(["__other__"], None, EndpointFilter(), Safety()), MIXED).endpoints
    assert (endpoint.planned, endpoint.will_send) == (60, 30)
    assert list(endpoint.skipped_by.items()) == [(SkipReason.METHOD, 20), (SkipReason.ENDPOINT_RULE, 10)]


@given(totals)
@settings(max_examples=50, deadline=None)
def test_planned_is_sent_and_skipped(found: dict[tuple[int, int], int]) -> None:
    """No row is lost and none is counted twice, by reason, method or endpoint."""
    counts = count(NAMES, DECISIONS, found)
    assert counts.planned == counts.will_send + sum(counts.skipped_by.values())
    assert counts.will_send == sum(found[cell] for cell in counts.sent) == sum(counts.methods.values())
    assert sum(endpoint.planned for endpoint in counts.endpoints) == counts.planned
    assert sum(endpoint.will_send for endpoint in counts.endpoints) == counts.will_send
    for endpoint in counts.endpoints:
        assert endpoint.planned == endpoint.will_send + sum(endpoint.skipped_by.values())
