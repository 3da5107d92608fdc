"""What answered differently: causes with an example of each, the signatures behind them, and what stands apart.

Law: pure; views of result.json for the page. Nothing is left out without being counted. The subtle thing: examples are the
bulk of a page, so they come out of one allowance of bytes, those of the causes that weigh most first; where it ends,
signatures are still listed and the files that have the examples are named.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from replay_users.errors import UsageError
from replay_users.path import format_path, parse_path
from replay_users.results.again import curl_line, origin_of
from replay_users.results.html.answers import Answers, answers_of
from replay_users.results.html.marks import marked
from replay_users.results.html.reading import counts, figure, mapping, number, rows, text, texts
from replay_users.results.html.reasons import CLASSES, KINDS, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from replay_users.results.html.figures import Figure

__all__ = ["Allowance", "Cause", "Changes", "Example", "Group", "Signature", "changes_of"]

_SHOWN = 400
"""Characters of a value; results keep 120."""
_NAME, _PATH = 160, 240
_FEW_PLACES = 3
_ROOM = 600
"""Bytes that the markup around an example takes."""
_PER_SIGNATURE = 3
REGRESSION: Final = "regression"


class Allowance:
    """Bytes that may still be spent on examples and on whole answers."""

    def __init__(self, size: int, *, answers: int) -> None:
        self.left = size
        self.answers = answers

    def pays(self, size: int) -> bool:
        """Whether there is so much left; then it is spent."""
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One exchange that shows it, both sides with their differences marked."""

    id: str
    request: str
    recorded: Markup
    replayed: Markup
    curl: str
    answers: Answers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A row behind a cause."""

    endpoint: str
    path: str
    kind: str
    count: int
    sessions: int
    share: Figure
    looks: list[str]
    members: list[str]
    examples: list[Example]
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Signatures that have one cause."""

    number: int
    what: str
    says: str
    detail: str
    severity: int
    severity_name: str
    places: list[str]
    place_count: int
    count: int
    sessions: int
    share: Figure
    example: Example | None
    signatures: list[Signature] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All causes of one class."""

    name: str
    title: str
    advice: str
    count: int
    causes: list[Cause]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Regressions, what stands apart from them, and what found no place."""

    regressions: Group
    apart: list[Group]
    others: list[Signature]
    signature_count: int
    compared: int
    unshown: int
    overflow: dict[str, int]


def changes_of(result: Mapping[str, Any], exhibits: Sequence[Mapping[str, Any]], allowance: Allowance) -> Changes:
    """All of them."""
    return _Reader(result, exhibits, allowance).changes()


