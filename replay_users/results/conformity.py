"""Whether a file that calls itself a result holds what its schema says, told in one sentence if not.

Law: pure; knows JSON Schema as far as `result.schema.json` uses it, and refuses a word it does not know rather than pass over it.
It is for reading: fields may be there that the schema does not name. A validator off the shelf would be one more thing to
install for a question of this size; the tests hold this one against one.
The subtle thing: the path of what is wrong goes into the sentence, names in it come out of the file and are shown as code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.results.wording import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

__all__ = ["first_fault"]

Schema: TypeAlias = "Mapping[str, Any]"

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_NOTES: Final = {"$schema", "$id", "$defs", "title", "description", "format", "uniqueItems"}
"""Words of a schema that ask nothing of a reader."""
_NAME: Final = 60


def first_fault(value: Any, schema: Schema) -> str:
    """What is wrong with it, such as `endpoints[3].count is missing`; empty if nothing is.

    Raises:
        KeyError: the schema has a word that is not known here.
    """
    return next(_faults(value, schema, schema, ""), "")


def _faults(value: Any, schema: Schema, whole: Schema, path: str) -> Iterator[str]:
    for word, asked in schema.items():
        if word not in _NOTES:
            yield from _WORDS[word](value, asked, whole, path)
    if isinstance(value, dict):
        yield from _members(value, schema, whole, path)


def _members(value: dict[str, Any], schema: Schema, whole: Schema, path: str) -> Iterator[str]:
    """Of an object, each member under its own name's schema, or under that of all others."""
    named, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for name, member in value.items():
        yield from _faults(member, named.get(name, others), whole, _joined(path, name))


def _reference(value: Any, asked: str, whole: Schema, path: str) -> Iterator[str]:
    return _faults(value, whole["$defs"][asked.removeprefix("#/$defs/")], whole, path)


def _kind(value: Any, asked: str | list[str], _: Schema, path: str) -> Iterator[str]:
    kinds = [asked] if isinstance(asked, str) else asked
    if not any(_is(value, kind) for kind in kinds):
        yield f"{path or 'the whole'} is {_called(value)} where {' or '.join(kinds)} is wanted"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _called(value: Any) -> str:
    return next((kind for kind in ("integer", *_KINDS) if _is(value, kind)), "something else")


def _required(value: Any, asked: list[str], _: Schema, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{_joined(path, name)} is missing" for name in asked if name not in value)


def _items(value: Any, asked: Schema, whole: Schema, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for nth, item in enumerate(value):
            yield from _faults(item, asked, whole, f"{path}[{nth}]")


def _enumerated(value: Any, asked: list[Any], _: Schema, path: str) -> Iterator[str]:
    if not any(_same(value, each) for each in asked):
        yield f"{path or 'the whole'} is none of {', '.join(map(str, asked))}"


def _constant(value: Any, asked: Any, whole: Schema, path: str) -> Iterator[str]:
    return _enumerated(value, [asked], whole, path)


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _any(value: Any, asked: list[Schema], whole: Schema, path: str) -> Iterator[str]:
    first = [next(_faults(value, each, whole, path), "") for each in asked]
    if all(first):
        yield first[0]


def _least(value: Any, asked: float, _: Schema, path: str) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and not value >= asked:
        yield f"{path} is below {asked:g}"


def _most(value: Any, asked: float, _: Schema, path: str) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and not value <= asked:
        yield f"{path} is above {asked:g}"


def _fewest(value: Any, asked: int, _: Schema, path: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) < asked:
        yield f"{path} has fewer than {asked} entries"


def _fullest(value: Any, asked: int, _: Schema, path: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) > asked:
        yield f"{path} has more than {asked} entries"


def _names(value: Any, asked: Schema, whole: Schema, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in value:
            yield from _faults(name, asked, whole, f"the name {_joined(path, name)}")


def _elsewhere(*_: Any) -> Iterator[str]:
    """Looked at with the members."""
    return iter(())


def _joined(path: str, name: str) -> str:
    return f"{path}.{cut(name, _NAME)}" if path else cut(name, _NAME)


_WORDS: Final[dict[str, Callable[[Any, Any, Schema, str], Iterator[str]]]] = {
    "$ref": _reference,
    "type": _kind,
    "required": _required,
    "items": _items,
    "enum": _enumerated,
    "const": _constant,
    "anyOf": _any,
    "minimum": _least,
    "maximum": _most,
    "minItems": _fewest,
    "maxItems": _fullest,
    "propertyNames": _names,
    "properties": _elsewhere,
    "additionalProperties": _elsewhere,
}
