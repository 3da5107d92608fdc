"""`python -m replay_users.cli` is `replay-users`."""

from replay_users.cli import command

command()