class _Reader:
    """One result while it is read."""

    def __init__(self, result: Mapping[str, Any], exhibits: Sequence[Mapping[str, Any]], allowance: Allowance) -> None:
        self._result = result
        self._origin = origin_of(mapping(result, "run"))
        self._exhibits = {text(exhibit, "id"): exhibit for exhibit in exhibits}
        self._allowance = allowance
        self._unshown = 0

    def changes(self) -> Changes:
        causes, signatures = rows(self._result, "causes"), rows(self._result, "signatures")
        theirs = _behind(causes, signatures)
        causes_by: defaultdict[str, list[Cause]] = defaultdict(list)
        views = [self._cause(place, cause) for place, cause in enumerate(causes)]
        for place, (cause, view) in enumerate(zip(causes, views, strict=True)):
            view.signatures.extend(map(self._signature, theirs[place]))
            causes_by[text(cause, "class") or REGRESSION].append(view)
        apart = [name for name in (*CLASSES, *causes_by) if name != REGRESSION and name in causes_by]
        return Changes(
            regressions=self._group(REGRESSION, causes_by[REGRESSION]),
            apart=[self._group(name, causes_by[name]) for name in dict.fromkeys(apart)],
            others=[self._signature(signature) for signature in theirs[-1]],
            signature_count=len(signatures),
            compared=number(mapping(self._result, "totals"), "compared"),
            unshown=self._unshown,
            overflow=counts(self._result, "signatures_overflow"),
        )

    def _group(self, name: str, causes: list[Cause]) -> Group:
        title, advice = CLASSES.get(name, (name, ""))
        total = number(mapping(mapping(self._result, "totals"), "mismatched_by"), name)
        return Group(name=name, title=title, advice=advice, count=total, causes=causes)

    def _cause(self, place: int, cause: Mapping[str, Any]) -> Cause:
        what, says, detail = _told(cause)
        severity = number(cause, "severity")
        places = texts(cause, "endpoints")
        exemplar = mapping(cause, "exemplar")
        return Cause(
            number=place + 1,
            what=what,
            says=says,
            detail=detail,
            severity=severity,
            severity_name=SEVERITIES.get(severity, ""),
            places=places[:_FEW_PLACES],
            place_count=max(number(cause, "endpoint_count"), len(places)),
            count=number(cause, "count"),
            sessions=number(cause, "sessions"),
            share=figure(cause, "share"),
            example=self._example(exemplar, whole=True) if exemplar else None,
        )

    def _signature(self, signature: Mapping[str, Any]) -> Signature:
        exemplars = rows(signature, "exemplars")
        shown = [example for each in exemplars[:_PER_SIGNATURE] if (example := self._example(each)) is not None]
        return Signature(
            endpoint=text(signature, "endpoint"),
            path=text(signature, "path"),
            kind=text(signature, "kind"),
            count=number(signature, "count"),
            sessions=number(signature, "sessions"),
            share=figure(signature, "share"),
            looks=texts(signature, "looks"),
            members=texts(signature, "members"),
            examples=shown,
            kept=len(exemplars),
        )

    def _example(self, exemplar: Mapping[str, Any], *, whole: bool = False) -> Example | None:
        """An exchange side by side, if there is room for it; with `whole`, both answers where they were kept."""
        recorded, replayed = text(exemplar, "recorded")[:_SHOWN], text(exemplar, "replayed")[:_SHOWN]
        request = f"{text(exemplar, 'method')} {text(exemplar, 'target')}"
        if not self._allowance.pays(_ROOM + 2 * (len(recorded) + len(replayed) + len(request))):
            self._unshown += 1
            return None
        left, right = marked(recorded, replayed)
        return Example(
            id=text(exemplar, "id"),
            request=request,
            recorded=left,
            replayed=right,
            curl=curl_line(self._origin, exemplar),
            answers=self._answers(text(exemplar, "id")) if whole else None,
        )

    def _answers(self, name: str) -> Answers | None:
        exhibit = self._exhibits.get(name)
        if exhibit is None or self._allowance.answers <= 0:
            return None
        self._allowance.answers -= 1
        found = answers_of(exhibit)
        size = sum(len(line.recorded) + len(line.replayed) + 60 for line in found.lines)
        return found if self._allowance.pays(size) else None


def _behind(causes: list[Mapping[str, Any]], signatures: list[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """The signatures of each cause by its number, -1 for those that no cause names: causes name twenty of their parts."""
    by_place: dict[tuple[str, str, str, str], int] = {}
    for place, cause in reversed(list(enumerate(causes))):
        for endpoint in texts(cause, "endpoints"):
            for path in texts(cause, "paths"):
                by_place[text(cause, "class"), text(cause, "kind"), endpoint, path] = place
    found: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for signature in signatures:
        key = tuple(text(signature, name) for name in ("class", "kind", "endpoint", "path"))
        found[by_place.get(key, -1)].append(signature)  # type: ignore[arg-type]  # of four texts
    return found


def _told(cause: Mapping[str, Any]) -> tuple[str, str, str]:
    """What a cause is about, what became of it, and where exactly."""
    name, kind, paths = text(cause, "field"), text(cause, "kind"), texts(cause, "paths")
    says = KINDS.get(kind, kind)
    if kind == "status":
        return f"status {name}".replace("->", "→"), "", ""
    if (several := number(cause, "field_count")) > 1:
        fields = ", ".join(texts(cause, "fields"))
        where = _container(paths[0]) if paths else ""
        what = f"{several:,} sorts of markup" if name == "markup" else f"{several:,} members of {where}"
        return what, says.replace("is ", "are ", 1).replace("has ", "have ", 1), fields
    if len(paths) == 1 and kind not in {"header", "trailer"}:
        return paths[0], says, ""
    return name, says, ", ".join(paths[:_FEW_PLACES]) if kind not in {"header", "trailer"} else ""


def _container(path: str) -> str:
    try:
        return format_path(parse_path(path)[:-1])
    except (UsageError, ValueError):
        return path
