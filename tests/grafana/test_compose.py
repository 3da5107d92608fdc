"""compose.yaml and the provisioning files: everything they name is there, and they name the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from replay_users.results.influx_schema import INTERVAL_S
from replay_users.swarm.influx_settings import BUCKET
from tests.grafana.asking import BOARDS, GRAFANA

ROOT = GRAFANA.parents[1]
COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: Any = COMPOSE["services"]
DATASOURCE: Any = yaml.safe_load((GRAFANA / "provisioning/datasources/replay.yaml").read_text("utf-8"))["datasources"][
    0
]
PROVIDER: Any = yaml.safe_load((GRAFANA / "provisioning/dashboards/replay.yaml").read_text("utf-8"))["providers"][0]

services = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def default(text: str) -> str:
    """A value as it is where nobody has set anything."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def mounts(service: Any) -> dict[str, str]:
    """What is mounted where."""
    return {where: what for what, where, *_ in (volume.split(":") for volume in service["volumes"])}


@services
def test_what_is_mounted_is_there(service: Any) -> None:
    """Folders of this repository, read only; or volumes that are declared."""
    for volume in service["volumes"]:
        what, _, *mode = volume.split(":")
        if what.startswith("./"):
            assert (ROOT / what).is_dir()
            assert mode == ["ro"]
        else:
            assert what in COMPOSE["volumes"]


@services
def test_a_service_is_for_this_machine_only(service: Any) -> None:
    """Ports are of loopback, images are of one version, and each says when it is ready."""
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert re.fullmatch(r"[\w/.-]+:\d+\.\d+\.\d+", service["image"])
    assert service["healthcheck"]["test"][0] == "CMD"


@services
def test_everything_has_a_default(service: Any) -> None:
    """`docker compose up` needs no preparation; booleans are text, as compose wants them."""
    values = service["environment"].values()
    assert all(isinstance(value, str) for value in values)
    assert not re.search(r"\$\{\w+\}|\$\w", " ".join([*values, *service["ports"]]))


def test_grafana_asks_the_influxdb_that_is_beside_it() -> None:
    """Address, database and token are one service's and the other's."""
    influx, grafana = SERVICES["influxdb"]["environment"], SERVICES["grafana"]["environment"]
    assert grafana["INFLUX_URL"] == "http://influxdb:8086"
    assert grafana["INFLUX_DATABASE"] == influx["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert grafana["INFLUX_TOKEN"] == influx["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]
    assert SERVICES["grafana"]["depends_on"] == {"influxdb": {"condition": "service_healthy"}}


def test_a_replay_needs_to_be_told_little() -> None:
    """The bucket is the one that replays write to by default, and names are those that a replay reads."""
    influx = SERVICES["influxdb"]["environment"]
    assert default(influx["DOCKER_INFLUXDB_INIT_BUCKET"]) == BUCKET
    assert "${INFLUXDB_V2_TOKEN:-" in influx["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"]
    assert "${INFLUXDB_V2_ORG:-" in influx["DOCKER_INFLUXDB_INIT_ORG"]
    assert len(default(influx["DOCKER_INFLUXDB_INIT_PASSWORD"])) >= 8  # InfluxDB takes no shorter one


def test_the_data_source_asks_in_influxql() -> None:
    """By both names of the database that Grafana's versions read, with the token, and by POST."""
    json_data = DATASOURCE["jsonData"]
    assert (DATASOURCE["type"], DATASOURCE["uid"], DATASOURCE["access"]) == ("influxdb", "replay-influx", "proxy")
    assert DATASOURCE["database"] == json_data["dbName"]
    assert (json_data["version"], json_data["httpMode"], json_data["timeInterval"]) == (
        "InfluxQL",
        "POST",
        f"{INTERVAL_S}s",
    )
    assert json_data["httpHeaderName1"] == "Authorization"
    assert DATASOURCE["secureJsonData"] == {"httpHeaderValue1": "Token $INFLUX_TOKEN"}


def test_what_provisioning_fills_in_is_set() -> None:
    """Every name that the data source's file leaves to the environment is one of the service's."""
    names = set(re.findall(r"\$(\w+)", str(DATASOURCE)))
    assert names == {"INFLUX_URL", "INFLUX_DATABASE", "INFLUX_TOKEN"}
    assert names <= set(SERVICES["grafana"]["environment"])


def test_the_dashboards_are_where_grafana_looks() -> None:
    """The provider's folder is the one that is mounted, and the first page is one of them."""
    found = mounts(SERVICES["grafana"])
    folder = PROVIDER["options"]["path"]
    assert found[folder] == "./k8s/grafana/dashboards"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.rpartition("/")[0] == folder
    assert home.rpartition("/")[2].removesuffix(".json") in BOARDS
    for kind in ("datasources", "dashboards"):
        assert found[f"/etc/grafana/provisioning/{kind}"] == f"./k8s/grafana/provisioning/{kind}"
    assert PROVIDER["folder"] == "Traffic replay"
    assert PROVIDER["allowUiUpdates"] is False
