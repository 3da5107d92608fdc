from __future__ import annotations

import gzip

from replay_users.compare.judge import Recorded, judge
from replay_users.compare.limits import IN_HUB, LIMITS, MAX_BODY, MAX_DECODED, Limits
from replay_users.compare.rules import Rules
from replay_users.model import Answer

HEAD = b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"


def verdict(size: int, limits: Limits) -> str:
    """What comparing two texts of so many bytes says, their coding undone, in one word."""
    recorded, replayed = gzip.compress(b'"' + b"a" * (size - 2) + b'"'), gzip.compress(b'"b"')
    pair = Recorded(200, HEAD, recorded, len(recorded)), Answer(200, HEAD, replayed)
    said = judge(*pair, Rules(), "GET /", limits=limits)
    return type(said).__name__


def test_a_process_of_its_own_compares_what_is_recorded() -> None:
    """What a recording stores of a body is compared, eight times that once decoded."""
    assert (LIMITS.body, LIMITS.decoded) == (MAX_BODY, MAX_DECODED) == (1 << 20, 8 << 20)


def test_the_hub_compares_less_than_a_process_of_its_own() -> None:
    """Where judging holds up what is being sent, large bodies are not compared, and nothing else is."""
    assert verdict(IN_HUB.decoded, IN_HUB) == "Differences"
    assert verdict(IN_HUB.decoded + 1, IN_HUB) == "Unchecked"
    assert verdict(IN_HUB.decoded + 1, LIMITS) == "Differences"
    assert (IN_HUB.depth, IN_HUB.nodes) == (LIMITS.depth, LIMITS.nodes)
