"""Which of a run's targets the rows of a recorded host go to.

Law: pure; a route is a function of the recorded scheme and authority alone, so that every process sends a row to the same
place. The most specific rule wins, whatever the order they were given in: a name before a wildcard, a longer wildcard
before a shorter one, a port before none, a scheme before none; what no rule is about goes to `--host`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.plan.host import DEFAULT_PORTS, Host, split_authority
from replay_users.plan.layout import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from replay_users.plan.map_rule import MapRule
    from replay_users.plan.proxy import Proxy

__all__ = ["SEVERAL", "PlannedTarget", "Route", "Router", "planned_targets", "refuse_uncovered"]

SEVERAL = "several"
"""What stands for the target of a run that has more than one."""

_KNOWN = 4096
"""How many recorded authorities a router remembers; one of more hosts forgets and starts again."""


@dataclass(frozen=True, slots=True)
class Route:
    """A target of a run and what Host says there, `None` for the recorded authority; name as in `Host`."""

    scheme: str
    name: str
    port: int
    host_header: str | None

    @property
    def host(self) -> Host:
        """Where it goes."""
        return Host(self.scheme, self.name, self.port)

    @property
    def url(self) -> str:
        """The target as a URL."""
        return self.host.url


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """A target with the recorded hosts and rows that go to it, of the whole recording.

    `exact` is false where a host goes to several targets by its rows' schemes, which only the rows know: then `rows` is the
    most that may come. The proxy's URL is for a person; processes of one run may each have their own.
    """

    route: Route
    hosts: int
    rows: int
    exact: bool
    proxy: str | None = field(default=None, compare=False)

    @property
    def host_header(self) -> str:
        """What Host says, or `as recorded`."""
        return "as recorded" if self.route.host_header is None else self.route.host_header


class Router:
    """Where each recorded host goes.

    Attributes:
        targets: each once; what no map covers goes to the first one, if there is a `--host`.
        reads_scheme: whether it has to know the scheme of rows.
    """

    __slots__ = ("_default", "_known", "_ranked", "reads_scheme", "rules", "targets")

    def __init__(self, rules: Iterable[MapRule], host: Host | None, *, preserve_host: bool) -> None:
        """`host` takes what no rule covers; without one, that goes nowhere."""
        self.rules = tuple(rules)
        places = list(dict.fromkeys([*([host] if host else []), *(rule.target for rule in self.rules)]))
        self.targets = tuple(Route(p.scheme, p.name, p.port, None if preserve_host else p.authority) for p in places)
        self.reads_scheme = any(rule.scheme for rule in self.rules)
        self._default = 0 if host else None
        ranked = sorted(self.rules, key=lambda rule: rule.rank, reverse=True)
        self._ranked = [(rule, places.index(rule.target)) for rule in ranked]
        self._known: dict[tuple[str, str], int | None] = {}

    @property
    def is_single(self) -> bool:
        """Whether everything goes to one place, whatever it was recorded from."""
        return not self.rules

    def option(self, nth: int) -> str:
        """The option that gave the nth target; `--host` if several did."""
        return "--host" if nth == self._default else "--map"

    @property
    def schemes(self) -> tuple[str, ...]:
        """What `route` has to be asked for to know all that may become of an authority."""
        return tuple(DEFAULT_PORTS) if self.reads_scheme else ("",)

    def route(self, scheme: str, authority: str) -> int | None:
        """The index of the target of rows with this scheme (if it is read) and authority; `None` if nothing covers them."""
        known = self._known
        key = (scheme, authority)
        if key in known:
            return known[key]
        if len(known) >= _KNOWN:
            known.clear()
        found = known[key] = self._find(scheme.lower(), authority)
        return found

    def _find(self, scheme: str, authority: str) -> int | None:
        place = split_authority(authority)
        if place is not None:
            for rule, nth in self._ranked:
                if rule.matches(scheme, *place):
                    return nth
        return self._default

    def covers(self, rule: MapRule, authorities: Iterable[str]) -> bool:
        """Whether a rule is about any of these recorded authorities."""
        places = [place for place in map(split_authority, authorities) if place is not None]
        return any(rule.matches(scheme, *place) for place in places for scheme in self.schemes)

    def may_reach(self, authority: str) -> frozenset[int | None]:
        """All that may become of rows of this authority, whatever their scheme."""
        return frozenset(self.route(scheme, authority) for scheme in self.schemes)


def refuse_uncovered(router: Router, authorities: Iterable[str]) -> None:
    """Refuse a run some of whose recorded hosts have no target at all.

    Raises:
        UsageError: the sentence names the first of them.
    """
    lost = [authority for authority in authorities if router.may_reach(authority) == {None}]
    if not lost:
        return
    hosts = "hosts" if len(lost) > 1 else "host"
    raise UsageError(
        f"no target is given for the recorded {hosts} {listed(lost)}: add --map HOST=STAGING for each,"
        " or --host URL for all that no map covers"
    )


def planned_targets(
    router: Router, proxies: Sequence[Proxy | None], hosts: Mapping[str, int]
) -> tuple[PlannedTarget, ...]:
    """The targets with what goes to each and through which proxy, given rows by recorded authority."""
    ways = {authority: router.may_reach(authority) for authority in hosts}
    found = []
    for nth, (route, proxy) in enumerate(zip(router.targets, proxies, strict=True)):
        mine = [authority for authority, way in ways.items() if nth in way]
        exact = all(len(ways[authority]) == 1 for authority in mine)
        rows = sum(hosts[authority] for authority in mine)
        found.append(PlannedTarget(route, len(mine), rows, exact, proxy.host.url if proxy else None))
    return tuple(found)
