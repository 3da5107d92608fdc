"""Requests that act although their method only reads: `GET /logout`, `GET /orders/17/cancel`, `GET /cart?action=delete`.

Law: pure; names alone decide, of one recorded target. The subtle thing: a word counts only if it is a whole word of a
path segment (`/log-out`, `/deleteAccount`, `/logout.php`), so `/deleted-items` and `/cancellations` are read as what
they are; in a query only the values of parameters that name an action count, since `?q=delete` is a search.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["ACTING_WORDS", "READ_METHODS", "acts"]

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that do not change anything where servers keep to the rules (RFC 9110 section 9.2.1, less TRACE)."""

ACTING_WORDS = frozenset(
    {
        "cancel",
        "deactivate",
        "delete",
        "destroy",
        "erase",
        "logoff",
        "logout",
        "optout",
        "purge",
        "reboot",
        "remove",
        "revoke",
        "shutdown",
        "signoff",
        "signout",
        "terminate",
        "unlink",
        "unsubscribe",
        "wipe",
    }
)
"""Words (or two neighbours read as one: `log-out`) that make a GET a write unless a rule says `safe`."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACTION = re.compile(r"(?:^|[&;])(?:action|do|cmd|command|op|operation|method|task)=([^&;]*)", re.IGNORECASE)


def acts(target: str) -> bool:
    """Whether a target (path and query) or a path template names an action; parameters such as `{id}` name nothing."""
    path, _, query = target.partition("?")
    literals = (segment for segment in path.split("/") if not segment.startswith("{"))
    return any(_acting(segment) for segment in literals) or any(_acting(value) for value in _ACTION.findall(query))


def _acting(segment: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(segment)]
    pairs = (a + b for a, b in pairwise(words))
    return not ACTING_WORDS.isdisjoint([*words, *pairs])
