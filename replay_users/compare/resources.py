"""What a request is about, read off its path: the resource, the ids in it, and whether one resource lies in another.

Law: pure, texts in, values out. Nothing here knows an API: nouns are path segments without the words that name an action,
in the singular, so that `POST /nyc/add_note`, `POST /nyc/notes/-/insert` and `GET /nyc/notes.json` are about one thing.
The subtle thing: a resource of no nouns is everything and therefore nothing; it is related to no other. So is one of nothing
but an interface and its version (`/api/v1`).
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

from replay_users.endpoint.shape import names

__all__ = ["Id", "Relation", "Resource", "asked_for", "asks_only", "ids_of", "meant_by", "relation", "resource_of"]

Resource: TypeAlias = "tuple[str, ...]"
Id: TypeAlias = "tuple[str, str]"
"""The noun that an id stands under, and the id."""

_PARAMETER = "{}"
_ACTIONS: Final = frozenset(
    """add all append bulk cancel change clear confirm copy create delete destroy do edit find get import insert list make
    modify move new patch post put query read remove replace save search send set store submit sync update upsert
    write""".split()  # noqa: SIM905 - one word a line would be forty lines
)
_QUESTIONS: Final = frozenset({"find", "get", "query", "search"})
"""Of a `read` or a `list` nobody knows: `POST /notifications/read` marks them, `POST /shopping/list` makes one."""
_ASKING: Final = frozenset({"account", "client", "org", "organization", "store", "tenant", "user", "workspace"})
"""Whose id in a query says for whom is asked, unless the path is about them."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_ID_NAME = re.compile(r"(?:^|[_-])(?:id|uuid|guid|key|pk)$|Id$", re.IGNORECASE)
_OF_REQUESTS: Final = frozenset(
    {"access", "api", "app", "cache", "correlation", "idempotency", "page", "request", "session", "trace", "tracking"}
)
"""Whose ids in a query say who asks and how (`?api_key=`, `?session_id=`): no data that staging could lack."""
_CODE = re.compile(r"\.(?:m?js|css|map|wasm)$", re.IGNORECASE)
"""What a release brings along: where such a file is missing, staging lacks no data."""
_INTERFACES = frozenset({"api", "rest"})
_VERSION_NOUN = re.compile(r"v-[0-9]+", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,3}){0,2}|20[0-9]{2}-[0-9]{2}(?:-[0-9]{2})?(?:-[a-z]{1,10})?", re.ASCII)
"""What stands behind `/api/`, and is of all that follows: `/rest/api/2/issue`, `/api/2024-01-01/users`."""
_LONGEST_ID = 128
_LONGEST_TARGET = 1024
"""What follows is not searched for ids, so that remembered targets take 4 MB at most."""
_MOST_IDS = 8
_MOST_NOUNS = 16


class Relation(Enum):
    """How what is asked for stands to a resource."""

    NONE = "none"
    WITHIN = "within"
    """It is the resource, or a part of it."""
    AROUND = "around"
    """The resource is a part of it."""


def resource_of(endpoint: str) -> Resource:
    """The nouns of an endpoint's path (`GET /users/{id}/orders.json`: user, {}, order)."""
    return _nouns(endpoint.partition(" ")[2])


def asked_for(target: bytes) -> Resource:
    """The nouns of a target's path, its ids as parameters."""
    return _asked_for(target[:_LONGEST_TARGET].partition(b"?")[0])


@lru_cache(maxsize=4096)
def _asked_for(path: bytes) -> Resource:
    segments = path.decode("latin-1").split("/")
    return _nouns("/".join([_PARAMETER if _is_an_id(segment) else segment for segment in segments]))


def _nouns(path: str) -> Resource:
    nouns = (_noun(segment) for segment in path.split("/")[:_MOST_NOUNS])
    return tuple([noun for noun in nouns if noun])


def relation(asked: Resource, other: Resource) -> Relation:
    """How what is asked for stands to another resource."""
    if not any(map(_tells, other)):
        return Relation.NONE
    if asked[: len(other)] == other:
        return Relation.WITHIN
    return Relation.AROUND if other[: len(asked)] == asked else Relation.NONE


def _tells(noun: str) -> bool:
    """Whether a noun says what something is about, and not only by which way it is asked for."""
    return noun != _PARAMETER and noun not in _INTERFACES and not _VERSION_NOUN.fullmatch(noun)


def asks_only(method: str, path: str) -> bool:
    """Whether a request by its name writes nothing although its method may: `POST /products/search`."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    words = [word.lower() for word in _WORDS.findall(last)]
    return (
        method == "POST"
        and bool(words)
        and words[0] in _QUESTIONS
        and _QUESTIONS.issuperset(_ACTIONS.intersection(words))
    )


def ids_of(target: bytes) -> list[Id]:
    """The ids in a target's path and query, each with the noun it stands under; the first eight."""
    return _ids_of(target[:_LONGEST_TARGET])


@lru_cache(maxsize=4096)
def _ids_of(target: bytes) -> list[Id]:
    path, _, query = target.decode("latin-1").partition("?")
    found: list[Id] = []
    noun = ""
    for segment in path.split("/")[1:]:
        if _CODE.search(segment):
            noun = ""
        elif noun in _INTERFACES and _VERSION.fullmatch(segment):
            continue
        elif _is_an_id(segment):
            found.append((noun, _SUFFIX.sub("", segment)))
        else:
            noun = _noun(segment) or noun
    found += [each for pair in query.split("&") if (each := _id_in_query(pair, noun)) is not None]
    return [each for each in found if len(each[1]) <= _LONGEST_ID][:_MOST_IDS]


def meant_by(target: bytes) -> list[Id]:
    """The id that a target is about, and is missing if that is not found: the innermost one of its path.

    Of `/stores/1/products/77` it is the product, as the store has others. Without one in the path it is the query's, if it
    is one of what the path names: `/orders?id=77&client_id=web`; or the only one there: `/reviews?product_id=77`.
    """
    path, _, _ = target[:_LONGEST_TARGET].partition(b"?")
    if inner := ids_of(path):
        return inner[-1:]
    noun = next((noun for noun in reversed(asked_for(path)) if noun != _PARAMETER), "")
    found = ids_of(target)
    named = [each for each in found if each[0] == noun]
    return named or [each for each in found if len(found) == 1 and each[0] not in _ASKING]


def _id_in_query(pair: str, noun: str) -> Id | None:
    name, _, value = pair.partition("=")
    if not value or not _ID_NAME.search(name):
        return None
    named = _noun(_ID_NAME.sub("", name))
    return None if named in _OF_REQUESTS else (named or noun, unquote_plus(value))


def _is_an_id(segment: str) -> bool:
    return bool(segment) and names(f"/under/{segment}")[1].startswith("{")


def _noun(segment: str) -> str:
    """What a segment names, "" for an action or a mark, `{}` for a parameter."""
    if segment.startswith("{"):
        return _PARAMETER
    words = [word.lower() for word in _WORDS.findall(_SUFFIX.sub("", segment))]
    return "-".join([_singular(word) for word in words if word not in _ACTIONS])


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - `ties`, `pies`
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word  # noqa: PLR2004 - `gas`
