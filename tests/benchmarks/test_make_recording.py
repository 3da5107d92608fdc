from __future__ import annotations

import itertools
from collections import Counter

import pytest

from benchmarks.make_recording import START, exchanges
from benchmarks.servers.target import body, changed_body
from replay_users.endpoint import TemplatesBuilder
from replay_users.model import SessionKind

TRAFFIC = list(exchanges(rate=1_000, seconds=4, sessions=200, body_bytes=500, mismatch=0.1))


def test_the_same_seed_gives_the_same_traffic() -> None:
    """A recording can be made again from its seed; another seed gives another."""
    assert list(exchanges(rate=50, seconds=2)) == list(exchanges(rate=50, seconds=2))
    assert list(exchanges(rate=50, seconds=2)) != list(exchanges(rate=50, seconds=2, seed=2))


def test_arrivals_are_poisson() -> None:
    """Arrivals are in order, at the rate asked for, with gaps as spread out as an exponential's."""
    ats = [one.at for one in TRAFFIC]
    gaps = [later - earlier for earlier, later in itertools.pairwise(ats)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert ats == sorted(ats)
    assert START <= ats[0] < ats[-1] < START + 4 * 10**9
    assert mean == pytest.approx(1_000_000, rel=0.06)
    assert variance**0.5 == pytest.approx(mean, rel=0.1)


def test_ids_and_sequence_numbers_are_unique() -> None:
    """Each exchange can be found by its id, and on the target by its X-Seq, which counts from 0."""
    assert len({one.id for one in TRAFFIC}) == len(TRAFFIC)
    assert all(b"\r\nX-Seq: %d\r\n" % seq in one.request_head for seq, one in enumerate(TRAFFIC))


def test_heads_are_blocks() -> None:
    """Heads are header blocks of whole lines; a request's has 11 or 12 and no Host."""
    for head in (one.request_head for one in TRAFFIC):
        lines = head.split(b"\r\n")
        assert lines.pop() == b""
        assert len(lines) in {11, 12}
        assert all(b": " in line and not line.lower().startswith(b"host") for line in lines)
    assert all(one.response_head.endswith(b"\r\n") and b"\r\n\r\n" not in one.response_head for one in TRAFFIC)


def test_answers_are_the_targets_but_for_the_planted_share() -> None:
    """All but the planted share of answers are what the target answers; those differ in one field of equal size."""
    bodies = Counter(one.response_body for one in TRAFFIC)
    assert set(bodies) == {body(500), changed_body(500)}
    assert bodies[changed_body(500)] / len(TRAFFIC) == pytest.approx(0.1, abs=0.02)
    assert {one.response_size for one in TRAFFIC} == {500}


def test_durations_outlast_the_target() -> None:
    """Recorded durations are longer than the target takes, so causality never holds a replay back."""
    assert all(one.duration and 8_000_000 <= one.duration <= 80_000_000 for one in TRAFFIC)


def test_sessions_are_cookies_spread_evenly() -> None:
    """Sessions are those of cookies, and none has so many rows that it would be split as shared."""
    sessions = Counter(one.session for one in TRAFFIC)
    assert {one.session_kind for one in TRAFFIC} == {SessionKind.COOKIE}
    assert len(sessions) == 200
    assert max(sessions.values()) < len(TRAFFIC) / 64


@pytest.mark.parametrize("endpoints", [4, 50, 190])
def test_there_are_as_many_endpoints_as_asked_for(endpoints: int) -> None:
    """An ingest finds so many templates in the targets, no more and no fewer."""
    asked = [(one.method, one.target) for one in exchanges(rate=1000, seconds=20, endpoints=endpoints)]
    builder = TemplatesBuilder(())
    for method, target in asked:
        builder.add(method, target)
    templates = builder.build()
    assert len({templates.endpoint(method, target) for method, target in asked}) == endpoints
