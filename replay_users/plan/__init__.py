"""The plan stage: when each exchange of a recording is due, which are sent, and as which bytes.

Law: pure. Text options, a manifest and its count index come in; values and functions over them come out, equal in every
process of a run. No clock, no files, no environment: who has those hands in what is read from them. Imports the ground
floor and the values of the recording stage.
"""

from replay_users.plan.counts import Cell, Counts, PlannedEndpoint
from replay_users.plan.decisions import Decisions
from replay_users.plan.duration import describe_duration, parse_duration
from replay_users.plan.empty import refuse_empty
from replay_users.plan.headers import HeaderSpec, is_credential, parse_header, resolve
from replay_users.plan.host import Host, parse_host
from replay_users.plan.map_rule import MapRule, parse_maps
from replay_users.plan.overview import inspect_json, inspect_text
from replay_users.plan.pace import AsRecorded, Pace, Rates, Stage, clip
from replay_users.plan.pace_text import parse_pace, parse_rate
from replay_users.plan.plan import CountIndex, Plan, Reading, make_plan
from replay_users.plan.proxy import Proxy, find_proxy, parse_proxy
from replay_users.plan.rate import RateCurve
from replay_users.plan.render import plan_json, plan_text
from replay_users.plan.route import PlannedTarget, Route, Router
from replay_users.plan.safety import EndpointRule, RuleKind, Safety, refuse_production
from replay_users.plan.safety_file import parse_safety
from replay_users.plan.selection import EndpointFilter, Pattern, parse_endpoints, parse_methods, parse_sample
from replay_users.plan.settings import PlanSettings
from replay_users.plan.warp import Pieces, Scaled, Warp
from replay_users.plan.window import Window, describe_instant, parse_window
from replay_users.plan.wire import RUN_HEADER, TEST_HEADER, WireBuilder

__all__ = [
    "RUN_HEADER",
    "TEST_HEADER",
    "AsRecorded",
    "Cell",
    "CountIndex",
    "Counts",
    "Decisions",
    "EndpointFilter",
    "EndpointRule",
    "HeaderSpec",
    "Host",
    "MapRule",
    "Pace",
    "Pattern",
    "Pieces",
    "Plan",
    "PlanSettings",
    "PlannedEndpoint",
    "PlannedTarget",
    "Proxy",
    "RateCurve",
    "Rates",
    "Reading",
    "Route",
    "Router",
    "RuleKind",
    "Safety",
    "Scaled",
    "Stage",
    "Warp",
    "Window",
    "WireBuilder",
    "clip",
    "describe_duration",
    "describe_instant",
    "find_proxy",
    "inspect_json",
    "inspect_text",
    "is_credential",
    "make_plan",
    "parse_duration",
    "parse_endpoints",
    "parse_header",
    "parse_host",
    "parse_maps",
    "parse_methods",
    "parse_pace",
    "parse_proxy",
    "parse_rate",
    "parse_safety",
    "parse_sample",
    "parse_window",
    "plan_json",
    "plan_text",
    "refuse_empty",
    "refuse_production",
    "resolve",
]
