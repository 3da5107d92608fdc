from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.endpoint.rule import Rule, Rules, parse_rules
from replay_users.errors import UsageError

FILE = """
# the shop
GET /users/{id}        # one user
/files/{path...}
/feeds/{name}.json
"""


def test_a_templates_file_is_read() -> None:
    """Each line is a rule with or without a method; comments and empty lines are none."""
    assert parse_rules(FILE) == (
        Rule("GET", "/users/{id}"),
        Rule(None, "/files/{path...}"),
        Rule(None, "/feeds/{name}.json"),
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param("users/{id}", "a path that begins with '/'", id="no-slash"),
        pytest.param("get /users", "a method in capitals", id="small-method"),
        pytest.param("GET /users extra", "more than two words", id="three-words"),
        pytest.param("/users/{id", "a brace without its partner", id="open-brace"),
        pytest.param("/users/id}", "a brace without its partner", id="closing-brace"),
        pytest.param("/{a}-{b}", "two parameters in one segment", id="two-in-a-segment"),
        pytest.param("/{path...}/x", "not the whole last segment", id="rest-in-the-middle"),
        pytest.param("/x{path...}", "not the whole last segment", id="rest-with-prefix"),
        pytest.param("/{a...}/{b...}", "more than one '{name...}'", id="two-rests"),
        pytest.param("/search?q={q}", "a query", id="query"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(line: str, complaint: str) -> None:
    """The message names the line, what is wrong with it, and the right form."""
    with pytest.raises(UsageError, match=r"templates line 3 .*write it like 'GET /users/\{id\}'") as caught:
        parse_rules(f"/ok\n\n{line}\n")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        pytest.param("GET", "/users/anna", "GET /users/{id}", id="parameter"),
        pytest.param("POST", "/users/anna", None, id="another-method"),
        pytest.param("GET", "/users/anna/x", None, id="longer-path"),
        pytest.param("GET", "/users/", None, id="empty-segment-is-no-value"),
        pytest.param("PUT", "/files/a/b.txt", "PUT /files/{path...}", id="rest"),
        pytest.param("GET", "/files/", "GET /files/{path...}", id="empty-rest"),
        pytest.param("GET", "/feeds/news.json", "GET /feeds/{name}.json", id="part-of-a-segment"),
        pytest.param("GET", "/feeds/news.xml", None, id="other-suffix"),
        pytest.param("GET", "/caf%C3%A9", "GET /café", id="text-beyond-ascii"),
    ],
)
def test_a_rule_names_the_paths_it_fits(method: str, path: str, name: str | None) -> None:
    """A parameter stands for one non-empty segment or part of it, a rest for whatever follows."""
    rules = Rules([*parse_rules(FILE), Rule(None, "/café")])
    assert rules.name(method, path) == name


def test_the_first_rule_that_fits_wins() -> None:
    """Order in the file decides between rules that both fit."""
    assert Rules(parse_rules("/users/me\n/users/{id}")).name("GET", "/users/me") == "GET /users/me"
    assert Rules(parse_rules("/users/{id}\n/users/me")).name("GET", "/users/me") == "GET /users/{id}"


def test_a_rule_knows_the_endpoints_it_wrote() -> None:
    """A rule for one method did not write the endpoint of another method with the same template."""
    rules = Rules(parse_rules("GET /users/{id}\n/files/{path...}"))
    assert rules.wrote("GET /users/{id}")
    assert not rules.wrote("PUT /users/{id}")
    assert rules.wrote("PUT /files/{path...}")


@given(st.text(alphabet="/{}.a #\nG", max_size=40))
def test_any_text_is_rules_or_a_usage_error(text: str) -> None:
    """Whatever stands in the file, the outcome is rules that can be written back, or one sentence."""
    try:
        rules = parse_rules(text)
    except UsageError:
        return
    assert parse_rules("\n".join(map(str, rules))) == rules
    Rules(rules)
