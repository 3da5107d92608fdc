"""Endpoints: from raw targets to the few names results are kept by, such as `GET /users/{id}`.

Law: ground floor, pure and deterministic; no I/O, no clock. A target gets its template from the first of: a written rule
(`rule`), the shape of each segment (`shape`), and how many names its level holds (`tree`); `templates` puts them together
and is what the other stages use. The query is dropped.

    paths    /nyc/flights   /nyc/flights/17.json   /nyc/airports/LGA  and 96 more
    tree     nyc ─┬─ flights ── {id}.json
                  └─ airports ── {*}
"""

from replay_users.endpoint.rule import Rule, parse_rules
from replay_users.endpoint.templates import ENDPOINT_CAP, Templates, TemplatesBuilder
from replay_users.endpoint.tree import LITERAL_CAP

__all__ = ["ENDPOINT_CAP", "LITERAL_CAP", "Rule", "Templates", "TemplatesBuilder", "parse_rules"]
