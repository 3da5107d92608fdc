"""Sign requests at the moment they are sent: `sign`. Here: an HMAC over date, method and target.

    SIGNING_KEY=... locust -f locustfiles/sign.py --headless --recording DIR --host http://STAGING

What only holds now (a date, a signature over it) cannot be made ahead of time. This runs on the hot path, between the
due time and the wire: pure computing, a few microseconds, no I/O. If it raises, the exchange is skipped
(`skipped_by.no_credential`), since it must not go out unsigned. The key comes from the environment: on a command line
others can see it.
"""

import hashlib
import hmac
import os
from email.utils import formatdate

from replay_users import ReplayShape, ReplayUser
from replay_users.model import Request

KEY = os.environ["SIGNING_KEY"].encode()


class Replay(ReplayUser):
    """Signs every request as staging expects it."""

    def sign(self, request: Request) -> Request:
        """The same request with a date and a signature over it, in place of recorded ones."""
        date = formatdate(usegmt=True)
        signed = b"\n".join((date.encode(), request.method.encode(), request.target))
        signature = hmac.new(KEY, signed, hashlib.sha256).hexdigest()
        return request.with_header("Date", date).with_header("X-Signature", signature)


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
