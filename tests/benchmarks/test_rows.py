from __future__ import annotations

import pytest

from benchmarks.rows import Absent, Bar, Beside, Better, Level, Measured, Ratio, Round, Row, Standing, judge


def round_(**contenders: dict[str, float]) -> Round:
    """One round in which every contender was measured."""
    return {name: Measured(values) for name, values in contenders.items()}


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    """A machine that slows down threefold for a round changes no ratio of requests per CPU second."""
    rounds = [
        round_(ours={"cpu_us": 10.0}, theirs={"cpu_us": 100.0}),
        round_(ours={"cpu_us": 30.0}, theirs={"cpu_us": 330.0}),
        round_(ours={"cpu_us": 11.0}, theirs={"cpu_us": 99.0}),
    ]
    assert judge(Ratio(name="r", of="ours", over="theirs"), rounds).value == 10.0


def test_percent() -> None:
    """A ratio in percent is a hundred times the quotient."""
    line = judge(Ratio(name="r", of="a", over="b", key="rps", unit="%"), [round_(a={"rps": 3}, b={"rps": 4})])
    assert line.value == 75.0


@pytest.mark.parametrize(
    ("value", "better", "goal", "floor", "standing"),
    [
        pytest.param(15.0, "more", 15.0, 8.0, Standing.GOAL, id="goal reached exactly"),
        pytest.param(8.0, "more", 15.0, 8.0, Standing.FLOOR, id="floor reached exactly"),
        pytest.param(7.9, "more", 15.0, 8.0, Standing.MISSED, id="below the floor"),
        pytest.param(0.5, "less", 0.5, 3.0, Standing.GOAL, id="less is better, goal"),
        pytest.param(2.0, "less", 0.5, 3.0, Standing.FLOOR, id="less is better, floor"),
        pytest.param(3.1, "less", 0.5, 3.0, Standing.MISSED, id="less is better, missed"),
        pytest.param(1.0, "more", None, None, Standing.SHOWN, id="no promise"),
        pytest.param(9.0, "more", None, 8.0, Standing.FLOOR, id="a floor alone"),
        pytest.param(1.0, "more", 2.0, None, Standing.FLOOR, id="a goal alone cannot fail"),
    ],
)
def test_standing(value: float, better: Better, goal: float | None, floor: float | None, standing: Standing) -> None:
    """A value is held against its floor first and its goal second, in the direction that is better."""
    row = Level(name="l", of="a", key="k", unit="ms", goal=goal, floor=floor, better=better)
    assert judge(row, [round_(a={"k": value})]).standing is standing


def test_a_floor_beside_another_contender() -> None:
    """A lag's floor can be a busy loop's lag in the same run plus an allowance."""
    row = Level(name="lag", of="ours", key="p99", unit="ms", goal=0.5, floor=Beside(of="loop", key="p99", plus=3))
    line = judge(row, [round_(ours={"p99": 3.5}, loop={"p99": 1.0})])
    assert (line.floor, line.standing) == (4.0, Standing.FLOOR)


def test_a_goal_beside_another_contender() -> None:
    """Where nothing but the difference to another contender counts, it is the goal as well."""
    near = Beside(of="equal", key="p99", plus=1)
    row = Level(name="lag", of="ours", key="p99", unit="ms", goal=near, floor=near)
    line = judge(row, [round_(ours={"p99": 1.5}, equal={"p99": 0.75})])
    assert (line.goal, line.standing) == (1.75, Standing.GOAL)


BAR = Bar(name="bar", peer="naive", bare="bare")
RATIO = Ratio(name="r", of="ours", over="naive", goal=5.0, floor=2.0, bar=BAR)


@pytest.mark.parametrize(
    ("naive_us", "bar", "bar_standing", "value", "standing"),
    [
        pytest.param(150.0, 0.8, Standing.GOAL, 7.5, Standing.GOAL, id="just good enough"),
        pytest.param(240.0, 0.5, Standing.MISSED, None, Standing.VOID, id="too weak a peer"),
    ],
)
def test_bar(naive_us: float, bar: float, bar_standing: Standing, value: float | None, standing: Standing) -> None:
    """A ratio over a peer that wastes more than a fifth beside its own decoding is void."""
    one = round_(ours={"cpu_us": 20}, naive={"cpu_us": naive_us, "decode_us": 20}, bare={"cpu_us": 100})
    assert (judge(BAR, [one]).value, judge(BAR, [one]).standing) == (bar, bar_standing)
    assert (judge(RATIO, [one]).value, judge(RATIO, [one]).standing) == (value, standing)


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        pytest.param(
            {"a": Measured({"k": 1}), "b": Absent("not installed", skipped=True)}, Standing.SKIPPED, id="skipped"
        ),
        pytest.param({"a": Measured({"k": 1}), "b": Absent("died", skipped=False)}, Standing.BROKEN, id="broke"),
        pytest.param({"a": Measured({"k": 1}), "b": Measured({})}, Standing.BROKEN, id="key missing"),
        pytest.param({"a": Measured({"k": 1}), "b": Measured({"k": 0})}, Standing.BROKEN, id="zero"),
        pytest.param({"a": Measured({"k": 1})}, Standing.BROKEN, id="misspelt contender"),
    ],
)
def test_a_row_without_a_value(one: Round, standing: Standing) -> None:
    """A row one of whose contenders has no figure in any round has no value, and says which and why."""
    good = round_(a={"k": 1}, b={"k": 1})
    line = judge(Ratio(name="r", of="a", over="b", key="k", floor=0.5), [good, one])
    assert (line.value, line.standing) == (None, standing)
    assert line.floor == 0.5
    assert line.note


@pytest.mark.parametrize(
    "row",
    [BAR, RATIO, Level(name="l", of="a", key="k", unit="ms", floor=Beside(of="b", key="k", plus=1))],
    ids=["bar", "ratio", "level"],
)
def test_no_rounds(row: Row) -> None:
    """Without rounds nothing is claimed."""
    assert judge(row, []).standing is Standing.BROKEN


def test_only_promises_can_fail() -> None:
    """A missed floor, a void row and a broken one do not hold; a skipped one does."""
    assert {s for s in Standing if not s.holds} == {Standing.MISSED, Standing.VOID, Standing.BROKEN}
