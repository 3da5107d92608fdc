from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import harness
from benchmarks.harness import Contender, Group, Level, Ratio, interleaved, main, measure, missed, run
from benchmarks.rows import Absent, Measured
from benchmarks.servers.target import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.rows import Result


def python(code: str, *, name: str = "one", timeout_s: float = 20) -> Contender:
    """A contender that runs this code."""
    return Contender(name=name, command=(sys.executable, "-S", "-c", code), timeout_s=timeout_s)


def printing(name: str, **values: float | str) -> Contender:
    """A contender that prints these figures."""
    return python(f"print({json.dumps(values)!r})", name=name)


def group(*contenders: Contender, rows: tuple[Ratio | Level, ...] = ()) -> Group:
    """A group that needs no target."""
    return Group(name="g", contenders=contenders, rows=rows, serving=None)


TWICE = Ratio(name="fast vs slow", of="fast", over="slow", goal=2.0, floor=1.0)
FAST, SLOW = printing("fast", cpu_us=10, n=5), printing("slow", cpu_us=20, n=5)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param('print(\'{"n": 1, "rps": 2.5}\')', Measured({"n": 1.0, "rps": 2.5}), id="numbers"),
        pytest.param('print(\'{"n": 1}\\nnoise\\n{"n": 2}\\nbye\')', Measured({"n": 2.0}), id="last JSON line counts"),
        pytest.param('print(\'{"skip": "no wrk"}\')', Absent("no wrk", skipped=True), id="skips itself"),
        pytest.param("print('{\"failed\": 3}')", Absent("3 of its requests failed", skipped=False), id="failures"),
        pytest.param(
            "raise SystemExit('why')", Absent("it printed no JSON line (exit 1) why", skipped=False), id="dies"
        ),
        pytest.param("while True: pass", Absent("it took more than 0.3 s", skipped=False), id="hangs"),
    ],
)
def test_run(code: str, expected: Result) -> None:
    """A contender gives its last JSON line, or the reason why there is none."""
    assert run(python(code, timeout_s=0.3 if "while" in code else 20), {}) == expected


def test_run_of_no_such_command() -> None:
    """A command that does not exist is a reason in the table, not a traceback."""
    result = run(Contender(name="x", command=("/no/such/command",)), {})
    assert isinstance(result, Absent)
    assert not result.skipped


def test_environment() -> None:
    """A contender sees the group's environment, its own over it, and the repository on its path."""
    code = "import os, json; print(json.dumps({k: float(os.environ[k]) for k in 'AB'}))"
    contender = Contender(name="x", command=(sys.executable, "-S", "-c", code), env={"B": "3"})
    assert run(contender, {"A": "1", "B": "2"}) == Measured({"A": 1.0, "B": 3.0})


@pytest.mark.skipif(not harness.pinned(-1), reason="pinning needs two cores and taskset")
def test_pinned_to_the_last_core() -> None:
    """Contenders run on the last core only, where there are two or more and taskset is installed."""
    code = (
        'import os; print(\'{"core": %d, "cores": %d}\' % (max(os.sched_getaffinity(0)), len(os.sched_getaffinity(0))))'
    )
    assert run(python(code), {}) == Measured({"core": float(max(os.sched_getaffinity(0))), "cores": 1.0})


def test_interleaved() -> None:
    """Every other round runs backwards, and there is an end to them."""
    orders = [[c.name for c in order] for order in interleaved((FAST, SLOW), 3)]
    assert orders == [["fast", "slow"], ["slow", "fast"], ["fast", "slow"]]
    assert len(list(interleaved((FAST,), 10**9))) == harness.MOST_ROUNDS


def test_measure_prepares_once_and_runs_all_in_order(tmp_path: Path) -> None:
    """A group is prepared once, and what that returns reaches each contender of each round, in the interleaved order."""
    log = tmp_path / "log"
    code = "import os; open(os.environ['LOG'], 'a').write('{0} '); print('{{}}')"
    prepared = []

    def prepare() -> Mapping[str, str]:
        prepared.append(1)
        return {"LOG": str(log)}

    contenders = [python(code.format(name), name=name) for name in "ab"]
    rounds = measure(Group(name="g", contenders=contenders, serving=None, prepare=prepare, rounds=2), 9)
    assert [list(one) for one in rounds] == [["a", "b"], ["a", "b"]]
    assert log.read_text() == "a b b a "
    assert prepared == [1]


def test_measure_where_the_machine_lacks_something() -> None:
    """A group whose preparation is unavailable is one round of skipped contenders."""

    def prepare() -> Mapping[str, str]:
        raise Unavailable("needs a C compiler")

    assert measure(Group(name="g", contenders=(FAST,), prepare=prepare), 3) == [
        {"fast": Absent("needs a C compiler", skipped=True)}
    ]


@pytest.mark.parametrize(
    ("floor", "arguments", "code"),
    [
        pytest.param(1.0, ["--check"], 0, id="met"),
        pytest.param(5.0, ["--check"], 1, id="missed"),
        pytest.param(5.0, [], 0, id="missed but not checked"),
    ],
)
def test_exit_code(floor: float, arguments: list[str], code: int, tmp_path: Path) -> None:
    """A missed floor fails the command only where that was asked for."""
    row = Ratio(name="r", of="fast", over="slow", goal=9.0, floor=floor)
    out = ["--rounds", "1", "--out", str(tmp_path / "latest.json")]
    assert main([group(FAST, SLOW, rows=(row,))], [*arguments, *out]) == code


def test_latest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run writes each row as name, value, unit, goal and floor, and says in words whether it was met."""
    out = tmp_path / "latest.json"
    main([group(FAST, SLOW, rows=(TWICE,))], ["--rounds", "1", "--out", str(out)])
    assert json.loads(out.read_text()) == [
        {"name": "fast vs slow", "value": 2.0, "unit": "x", "goal": 2.0, "floor": 1.0}
    ]
    assert "goal met" in capsys.readouterr().out


def test_only_one_group_leaves_latest_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running some of the groups does not replace the file that holds all rows."""
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setattr(harness, "LATEST", tmp_path / "latest.json")
    main([group(FAST)], ["--rounds", "1", "--only", "g"])
    assert not (tmp_path / "latest.json").exists()
    main([group(FAST)], ["--rounds", "1"])
    assert (tmp_path / "latest.json").exists()


def test_missed_is_the_best_of_attempts(tmp_path: Path) -> None:
    """A floor that one of the attempts met is not missed; one that none met is."""
    counter = tmp_path / "n"
    code = (
        f"p = {str(counter)!r}; open(p, 'a').write('x'); first = open(p).read() == 'x';"
        "print('{\"cpu_us\": %d}' % (40 if first else 10))"
    )
    rows = (TWICE, Ratio(name="never", of="fast", over="slow", floor=99.0))
    lines = missed(group(python(code, name="fast"), SLOW, rows=rows), attempts=2)
    assert [line.name for line in lines] == ["never"]
    assert counter.read_text() == "xx"
