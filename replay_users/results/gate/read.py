"""A gate file, YAML to settings: what each line asks, or where it goes wrong and what would be right.

Law: pure; text in, settings out, and one kind of complaint, which names line, column and cure. The published schema is
`gate.schema.json` beside this file. The subtle thing: thresholds of which one can never decide, since another one always does
before it, are refused: whoever wrote them expects something else.

    coverage: 95%                      # at least that share must be compared
    mismatches: {max_rate: 0, min_sessions: 3}
    latency: {against_recording: decides}
    limits: {max_issues: 10, p95_ms: {"GET /users/{id}": 200}}
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import yaml

from replay_users.compare.rules.nodes import Nodes
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.settings import ADVISORY, DECIDES, GateSettings, Limits, Mismatches

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parse_gate"]

_TOP = ("alpha", "coverage", "upstream", "apart", "noise", "mismatches", "server_errors", "latency", "limits")
_MISMATCHES = ("max_rate", "min_sessions", "verdict", "endpoints")
_LIMITS = ("max_issues", "max_failed_percent", "max_mismatch_percent", "p95_ms")
_WORDS = (DECIDES, ADVISORY)
_NUMBER = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE](-?[0-9]{1,3}))?\s*(%?)", re.ASCII)
_MOST_SESSIONS, _MOST_ISSUES = 1_000_000, 10**12
_MOST_ALPHA = 0.1


def parse_gate(text: str, name: str) -> GateSettings:
    """Read a gate file; `name` is what messages call it. An empty one has the defaults.

    Raises:
        UsageError: it is no YAML, says something unknown, or its thresholds contradict each other.
    """
    nodes = _Values(name, what="a gate", advice='quote endpoints, as in "GET /users/{id}"', again="write it once")
    root = nodes.compose(text)
    return GateSettings() if root is None else _Reader(nodes, root).settings()


class _Values(Nodes):
    """Nodes that are shares and limits, 0 included."""

    def share(self, node: yaml.Node, key: str) -> float:
        """A part of all: 0, 0.01 or 1%."""
        number, percent = self.decimal(node, key)
        if percent:
            number = round(number / 100, 14)  # 7.1 % is 0.071, not what binary makes of it
        if number > 1:
            hint = "" if percent else f"; did you mean {node.value}%?"
            self.fail(node, f"{key!r} is a part of all, from 0 to 1 or in percent up to 100%{hint}")
        return number

    def percent(self, node: yaml.Node, key: str) -> float:
        """Percent, with or without the sign."""
        number, _ = self.decimal(node, key)
        if number > 100:  # noqa: PLR2004 - percent
            self.fail(node, f"{key!r} is in percent, from 0 to 100")
        return number

    def positive(self, node: yaml.Node, key: str) -> float:
        """Milliseconds: a number above 0 without a unit."""
        found = _NUMBER.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if not found or found[3] or not float(f"{found[1]}e{found[2] or 0}"):
            self.fail(node, f"the limit of {key!r} is a number of milliseconds above 0, such as 200, without a unit")
        return self.decimal(node, key)[0]

    def amount(self, node: yaml.Node, key: str) -> float:
        """A number without a unit, 0 included."""
        number, percent = self.decimal(node, key)
        if percent:
            self.fail(node, f"{key!r} is a number, not a share")
        return number

    def decimal(self, node: yaml.Node, key: str) -> tuple[float, bool]:
        """A number as written, and whether it is in percent."""
        found = _NUMBER.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if not found:
            self.fail(node, f"{key!r} is a number such as 0.01 or 1%")
        return float(f"{found[1]}e{found[2] or 0}"), bool(found[3])

    def decides(self, node: yaml.Node, key: str) -> bool:
        """Whether a check decides or is only told."""
        return self.word(node, key, _WORDS) == DECIDES

    def by_endpoint(
        self, node: yaml.Node, key: str, read: Callable[[yaml.Node, str], float]
    ) -> tuple[tuple[str, float], ...]:
        """Numbers by globs over endpoints, each there once."""
        if not isinstance(node, yaml.MappingNode):
            example = 200 if key == "p95_ms" else 0.01
            self.fail(node, f'{key!r} names endpoints, as in  {key}: {{"GET /users/*": {example}}}')
        found: dict[str, float] = {}
        for glob, value in node.value:
            name = self.text(glob, key)
            if name in found:
                self.fail(glob, f"{key!r} has {name!r} twice; write it once")
            found[name] = read(value, name)
        return tuple(found.items())


class _Reader:
    """Reads one file; each part is a method of its key's name."""

    def __init__(self, nodes: _Values, root: yaml.Node) -> None:
        self._nodes = nodes
        self._top = nodes.members(root, _TOP, "a gate")
        self._limited = self._members("limits", _LIMITS)
        self._differing = self._members("mismatches", _MISMATCHES)

    def settings(self) -> GateSettings:
        nodes, default = self._nodes, GateSettings()
        coverage = self._get(self._top, "coverage", nodes.share, default.coverage)
        settings = GateSettings(
            alpha=self._alpha(default.alpha),
            coverage=coverage,
            upstream=self._get(self._top, "upstream", nodes.share, default.upstream),
            apart=self._get(self._top, "apart", nodes.share, default.apart),
            noise_decides=self._get(self._top, "noise", nodes.decides, default.noise_decides),
            mismatches=self._mismatches(),
            min_error_sessions=self._min_sessions(
                self._members("server_errors", ("min_sessions",)), default.min_error_sessions
            ),
            latency=self._latency(),
            limits=self._limits(coverage),
        )
        self._refuse_contradictions(settings)
        return settings

    def _members(self, key: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        return self._nodes.members(self._top[key], known, repr(key)) if key in self._top else {}

    def _get(self, members: dict[str, yaml.Node], key: str, read: Callable[[yaml.Node, str], Any], default: Any) -> Any:
        return read(members[key], key) if key in members else default

    def _alpha(self, default: float) -> float:
        alpha = float(self._get(self._top, "alpha", self._nodes.share, default))
        if not 0 < alpha <= _MOST_ALPHA:
            self._nodes.fail(
                self._top["alpha"], "'alpha' is how often a run without changes may fail, above 0 and at most 0.1"
            )
        return alpha

    def _min_sessions(self, members: dict[str, yaml.Node], default: int) -> int:
        if "min_sessions" not in members:
            return default
        return self._nodes.count(members["min_sessions"], "min_sessions", 1, _MOST_SESSIONS)

    def _mismatches(self) -> Mismatches:
        """Without a word on them, a limit on what differs takes their place."""
        nodes, members, default = self._nodes, self._differing, Mismatches()
        is_limited = not {"max_issues", "max_mismatch_percent"}.isdisjoint(self._limited)
        return Mismatches(
            max_rate=self._get(members, "max_rate", nodes.share, default.max_rate),
            min_sessions=self._min_sessions(members, default.min_sessions),
            endpoints=self._rates(members),
            decides=self._get(members, "verdict", nodes.decides, bool(members) or not is_limited),
        )

    def _rates(self, members: dict[str, yaml.Node]) -> tuple[tuple[str, float], ...]:
        if "endpoints" not in members:
            return ()
        return self._nodes.by_endpoint(members["endpoints"], "endpoints", self._nodes.share)

    def _latency(self) -> LatencySettings:
        """Its keys are the settings' own names, each read by what it is."""
        default = asdict(LatencySettings())
        members = self._members("latency", tuple(default))
        settings = LatencySettings(**{key: self._timed(key, value, members) for key, value in default.items()})
        for key in ("shift", "shift_bound", "tail", "uniform"):
            if getattr(settings, key) < 1:
                self._nodes.fail(members[key], f"{key!r} is how many times as long something may take, at least 1")
        self._refuse_bound("shift", "shift_bound", members, settings)
        self._refuse_bound("tail_share", "tail_bound_share", members, settings)
        return settings

    def _timed(self, key: str, default: Any, members: dict[str, yaml.Node]) -> Any:
        nodes = self._nodes
        if isinstance(default, bool):
            return self._get(members, key, nodes.decides, default)
        if isinstance(default, int):
            return self._get(members, key, lambda node, name: nodes.count(node, name, 1, _MOST_SESSIONS), default)
        return self._get(members, key, nodes.share if key.endswith("_share") else nodes.amount, default)

    def _refuse_bound(self, key: str, bound: str, members: dict[str, yaml.Node], settings: LatencySettings) -> None:
        """What must surely be exceeded lies below what must be reached."""
        reached, surely = getattr(settings, key), getattr(settings, bound)
        if surely > reached:
            self._nodes.fail(
                members.get(bound, members.get(key, self._top["latency"])),
                f"{key!r} is {reached:g} and {bound!r} {surely:g}, so that {key!r} could never decide; make {bound!r} the"
                " smaller one",
            )

    def _limits(self, coverage: float) -> Limits:
        """What coverage does not leave over may not fail either, unless somebody says so, and then one of the two is wrong."""
        nodes, members, default = self._nodes, self._limited, Limits()
        issues = members.get("max_issues")
        p95 = members.get("p95_ms")
        return Limits(
            max_issues=None if issues is None else nodes.count(issues, "max_issues", 0, _MOST_ISSUES),
            max_failed_percent=self._get(
                members, "max_failed_percent", nodes.percent, min(default.max_failed_percent, _left(coverage))
            ),
            max_mismatch_percent=self._get(members, "max_mismatch_percent", nodes.percent, None),
            p95_ms=() if p95 is None else nodes.by_endpoint(p95, "p95_ms", nodes.positive),
        )

    def _refuse_contradictions(self, settings: GateSettings) -> None:
        limits, members = settings.limits, self._limited
        left = _left(settings.coverage)
        if "max_failed_percent" in members and limits.max_failed_percent > left:
            self._nodes.fail(
                members["max_failed_percent"],
                f"'max_failed_percent' lets {limits.max_failed_percent:g} % fail, but 'coverage' wants"
                f" {100 * settings.coverage:g} % compared, which leaves {left:g} %; lower the one or the other",
            )
        differing = settings.mismatches
        if not differing.decides or differing.max_rate or differing.endpoints:
            return
        if limits.max_mismatch_percent:
            self._nodes.fail(
                members["max_mismatch_percent"],
                f"'max_mismatch_percent' lets {limits.max_mismatch_percent:g} % differ, but 'mismatches' lets none"
                " ('max_rate' is 0); raise 'max_rate', say 'verdict: advisory' there, or leave one of them out",
            )


def _left(coverage: float) -> float:
    """Percent that need not be compared; of 90 % that is 10, whatever floats say."""
    return round(100 * (1 - coverage), 9)
