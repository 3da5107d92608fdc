from __future__ import annotations

from k8s.grafana.queries import ENDPOINT, RUN, against, grouped, in_time, percentile, select, tag_values


def test_a_select_is_of_a_measurement_or_of_selects() -> None:
    """Always of the chosen stretch of time, under all its conditions."""
    assert select('"sent"', "replay_run") == 'SELECT "sent" FROM "replay_run" WHERE $timeFilter'
    inner = select('sum("sent") AS "n"', "replay_compare", RUN, ENDPOINT, by=grouped("endpoint"))
    assert inner == (
        'SELECT sum("sent") AS "n" FROM "replay_compare" WHERE $timeFilter AND "run" =~ /^${run:regex}$/'
        ' AND "endpoint" =~ /^${endpoint:regex}$/ GROUP BY "endpoint"'
    )
    assert select('"n"', f"({inner})").endswith(f"({inner}) WHERE $timeFilter")


def test_lines_in_time_have_gaps() -> None:
    """Where there is nothing is no line to zero."""
    assert in_time() == "GROUP BY time($__interval) fill(null)"
    assert in_time("side", "run") == 'GROUP BY time($__interval), "side", "run" fill(null)'


def test_a_percentile_is_weighted() -> None:
    """By the answers of the intervals that have one."""
    found = percentile("p95_ms", by='GROUP BY "side"')
    assert found.startswith('SELECT sum("weighted") / sum("answers") FROM (SELECT "p95_ms" * "count" AS "weighted"')
    assert '"p95_ms" >= 0' in found


def test_the_run_comes_before_its_baseline() -> None:
    """And all is made a float: what InfluxDB does with the other order and with integers is tested on real ones."""
    found = against('"endpoint", "run_n", "baseline_n"', "replay_diff", {"n": "count"}, tags=("endpoint",))
    assert found.index("${run:regex}") < found.index("${baseline_run:regex}")
    assert found.count('"count" * 1.0 AS') == 2


def test_choices_may_depend_on_others() -> None:
    """On the run, for instance."""
    assert tag_values("replay_event", "run") == 'SHOW TAG VALUES FROM "replay_event" WITH KEY = "run"'
    assert tag_values("replay_compare", "endpoint", RUN).endswith(
        'WITH KEY = "endpoint" WHERE "run" =~ /^${run:regex}$/'
    )
