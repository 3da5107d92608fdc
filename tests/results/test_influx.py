"""An InfluxDB as a writer sees it: real ones of 1.6 and 2.7, and others that are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay_users.results.delivery import Failed, Refused, Taken
from replay_users.results.end_points import end_points, start_point
from replay_users.results.influx import InfluxTarget, InfluxWriter
from replay_users.results.influx_lines import Lines
from replay_users.results.influx_schema import DIFF, EVENT, MEASUREMENTS, SERIES_BUDGET, Kind
from replay_users.results.line_protocol import tag_text
from replay_users.results.points import RunPoints
from tests.results.counting import big_tally, count_more, health
from tests.results.influx_parser import parse_all
from tests.results.test_end_points import FACTS, endpoint, result
from tests.results.test_line_protocol import NASTY, _plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.influxd import Influxd

pytestmark = pytest.mark.server

AT = 1_700_000_000_000_000_000
GOOD = f"replay_diff,endpoint=a,kind=b,run=r,signature=c count=1i {AT}\n"

NAMES: Final = (
    "GET /plain",
    "GET /comma,equals=space end ",
    "GET /\"quoted\"/'single'",
    "GET /back\\slash\\,x\\=y\\ z\\",
    "GET /two\nlines\r\tand\0more",
    "GET /😀/ünï/日本語/\u2028",
    "root['it\\'s']['a,b=c d'][*]",
    "=,=, ,",
    "# no comment",
    "",
)


def target_of(server: Influxd, **changes: Any) -> InfluxTarget:
    """Where a server is, with its login."""
    login = {"token": server.token, "user": server.user, "password": server.password}
    return InfluxTarget(**{"url": server.url, "org": server.org, "bucket": server.bucket, **login, **changes})


def writer_of(server: Influxd, **changes: Any) -> InfluxWriter:
    """A writer to it."""
    return InfluxWriter(target_of(server, **changes))


@pytest.mark.parametrize("name", NAMES)
def test_names_come_back_as_they_were(influxd: Influxd, name: str) -> None:
    """A server finds the tag and the string that were meant, however they look."""
    lines = Lines()
    payload = lines.of(DIFF, (name, "value", "r", name), {"count": 3, "sessions": 2}, AT)
    payload += lines.of(EVENT, ("start", "r"), {"title": name, "text": f"{name}!"}, AT)
    assert writer_of(influxd).write(payload) == Taken()
    (row,) = influxd.rows('SELECT * FROM "replay_diff"')
    assert (row["endpoint"], row["signature"], row["count"], row["sessions"]) == (tag_text(name), tag_text(name), 3, 2)
    (event,) = influxd.rows('SELECT * FROM "replay_event"')
    assert (event.get("title", ""), event["text"]) == (_plain(name), _plain(f"{name}!"))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(NASTY, min_size=30, max_size=30, unique_by=tag_text))
def test_any_names_come_back(influxd: Influxd, names: list[str]) -> None:
    """Thirty of any characters at once, each found again."""
    lines = Lines()
    payload = "".join(lines.of(DIFF, (name, "value", "any", "p"), {"count": n}, AT) for n, name in enumerate(names))
    assert writer_of(influxd).write(payload) == Taken()
    rows = influxd.rows('SELECT "endpoint", "count" FROM "replay_diff"')
    found = {(row["endpoint"], row["count"]) for row in rows}
    assert found >= {(tag_text(name), n) for n, name in enumerate(names)}
    influxd.clear()


def test_all_of_a_run_is_found_with_its_types(influxd: Influxd) -> None:
    """Everything that a run writes is in the server: as many series, each field with the type of the schema."""
    points, tally, random = RunPoints("r1", planned=9, rates=[1.0], rate_step_s=9.0), big_tally(20, 100), Random(1)
    writer = writer_of(influxd)
    payloads = [start_point(points, FACTS, AT)]
    for nth in range(1, 4):
        count_more(tally, random)
        payloads.append("".join(points.interval(tally, {"w": health(tally)}, at_s=5.0 * nth, at=AT + nth * 10**9)))
    told = result(endpoints=[endpoint(name, 5) for name in tally.endpoints])
    payloads.append("".join(end_points(points, told, started=AT, ended=AT + 10**10, at=AT + 10**10)))
    assert [writer.write(payload) for payload in payloads] == [Taken()] * 5
    written = [point for payload in payloads for point in parse_all(payload)]
    assert sum(len(series["values"]) for series in influxd.query("SHOW SERIES")) == len(points.lines)
    for name, measurement in MEASUREMENTS.items():
        fields = {row["fieldKey"]: row["fieldType"] for row in influxd.rows(f'SHOW FIELD KEYS FROM "{name}"')}
        assert fields.items() <= {field.name: str(field.kind) for field in measurement.fields}.items()
        tags = {row["tagKey"] for row in influxd.rows(f'SHOW TAG KEYS FROM "{name}"')}
        assert tags == set(measurement.tags)
        number = next(field.name for field in measurement.fields if field.name in fields)
        (count,) = influxd.rows(f'SELECT count("{number}") FROM "{name}"')  # noqa: S608 - of our constants
        assert count["count"] == len([p for p in written if p.measurement == name and number in p.fields])
    sent = sum(mine.sent for mine in tally.endpoints.values())
    assert influxd.rows('SELECT sum("sent") FROM "replay_compare"')[0]["sum"] == sent


def test_the_largest_run_has_no_more_series_than_it_may(influxd: Influxd) -> None:
    """200 endpoints, 2,000 signatures, changing all the time: the server counts at most 2,000 series."""
    points, tally, random = RunPoints("r1", planned=9), big_tally(200, 2_000), Random(1)
    writer = writer_of(influxd)
    for nth in range(1, 5):
        count_more(tally, random, each=8)
        payload = "".join(points.interval(tally, {"w": health(tally)}, at_s=5.0 * nth, at=AT + nth * 10**9))
        assert writer.write(payload) == Taken()
    found = sum(len(series["values"]) for series in influxd.query("SHOW SERIES"))
    assert 1_300 < found == len(points.lines) <= SERIES_BUDGET


def test_a_conflict_of_types_loses_that_point_alone(influxd: Influxd) -> None:
    """Somebody else wrote another type before: the server says so, the other points of the payload are there."""
    writer = writer_of(influxd)
    assert writer.write(f'replay_diff,endpoint=a,kind=b,run=r,signature=c count="x" {AT}\n') == Taken()
    other = GOOD.replace("count", "sessions").replace("=c ", "=d ")
    answer = writer.write(GOOD + other)
    assert isinstance(answer, Taken)
    assert answer.lost == 1
    assert "field type conflict" in answer.why
    assert len(influxd.rows('SELECT "sessions" FROM "replay_diff"')) == 1


def test_a_payload_that_cannot_be_read_is_spoilt(influxd: Influxd) -> None:
    """It will not be tried again."""
    answer = writer_of(influxd).write("nonsense\n")
    assert isinstance(answer, Refused)
    assert answer.is_spoilt
    assert "unable to parse 'nonsense'" in answer.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"bucket": "nope"}, "404", id="no-bucket"),
        pytest.param({"token": "", "user": "", "password": ""}, "401", id="no-login"),
        pytest.param({"token": "", "user": "replay", "password": "wrong-secret"}, "401", id="wrong-password"),
        pytest.param({"token": "wrong-secret", "user": ""}, "401", id="wrong-token"),
    ],
)
def test_who_may_not_write_is_told_the_cure(influxd: Influxd, changes: dict[str, str], why: str) -> None:
    """The server's own words, and what to do; the payload is not to blame, and no secret is in the sentence."""
    answer = writer_of(influxd, **changes).write(GOOD)
    assert isinstance(answer, Refused)
    assert not answer.is_spoilt
    assert f"{influxd.url} {why} " in answer.why
    assert any(word in answer.why for word in ("make it", "INFLUXDB_V2_TOKEN", "INFLUX_USERNAME"))
    assert "secret" not in answer.why


