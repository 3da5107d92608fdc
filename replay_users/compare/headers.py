r"""Two header blocks in, the compared headers that differ out; trailers alike.

Law: pure. What is compared of which header stands in `policy`; here a line becomes a field, whose text is all that counts of
it, and two lists of fields are held against each other. Order and case of names mean nothing, and neither does the order of
lines of one name.
The subtle thing is the speed, since nearly all heads are equal but for their date: a line is read once and remembered, and
equal fields are one object, so that two heads of 12 lines are compared in 3 us (measured) by identity. What is remembered
is bounded: by lines, and by leaving out heads of more than 4 KB.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import MAX_DIFFERENCES, Difference, Differences, Kind, Match
from replay_users.compare.policy import Treatment, trailer_treatment, treatment
from replay_users.compare.set_cookie import describe_cookie
from replay_users.compare.show import names_a_secret, redact, show_pair
from replay_users.compare.walk import MISSING
from replay_users.credential import is_secret_parameter
from replay_users.endpoint.shape import names
from replay_users.path import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from replay_users.compare.rules import EndpointRules
    from replay_users.compare.rules.hosts import HostMap
    from replay_users.compare.walk import Side

__all__ = ["Field", "Heads"]

_REMEMBERED = 2048
_LARGE = 4096
_MATCH: Final = Match()
_CONNECTION = "connection"
_PRESENT = "present"
_REDACTED = "[redacted]"
"""The text of a header that capture redacted, as it does `set-cookie`: all that is known of it is that it was there."""
_MERGED = frozenset({Treatment.SET, Treatment.SCHEMES})
"""A list that goes on over several lines (RFC 9110, 5.3)."""

_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_DEFAULT_PORT = re.compile(r"(?<=^http:)(//.*):80$|(?<=^https:)(//.*):443$")
_NONCE = re.compile(r"'nonce-[^']*'", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s*(?:,|$)|\s+[^\s=,])", re.ASCII)
_IS_REDACTED = re.compile(r"\[redacted:[0-9]+\]", re.ASCII)
_FILE_NAMES = ("filename", "filename*")


class Field:
    """A compared header: its name in lower case, and the text that both sides must agree on."""

    __slots__ = ("name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text


class Heads:
    """Compares header blocks; `hosts` maps those of the recording to those of the target, in URLs and domains."""

    def __init__(self, hosts: HostMap | None = None) -> None:
        """Remembers lines, so keep it for a run."""
        self._map_hosts: Callable[[str], str] = hosts.apply if hosts else str
        self._line = lru_cache(_REMEMBERED)(self._read)
        self._trailer = lru_cache(_REMEMBERED)(self._read_trailer)
        self._same = lru_cache(_REMEMBERED)(Field)

    def fields(self, head: bytes) -> list[Field]:
        """The compared headers of a block, in its order."""
        read = self._line if len(head) <= _LARGE else self._read
        return [field for line in head.split(b"\r\n") if (field := read(line)) is not None]

    def trailers(self, block: bytes) -> list[Field]:
        """The compared trailers of a block, in its order."""
        read = self._trailer if len(block) <= _LARGE else self._read_trailer
        return [field for line in block.split(b"\r\n") if (field := read(line)) is not None]

    def compare(
        self,
        recorded: bytes,
        replayed: bytes,
        endpoint: str,
        *,
        rules: EndpointRules | None = None,
        kind: Kind = Kind.HEADER,
    ) -> Match | Differences:
        """Compare two blocks of `Name: value` lines; of an empty recorded head nothing is known, so nothing can differ.

        `kind` says whether they are headers or trailers, of which there may be none.
        """
        if not recorded and kind is Kind.HEADER:
            return _MATCH
        read = self.fields if kind is Kind.HEADER else self.trailers
        a, b = read(recorded), read(replayed)
        if a == b:  # the very same fields in the same order, as nearly always
            return _MATCH
        distinct = set(a)
        if len(distinct) == len(a) == len(b) and distinct == set(b):
            return _MATCH
        found = list(_unlike(a, b, treatment if kind is Kind.HEADER else trailer_treatment))
        return _sifted(found, endpoint, rules, kind) if found else _MATCH

    def _read_trailer(self, line: bytes) -> Field | None:
        """The field of a trailer's line; None if it is not compared."""
        return self._read(line, trailer_treatment)

    def _read(self, line: bytes, treat: Callable[[str], Treatment] = treatment) -> Field | None:
        """The field of a line; None if it is not compared."""
        key, colon, rest = line.partition(b":")
        name = key.strip().lower().decode("latin-1")
        if not colon or line[:1] in {b" ", b"\t"}:
            return None
        value = rest.strip().decode("latin-1")
        if name == _CONNECTION:
            return self._hop_by_hop(value)
        how = treat(name)
        if how is Treatment.IGNORE:
            return None
        make = self._same if len(line) <= _LARGE else Field
        return make(name, _REDACTED if _IS_REDACTED.fullmatch(value) else self._text(how, value))

    def _hop_by_hop(self, value: str) -> Field | None:
        """The compared headers that `connection` names, which are about this connection only (RFC 9110, 7.6.1)."""
        named = [name for name in _members(value, ",") if treatment(name) is not Treatment.IGNORE]
        return self._same(_CONNECTION, ",".join(named)) if named else None

    def _text(self, how: Treatment, value: str) -> str:
        """What counts of a value."""
        if how is Treatment.COOKIE:
            return describe_cookie(value, self._map_hosts)
        if how is Treatment.URL:
            return _url(self._map_hosts(value))
        if how in {Treatment.HOSTS, Treatment.CSP}:
            value = self._map_hosts(value)
        return _TEXTS[how](value)


