"""A rules file that learns again."""

from __future__ import annotations

from datetime import date

import pytest

from replay_users.compare.difference import Kind
from replay_users.compare.relearning import HEADING, relearn
from replay_users.compare.rules import Ignore, IgnoreStatus, Learnt, Rules
from replay_users.errors import UsageError
from replay_users.path import parse_path

TODAY = date(2026, 11, 25)
OWN = """\
# Rules of the shop. Ask Ana before you change them.
- endpoint: "GET /a"   # the old one
  ignore: "root['build']"
  reason: another one each time

"""


def rule(endpoint: str = "GET /a", path: str = "root['ms']", seen: int = 5, *, expires: date | None = None) -> Ignore:
    """A learnt rule."""
    return Ignore(
        where=(parse_path(path),),
        kinds=frozenset({Kind.VALUE}),
        endpoint=endpoint,
        reason="learnt",
        expires=expires,
        learnt=Learnt(source="aa", seen=seen, total=100),
    )


def test_a_new_file_has_a_heading_and_the_rules() -> None:
    """It says what may be done with it, and reads back."""
    made = relearn("", "r.yaml", [rule(), rule("GET /b")], TODAY)
    assert made.text.startswith(HEADING)
    assert Rules.parse(made.text, "r.yaml").rules == (rule(), rule("GET /b"))
    assert (made.new, made.renewed, made.kept, made.over) == (2, 0, 0, 0)


def test_learning_the_same_again_changes_nothing() -> None:
    """The text is stable, whatever the order of what is learnt."""
    first = relearn(OWN, "r.yaml", [rule(), rule("GET /b")], TODAY).text
    again = relearn(first, "r.yaml", [rule("GET /b"), rule()], TODAY)
    assert again.text == first
    assert (again.new, again.renewed) == (0, 2)


def test_what_people_wrote_stays_byte_for_byte() -> None:
    """Their rules and comments come first and as they were; learnt rules follow, with their new counts."""
    first = relearn(OWN, "r.yaml", [rule(seen=5)], TODAY).text
    assert first.startswith(OWN)
    again = relearn(first, "r.yaml", [rule(seen=9)], TODAY)
    assert again.text == first.replace("seen: 5", "seen: 9")
    assert again.renewed == 1


def test_a_rule_that_was_not_seen_again_is_kept() -> None:
    """One run does not see all noise; what is over is over."""
    old = [rule("GET /old"), rule("GET /over", expires=date(2026, 11, 24))]
    first = relearn("", "r.yaml", old, date(2026, 1, 1)).text
    again = relearn(first, "r.yaml", [rule("GET /new")], TODAY)
    assert [each.endpoint for each in Rules.parse(again.text, "r.yaml").rules] == ["GET /new", "GET /old"]
    assert (again.new, again.kept, again.over) == (1, 1, 1)


def test_a_comment_goes_where_its_rule_goes() -> None:
    """A comment above a learnt rule, or in it, stands above it when it was written anew; a rule between stays."""
    first = relearn("", "r.yaml", [rule("GET /z")], TODAY).text
    text = first.replace("- endpoint", "# Ben: is this the cache?\n- endpoint").replace(
        "  learnt:", "  # since May\n  learnt:"
    )
    made = relearn(text + OWN, "r.yaml", [rule("GET /b"), rule("GET /z", seen=6)], TODAY).text
    assert made.startswith(OWN)
    at = made.index("# Ben: is this the cache?\n# since May\n- endpoint: GET /z")
    assert at > made.index("endpoint: GET /b")


def test_a_rule_of_ones_own_decides() -> None:
    """Where a person has written what counts, nothing is learnt, and that is told; so it is once `learnt` is taken out."""
    own = OWN + "- within: $..ms\n  absolute: 5\n  reason: five are nothing\n"
    made = relearn(own, "r.yaml", [rule(), rule(path="root['other']")], TODAY)
    assert [each.where for each in made.yours if isinstance(each, Ignore)] == [(parse_path("root['ms']"),)]
    assert "other" in made.text
    wider = "- ignore: \"root['data']\"\n  reason: all of it\n"
    assert relearn(wider, "r.yaml", [rule(path="root['data']['x'][*]")], TODAY).text == wider
    assert relearn(wider, "r.yaml", [rule(path="root['database']")], TODAY).new == 1


def test_a_status_is_learnt_once() -> None:
    """A rule about a status is known by its statuses."""
    status = IgnoreStatus(
        recorded=(200,), replayed=(304,), reason="learnt", learnt=Learnt(source="aa", seen=1, total=10)
    )
    first = relearn("", "r.yaml", [status], TODAY).text
    assert relearn(first, "r.yaml", [status], TODAY).text == first
    own = "- ignore: status\n  from: 200\n  to: 304\n  reason: caches\n"
    assert relearn(own, "r.yaml", [status], TODAY).text == own


def test_an_indented_list_stays_one() -> None:
    """Learnt rules begin in the column in which the others do."""
    own = "  - ignore: $.a\n    reason: x\n"
    made = relearn(own, "r.yaml", [rule()], TODAY).text
    assert made.startswith(own)
    assert len(Rules.parse(made, "r.yaml").rules) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[{ignore: $.a, reason: x}]", id="all-in-one-line"),
        pytest.param("a: b", id="no-list"),
        pytest.param("- ignore: [", id="no-yaml"),
        pytest.param("- ignore: $.a", id="no-reason"),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused(text: str) -> None:
    """Nothing of it is thrown away."""
    with pytest.raises(UsageError, match=r"r\.yaml"):
        relearn(text, "r.yaml", [rule()], TODAY)
