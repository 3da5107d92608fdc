"""What DeepDiff says of a pair that differs: a second opinion for people, after the run, on a few exemplars.

Law: optional (the extra `explain`), never on the hub's time while there is load, and bounded: in bytes, in lines, and by a
deadline per pair and one for all. DeepDiff has no such bound of its own: reordered lists cost it the square, and one
`difflib` call on two texts of 5,000 lines takes seconds and cannot be interrupted. So a custom operator looks at the clock at
each step, and decides by itself on long texts and on lists of many scalars, before `difflib` is asked.
The subtle thing: its defaults hide differences (`__typename`, `[1, 1, 2]` against `[1, 2]`, objects with few shared keys);
they are overridden, or an explanation would say less than the signature it explains.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.coding import Decoded, decode
from replay_users.compare.lift import Lifted, lift
from replay_users.compare.limits import Limits
from replay_users.compare.show import show_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from replay_users.compare.case import Case
    from replay_users.compare.tree import Json

__all__ = ["Explanations", "explain", "explained", "is_there"]

PAIR_S: Final = 0.25
"""The deadline of one pair (measured: the operator stops every quadratic case within a millisecond of it)."""
ALL_S: Final = 3.0
"""The deadline of all pairs of a run."""
_MOST_LINES, _MOST_CHARS = 20, 240
_LONG_TEXT = 500  # characters; and texts of several lines, which go to difflib whatever their length
_MANY_ITEMS = 300  # of scalars: 5,000 small integers keep difflib for 5.6 s
_LIMITS: Final = Limits(body=64 << 10, decoded=64 << 10, depth=100, nodes=20_000)
_TOO_LONG: Final = "stopped: it took too long to explain"


class _TimeIsUp(Exception):
    """Carries out of DeepDiff that the deadline has come; never leaves this module."""


@dataclass(frozen=True, slots=True)
class Explanations:
    """By exchange: lines; and how many pairs there was no time for."""

    by_id: Mapping[str, list[str]]
    left_out: int


def is_there() -> bool:
    """Whether DeepDiff is installed."""
    return _deepdiff() is not None


def explained(cases: Iterable[tuple[str, Case]], seconds: float = ALL_S) -> Explanations:
    """What DeepDiff says of these pairs, as far as the time reaches; of none without it."""
    until = time.monotonic() + seconds
    by_id: dict[str, list[str]] = {}
    left_out = 0
    if not is_there():
        return Explanations(by_id, 0)
    for name, case in cases:
        left = until - time.monotonic()
        if left <= 0:
            left_out += 1
        elif lines := explain(case, min(PAIR_S, left)):
            by_id[name] = lines
    return Explanations(by_id, left_out)


def explain(case: Case, seconds: float = PAIR_S) -> list[str]:
    """What DeepDiff says of one pair, a line for each difference; nothing where there are no two trees to look at."""
    if case.body is None:
        return []
    recorded, replayed = _tree(case.body, case.head), _tree(case.answer_body, case.answer_head)
    if recorded is None or replayed is None:
        return []
    return list(_lines(recorded.root, replayed.root, seconds))


def _tree(body: bytes, head: bytes) -> Lifted | None:
    decoded = decode(body, head, _LIMITS.decoded)
    lifted = lift(decoded.body, head, _LIMITS) if isinstance(decoded, Decoded) else None
    return lifted if isinstance(lifted, Lifted) else None


def _deepdiff() -> Any:
    try:
        return importlib.import_module("deepdiff").DeepDiff
    except ImportError:
        return None


def _lines(recorded: Json, replayed: Json, seconds: float) -> Iterator[str]:
    """The time begins once DeepDiff is loaded, which itself takes 0.3 s."""
    deep_diff = _deepdiff()
    until = time.monotonic() + seconds
    watch = _Watch(lambda: time.monotonic() >= until)
    try:
        found = deep_diff(
            recorded,
            replayed,
            custom_operators=[watch],
            report_repetition=True,
            ignore_private_variables=False,
            threshold_to_diff_deeper=0,
            verbose_level=1,
        )
        lines = found.pretty().splitlines()
    except (_TimeIsUp, RecursionError):
        lines = []
        watch.said.append(_TOO_LONG)
    except Exception as error:  # noqa: BLE001 - it is others' code, on a stranger's body, and only a second opinion
        lines = [f"not explained: DeepDiff failed ({type(error).__name__})"]
    lines += watch.said
    yield from [_cut(line) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        yield f"and {len(lines) - _MOST_LINES:,} more"


class _Watch:
    """Looks at the clock at every step, and takes what DeepDiff would take too long for; `said` is what it found."""

    def __init__(self, is_up: Callable[[], bool]) -> None:
        """`is_up` says whether time is up."""
        self._is_up = is_up
        self.said: list[str] = []

    def match(self, level: Any) -> bool:
        """Whether this place is decided here."""
        self._look()
        x, y = level.t1, level.t2
        if isinstance(x, str) and isinstance(y, str):
            return _is_long(x) or _is_long(y)
        return isinstance(x, list) and isinstance(y, list) and _has_many_scalars(x, y)

    def give_up_diffing(self, level: Any, diff_instance: Any) -> bool:  # noqa: ARG002 - DeepDiff's interface
        """Decide it: two texts or lists are told apart where they first differ."""
        if level.t1 != level.t2:
            self.said.append(_told(level.path(), level.t1, level.t2))
        return True

    def normalize_value_for_hashing(self, parent: Any, obj: Any) -> Any:  # noqa: ARG002 - DeepDiff's interface
        """The value as it is."""
        self._look()
        return obj

    def _look(self) -> None:
        if self._is_up():
            raise _TimeIsUp


def _is_long(text: str) -> bool:
    return len(text) > _LONG_TEXT or "\n" in text


def _has_many_scalars(x: list[Any], y: list[Any]) -> bool:
    if max(len(x), len(y)) <= _MANY_ITEMS:
        return False
    return not any(isinstance(item, dict | list) for item in (*x[:50], *y[:50]))


def _told(path: str, x: Any, y: Any) -> str:
    if isinstance(x, str):
        one, other = show_pair(x, y)
        return f"Text of {path} differs: {one} -> {other}"
    at = next((nth for nth, (a, b) in enumerate(zip(x, y, strict=False)) if a != b), min(len(x), len(y)))
    return f"List of {path} with {len(x):,} and {len(y):,} items differs from item {at} on"


def _cut(line: str) -> str:
    plain = "".join([char if char.isprintable() else " " for char in line])
    return plain if len(plain) <= _MOST_CHARS else plain[: _MOST_CHARS - 1] + "…"
