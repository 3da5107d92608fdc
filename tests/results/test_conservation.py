"""Conservation: what was planned and what became of it add up, or the result says by how much not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.conservation import broken_laws
from replay_users.results.tally import Totals

BALANCED = Totals(
    sent=90,
    dropped=3,
    skipped=4,
    unread=2,
    in_doubt=1,
    failed=10,
    compared=75,
    unchecked=5,
    matched=70,
    mismatched=5,
    unchecked_by={"size": 5},
    mismatched_by={"regression": 2, "missing_in_staging": 3},
)


def test_a_balanced_run_breaks_no_law() -> None:
    """Where every equation holds there is nothing to say."""
    assert broken_laws(100, BALANCED) == ()


@pytest.mark.parametrize(
    ("planned", "change", "sentence"),
    [
        pytest.param(
            101,
            {},
            "planned 101 is not sent 90 + dropped 3 + skipped 4 + unread 2 + in_doubt 1 (1 lost)",
            id="a-row-vanished",
        ),
        pytest.param(98, {}, "(2 counted twice)", id="rows-counted-twice"),
        pytest.param(
            100,
            {"failed": 9},
            "sent 90 is not compared 75 + unchecked 5 + failed 9 (1 lost)",
            id="an-answer-nobody-judged",
        ),
        pytest.param(
            100, {"matched": 71}, "compared 75 is not matched 71 + mismatched 5 (1 counted twice)", id="two-verdicts"
        ),
        pytest.param(
            100, {"mismatched_by": {"regression": 4}}, "mismatched 5 is not regression 4 (1 lost)", id="without-a-class"
        ),
        pytest.param(100, {"unchecked_by": {}}, "unchecked 5 is not nothing (5 lost)", id="unchecked-without-reason"),
    ],
)
def test_a_broken_law_is_named_with_its_numbers(planned: int, change: dict[str, int], sentence: str) -> None:
    """Each equation that fails gives one sentence with both sides and the difference."""
    [broken] = broken_laws(planned, replace(BALANCED, **change))  # type: ignore[arg-type]
    assert broken.startswith("conservation is broken: ")
    assert sentence in broken


@settings(max_examples=60)
@given(
    name=st.sampled_from(["sent", "dropped", "skipped", "unread", "in_doubt", "failed", "matched", "mismatched"]),
    by=st.integers(-3, 3).filter(bool),
)
def test_no_single_count_can_be_wrong_unnoticed(name: str, by: int) -> None:
    """Changing any one count by anything breaks a law."""
    changed = {name: getattr(BALANCED, name) + by}
    assert broken_laws(100, replace(BALANCED, **changed))
