"""Capture: from what a proxy, a middleware or another tool wrote down to exchanges.

Law: a reader is pure, one line in, one `Exchange` (or why not) out; `sources` is the edge that opens files, `asgi` the one
that sits in a service and writes. Nothing here knows recordings, plans or runs. A bad line is a value, never an error:
captures have torn tails, and one of them must not cost the rest.
"""

from replay_users.capture.envoy import Ignored, Rejected, read_line

__all__ = ["Ignored", "Rejected", "read_line"]