def _plain(value: str) -> str:
    return " ".join(value.split())


def _members(value: str, separator: str) -> list[str]:
    """What stands between separators, in lower case, each once, sorted."""
    parts = (" ".join(part.split()).lower() for part in value.split(separator))
    return sorted({re.sub(r"\s*=\s*", "=", part) for part in parts if part})


def _media(value: str) -> str:
    """`text/html; charset=utf-8`, whatever the case, blanks and quotes; a boundary is another one each time."""
    kind, *rest = value.split(";")
    parameters = sorted(filter(None, map(_parameter, rest)))
    return "; ".join([_plain(kind).lower(), *parameters])


def _parameter(text: str) -> str:
    name, _, value = (part.strip() for part in text.partition("="))
    name, value = name.lower(), value.strip('"')
    if not name or name == "boundary":
        return ""
    value = _shape(value) if name in _FILE_NAMES else value.lower()
    return f"{name}={value}"


def _csp(value: str) -> str:
    """Each directive with its sources sorted; of directives of one name the first holds."""
    directives: dict[str, str] = {}
    for part in _NONCE.sub("'nonce'", value).split(";"):
        name, *sources = part.split()[:] or [""]
        directives.setdefault(name.lower(), " ".join([name.lower(), *sorted(set(sources))]))
    directives.pop("", None)
    return "; ".join(sorted(directives.values()))


def _schemes(value: str) -> str:
    return ", ".join(sorted({name.lower() for name in _SCHEME.findall(_QUOTED.sub('""', value))}))


def _url(value: str) -> str:
    """A URL with the shapes of what varies in it: `/orders/{id}?page={id}`."""
    found = _URL.fullmatch(value.strip())
    origin, path, query, fragment = found.groups("") if found else ("", value, "", "")
    shaped = "/".join(names(path if path.startswith("/") else f"/{path}")) if path else ""
    told = "&".join(map(_query_member, query[1:].split("&"))) if query else ""
    if "=" in fragment:  # as what logs people in gives its answer
        fragment = "#" + "&".join(map(_query_member, fragment[1:].split("&")))
    begin = "/" * path.startswith("/")
    return f"{_DEFAULT_PORT.sub(_without_port, origin.lower())}{begin}{shaped}{'?' * bool(query)}{told}{fragment}"


