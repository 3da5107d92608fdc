"""Names in a gate file that no endpoint has."""

from __future__ import annotations

import pytest

from replay_users.results.gate.idle import idle_check, idle_names
from replay_users.results.gate.judge import checks_of
from replay_users.results.gate.model import Decision
from replay_users.results.gate.settings import GateSettings, Limits, Mismatches
from tests.results.gate.made import A, B, end, run


def naming(*globs: str, rates: tuple[str, ...] = ()) -> GateSettings:
    """Settings with a limit, and rates, for such names."""
    return GateSettings(
        limits=Limits(p95_ms=tuple((glob, 200.0) for glob in globs)),
        mismatches=Mismatches(endpoints=tuple((glob, 0.02) for glob in rates)),
    )


@pytest.mark.parametrize("glob", [A, "GET /b*", "/a", "*", "get /a"])
def test_a_name_that_an_endpoint_has_is_no_news(glob: str) -> None:
    """Nor is a gate that names none."""
    assert list(idle_names(naming(glob, rates=(glob,)), [A, B])) == []
    assert idle_check(run(end(A), end(B)), naming(glob)) is None
    assert idle_check(run(end()), GateSettings()) is None


def test_a_mistyped_name_is_told_with_what_was_meant() -> None:
    """Where it stands, and the nearest endpoint, if one is near."""
    settings = naming("GET /b/{ip}", rates=("POST /nothing-like-it",))
    assert list(idle_names(settings, [A, B])) == [
        "mismatches.endpoints of the gate names 'POST /nothing-like-it', which no endpoint of the recording matches",
        "limits.p95_ms of the gate names 'GET /b/{ip}', which no endpoint of the recording matches; did you mean 'GET /b/{id}'?",
    ]


def test_it_is_a_check_that_decides_nothing() -> None:
    """It is shown with the others and leaves the verdict as it is; one that was not sent is there."""
    evidence = run(end(A), end(B, sessions=0))
    found = [check for check in checks_of(evidence, naming("GET /aa", B)) if check.name == "gate names"]
    assert [(check.verdict, check.advisory, check.value) for check in found] == [(Decision.INCONCLUSIVE, True, 1)]
    assert found[0].sentence.startswith("limits.p95_ms of the gate names 'GET /aa', which no endpoint of the run")
    two = idle_check(evidence, naming("GET /aa", "GET /zz"))
    assert two is not None
    assert two.sentence.startswith("2 names in the gate are about nothing: limits.p95_ms of the gate names 'GET /aa'")
