r"""Hosts of production that stand for those of staging, in texts: `shop.example=staging.example:8080`.

Law: pure, texts in, texts out. Both sides of a comparison are rewritten, so that it does not matter which is which. The
subtle thing: a host ends where no more host can follow (`shop.example` is not in `myshop.example.org`), and where the
staging host has a port of its own it takes the place of the recorded one. A URL inside a URL is percent-encoded
(`?next=https%3A%2F%2Fshop.example`), and scripts write `https:\/\/shop.example`: what takes its place is written alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["HostMap"]

_SIDE = re.compile(
    r"""(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)
        (?::(?P<port>[0-9]{1,5}))?""",
    re.ASCII | re.VERBOSE,
)


class _Way(NamedTuple):
    """One way of writing hosts: what a text holds that has any so, how they are found, and what takes their place."""

    mark: str
    pattern: re.Pattern[str]
    replacements: tuple[str, ...]

    def replacement(self, found: re.Match[str]) -> str:
        """What takes the place of a host that was found."""
        return self.replacements[(found.lastindex or 1) - 1]


_ALONE = r"(?<![\w.-])"
_WRITINGS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("%", rf"(?:(?<=%[0-9a-f][0-9a-f])|{_ALONE}(?=https?%))", partial(quote, safe="")),
    ("\\/", r"(?<![\w.-])(?<!//)", lambda text: text.replace("/", "\\/")),
    ("", _ALONE, str),
)
"""As what, and after what, hosts are written; the plain way comes last, since it would find a part of the others."""


@dataclass(frozen=True, slots=True)
class HostMap:
    """Recorded hosts and what stands for each, in the order of the file."""

    pairs: tuple[tuple[str, str], ...]
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _ways: tuple[_Way, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make one pattern of all recorded hosts, the longest first, for each way of writing them."""
        ranked = sorted(self.pairs, key=lambda pair: -len(pair[0]))
        object.__setattr__(self, "_names", tuple({_name(recorded) for recorded, _ in ranked}))
        object.__setattr__(self, "_ways", tuple([_way(ranked, *writing) for writing in _WRITINGS]))

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
        lowered = text.lower()
        if not any(name in lowered for name in self._names):  # a hundredth of what a pattern takes
            return text
        for way in self._ways:
            if way.mark in text:
                text = way.pattern.sub(way.replacement, text)
        return text

    def texts(self) -> list[str]:
        """The pairs as `parse` reads them."""
        return ["=".join(pair) for pair in self.pairs]


def _name(side: str) -> str:
    """A host without scheme and port."""
    return side.rpartition("//")[2].partition(":")[0]


def _way(ranked: Iterable[tuple[str, str]], mark: str, before: str, write: Callable[[str], str]) -> _Way:
    """How hosts are replaced that are written so."""
    pairs = list(ranked)
    joined = "|".join([f"({_pattern(recorded, replayed, write)})" for recorded, replayed in pairs])
    pattern = re.compile(rf"{before}(?:{joined})(?![\w-]|\.\w)", re.IGNORECASE)
    return _Way(mark, pattern, tuple([write(replayed) for _, replayed in pairs]))


def _pattern(recorded: str, replayed: str, write: Callable[[str], str]) -> str:
    """What stands in texts for a recorded host: with whatever scheme and port, where its replacement brings its own."""
    theirs, ours = _SIDE.fullmatch(recorded), _SIDE.fullmatch(replayed)
    slashes, colon = re.escape(write("://")), re.escape(write(":"))
    scheme = f"(?:https?{slashes})?" if ours and ours["scheme"] and not (theirs and theirs["scheme"]) else ""
    port = f"(?:{colon}[0-9]{{1,5}})?" if ours and ours["port"] and not (theirs and theirs["port"]) else ""
    return scheme + re.escape(write(recorded)) + port
