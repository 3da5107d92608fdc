"""Which differences do not count, how lists are paired and what is made alike first: rules that people write and review.

Law: pure; text in, rules out, and questions about differences answered. A rule only ever takes differences away from the
count (they are kept beside it), so it cannot make a match a mismatch.
"""

from replay_users.compare.rules.endpoint import EndpointRules
from replay_users.compare.rules.hosts import HostMap
from replay_users.compare.rules.model import (
    ByKey,
    Header,
    How,
    Ignore,
    IgnoreStatus,
    Learnt,
    Matching,
    Normalise,
    Rule,
    Trailer,
    TypeOnly,
    Unordered,
    Within,
    covers_endpoint,
    format_place,
)
from replay_users.compare.rules.precedence import name_of
from replay_users.compare.rules.rules import Rules
from replay_users.compare.rules.shapes import Shape, parse_shape, shapes_of
from replay_users.compare.rules.write import write_rules

__all__ = [
    "ByKey",
    "EndpointRules",
    "Header",
    "HostMap",
    "How",
    "Ignore",
    "IgnoreStatus",
    "Learnt",
    "Matching",
    "Normalise",
    "Rule",
    "Rules",
    "Shape",
    "Trailer",
    "TypeOnly",
    "Unordered",
    "Within",
    "covers_endpoint",
    "format_place",
    "name_of",
    "parse_shape",
    "shapes_of",
    "write_rules",
]