@pytest.mark.parametrize(("org", "why"), [("", "name it with --influx-org"), ("nope", "org 'nope'")])
def test_an_organisation_has_to_be_named(influxd_two: Influxd, org: str, why: str) -> None:
    """2.x wants one, and says when there is none of that name."""
    answer = writer_of(influxd_two, org=org).write(GOOD)
    assert isinstance(answer, Refused)
    assert not answer.is_spoilt
    assert why in answer.why


def test_a_login_of_1_x_is_a_user(influxd_one: Influxd) -> None:
    """Organisation and token are nothing to it."""
    influxd_one.clear()
    assert writer_of(influxd_one, org="", token="").write(GOOD) == Taken()
    assert influxd_one.rows('SELECT "count" FROM "replay_diff"')[0]["count"] == 1


def test_what_was_not_sent_can_be_loaded(influxd: Influxd, tmp_path: Any) -> None:
    """The command that stands in `unsent.lp` loads it, comment and all, with the login from the environment."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    writer = writer_of(influxd)
    writer.write(GOOD)
    influxd.clear()
    path = tmp_path / "it's $HOME in FILE; unsent.lp"
    command = writer.load_command(str(path))
    path.write_text(f"# {command}\n{GOOD}", encoding="utf-8")
    environment = {**os.environ, **influxd.environment}
    found = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found
    assert influxd.rows('SELECT "count" FROM "replay_diff"')[0]["count"] == 1
    for secret in filter(None, (influxd.token, influxd.password)):
        assert secret not in command


class _Told(BaseHTTPRequestHandler):
    """Answers every request as its server was told."""

    def do_POST(self) -> None:
        """Read it, answer."""
        server: Any = self.server
        self.rfile.read(int(self.headers["Content-Length"]))
        server.paths.append(self.path.partition("?")[0])
        status, headers, body = server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def told() -> Iterator[Any]:
    """A server that answers with `answer` (status, headers, body) and remembers `paths`."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Told)
    server.paths, server.answer = [], (204, {}, b"")
    server.target = InfluxTarget(url=f"http://127.0.0.1:{server.server_port}", org="o", bucket="b", token="a-secret")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "answer"),
    [
        pytest.param(204, {}, b"", Taken(), id="taken"),
        pytest.param(200, {}, b"welcome", Taken(), id="taken-with-a-body"),
        pytest.param(503, {}, b"", Failed("503"), id="unavailable"),
        pytest.param(503, {"Retry-After": "9"}, b"{}", Failed("503", 9.0), id="unavailable-for-a-while"),
        pytest.param(503, {"Retry-After": "tomorrow"}, b"{}", Failed("503"), id="unavailable-who-knows"),
        pytest.param(429, JSON, b'{"message":"slow down"}', Failed("429 slow down"), id="too-many"),
        pytest.param(500, JSON, b'{"error":"engine: no space left on device"}', Failed("500 engine"), id="full-disk"),
        pytest.param(500, {}, b"\xff\xfe", Failed(""), id="no-text"),
        pytest.param(413, {}, b"too large", Refused("413", is_spoilt=True), id="too-large"),
        pytest.param(
            422, JSON, b'{"message":"beyond retention"}', Refused("422 beyond", is_spoilt=True), id="conflict"
        ),
        pytest.param(
            400,
            JSON,
            b'{"error":"partial write: dropped=%b"}' % (b"9" * 5_000),
            Taken(999_999_999, "partial"),
            id="odd",
        ),
        pytest.param(403, JSON, b'{"message":"no a-secret"}', Refused("403 no …", is_spoilt=False), id="forbidden"),
        pytest.param(302, {"Location": "/login"}, b"", Refused("302", is_spoilt=False), id="sent-elsewhere"),
        pytest.param(404, {}, b"404 page not found", Refused("knows neither", is_spoilt=False), id="no-influx"),
        pytest.param(404, JSON, b'{"message":"no bucket"}', Refused("404 no bucket", is_spoilt=False), id="no-bucket"),
        pytest.param(404, JSON, b"[1]", Refused("knows neither", is_spoilt=False), id="json-of-somebody-else"),
    ],
)
def test_each_answer_means_something(
    told: Any, status: int, headers: dict[str, str], body: bytes, answer: Taken | Failed | Refused
) -> None:
    """What a server says is a value; nothing raises, redirects are not followed, and secrets are not repeated."""
    told.answer = status, headers, body
    found = InfluxWriter(told.target).write(GOOD)
    assert type(found) is type(answer)
    assert answer.why in found.why
    assert "a-secret" not in found.why
    assert replace(found, why="") == replace(answer, why="")


