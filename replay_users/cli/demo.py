"""`replay-users demo`: the whole tool at work on a small shop of its own, in less than a minute.

Law: parses and prepares; the demo itself is in `replay_users.demo`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from replay_users.demo.children import children_stop_with_us
from replay_users.demo.shop import find_shop
from replay_users.demo.show import Show, clean_environment
from replay_users.errors import UsageError

__all__ = ["add_to"]

_POINTS = {
    "influx-url": "InfluxDB to write the replay's points to (token: INFLUXDB_V2_TOKEN or --influx-token-file)",
    "influx-org": "its organisation",
    "influx-bucket": "its bucket",
    "influx-token-file": "file that holds its token",
    "grafana-url": "Grafana with the dashboards, to end with a link to the replay's",
}
"""Options of `run` that a demo hands on."""


def add_to(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "demo",
        help="record a small shop, change it, replay, and see the changes found",
        description="Ends with 0 exactly when the replay finds the changes planted in version 2 of the shop, and nothing else.",
    )
    command.add_argument(
        "--runs", default="runs", metavar="DIR", help="the demo leaves its files in DIR/demo (default: runs)"
    )
    command.add_argument(
        "--s3", action="store_true", help="keep the recording in a real S3 server (weed) while it runs"
    )
    command.add_argument(
        "--keep", action="store_true", help="replay the recording of the last demo again, without a new one"
    )
    for name, what in _POINTS.items():
        command.add_argument(f"--{name}", default="", help=what)
    command.set_defaults(handle=handle)


def handle(options: Any, _rest: list[str]) -> int:
    """Run the demo.

    Raises:
        ReplayError: it could not come to its end.
    """
    if options.s3 and options.keep:
        raise UsageError("--keep needs a recording on disk, and with --s3 there is none: leave one of them out")
    more = [f"--{name}={value}" for name in _POINTS if (value := getattr(options, name.replace("-", "_")))]
    folder = Path(options.runs) / "demo"
    show = Show(root=find_shop(), folder=folder, env=clean_environment(os.environ), more=tuple(more))
    with children_stop_with_us():
        return show.run(s3=options.s3, keep=options.keep)
