"""`python -m replay_users.cli` is `replay-users`."""

import sys

from replay_users.cli import main

sys.exit(main())
