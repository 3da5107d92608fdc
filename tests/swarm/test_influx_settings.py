"""Whether and where points are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import UsageError
from replay_users.swarm import influx_settings
from replay_users.swarm.influx_settings import read_influx
from replay_users.swarm.master import granted_options
from replay_users.swarm.options import OPTIONS
from replay_users.swarm.settings import planned_settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.swarm.conftest import MakeOptions

URL = "http://influx:8086"
SECRET = "abc-very-secret=="


def test_nothing_is_written_unless_asked(options: MakeOptions) -> None:
    """Without an address there is no InfluxDB, whatever else the environment has."""
    assert read_influx(options(), {"INFLUXDB_V2_TOKEN": SECRET, "INFLUXDB_V2_ORG": "o"}) is None


def test_options_say_where(options: MakeOptions, tmp_path: Path) -> None:
    """Address, organisation, bucket and the file of the token."""
    (tmp_path / "token").write_text(f"{SECRET}\n")
    given = options(influx_url=f"{URL}/", influx_org="o", influx_bucket="b", influx_token_file=str(tmp_path / "token"))
    target = read_influx(given, {"INFLUXDB_V2_TOKEN": "another"})
    assert target is not None
    assert (target.url, target.org, target.bucket, target.token) == (URL, "o", "b", SECRET)
    assert SECRET not in repr(target)


def test_the_client_s_own_environment_says_where(options: MakeOptions) -> None:
    """Who has set up influxdb-client has set up this; the bucket is `replay`, and an option is stronger."""
    environ = {"INFLUXDB_V2_URL": URL, "INFLUXDB_V2_ORG": "o", "INFLUXDB_V2_TOKEN": SECRET}
    environ |= {"INFLUXDB_V2_SSL_CA_CERT": "ca.pem", "INFLUXDB_V2_VERIFY_SSL": "False"}
    target = read_influx(options(), environ)
    assert target is not None
    assert (target.url, target.org, target.bucket, target.token) == (URL, "o", "replay", SECRET)
    assert dict(target.tls) == {"ssl_ca_cert": "ca.pem", "verify_ssl": False}
    other = read_influx(options(influx_url="http://other:1", influx_org="p"), environ)
    assert other is not None
    assert (other.url, other.org) == ("http://other:1", "p")
    assert read_influx(options(influx_url="none"), environ) is None


def test_a_user_of_1_x_comes_from_the_environment(options: MakeOptions) -> None:
    """User and password by the names of InfluxDB's own command line."""
    target = read_influx(options(influx_url=URL), {"INFLUX_USERNAME": "u", "INFLUX_PASSWORD": SECRET})
    assert target is not None
    assert (target.user, target.password) == ("u", SECRET)
    assert SECRET not in repr(target)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"influx_url": URL, "influx_token": SECRET}, "set INFLUXDB_V2_TOKEN", id="token-on-the-line"),
        pytest.param({"influx_token": SECRET}, "--influx-token-file", id="token-without-address"),
        pytest.param({"influx_url": f"http://u:{SECRET}@influx:8086"}, "leave out", id="password-in-the-address"),
        pytest.param({"influx_url": f"{SECRET}@influx:8086"}, "may hold no password", id="user-without-scheme-x"),
        pytest.param({"influx_url": f"{URL}?token={SECRET}"}, "leave out", id="token-in-the-address"),
        pytest.param({"influx_url": f"{URL}#{SECRET}"}, "leave out", id="token-behind-the-address"),
        pytest.param({"influx_url": "influx:8086"}, "write it like http://influxdb:8086", id="no-scheme"),
        pytest.param({"influx_url": "http://"}, "write it like", id="no-host"),
        pytest.param({"influx_url": "http://a:port"}, "write it like", id="no-port"),
        pytest.param({"influx_url": "http://[::1"}, "write it like", id="broken-address"),
        pytest.param({"influx_bucket": "b"}, "--influx-bucket does nothing without --influx-url", id="bucket-alone"),
        pytest.param({"influx_org": "o"}, "--influx-org does nothing without", id="org-alone"),
        pytest.param({"influx_token_file": "f"}, "--influx-token-file does nothing without", id="file-alone"),
        pytest.param(
            {"influx_url": URL, "influx_token_file": "/nonexistent"},
            "--influx-token-file /nonexistent cannot be read: No such file",
            id="no-file",
        ),
    ],
)
def test_what_cannot_be_is_refused(options: MakeOptions, changes: dict[str, Any], sentence: str) -> None:
    """One sentence with its cure and exit code 2, in which no secret is repeated."""
    with pytest.raises(UsageError) as refused:
        read_influx(options(**changes), {})
    assert sentence in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"two words", b"two\nlines", b"\xff\xfe", "tok\u00e9n".encode()])
def test_a_file_without_a_token_is_refused(options: MakeOptions, tmp_path: Path, content: bytes) -> None:
    """What it holds instead is not repeated."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="--influx-token-file") as refused:
        read_influx(options(influx_url=URL, influx_token_file=str(path)), {})
    assert "words" not in str(refused.value)


def test_without_the_extra_a_run_is_refused(options: MakeOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent, with what to install; without InfluxDB nobody misses it."""
    monkeypatch.setattr(influx_settings, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'replay-users\[influx\]'") as refused:
        read_settings(options(recording="rec", influx_url=URL), "http://staging")
    assert refused.value.exit_code == 2
    assert read_settings(options(recording="rec"), "http://staging").influx is None
    assert planned_settings(options(recording="rec", influx_url=URL), "http://staging").influx is None


def test_workers_are_told_nothing_of_it(options: MakeOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The master writes for all; a worker has neither address nor login, whatever its own environment says."""
    given = options(recording="rec", influx_url=URL, influx_bucket="b")
    assert not [name for name in granted_options(given, "http://staging") if name.startswith("influx")]
    monkeypatch.setenv("INFLUXDB_V2_URL", URL)
    assert read_settings(options(recording="rec"), "http://staging", writes=False).influx is None


def test_the_web_form_has_nothing_of_it() -> None:
    """Where points go is the operator's to say."""
    assert all(not option.web for option in OPTIONS if option.name.startswith("influx"))
