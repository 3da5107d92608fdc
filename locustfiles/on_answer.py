"""Look at every answer: `on_answer`. Here: which version of the service answered, by a header of its answers.

    locust -f locustfiles/on_answer.py --headless --recording DIR --host http://STAGING

It is called off the hot path, in batches, after the answer was compared; no blocking I/O. `exchange` says how the
exchange went (times, status, verdict), `answer` is what came back, `session` ties the exchanges of one user together.
"""

import logging
import re
from collections import Counter

from replay_users import ReplayShape, ReplayUser
from replay_users.model import Answer, Outcome

log = logging.getLogger(__name__)
VERSION = re.compile(rb"^x-version:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Replay(ReplayUser):
    """Counts answers by the version that gave them."""

    def on_start(self) -> None:
        """Locust calls this before the run."""
        self.versions: Counter[tuple[str, str]] = Counter()

    def on_answer(self, exchange: Outcome, answer: Answer, session: bytes | None) -> None:  # noqa: ARG002 - as it is called
        """`head` is the header block as received."""
        found = VERSION.search(answer.head)
        self.versions[found[1].decode() if found else "none", str(exchange.verdict)] += 1

    def on_stop(self) -> None:
        """Locust calls this after the run."""
        for (version, verdict), count in sorted(self.versions.items()):
            log.warning("version %s: %d answers %s", version, count, verdict)


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
