"""What a difference is a sign of: a regression, or a staging that has not what production had.

Law: pure; it remembers what was missing in this run, within bounds, and judges each mismatch by its statuses, by what its
request is about and by what its session met before. `see` is told of statuses as answers come, `classify` may be asked
later. What it cannot explain is a regression.
The subtle thing: a class takes a difference out of what fails the run, so each needs evidence. A 404 on a path without an id
is a route that is gone; a body may differ for want of data only where writes were left out, or where an id was missing
before, and only in its data: another type or another header is a regression there too.

    missing_in_staging    404 or 410 for an id, or what follows from it, or from writes that were left out or refused
    credential            401, 403 or a way to the login
    precondition          409, 412, 423, 428; 200 for a recorded 304: the validator is none of staging's
    throttled             429
    upstream              502, 503, 504
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, TypeVar

from replay_users.compare.difference import Class, Differences, Kind, Match
from replay_users.compare.resources import Relation, asked_for, asks_only, ids_of, meant_by, relation, resource_of
from replay_users.path import Index, Key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from replay_users.compare.difference import Difference
    from replay_users.compare.resources import Id, Resource
    from replay_users.model import Flight
    from replay_users.path import Path

__all__ = ["COOKIE", "READS", "Classifier", "carries_a_cookie", "excused"]


READS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"})
"""Methods that leave nothing behind."""

_SESSIONS, _IDS, _PER_SESSION = 10_000, 50_000, 32
"""What is remembered: 10,000 sessions of 32 ids and 32 resources, and the ids of the run; the oldest are forgotten."""

_BY_STATUS: Final = {
    401: Class.CREDENTIAL,
    403: Class.CREDENTIAL,
    407: Class.CREDENTIAL,
    409: Class.PRECONDITION,
    412: Class.PRECONDITION,
    423: Class.PRECONDITION,
    428: Class.PRECONDITION,
    429: Class.THROTTLED,
    502: Class.UPSTREAM,
    503: Class.UPSTREAM,
    504: Class.UPSTREAM,
}
_MISSING = frozenset({404, 410})
_ERRORS, _OURS = 400, 500
_NOT_MODIFIED = 304
_LOGIN = re.compile(rb"\nlocation:[^\r\n]*[/=.](?:log-?in|sign-?in|sso|oauth2?|authorize)\b", re.IGNORECASE)
_TELLING = 4  # characters from which an id says by itself what it is about
_WHOLE = re.compile(r"(?<![\w.,-])[0-9]{1,18}(?:,[0-9]{3}){0,6}(?![\w-]|[.,][0-9])", re.ASCII)
"""A count in a text; a version, a price or a date is none."""
_COUNT = re.compile(r"(-?[0-9]{1,18})(?: items)?", re.ASCII)
_OF_DATA = frozenset({Kind.VALUE, Kind.LENGTH, Kind.ORDER, Kind.REPEAT})


COOKIE: Final = b"\r\ncookie:"
"""What is kept of a request that carried one, once it is sent."""
_HEAD = 8192
_SET_COOKIE = (Key("set-cookie"),)

_Known = TypeVar("_Known")


class _Session:
    """What one session met: ids that are missing, and resources it meant to change and did not; the newest last."""

    __slots__ = ("ids", "unwritten")

    def __init__(self) -> None:
        self.ids: dict[Id, None] = {}
        self.unwritten: dict[Resource, None] = {}


class Classifier:
    """Classifies the mismatches of a run, in the order they come."""

    def __init__(self, left_out: Iterable[str] = ()) -> None:
        """`left_out` are the endpoints that are not replayed; what those that write would have written is missing."""
        self._left_out = {resource_of(endpoint) for endpoint in left_out if _writes(*endpoint.partition(" ")[::2])}
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._ids: OrderedDict[Id, None] = OrderedDict()

    def unsent(self, flight: Flight) -> None:
        """A request got no answer, or was not sent: what it would have written is missing for its session."""
        if (
            flight.status < _ERRORS
            and flight.session is not None
            and _writes(flight.method, flight.target.decode("latin-1"))
        ):
            _remember(self._session(flight.session).unwritten, asked_for(flight.target))

    def see(self, flight: Flight) -> None:
        """An answer came with another status: remember what that says, before later ones of its session come."""
        found = self._by_status(flight)
        if found is not Class.REGRESSION:
            self._learn(flight, found)

    def classify(self, flight: Flight, differences: Sequence[Difference]) -> tuple[Class, ...]:
        """The class of each difference of a mismatch."""
        if flight.status != flight.answer_status:
            self.see(flight)
            return (self._by_status(flight),) * len(differences)
        return self._by_body(flight, differences)

    def _by_status(self, flight: Flight) -> Class:
        was, now = flight.status, flight.answer_status
        if was >= _ERRORS:
            undone = was in _MISSING and now < _ERRORS and self._relation(flight) is Relation.WITHIN
            return Class.MISSING if undone else Class.REGRESSION
        if now < _ERRORS:
            if was == _NOT_MODIFIED:
                return Class.PRECONDITION
            is_login = now >= 300 and _LOGIN.search(flight.answer_head)  # noqa: PLR2004 - redirects
            return Class.CREDENTIAL if is_login else Class.REGRESSION
        if now in _MISSING and ids_of(flight.target):
            return Class.MISSING
        usual = _BY_STATUS.get(now, Class.REGRESSION)
        if now < _OURS and usual in {Class.REGRESSION, Class.PRECONDITION} and self._follows(flight):
            return Class.MISSING
        return usual

    def _by_body(self, flight: Flight, differences: Sequence[Difference]) -> tuple[Class, ...]:
        related = self._relation(flight)
        if related is Relation.NONE and self._names_missing(flight):
            related = Relation.WITHIN
        if related is Relation.NONE:
            return (Class.REGRESSION,) * len(differences)
        if related is Relation.WITHIN:
            return tuple([Class.MISSING if _is_data(each) else Class.REGRESSION for each in differences])
        return _around(differences, self._unwritten(flight))

    def _follows(self, flight: Flight) -> bool:
        """Whether a refusal follows from what is missing."""
        return self._relation(flight) is Relation.WITHIN or self._names_missing(flight)

    def _relation(self, flight: Flight) -> Relation:
        """How what is asked for stands to what was not written, in the run or in its session."""
        unwritten = self._unwritten(flight)
        return _closest(asked_for(flight.target), unwritten) if unwritten else Relation.NONE

    def _unwritten(self, flight: Flight) -> Collection[Resource]:
        """The resources that were not written, in the run or in its session."""
        session = self._sessions.get(flight.session) if flight.session is not None else None
        return [*self._left_out, *session.unwritten] if session is not None else self._left_out

    def _names_missing(self, flight: Flight) -> bool:
        """Whether the request names an id that is missing: for anyone, or for its session and wherever it stands."""
        if self._ids and any(each in self._ids for each in ids_of(flight.target)):
            return True
        session = self._sessions.get(flight.session) if flight.session is not None else None
        if session is None:
            return False
        telling = (value for _, value in session.ids if len(value) >= _TELLING)
        return any(_has_word(flight.target, value.encode("latin-1", "replace")) for value in telling)

    def _learn(self, flight: Flight, found: Class) -> None:
        """Remember what is missing now: the ids asked for, and what was not written."""
        is_gone = found is Class.MISSING and flight.answer_status in _MISSING and flight.status < _ERRORS
        asked = meant_by(flight.target) if is_gone else []
        for each in asked:
            self._ids[each] = None
            if len(self._ids) > _IDS:
                self._ids.popitem(last=False)
        if flight.session is None:
            return
        for each in asked:
            _remember(self._session(flight.session).ids, each)
        if flight.answer_status >= _ERRORS:
            self.unsent(flight)

    def _session(self, name: bytes) -> _Session:
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session()
            if len(self._sessions) > _SESSIONS:
                self._sessions.popitem(last=False)
        else:
            self._sessions.move_to_end(name)
        return session


def _writes(method: str, path: str) -> bool:
    """Whether a request leaves something behind, as far as its method and name tell."""
    return method not in READS and not asks_only(method, path)


def _has_word(target: bytes, word: bytes) -> bool:
    """Whether this stands in a target by itself: 2026 is not in `/prices/2026-11-01`."""
    return word in target and re.search(rb"(?<![\w-])" + re.escape(word) + rb"(?![\w-])", target) is not None


def carries_a_cookie(wire: bytes) -> bool:
    """Whether a request goes out with a cookie."""
    return COOKIE in wire[:_HEAD].lower()


def excused(flight: Flight, differences: Differences) -> Match | Differences:
    """What counts of the differences of a request that went out without the cookie that capture redacted.

    Whoever is greeted as a stranger is given a cookie: that one more `set-cookie` is of our making, so it is ignored as if a
    rule said so, and counted.
    """
    if carries_a_cookie(flight.wire):
        return differences
    kept = tuple([each for each in differences if not _is_a_greeting(each)])
    if len(kept) == len(differences):
        return differences
    ignored = (*differences.ignored, *[each for each in differences if _is_a_greeting(each)])
    if not kept:
        return Match(ignored, differences.capped)
    return Differences(kept, ignored=ignored, capped=differences.capped)


def _is_a_greeting(difference: Difference) -> bool:
    return difference.kind is Kind.HEADER and difference.path == _SET_COOKIE and not difference.recorded


def _remember(known: dict[_Known, None], new: _Known) -> None:
    """Put it last, and forget the first of too many."""
    known.pop(new, None)
    known[new] = None
    if len(known) > _PER_SESSION:
        del known[next(iter(known))]


def _closest(asked: Resource, others: Iterable[Resource]) -> Relation:
    found = {relation(asked, other) for other in others}
    return next((each for each in (Relation.WITHIN, Relation.AROUND) if each in found), Relation.NONE)


def _around(differences: Sequence[Difference], unwritten: Collection[Resource]) -> tuple[Class, ...]:
    """The class of each difference where what was not written is only a part of what was asked for.

    Less of it is missing, and so is an item that was about it, in whose place another one stands.
    """
    replaced = {_item(each.path) for each in differences if _is_gone(each, unwritten)} - {()}
    lost = bool(replaced) or any(map(_is_loss, differences))
    explained = (
        _is_loss(each)
        or (lost and each.kind is Kind.ORDER)
        or (_is_data(each) and any(each.path[: len(item)] == item for item in replaced))
        for each in differences
    )
    return tuple([Class.MISSING if each else Class.REGRESSION for each in explained])


def _item(path: Path) -> Path:
    """The way to the innermost item of a list; nothing where there is none."""
    return next((path[:end] for end in range(len(path), 0, -1) if isinstance(path[end - 1], Index)), ())


def _is_gone(difference: Difference, unwritten: Collection[Resource]) -> bool:
    """Whether the recorded text names what was not written (`notes`, `/nyc/notes`), and the replayed one something else."""
    if difference.kind is not Kind.VALUE:
        return False
    recorded, replayed = (_named(text, unwritten) for text in (difference.recorded, difference.replayed))
    return recorded and not replayed


def _named(shown: str, unwritten: Collection[Resource]) -> bool:
    nouns = asked_for(shown.strip('"').encode("latin-1", "replace"))
    return bool(nouns) and any(each[-1] != "{}" and nouns in {each, each[-1:]} for each in unwritten if each)


def _is_data(difference: Difference) -> bool:
    """Whether other data alone can make this difference: not the shape of an answer."""
    kind = difference.kind
    if kind in _OF_DATA:
        return True
    if kind in {Kind.ADDED, Kind.REMOVED}:
        return _is_an_item(difference) or _is_a_lost_element(difference)
    return kind is Kind.TYPE and "null" in {difference.recorded, difference.replayed}


def _is_loss(difference: Difference) -> bool:
    """Whether the answer says less: a shorter list, an item gone, a smaller count, a text with another count in it."""
    kind, recorded, replayed = difference.kind, difference.recorded, difference.replayed
    if kind is Kind.REMOVED:
        return _is_an_item(difference)
    if kind not in {Kind.VALUE, Kind.LENGTH}:
        return False
    was, now = _COUNT.fullmatch(recorded), _COUNT.fullmatch(replayed)
    if was and now:
        return int(now[1]) < int(was[1])
    if _WHOLE.sub("0", recorded) != _WHOLE.sub("0", replayed):
        return False
    pairs = zip(_WHOLE.findall(recorded), _WHOLE.findall(replayed), strict=True)
    return all(int(theirs.replace(",", "")) <= int(ours.replace(",", "")) for ours, theirs in pairs)


def _is_an_item(difference: Difference) -> bool:
    """Whether it is about an item of a list, or an entry of a map of ids."""
    step = difference.path[-1] if difference.path else None
    return isinstance(step, Index) or (isinstance(step, Key) and step.in_map)


def _is_a_lost_element(difference: Difference) -> bool:
    """Whether a page lacks an element, which may have stood there for the data only: a heading, a table, a link to more."""
    path, shown = difference.path, difference.recorded
    if len(path) % 2 or path[:1] != (Key("body"),) or not shown.startswith("[{"):
        return False
    names = [step for step in path[1::2] if isinstance(step, Key) and step.name[:1] not in {"@", "#"}]
    return 2 * len(names) == len(path) and all(isinstance(step, Index) for step in path[2::2])
