from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.rules.hosts import HostMap
from replay_users.errors import UsageError


@pytest.mark.parametrize(
    ("pairs", "text", "mapped"),
    [
        pytest.param(["a.example=b.example"], "https://a.example/x?y", "https://b.example/x?y", id="url"),
        pytest.param(["a.example=b.example"], "at A.Example.", "at b.example.", id="sentence-in-capitals"),
        pytest.param(["a.example=b.example"], "aa.example", "aa.example", id="longer-name"),
        pytest.param(["a.example=b.example"], "x.a.example", "x.a.example", id="below"),
        pytest.param(["a.example=b.example"], "a.example.org", "a.example.org", id="above"),
        pytest.param(["a.example=b.example"], "a-example", "a-example", id="dots-are-dots"),
        pytest.param(["a.example=b.example"], "a.example:8080", "b.example:8080", id="a-port-stays"),
        pytest.param(
            ["a.example=b.example:1"], "http://a.example:8080/", "http://b.example:1/", id="a-port-is-replaced"
        ),
        pytest.param(["a.example:80=b.example"], "a.example:80 a.example:81", "b.example a.example:81", id="that-port"),
        pytest.param(["a.example=http://b"], "https://a.example/ //a.example", "http://b/ //http://b", id="scheme"),
        pytest.param(["https://a.example=http://b"], "https://a.example/", "http://b/", id="that-scheme"),
        pytest.param(["a=x", "a.b=y"], "a a.b", "x y", id="the-longer-one-first"),
        pytest.param(["10.0.0.1=[::1]:80"], "10.0.0.1, 10.0.0.11", "[::1]:80, 10.0.0.11", id="addresses"),
        pytest.param(
            ["a.example=b.example:1", "https://a.example=http://b.example:1"],
            "/login?next=https%3A%2F%2Fa.example%2Fx%3Fback%3Dhttps%3a%2f%2fa.example%3A443%2f",
            "/login?next=http%3A%2F%2Fb.example%3A1%2Fx%3Fback%3Dhttp%3A%2F%2Fb.example%3A1%2f",
            id="percent-encoded-with-scheme",
        ),
        pytest.param(["a.example=b.example:1"], "?at=%2F%2Fa.example%2F", "?at=%2F%2Fb.example%3A1%2F", id="encoded"),
        pytest.param(["a.example=b.example:1"], "100% of a.example", "100% of b.example:1", id="a-percent-sign"),
        pytest.param(["a.example=b"], "%2Faa.example %2Fa.example.org", "%2Faa.example %2Fa.example.org", id="others"),
        pytest.param(
            ["a.example=b.example:1", "https://a.example=http://b.example:1"],
            r"u='https:\/\/a.example\/x' v='\/\/a.example\/'",
            r"u='http:\/\/b.example:1\/x' v='\/\/b.example:1\/'",
            id="escaped-slashes",
        ),
        pytest.param(
            ["a.example=a.example:8080"], "a.example:8080 a.example", "a.example:8080 a.example:8080", id="port-only"
        ),
    ],
)
def test_hosts_are_replaced_in_texts(pairs: list[str], text: str, mapped: str) -> None:
    """Whole hosts only, wherever they stand."""
    assert HostMap.parse(pairs).apply(text) == mapped


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        pytest.param(["a"], "no pair of hosts", id="no-pair"),
        pytest.param(["a="], "no pair of hosts", id="half-a-pair"),
        pytest.param(["a b=c"], "no pair of hosts", id="no-host"),
        pytest.param(["a/x=b"], "no pair of hosts", id="path"),
        pytest.param(["a=b", "A=c"], "a is to become b and c", id="two-meanings"),
        pytest.param(["a=b", "b=c"], "b stands for a and is itself to become another", id="chain"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(pairs: list[str], sentence: str) -> None:
    """With what is wrong and what to write."""
    with pytest.raises(UsageError, match=sentence):
        HostMap.parse(pairs)


@given(st.text("ab.:/x ", max_size=20))
def test_mapping_twice_is_mapping_once(text: str) -> None:
    """So that the staging side, which is mapped too, stays what it is."""
    hosts = HostMap.parse(["a.b=x.x:1"])
    assert hosts.apply(hosts.apply(text)) == hosts.apply(text)
    assert HostMap.parse(hosts.texts()) == hosts


def test_what_is_no_pair_of_hosts_is_left_out() -> None:
    """A run's own pairs come from what clients sent for a host: nonsense says nothing, and is no error."""
    hosts = HostMap.of({"a": "b", "": "b", "no host": "b", "b": "b", "b.c": "a"})
    assert hosts is not None
    assert hosts.texts() == ["a=b", "b.c=a"]
    assert HostMap.of({"a": "a", "%": "b"}) is None
