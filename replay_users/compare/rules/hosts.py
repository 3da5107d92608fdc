"""Hosts of production that stand for those of staging, in texts: `shop.example=staging.example:8080`.

Law: pure, texts in, texts out. Both sides of a comparison are rewritten, so that it does not matter which is which. The
subtle thing: a host ends where no more host can follow (`shop.example` is not in `myshop.example.org`), and where the
staging host has a port of its own it takes the place of the recorded one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["HostMap"]

_SIDE = re.compile(
    r"""(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)
        (?::(?P<port>[0-9]{1,5}))?""",
    re.ASCII | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class HostMap:
    """Recorded hosts and what stands for each, in the order of the file."""

    pairs: tuple[tuple[str, str], ...]
    _replacements: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make one pattern of all recorded hosts, the longest first."""
        ranked = sorted(self.pairs, key=lambda pair: -len(pair[0]))
        joined = "|".join([f"({_pattern(recorded, replayed)})" for recorded, replayed in ranked])
        object.__setattr__(self, "_replacements", tuple(replayed for _, replayed in ranked))
        object.__setattr__(self, "_pattern", re.compile(rf"(?<![\w.-])(?:{joined})(?![\w-]|\.\w)", re.IGNORECASE))

    @classmethod
    def parse(cls, texts: Iterable[str]) -> HostMap:
        """Read `PROD=STAGING` texts.

        Raises:
            UsageError: one is no pair of hosts, one host is to become two, or one stands on both sides.
        """
        pairs: dict[str, str] = {}
        for text in texts:
            recorded, equals, replayed = (part.strip() for part in text.lower().partition("="))
            if not equals or not _SIDE.fullmatch(recorded) or not _SIDE.fullmatch(replayed):
                raise UsageError(f"{text!r} is no pair of hosts; write shop.example=staging.example:8080")
            if pairs.setdefault(recorded, replayed) != replayed:
                raise UsageError(f"{recorded} is to become {pairs[recorded]} and {replayed}; take one out")
        for recorded, replayed in pairs.items():
            if pairs.get(replayed, replayed) != replayed and replayed != recorded:
                raise UsageError(f"{replayed} stands for {recorded} and is itself to become another; take one out")
        return cls(tuple(pairs.items()))

    @classmethod
    def of(cls, pairs: Mapping[str, str]) -> HostMap | None:
        """What a run knows by itself: pairs that are no hosts, or say nothing, are left out; None if that leaves none."""
        hosts = {a: b for a, b in pairs.items() if a != b and _SIDE.fullmatch(a) and _SIDE.fullmatch(b)}
        return cls(tuple(hosts.items())) if hosts else None

    def apply(self, text: str) -> str:
        """The text with every recorded host replaced."""
        return self._pattern.sub(lambda found: self._replacements[(found.lastindex or 1) - 1], text)

    def texts(self) -> list[str]:
        """The pairs as `parse` reads them."""
        return ["=".join(pair) for pair in self.pairs]


def _pattern(recorded: str, replayed: str) -> str:
    """What stands in texts for a recorded host: with whatever scheme and port, where its replacement brings its own."""
    theirs, ours = _SIDE.fullmatch(recorded), _SIDE.fullmatch(replayed)
    scheme = "(?:https?://)?" if ours and ours["scheme"] and not (theirs and theirs["scheme"]) else ""
    port = "(?::[0-9]{1,5})?" if ours and ours["port"] and not (theirs and theirs["port"]) else ""
    return scheme + re.escape(recorded) + port
