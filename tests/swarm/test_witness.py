"""What a run writes down of differences."""

from __future__ import annotations

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.path import Key
from replay_users.results.tally import Tally
from replay_users.swarm.witness import Witness
from replay_users.testing import make_flight

PRICE = Difference("GET /a", (Key("price"),), Kind.VALUE, "1", "2")


def test_all_is_counted_and_a_few_are_kept() -> None:
    """Of a signature the pair that its first exemplar is of, and those that were that before."""
    tally = Tally(["GET /a"])
    witness = Witness(tally, ["GET /a"])
    for nth in range(200):
        witness.differences(
            make_flight(id=f"id-{nth}", body=b"1", answer_body=b"2", answer_size=1), Differences([PRICE])
        )
    (count,) = tally.signatures.counts.values()
    ids = [line["id"] for line in witness.exhibits()]
    assert count.count == 200
    assert count.shown()[0].id in ids
    assert len(ids) < 20


def test_a_secret_is_marked_alike_in_all_of_a_run() -> None:
    """The key is the run's, and the lines stay the same however often they are asked for."""
    witness = Witness(Tally(["GET /a"]), ["GET /a"])
    body, head = b'{"token": "abc"}', b"content-type: application/json\r\n"
    flight = make_flight(response_head=head, body=body, answer_body=body, answer_size=len(body))
    flight.answer_head = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n"
    witness.differences(flight, Differences([PRICE]))
    (line,) = witness.exhibits()
    assert line["body"] == line["answer_body"]
    assert witness.exhibits() == [line]


def test_what_rules_ignore_goes_to_the_tally() -> None:
    """Counted by place."""
    tally = Tally(["GET /a"])
    witness = Witness(tally, ["GET /a"])
    witness.ignored([PRICE], 3)
    witness.noise("GET /a", "root['price']", "value", 2)
    assert dict(tally.noise_by) == {"GET /a\troot['price']\tvalue": 3}
    assert tally.capped == 3
