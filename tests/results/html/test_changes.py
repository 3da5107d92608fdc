"""What answered differently."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.changes import Allowance, Changes, changes_of
from tests.results.html.worlds import cause_of, exemplar, large, signature, small


def read(
    result: dict[str, Any], exhibits: list[dict[str, Any]] | None = None, room: int = 10**6, answers: int = 9
) -> Changes:
    """The changes of a result, with so much room."""
    return changes_of(result, exhibits or [], Allowance(room, answers=answers))


def test_regressions_come_with_their_signatures() -> None:
    """Each cause has an example and the signatures behind it; other classes stand apart with their cure."""
    changes = read(small())
    first, second = changes.regressions.causes
    assert (first.what, first.says, first.severity_name) == ("status 200 → 500", "", "worked, fails now")
    assert (second.what, second.says, second.count) == ("root['price']", "has another value", 120)
    assert [each.path for each in second.signatures] == ["root['price']"]
    assert second.example is not None
    assert (second.example.recorded, second.example.replayed) == ("5.<mark>25</mark>", "5.<mark>2</mark>")
    assert second.example.curl.endswith(" https://staging.example/items/7")
    [group] = changes.apart
    assert (group.name, group.count, group.title) == ("missing_in_staging", 9, "Missing in staging")
    assert changes.signature_count == 3
    assert (changes.others, changes.unshown) == ([], 0)


def test_a_signature_that_no_cause_names_is_kept() -> None:
    """Causes name twenty of their endpoints and paths; what lies beyond is listed by itself."""
    result = small()
    result["signatures"].append(signature("GET /other", "root['x']"))
    assert [each.endpoint for each in read(result).others] == ["GET /other"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ("root['items'][*]['price']", "has another value", "")),
        (
            {"paths": ["root['a']['price']", "root['b']['price']"]},
            ("price", "has another value", "root['a']['price'], root['b']['price']"),
        ),
        ({"kind": "header", "field": "etag"}, ("etag", "header differs", "")),
        (
            {"kind": "removed", "field_count": 14, "fields": ["license", "source"], "paths": ["root['license']"]},
            ("14 members of root", "are gone", "license, source"),
        ),
        (
            {"kind": "length", "field_count": 2, "paths": ["damaged["]},
            ("2 members of damaged[", "have another length", "price"),
        ),
        ({"field": "markup", "field_count": 9}, ("9 sorts of markup", "have another value", "price")),
        ({"kind": "unknown"}, ("root['items'][*]['price']", "unknown", "")),
    ],
    ids=["path", "paths", "header", "members", "damaged", "markup", "unknown"],
)
def test_causes_in_words(more: dict[str, Any], told: tuple[str, str, str]) -> None:
    """What it is about, what became of it, and where exactly."""
    one = signature("GET /a", "root['items'][*]['price']")
    [cause] = read({"causes": [cause_of(one, **more)], "signatures": [one]}).regressions.causes
    assert (cause.what, cause.says, cause.detail) == told


def test_whole_answers_of_the_heaviest_causes() -> None:
    """Where both answers of an example were kept they are shown, as many as there is room for."""
    kept = [
        {"id": exemplar(number)["id"], "status": 200, "answer_status": 500, "body": "a", "answer_body": "b"}
        for number in (1, 3)
    ]
    first, second = read(small(), kept, answers=1).regressions.causes
    assert first.example is not None
    assert first.example.answers is not None
    assert second.example is not None
    assert second.example.answers is None


def test_examples_have_an_allowance() -> None:
    """When it is spent nothing is left out but examples, and these are counted; the heaviest causes have theirs."""
    result = large(3, 60)
    whole, little, none = (read(result, room=room) for room in (10**7, 20_000, 0))
    assert whole.unshown == 0
    assert little.regressions.causes[0].example is not None
    assert 0 < little.unshown < none.unshown == 60 + 3 * 60
    assert len(none.regressions.causes) == len(whole.regressions.causes) == 60


def test_an_unknown_class_stands_apart() -> None:
    """A class of a later version is shown under its own name."""
    odd = signature("GET /a", "root", **{"class": "drift"})
    [group] = read({"causes": [cause_of(odd)], "signatures": [odd]}).apart
    assert (group.title, group.advice) == ("drift", "")


def test_nothing_differs() -> None:
    """An empty result has no changes."""
    changes = read({})
    assert (changes.regressions.causes, changes.apart, changes.others, changes.overflow) == ([], [], [], {})