def _without_port(found: re.Match[str]) -> str:
    return found[1] or found[2]


def _query_member(text: str) -> str:
    name, equals, value = text.partition("=")
    if value and (is_secret_parameter(name) or names_a_secret(name)):  # one side may be redacted
        return f"{name}={_REDACTED}"
    return name + equals + (_shape(value) if value else "")


def _shape(value: str) -> str:
    """The value, or `{id}` and the like where it looks like one."""
    return names(f"/value/{value.replace('/', '%2F')}")[1]


_TEXTS: Final[dict[Treatment, Callable[[str], str]]] = {
    Treatment.VALUE: _plain,
    Treatment.WORD: lambda value: _plain(value).lower(),
    Treatment.SET: lambda value: ", ".join(_members(value, ",")),
    Treatment.DIRECTIVES: lambda value: "; ".join(_members(value, ";")),
    Treatment.MEDIA: _media,
    Treatment.CSP: _csp,
    Treatment.SCHEMES: _schemes,
    Treatment.HOSTS: _plain,
    Treatment.PRESENCE: lambda _: _PRESENT,
}


def _unlike(a: list[Field], b: list[Field], treat: Callable[[str], Treatment]) -> Iterator[tuple[str, Side, Side]]:
    """Name and both texts of every header that differs; of cookies, each by itself."""
    xs, ys = _by_name(a), _by_name(b)
    left_out = {name for texts in (xs, ys) for value in texts.pop(_CONNECTION, ()) for name in value.split(",")}
    for name in sorted((xs.keys() | ys.keys()) - left_out):
        how, x, y = treat(name), xs.get(name), ys.get(name)
        if x and y and (_REDACTED in x or _REDACTED in y):
            continue
        if how is Treatment.COOKIE:
            yield from _cookies(name, x or [], y or [])
        elif x is None or y is None or sorted(x) != sorted(y):
            one, other = _joined(how, x), _joined(how, y)
            if one != other:
                yield name, one, other


def _by_name(fields: Iterable[Field]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for field in fields:
        texts.setdefault(field.name, []).append(field.text)
    return texts


def _joined(how: Treatment, texts: list[str] | None) -> Side:
    """All lines of one header as one text."""
    if texts is None:
        return MISSING
    if how in _MERGED:
        return ", ".join(sorted({member for text in texts for member in text.split(", ")} - {""}))
    if how is Treatment.PRESENCE:
        return _PRESENT
    return ", ".join(sorted(texts))


def _cookies(header: str, xs: list[str], ys: list[str]) -> Iterator[tuple[str, Side, Side]]:
    """Cookies that only one side sets, or with other attributes."""
    one, other = _by_cookie(xs), _by_cookie(ys)
    for name in sorted(one.keys() | other.keys()):
        x, y = one.get(name, MISSING), other.get(name, MISSING)
        if x != y:
            yield header, x, y


def _by_cookie(texts: list[str]) -> dict[str, str]:
    """Attributes by cookie; one that is set several times (other paths) keeps all of them."""
    cookies: dict[str, str] = {}
    for text in sorted(texts):
        name = redact(text.partition(";")[0])
        cookies[name] = f"{cookies[name]}, {text}" if name in cookies else text
    return cookies


def _sifted(
    found: list[tuple[str, Side, Side]], endpoint: str, rules: EndpointRules | None, kind: Kind
) -> Match | Differences:
    """Divide what was found into what counts and what a rule settles."""
    kept: list[Difference] = []
    ignored: list[Difference] = []
    for name, x, y in found:
        settled = rules is not None and rules.field(kind, name).settled_by(kind, None, x, y) is not None
        into = ignored if settled else kept
        if len(into) < MAX_DIFFERENCES:
            into.append(Difference(endpoint, (Key(name),), kind, *show_pair(x, y)))
    capped = len(found) - len(kept) - len(ignored)
    if kept:
        return Differences(kept, ignored=tuple(ignored), capped=capped)
    return Match(tuple(ignored), capped)
