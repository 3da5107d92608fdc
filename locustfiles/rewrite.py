"""Send requests elsewhere than they were recorded, and leave some out: `rewrite`.

    locust -f locustfiles/rewrite.py --headless --recording DIR --host http://STAGING

It is called once per exchange, some time before its due time, so it must not do any I/O. What it returns is sent; a
`Skip` is counted in result.json under `skipped_by.rewrite`. If it raises, the exchange is skipped too: what was to be
changed must not go out as it was.
"""

from dataclasses import replace

from replay_users import ReplayShape, ReplayUser
from replay_users.model import Request, Skip

OLD, NEW = b"/users/", b"/v2/users/"


class Replay(ReplayUser):
    """Replays against a staging where users moved to /v2, and which has no page of items."""

    def rewrite(self, request: Request) -> Request | Skip:
        """The target is bytes, exactly as recorded; `endpoint` is its method and template."""
        if request.endpoint == "GET /items/{id}":
            return Skip("staging has no items")
        if request.target.startswith(OLD):
            moved = replace(request, target=NEW + request.target.removeprefix(OLD))
            return moved.without_header("X-Old-Client").with_header("X-Moved", "yes")
        return request


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
