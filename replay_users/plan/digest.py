"""One short name for everything a plan decides, by which processes can tell that they are about to do the same run.

Law: pure, and the same in every process: no order of sets or of counts, no `hash()`, no name of the recording (one process
may reach it by another path) is in it. The subtle thing: a plan's fields count unless they are named here as saying nothing
of what is sent, so a field that somebody adds is part of the digest by itself; and a value that has no one spelling (an
object of ours with an address in its `repr`) is refused, because it would differ in every process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from replay_users.plan.plan import Plan
    from replay_users.recording.manifest import Manifest

__all__ = ["plan_digest"]

_TOLD_ONLY = frozenset({"duration_ns", "hosts", "protocols", "course", "rate", "reading", "recording", "warnings"})
"""Fields of a plan that tell a person of it and follow from the others, or from the manifest's slices."""

_SCALARS = (str, bytes, int, float, Fraction, type(None))


def plan_digest(plan: Plan, manifest: Manifest, judged_by: object = ()) -> str:
    """16 hex digits that are equal where the same rows of the same slices are sent at the same times in the same way.

    `judged_by` is what else has to be the same: by what answers are judged.
    """
    told = blake2b(digest_size=8)
    for text in _spelled((_of_manifest(manifest), _of_plan(plan), judged_by)):
        told.update(text.encode("utf-8", "surrogatepass"))
    return told.hexdigest()


def _of_manifest(manifest: Manifest) -> tuple[object, ...]:
    """Slices by their content; endpoints by their order, since a plan speaks of them by index."""
    slices = sorted((item.content_hash, item.size, item.rows) for item in manifest.slices)
    names = tuple(info.name for info in manifest.endpoints)
    return manifest.schema_version, manifest.generation, manifest.partitions, tuple(slices), names


def _of_plan(plan: Plan) -> tuple[object, ...]:
    names = sorted(field.name for field in fields(plan) if field.name not in _TOLD_ONLY)
    return tuple((name, getattr(plan, name)) for name in names)


def _spelled(value: object) -> Iterator[str]:
    """A value as text, in pieces: brackets keep `(1, 2), 3` from `1, (2, 3)`, and names of types one kind from another."""
    if isinstance(value, Enum):
        yield f"{type(value).__name__}.{value.name};"
    elif isinstance(value, _SCALARS):
        yield f"{value!r};"
    elif isinstance(value, tuple | list):
        yield from _listed("(", value)
    elif isinstance(value, frozenset | set):
        yield from _listed("{", sorted("".join(_spelled(item)) for item in value))
    elif isinstance(value, Mapping):
        yield from _listed("=", sorted("".join(_spelled(pair)) for pair in value.items()))
    elif is_dataclass(value):
        parts = tuple(getattr(value, field.name) for field in fields(value) if field.compare)
        yield from _listed(type(value).__name__, parts)
    else:
        raise TypeError(f"a plan holds a {type(value).__name__}, which has no spelling that is the same everywhere")


def _listed(kind: str, items: Iterable[object]) -> Iterator[str]:
    yield f"{kind}["
    for item in items:
        yield from _spelled(item)
    yield "];"
