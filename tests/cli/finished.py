"""Directories of finished runs, as files: what the commands read that come after a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Differences
from replay_users.compare.redaction import Redaction
from replay_users.model import Verdict
from replay_users.results.exhibits import Exhibits
from replay_users.results.result import conclude, result_json
from replay_users.results.rundir import write_run
from replay_users.results.tally import Tally
from replay_users.testing import make_flight
from tests.compare.aa import ENDPOINTS, facts, said_of

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.compare.rules import Rules

__all__ = ["finish"]

_HEAD = b"content-type: application/json\r\n"


def finish(folder: Path, pairs: list[tuple[str, object, object]], rules: Rules, **changes: Any) -> str:
    """Write the directory of a run with these pairs; gives its name."""
    tally, exhibits = Tally(ENDPOINTS), Exhibits()
    for nth, (endpoint, one, other) in enumerate(pairs):
        body, answer = json.dumps(one).encode(), json.dumps(other).encode()
        flight = make_flight(
            id=f"id-{nth}",
            session=b"%d" % nth,
            endpoint=ENDPOINTS.index(endpoint),
            response_head=_HEAD,
            body=body,
            answer_status=200,
            answer_head=b"HTTP/1.1 200 OK\r\n" + _HEAD + b"\r\n",
            answer_body=answer,
            answer_size=len(answer),
        )
        said = said_of(endpoint, one, other, rules)
        flight.judged = Verdict.MISMATCHED if isinstance(said, Differences) else Verdict.MATCHED
        if isinstance(said, Differences) and tally.differences(flight, said):
            exhibits.keep(flight, endpoint)
        tally.settle([flight])
    result = result_json(conclude(facts(**changes), tally, len(pairs), rules=rules))
    write_run(folder, result, "a summary\n", exhibits=exhibits.redacted(Redaction(b"k")))
    return str(folder)
