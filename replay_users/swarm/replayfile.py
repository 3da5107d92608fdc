"""What `replay-users run` hands to Locust: `locustfiles/replay.py`, inside the package."""

from replay_users import ReplayShape, ReplayUser


class Replay(ReplayUser):
    """The stream of recorded exchanges."""


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
