"""The real InfluxDBs that these tests ask as Grafana would: 2.7 and 1.6, whichever this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.influxd import InfluxdOne, InfluxdTwo, find_influxd, find_old_influxd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.influxd import Influxd


@pytest.fixture(scope="session", params=[InfluxdTwo, InfluxdOne], ids=["2.7", "1.6"])
def influx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """A server with an empty database; where it is missing, the tests that need it say so."""
    kind = request.param
    binary = find_influxd() if kind is InfluxdTwo else find_old_influxd()
    if binary is None:
        pytest.skip("no influxd of 2.7: see CONTRIBUTING.md" if kind is InfluxdTwo else "no influxd of 1.x on the PATH")
    with kind(binary, tmp_path_factory.mktemp("influxd")) as server:
        yield server
