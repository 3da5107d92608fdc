"""Count requests under names of your own: `endpoint`. Here: GraphQL, where every request has the same path.

    locust -f locustfiles/endpoint.py --headless --recording DIR --host http://STAGING --allow-writes

The name goes wherever endpoints go: result.json, the summary, Locust's tables. Begin it with the method. Names beyond
200 are counted together as `__other__`, so name kinds of requests, never single ones.
"""

import json

from replay_users import ReplayShape, ReplayUser
from replay_users.model import Request


class Replay(ReplayUser):
    """Tells GraphQL operations apart."""

    def endpoint(self, request: Request) -> str:
        """`POST /graphql getUser`; anything else keeps its name. Called once per exchange, ahead of time; no I/O."""
        if request.path != "/graphql":
            return request.endpoint
        try:
            operation = json.loads(request.body).get("operationName")
        except (ValueError, AttributeError):
            return f"{request.endpoint} (unreadable)"
        return f"{request.endpoint} {operation or '(unnamed)'}"


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
