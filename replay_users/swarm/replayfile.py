"""What `replay-users run` hands to Locust: `locustfiles/replay.py`, inside the package.

Law: the two classes that Locust looks for and nothing else, the same as in the file that people copy.
"""

from replay_users import ReplayShape, ReplayUser

__all__ = ["Replay", "Shape"]


class Replay(ReplayUser):
    """The stream of recorded exchanges."""


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
