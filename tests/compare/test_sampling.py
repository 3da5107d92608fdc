"""Which share of an endpoint's answers is compared."""

from __future__ import annotations

import pytest

from replay_users.compare.sampling import Sampling, parse_sampling
from replay_users.errors import UsageError


def test_without_one_everything_is_compared() -> None:
    """No sampling is the usual case, and false."""
    assert not Sampling()
    assert Sampling().chooses("GET /x", "1")


def test_the_share_is_of_the_endpoints_that_a_glob_covers() -> None:
    """About so many are chosen, the same ones each time; other endpoints are compared whole."""
    sampling = parse_sampling(["GET /big*=10%", "/big/none = 0.1%"])
    chosen = [id_ for id_ in map(str, range(10_000)) if sampling.chooses("GET /big/{id}", id_)]
    assert 900 < len(chosen) < 1100
    assert all(sampling.chooses("GET /big/{id}", id_) for id_ in chosen)
    assert all(sampling.chooses("POST /big/{id}", str(nth)) for nth in range(1000))
    assert sum(sampling.chooses("POST /big/none", str(nth)) for nth in range(10_000)) < 30


def test_the_first_glob_that_matches_holds() -> None:
    """So that an exception stands before the rule."""
    sampling = parse_sampling(["GET /big/a=100%", "GET /big*=0.1%"])
    assert sampling.share("GET /big/a") == 1000
    assert sampling.share("GET /big/b") == 1


def test_the_shares_can_be_told() -> None:
    """In the result they stand as they were given."""
    assert parse_sampling(["GET /a=b*=2.5%", "*=10%"]).texts() == ["GET /a=b*=2.5%", "*=10%"]


def test_a_glob_that_matches_nothing_is_told() -> None:
    """It is most likely mistyped."""
    assert parse_sampling(["GET /bgi*=1%", "GET /a*=1%"]).idle(["GET /a", "GET /big"]) == ["GET /bgi*"]


@pytest.mark.parametrize(
    "text",
    ["GET /big", "=10%", "GET /big=", "GET /big=ten", "GET /big=0%", "GET /big=0.01%", "GET /big=101%"],
)
def test_what_cannot_be_read_says_how_it_is_written(text: str) -> None:
    """One sentence with the text and an example."""
    with pytest.raises(UsageError, match=r"--compare-sample .*'GET /big\*=10%'"):
        parse_sampling([text])
