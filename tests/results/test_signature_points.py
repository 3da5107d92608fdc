"""The points of the most frequent signatures."""

from __future__ import annotations

from collections import Counter

from replay_users.results.influx_lines import Lines
from replay_users.results.influx_schema import SIGNATURES_KEPT, SIGNATURES_SHOWN
from replay_users.results.signature_points import SignaturePoints
from replay_users.results.signatures import SignatureCount, SignatureTable
from tests.results.influx_parser import Point, parse_all


def table(counts: dict[str, int], found: str = "regression", sessions: int = 1) -> SignatureTable:
    """So many exchanges of each path, by so many sessions."""
    made = SignatureTable()
    for path, count in counts.items():
        made.counts["GET /a", path, "value", found] = one = SignatureCount()
        one.count = count
        for nth in range(sessions):
            one.sessions.see(f"{found}{nth}".encode())
    return made


def written(points: SignaturePoints, signatures: SignatureTable, at: int = 1) -> list[Point]:
    """The points of an interval."""
    return parse_all("".join(points.interval(signatures, at)))


def counts_of(made: list[Point]) -> dict[str, object]:
    """By path, what was counted."""
    return {point.tags["signature"]: point.fields["count"] for point in made}


def test_only_the_most_frequent_are_written() -> None:
    """Of 500 signatures the 200 that are seen most, each with all that was counted of it."""
    made = written(SignaturePoints("r", Lines()), table({f"p{nth}": nth for nth in range(1, 501)}))
    assert counts_of(made) == {f"p{nth}": nth for nth in range(301, 501)}


def test_one_that_becomes_frequent_late_is_written_whole() -> None:
    """Its first point has what was counted before it was among the most frequent."""
    points, counts = SignaturePoints("r", Lines()), {f"p{nth}": 10 for nth in range(SIGNATURES_SHOWN)}
    assert "late" not in counts_of(written(points, table({**counts, "late": 9})))
    assert counts_of(written(points, table({**counts, "late": 30}), 2)) == {"late": 30}


def test_those_that_had_a_point_go_before_their_equals() -> None:
    """Of equally frequent ones, no other is written in the next interval."""
    points = SignaturePoints("r", Lines())
    first = counts_of(written(points, table({f"p{nth}": 5 for nth in range(300)})))
    again = counts_of(written(points, table({f"p{nth}": 6 for nth in reversed(range(300))}), 2))
    assert first.keys() == again.keys()


def test_what_falls_behind_is_told_at_the_end() -> None:
    """The rest of a signature that is no longer among the most frequent comes with the result, so the sum is right."""
    points, sums = SignaturePoints("r", Lines()), Counter[str]()
    for at, count in enumerate((5, 6, 7), start=1):
        more = {f"p{nth}": 100 for nth in range(SIGNATURES_SHOWN)} if at > 1 else {}
        sums.update(
            {k: int(str(v)) for k, v in counts_of(written(points, table({"behind": count, **more}), at)).items()}
        )
    assert sums["behind"] == 5
    signatures = [
        {"endpoint": "GET /a", "path": path, "kind": "value", "count": count, "sessions": 1}
        for path, count in {"behind": 7, "p0": 100, "never": 3}.items()
    ]
    assert counts_of(parse_all(points.rest(signatures, 9))) == {"behind": 2}
    assert points.rest(signatures, 10) == ""


def test_the_last_word_on_sessions_is_the_results() -> None:
    """An interval only estimates more than 63 sessions: where the result knows more, a last point says so and counts nothing."""
    points = SignaturePoints("r", Lines())
    (interval,) = written(points, table({"p": 200}, sessions=100))
    assert interval.fields["sessions"] != 100, "an estimate"
    known = [{"endpoint": "GET /a", "path": "p", "kind": "value", "count": 200, "sessions": 100}]
    (last,) = parse_all(points.rest(known, 9))
    assert last.fields == {"count": 0, "sessions": 100}
    assert points.rest(known, 10) == ""


def test_no_more_signatures_than_places_over_a_run() -> None:
    """However often the most frequent change, a run has so many series and no more."""
    points, lines = SignaturePoints("r", Lines()), Lines()
    points = SignaturePoints("r", lines)
    for at in range(1, 20):
        written(points, table({f"{at}-{nth}": 5 * at for nth in range(SIGNATURES_SHOWN)}), at)
    assert len(lines) == SIGNATURES_KEPT


def test_classes_of_one_place_are_one_series() -> None:
    """The same path and kind in two classes: one point, with the exchanges of both and the sessions of either."""
    both = table({"root['a']": 2}, sessions=3)
    both.merge(table({"root['a']": 5}, "throttled", sessions=4))
    (point,) = written(SignaturePoints("r", Lines()), both)
    assert point.fields == {"count": 7, "sessions": 7}


def test_counts_that_get_smaller_write_nothing() -> None:
    """A merged table may have lost some of a signature to its cap: nothing negative is written."""
    points = SignaturePoints("r", Lines())
    written(points, table({"p": 9}))
    assert written(points, table({"p": 7}), 2) == []
    assert counts_of(written(points, table({"p": 10}), 3)) == {"p": 1}
