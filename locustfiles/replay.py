"""Replay a recording: locust -f locustfiles/replay.py --headless --recording DIR --host http://STAGING."""

from replay_users import ReplayShape, ReplayUser


class Replay(ReplayUser):
    """The stream of recorded exchanges."""


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