def test_an_older_server_is_asked_the_old_way_from_then_on(influxd_one: Influxd) -> None:
    """`/api/v2/write` is unknown to it, which is asked once."""
    writer = writer_of(influxd_one)
    writer.write(GOOD)
    assert writer._path == "/write"
    assert "/write?db=replay&precision=ns" in writer.load_command("file")


def test_who_had_no_token_is_told_to_give_one(told: Any) -> None:
    """A server that refused points for want of a token would refuse the file as well: the command has the token's name."""
    writer = InfluxWriter(replace(told.target, token="", user="", password=""))
    assert "Authorization" not in writer.load_command("file")
    told.answer = (
        401,
        {"Content-Type": "application/json"},
        b'{"code": "unauthorized", "message": "unauthorized access"}',
    )
    assert isinstance(writer.write(GOOD), Refused)
    assert '-H "Authorization: Token $INFLUXDB_V2_TOKEN"' in writer.load_command("file")


def test_a_proxy_whose_server_is_away_is_not_another_server(told: Any) -> None:
    """A 404 in HTML, after points were written, is tried again, at the same path; before that, it is no InfluxDB."""
    writer = InfluxWriter(told.target)
    assert writer.write(GOOD) == Taken()
    told.answer = 404, {"Content-Type": "text/html"}, b"<h1>default backend</h1>"
    assert isinstance(writer.write(GOOD), Failed)
    told.answer = 204, {}, b""
    assert writer.write(GOOD) == Taken()
    assert told.paths == ["/api/v2/write"] * 3


