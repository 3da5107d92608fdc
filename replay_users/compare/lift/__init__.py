"""Lifting: bytes of any form become one kind of tree, so that walking, rules and signatures are the same for all.

Law: pure, deterministic, and in time that grows with the body's size only; nothing a body holds makes it raise.
"""

from replay_users.compare.lift.lifted import Form, Lifted, Unlifted
from replay_users.compare.lift.lifting import lift

__all__ = ["Form", "Lifted", "Unlifted", "lift"]
