"""Which target a recorded host goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.plan.host import Host, parse_host
from replay_users.plan.map_rule import MapRule, parse_maps
from replay_users.plan.proxy import Proxy
from replay_users.plan.route import PlannedTarget, Route, Router, planned_targets, refuse_uncovered

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

STAGING = parse_host("http://staging")


def router(*maps: str, host: str | None = None, preserve_host: bool = False) -> Router:
    """A router of these maps."""
    return Router(parse_maps(maps), parse_host(host) if host else None, preserve_host=preserve_host)


def goes_to(router: Router, scheme: str, authority: str) -> str | None:
    """The URL of the target of a row."""
    nth = router.route(scheme, authority)
    return None if nth is None else router.targets[nth].url


@pytest.mark.parametrize(
    ("scheme", "authority", "target"),
    [
        pytest.param("http", "a.shop.com", "http://exact", id="a name before wildcards"),
        pytest.param("http", "b.shop.com", "http://below-shop", id="a wildcard"),
        pytest.param("http", "b.eu.shop.com", "http://below-eu", id="the longer wildcard"),
        pytest.param("http", "a.shop.com:81", "http://port", id="a port before none"),
        pytest.param("https", "a.shop.com:81", "http://port", id="a port of any scheme"),
        pytest.param("https", "a.shop.com", "https://secure", id="a scheme, with the port it implies"),
        pytest.param("HTTPS", "A.Shop.com.:443", "https://secure", id="in any spelling"),
        pytest.param("http", "shop.com", "http://rest", id="what nothing is about"),
        pytest.param("http", "", "http://rest", id="no authority"),
        pytest.param("http", "a:b:c", "http://rest", id="what is no authority"),
    ],
)
def test_the_most_specific_rule_wins(scheme: str, authority: str, target: str) -> None:
    """Whatever the order the rules were given in."""
    maps = (
        "*.shop.com=http://below-shop",
        "a.shop.com=http://exact",
        "*.eu.shop.com=http://below-eu",
        "a.shop.com:81=http://port",
        "https://a.shop.com=https://secure",
    )
    for order in (maps, maps[::-1]):
        assert goes_to(router(*order, host="http://rest"), scheme, authority) == target


def test_targets_are_there_once() -> None:
    """Two hosts that go to one place share a target; the first is the one for everything else."""
    both = router("a=http://staging:80", "b=http://STAGING", "c=https://other:8443", host="http://rest")
    assert both.targets == (
        Route("http", "rest", 80, "rest"),
        Route("http", "staging", 80, "staging"),
        Route("https", "other", 8443, "other:8443"),
    )
    assert router("a=http://rest", host="http://rest").targets == (Route("http", "rest", 80, "rest"),)


def test_the_recorded_host_can_be_preserved() -> None:
    """Then no target has a Host of its own."""
    kept = router("a=http://staging", host="https://rest", preserve_host=True)
    assert [route.host_header for route in kept.targets] == [None, None]


def test_schemes_are_read_only_for_rules_that_name_one() -> None:
    """Reading them costs each row something."""
    assert not router("a=http://b", "c:80=https://d").reads_scheme
    assert router("a=http://b", "http://c=http://d").reads_scheme


def test_one_target_for_all_is_single() -> None:
    """A single target needs no routing; a map alone does, because what it does not cover goes nowhere."""
    assert router(host="http://a").is_single
    assert not router("a=http://b").is_single


NAMES = ["a.b.c", "b.c", "x.b.c", "c", "10.0.0.1", "::1"]
rules = st.builds(
    MapRule,
    scheme=st.sampled_from([None, "http", "https"]),
    name=st.sampled_from(NAMES),
    port=st.sampled_from([None, 80, 443, 81]),
    wildcard=st.booleans(),
    target=st.sampled_from([Host("http", f"t{n}", 80) for n in range(4)]),
).map(lambda rule: rule if rule.scheme is None or rule.port else MapRule(*_implied(rule)))
authorities = st.builds(
    lambda name, port: (f"[{name}]" if ":" in name else name) + port,
    st.sampled_from(NAMES),
    st.sampled_from(["", ":80", ":443", ":81"]),
)


def _implied(rule: MapRule) -> tuple[str | None, str, int, bool, Host]:
    return rule.scheme, rule.name, 443 if rule.scheme == "https" else 80, rule.wildcard, rule.target


def naive(given: list[MapRule], host: Host | None, scheme: str, authority: str) -> Host | None:
    """What the law says, said again: among the rules about a row, the one that no other is more specific than."""
    name, port = authority, None
    if authority.startswith("["):
        name, _, rest = authority[1:].partition("]")
        port = int(rest[1:]) if rest else None
    elif ":" in authority:
        name, port = authority.split(":", maxsplit=1)[0], int(authority.split(":")[1])
    found = []
    for rule in given:
        mine = port or ({"http": 80, "https": 443}[scheme] if rule.scheme else None)
        inside = name.endswith(f".{rule.name}") if rule.wildcard else name == rule.name
        if inside and rule.scheme in (None, scheme) and rule.port in (None, mine):
            found.append(rule)
    if not found:
        return host
    order: list[Callable[[MapRule], int]] = [
        lambda r: not r.wildcard,
        lambda r: len(r.name),
        lambda r: r.port is not None,
        lambda r: r.scheme is not None,
    ]
    for better in order:
        best = max(better(rule) for rule in found)
        found = [rule for rule in found if better(rule) == best]
    return found[0].target


@given(
    st.lists(rules, max_size=6, unique_by=lambda r: (r.scheme, r.name, r.port, r.wildcard)),
    st.sampled_from([None, Host("https", "rest", 443)]),
    st.lists(st.tuples(st.sampled_from(["http", "https"]), authorities), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_a_route_depends_on_scheme_and_authority_alone(
    given_rules: list[MapRule], host: Host | None, rows: list[tuple[str, str]], chance: Random
) -> None:
    """Each row goes where the law says, whatever was asked before and in whatever order the rules came."""
    mine = Router(given_rules, host, preserve_host=False)
    shuffled = list(given_rules)
    chance.shuffle(shuffled)
    other = Router(shuffled, host, preserve_host=False)
    for scheme, authority in [*rows, *rows]:
        nth, again = mine.route(scheme, authority), other.route(scheme, authority)
        expected = naive(given_rules, host, scheme, authority)
        assert (None if nth is None else mine.targets[nth].host) == expected
        assert (None if again is None else other.targets[again].host) == expected


def test_what_is_remembered_is_bounded() -> None:
    """A recording of very many hosts does not fill the memory, and is routed right."""
    many = router("*.example=http://a", host="http://b")
    routes = {many.route("", f"h{nth}.example") for nth in range(5000)}
    assert routes == {1}
    assert len(many._known) <= 4096


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        pytest.param(
            ["shop", "a"],
            "no target is given for the recorded host 'a': add --map HOST=STAGING for each,"
            " or --host URL for all that no map covers",
            id="one",
        ),
        pytest.param(["a", "b", "c", "d", "e"], "recorded hosts 'a', 'b', 'c' and 2 more: add --map", id="many"),
        pytest.param(["", "shop"], "no target is given for the recorded host '", id="no host at all"),
        pytest.param(["\x1b[31m"], r"'\\x1b[31m'", id="what a terminal would obey"),
    ],
)
def test_hosts_without_a_target_are_named(hosts: list[str], sentence: str) -> None:
    """The first three, how many more there are, and the two ways on."""
    with pytest.raises(UsageError) as refused:
        refuse_uncovered(router("shop=http://staging"), hosts)
    assert sentence in str(refused.value)


def test_covered_hosts_are_fine() -> None:
    """By a map, by `--host`, or for one of the two schemes at least."""
    refuse_uncovered(router("shop=http://staging"), ["shop", "SHOP:8080"])
    refuse_uncovered(router("shop=http://staging", host="http://rest"), ["shop", "a", ""])
    refuse_uncovered(router("https://shop=http://staging"), ["shop"])


def test_targets_are_planned_with_what_goes_there() -> None:
    """Hosts and rows by target; where only a row's scheme decides, the rows are the most that may come."""
    hosts = {"a": 5, "b": 3, "b:81": 2, "c": 1}
    routed = router("a=http://one", "https://b=https://two", host="http://rest")
    proxy = Proxy(parse_host("http://proxy:3128"))
    rest, one, two = routed.targets
    assert planned_targets(routed, (None, proxy, None), hosts) == (
        PlannedTarget(rest, 3, 6, exact=False),
        PlannedTarget(one, 1, 5, exact=True),
        PlannedTarget(two, 1, 3, exact=False),
    )
    assert planned_targets(routed, (None, proxy, None), hosts)[1].proxy == "http://proxy:3128"


def test_the_option_that_gave_a_target() -> None:
    """A target is of `--host` if that names it, else of `--map`."""
    both = router("a=https://mapped", "b=http://rest", host="http://rest")
    assert [(route.name, both.option(nth)) for nth, route in enumerate(both.targets)] == [
        ("rest", "--host"),
        ("mapped", "--map"),
    ]
    assert router("a=https://mapped").option(0) == "--map"