def test_a_target_shows_no_secret() -> None:
    """Neither token nor passwords, that of a client's key included, are in what a traceback or a log would show."""
    tls = (("cert_key_password", "secret-3"),)
    target = InfluxTarget(url="http://a", org="o", bucket="b", token="secret-1", password="secret-2", tls=tls)
    assert "secret" not in repr(target)


def test_nobody_there() -> None:
    """A refused connection is a failure, in words without the library's own."""
    answer = InfluxWriter(InfluxTarget(url="http://127.0.0.1:1", org="o", bucket="b")).write(GOOD)
    assert isinstance(answer, Failed)
    assert answer.why.startswith("http://127.0.0.1:1 ")
    assert "Connection refused" in answer.why
    assert "object at" not in answer.why


@pytest.mark.parametrize("tls", [(("ssl_ca_cert", "/nonexistent.pem"),), (("cert_file", "/nonexistent.pem"),)])
def test_certificates_that_are_not_there(tls: tuple[tuple[str, Any], ...]) -> None:
    """They are a failure of the write, not of the run."""
    target = InfluxTarget(url="https://127.0.0.1:1", org="o", bucket="b", tls=tls)
    assert isinstance(InfluxWriter(target).write(GOOD), Failed)


def test_the_schema_s_types_are_influxql_s() -> None:
    """What `SHOW FIELD KEYS` calls them."""
    assert {str(kind) for kind in Kind} == {"float", "integer", "string"}
    assert json.loads(json.dumps(Kind.INT)) == "integer"
