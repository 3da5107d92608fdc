"""The options of a replay on Locust's own parser: for the command line, the environment and the web form.

Law: names, defaults and help only; what they mean is decided in `settings`. Every default is something other than
`None`, since the web form turns `None` into text. The subtle thing: names have no digit after a letter, which the
form's renaming would lose, and what is secret or decides where a run may go is not in the form at all.
"""

from __future__ import annotations

from argparse import SUPPRESS
from dataclasses import dataclass
from typing import Any

__all__ = ["OPTIONS", "Option", "add_option", "add_options"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: `--name`, its environment variable, and whether the web form shows it."""

    name: str
    default: str | bool | list[str]
    help: str
    web: bool = True
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return "REPLAY_" + self.name.upper().replace("-", "_")

    @property
    def dest(self) -> str:
        """Its name in the parsed options."""
        return self.name.replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(name="recording", default="", help="folder or s3://bucket/prefix of the recording, or of a part of it"),
    Option(name="pace", default="1x", help="1x, 2.5x, 500/s, or 100/s->500/s:5m,500/s:10m"),
    Option(name="window", default="", help="the part to replay: A..B as times, or +30s..+90s from its start"),
    Option(
        name="sample", default="100%", help="share of the sessions to replay, whole sessions, to a tenth of a percent"
    ),
    Option(name="methods", default="", help="only these methods, such as GET,HEAD"),
    Option(name="endpoints", default="", help="only these endpoints: globs such as 'GET /users/*', !glob leaves out"),
    Option(name="allow-writes", default=False, help="send POST, PUT, PATCH and DELETE too", web=False),
    Option(name="safety", default="", help="YAML file of endpoint rules: safe, unsafe, skip", web=False),
    Option(name="preserve-host", default=False, help="send the recorded Host header instead of the target's"),
    Option(
        name="map",
        default=[],
        help="PROD=STAGING: where a recorded host goes, such as 'shop.example.com=http://staging:8080',"
        " '*.example.com=https://staging' or 'https://shop=http://staging'; may be repeated",
        web=False,
    ),
    Option(
        name="proxy",
        default="",
        help="forward proxy to send through: http://PROXY:PORT, or env for what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say,"
        " which are ignored otherwise",
        web=False,
    ),
    Option(
        name="proxy-header",
        default=[],
        help="header for the proxy, such as 'Proxy-Authorization: Basic ${PROXY_AUTH}'; may be repeated",
        web=False,
    ),
    Option(
        name="ca-file", default="", help="PEM file of the authorities that https targets are verified by", web=False
    ),
    Option(name="client-cert", default="", help="PEM file of the client certificate for https targets", web=False),
    Option(name="client-key", default="", help="PEM file of its key, if that is not in --client-cert", web=False),
    Option(
        name="sni", default="", help="server name to ask https targets for and to verify, if not their own", web=False
    ),
    Option(name="insecure", default=False, help="do not verify the certificates of https targets", web=False),
    Option(
        name="connections",
        default="pooled",
        choices=("pooled", "recorded"),
        help="recorded: each recorded connection has one of its own",
    ),
    Option(name="connect-timeout", default="10s", help="time to open a connection, proxy and TLS included"),
    Option(
        name="max-connection-age", default="5m", help="replace connections of this age (give or take a fifth), or never"
    ),
    Option(
        name="header",
        default=[],
        help="header to add, such as 'Authorization: Bearer ${STAGING_TOKEN}' or '${file:/path}'; may be repeated",
        web=False,
    ),
    Option(name="rules", default="", help="YAML file of differences to ignore", web=False),
    Option(
        name="aa",
        default="1",
        choices=("1", "2"),
        help="2: replay the sample twice and compare the passes with each other, not with the recording (for learn)",
        web=False,
    ),
    Option(
        name="noise-is-failure",
        default=False,
        help="fail the run if a learnt field differs more often than when it was learnt",
    ),
    Option(
        name="gate",
        default="",
        help="YAML file of what fails the run: thresholds, limits, what only advises",
        web=False,
    ),
    Option(
        name="baseline",
        default="",
        help="baseline.json of accepted differences (replay-users baseline accept): only new ones fail the run",
        web=False,
    ),
    Option(
        name="baseline-run",
        default="",
        help="directory of a run of the same recording against the build before: times are judged against it",
        web=False,
    ),
    Option(
        name="comparers",
        default="1",
        help="processes that compare answers, beside each process that sends; 0 compares in the sending process",
        web=False,
    ),
    Option(
        name="compare-sample",
        default=[],
        help="GLOB=SHARE: compare only this share, in percent, of the answers of the endpoints a glob covers; may be repeated",
        web=False,
    ),
    Option(
        name="order",
        default="causal",
        choices=("causal", "none"),
        help="causal: a session's requests wait for its answers",
    ),
    Option(name="max-lag", default="1s", help="drop what we could not send within this time"),
    Option(name="max-wait", default="30s", help="drop what had to wait longer than this for its session's answers"),
    Option(name="max-in-flight", default="2000", help="safety limit of requests under way"),
    Option(name="max-rate", default="", help="refuse a plan that would send faster than this, such as 1000/s"),
    Option(name="clip", default=False, help="slow down to --max-rate instead of refusing"),
    Option(
        name="timeout", default="30s", help="time for an answer; three times the recorded duration if that is longer"
    ),
    Option(
        name="autostop",
        default=[],
        help="stop when this is met: http(5xx,10%%,5s), http(4xx,25,10s), net(xx,10%%,5s), failed(10%%,5s),"
        " mismatch(5%%,30s), time(1.5s,10s) or quantile(95,500ms,10s), each with an endpoint as a last argument or"
        " without; may be repeated",
        web=False,
    ),
    Option(name="drain-timeout", default="10s", help="time for answers under way when a run is stopped"),
    Option(
        name="out", default="runs/{id}", help="directory for result.json and the rest; {id} is the run's id", web=False
    ),
    Option(
        name="upload",
        default="",
        help="s3://bucket/prefix for a copy of the run's directory, under the run's id; reached as the S3 options say",
        web=False,
    ),
    Option(name="overwrite", default=False, help="replace an earlier run in --out", web=False),
    Option(name="label", default=[], help="k=v that goes into every result; may be repeated", web=False),
    Option(
        name="allow-target",
        default=[],
        help="target that the web form may choose beside --host; may be repeated",
        web=False,
    ),
    Option(
        name="allow-recording",
        default=[],
        help="recording, or prefix of recordings, that the web form may choose beside --recording; may be repeated",
        web=False,
    ),
    Option(
        name="influx-url",
        default="",
        help="InfluxDB to write points to, such as http://influxdb:8086 (or INFLUXDB_V2_URL); none for nowhere",
        web=False,
    ),
    Option(name="influx-org", default="", help="its organisation (or INFLUXDB_V2_ORG)", web=False),
    Option(
        name="influx-bucket", default="", help="its bucket, of 1.x and 3.x the database; by default replay", web=False
    ),
    Option(
        name="influx-token-file",
        default="",
        help="file that holds its token, instead of INFLUXDB_V2_TOKEN (1.x: INFLUX_USERNAME and INFLUX_PASSWORD)",
        web=False,
    ),
    Option(
        name="grafana-url",
        default="",
        help="Grafana with the dashboards, such as http://grafana:3000, so that summary and reports can link to the run",
        web=False,
    ),
    Option(name="influx-token", default="", help=SUPPRESS, web=False),
    Option(name="mismatch-is-failure", default=False, help="count mismatches as Locust failures too"),
    Option(
        name="fire-request-events",
        default="auto",
        choices=("auto", "always", "never"),
        help="fire Locust's request event for each exchange: auto if somebody besides Locust listens",
        web=False,
    ),
    Option(
        name="no-locust-tables",
        default=False,
        help="leave out Locust's tables of statistics, so that plan, progress and summary stand alone",
        web=False,
    ),
    Option(name="s3-endpoint", default="", help="address of an S3-compatible store", web=False),
    Option(name="s3-region", default="", help="region of the bucket", web=False),
    Option(name="s3-role", default="", help="role to assume for reading the recording", web=False),
    Option(name="s3-requester-pays", default=False, help="pay for requests to somebody else's bucket", web=False),
    Option(name="s3-expected-owner", default="", help="account that must own the bucket", web=False),
)


def add_options(parser: Any, *, web: bool = True) -> None:
    """Add every option to a parser: Locust's, or (`web=False`) another of its kind (ConfigArgParse), which has no form."""
    group = parser if web else parser.add_argument_group("replay options")
    for option in OPTIONS:
        add_option(group, option, **({"include_in_web_ui": option.web} if web else {}))


def add_option(group: Any, option: Option, **more: Any) -> None:
    """Add one option to a parser or a group of it; `more` goes to its `add_argument`."""
    extra: dict[str, Any] = {"env_var": option.env, **more}
    if isinstance(option.default, bool):
        extra["action"] = "store_true"
    elif isinstance(option.default, list):
        extra["action"] = "append"
    elif option.choices:
        extra["choices"] = list(option.choices)
    group.add_argument(f"--{option.name}", default=option.default, help=option.help, **extra)
