"""Which endpoint a request belongs to, and how the endpoints of a recording are decided.

Law: pure. `TemplatesBuilder` gathers paths and decides once; `Templates` only answers, alike in every process.
The subtle thing: the endpoints of a recording are decided by its first ingest, and old slices bear their names; so a later
ingest may add names but never fold or rename one. Their nodes are pinned in its tree.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from replay_users.endpoint import shape
from replay_users.endpoint.rule import Rule, Rules, parse_rules
from replay_users.endpoint.tree import LITERAL_CAP, Tree
from replay_users.errors import DamagedRecording, UsageError
from replay_users.model import OTHER_ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ENDPOINT_CAP", "Templates", "TemplatesBuilder"]

ENDPOINT_CAP: Final = 200
"""Endpoints a recording names; more would make unreadable reports and too many InfluxDB series."""

_CACHED_PATHS: Final = 16_384
_CACHED_LENGTH: Final = 512
"""Paths remembered by a cache or waiting in a builder, and the longest of them: at most 8 MB of text."""

_METHODS: Final = frozenset(
    """GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE QUERY
    COPY LOCK MKCOL MOVE PROPFIND PROPPATCH PURGE REPORT SEARCH UNLOCK""".split()  # noqa: SIM905 - reads better than a list of quotes
)
"""Methods that may name an endpoint, beside those of the rules: any word may be a method, and hostile ones have no end."""


class Templates:
    """The endpoints of a recording: which one a method and a target belong to.

    Kept in the manifest, so that every later ingest and every worker names alike. A target never seen before gets its name
    the same way; where that is no endpoint of the recording, `__other__`.

    Args:
        endpoints: the names, without `__other__`.
        rules: the written rules, which come first.
    """

    __slots__ = ("_known", "_rules", "_seen", "_tree")

    def __init__(self, endpoints: Iterable[str], *, rules: Iterable[Rule] = ()) -> None:
        self._known = frozenset(endpoints)
        self._rules = Rules(rules)
        self._tree = Tree(name for name in self._known if not self._rules.wrote(name))
        self._seen: dict[tuple[str, bytes], str] = {}

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names, sorted, without `__other__`."""
        return tuple(sorted(self._known))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The written rules, in their order."""
        return self._rules.rules

    def endpoint(self, method: str, target: bytes) -> str:
        """The endpoint of a request: `GET /users/{id}`, or `__other__`."""
        path = target.partition(b"?")[0]
        key = (method, path)
        name = self._seen.get(key)
        if name is None:
            name = self._name(method, shape.path(path))
            if len(path) <= _CACHED_LENGTH:
                if len(self._seen) >= _CACHED_PATHS:
                    self._seen.clear()
                self._seen[key] = name
        return name

    def _name(self, method: str, path: str) -> str:
        name = self._rules.name(method, path) or f"{method} {self._template(path)}"
        return name if name in self._known else OTHER_ENDPOINT

    def _template(self, path: str) -> str | None:
        node, template = self._tree.root, ""
        for name in shape.names(path):
            key = node.key(name)
            if key is None:
                return None
            node, template = node.children[key], f"{template}/{key}"
        return template

    def to_json(self) -> dict[str, object]:
        """What the manifest keeps: the names and the rules."""
        return {"endpoints": list(self.endpoints), "rules": [str(rule) for rule in self.rules]}

    @staticmethod
    def from_json(kept: Mapping[str, object]) -> Templates:
        """What `to_json` wrote.

        Raises:
            DamagedRecording: it is something else.
        """
        try:
            rules = parse_rules("\n".join(_texts(kept, "rules")))
        except UsageError as error:
            raise DamagedRecording(f"the manifest's endpoint {error}, and ingest the recording again") from error
        return Templates(_texts(kept, "endpoints"), rules=rules)


def _texts(kept: Mapping[str, object], key: str) -> list[str]:
    texts = kept.get(key)
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return texts
    raise DamagedRecording(f"the manifest's endpoint templates have no list of {key}; ingest the recording again")


class TemplatesBuilder:
    """Gathers the paths of a recording and decides its endpoints.

    Memory is bounded whatever comes: at most 16,384 short paths wait to be placed, and the tree has at most 50,000 nodes.

    Args:
        rules: written rules, which come before everything else.
        base: templates of the recording that this ingest adds to. Its endpoints and rules stay as they are; new names get
            the places it left free.
        literal_cap: names one level may hold below one parent before they fold into `{*}`.
        endpoint_cap: endpoints kept, those with most rows; the others are counted in `__other__`.

    Raises:
        UsageError: `rules` are not those of `base`.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...] = (),
        *,
        base: Templates | None = None,
        literal_cap: int = LITERAL_CAP,
        endpoint_cap: int = ENDPOINT_CAP,
    ) -> None:
        if base is not None and rules not in {(), base.rules}:
            raise UsageError(
                "this recording's endpoints were decided by its first ingest and cannot follow other templates now; "
                "leave --templates out, or ingest into a new recording"
            )
        self._rules = Rules(base.rules if base else rules)
        self._methods = _METHODS | {rule.method for rule in self._rules.rules}
        self._pinned = base.endpoints if base else ()
        self._literal_cap, self._endpoint_cap = literal_cap, endpoint_cap
        self._ruled: Counter[str] = Counter()
        self._tree = self._seedling()
        self._waiting: Counter[tuple[str, bytes]] = Counter()

    def _seedling(self) -> Tree:
        pinned = (name for name in self._pinned if not self._rules.wrote(name))
        return Tree(pinned, literal_cap=self._literal_cap)

    def add(self, method: str, target: bytes, rows: int = 1) -> None:
        """Count rows of one method and target; cheap for a path seen lately."""
        path = target.partition(b"?")[0]
        if len(path) > _CACHED_LENGTH:
            self._place(method, path, rows)
            return
        self._waiting[method, path] += rows
        if len(self._waiting) >= _CACHED_PATHS:
            self._settle()

    def _settle(self) -> None:
        for (method, path), rows in self._waiting.items():
            self._place(method, path, rows)
        self._waiting.clear()

    def _place(self, method: str, raw_path: bytes, rows: int) -> None:
        if method not in self._methods:
            return
        path = shape.path(raw_path)
        ruled = self._rules.name(method, path)
        if ruled is not None:
            self._ruled[ruled] += rows
        elif (node := self._tree.reach(shape.names(path))) is not None:
            node.rows[method] += rows

    def build(self) -> Templates:
        """The templates of all that was added; adding more and building again is fine."""
        self._settle()
        tree = self._seedling()
        tree.unite(tree.root, self._tree.root)
        tree.thin()
        rows = self._ruled.copy()
        for endpoint, count in tree.root.ends():
            rows[endpoint] += count
        new = sorted(rows.keys() - set(self._pinned), key=lambda name: (-rows[name], name))
        room = max(0, self._endpoint_cap - len(self._pinned))
        return Templates([*self._pinned, *new[:room]], rules=self._rules.rules)
