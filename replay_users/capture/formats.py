"""Which reader a line is for.

Law: pure; looks at names of keys, never at values. Every line of ours has a version `v` and no article's line has, so even
a file in which both are mixed is read line by line without a doubt.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.capture import envoy, traffic_capture
from replay_users.capture.request import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.capture.fields import Fields, Ignored, Rejected
    from replay_users.capture.request import Cover
    from replay_users.model import Exchange

__all__ = ["Format", "read_line"]


class Format(StrEnum):
    """What `--format` takes."""

    AUTO = "auto"
    ENVOY = "envoy"
    TRAFFIC_CAPTURE = "traffic-capture"


def read_line(
    line: bytes,
    *,
    source: str,
    number: int,
    form: Format = Format.AUTO,
    on_secret: Callable[[], None] | None = None,
) -> Exchange | Rejected | Ignored:
    """Read one line of a capture, in the format given or in the one it looks like; arguments as the readers' own."""

    def make(fields: Fields, cover: Cover) -> Exchange:
        if form is Format.TRAFFIC_CAPTURE or (form is Format.AUTO and _is_the_articles(fields)):
            return traffic_capture.exchange(fields, line, f"{source} {number}", cover)
        return envoy.exchange(fields, source, cover)

    return read(line, make, on_secret=on_secret)


def _is_the_articles(fields: Fields) -> bool:
    return "v" not in fields and "timestamp" in fields
