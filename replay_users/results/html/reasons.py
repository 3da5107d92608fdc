"""What each reason in a result's accounts means, and what to do about it, as one line for people.

Law: data. The keys are those of result.json; a reason that is not here is shown by its name alone. The subtle thing: the same
word means different things by account (`stopped`, `protocol`), so each account has its own table.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ACCOUNTS", "CLASSES", "EXCLUDED", "KINDS", "PARTS", "SEVERITIES", "TERMS"]

PARTS: Final = {
    "sent": "handed to the network",
    "dropped": "not sent, by our own limits",
    "skipped": "not sent, by choice or need",
    "unread": "could not be read from the recording",
    "in_doubt": "a lost worker may have sent them",
    "compared": "answered, and held against the recording",
    "unchecked": "answered, but could not be compared: neither match nor mismatch",
    "failed": "sent, and no answer came",
    "matched": "the same, after the rules",
    "mismatched": "different, after the rules",
}

ACCOUNTS: Final = {
    "dropped_by": {
        "lag": "we were later than --max-lag: a less busy machine, a lower pace or more workers",
        "wait": "waited for earlier answers of its session longer than --max-wait: the target was slow",
        "in_flight": "too many were under way: the target is saturated, or --max-in-flight is low",
        "lease_gap": "between two leases of a worker",
    },
    "skipped_by": {
        "method": "writes are left out without --allow-writes, and so is what --methods does not name",
        "filter": "left out by --endpoints",
        "endpoint_rule": "left out by a safety rule for its endpoint",
        "protocol": "not HTTP/1.1-compatible: gRPC, WebSocket, CONNECT",
        "redacted_target": "its path or query was redacted at capture",
        "not_whole": "capture did not keep the whole request",
        "unmapped": "no --map covers its host and scheme",
        "rewrite": "rewrite returned Skip, or failed",
        "no_credential": "no login could be had for it: see sign",
        "stopped": "the run ended before its turn",
        "seek": "before the place where the run began",
    },
    "unread_by": {},
    "failed_by": {
        "connect": "no connection could be opened",
        "connect_timeout": "opening a connection took too long",
        "reset_before_headers": "reset before any answer",
        "reset_in_headers": "reset in the middle of the headers",
        "reset_in_body": "reset in the middle of the body",
        "closed_before_headers": "closed before any answer",
        "closed_in_headers": "closed in the middle of the headers",
        "closed_in_body": "closed in the middle of the body",
        "timeout": "no answer in time",
        "timeout_in_body": "the body did not end in time",
        "protocol": "the answer was not HTTP",
        "late_bytes": "more bytes came than the answer has",
        "headers_too_large": "the headers were too large",
        "upgrade": "the target switched protocols",
        "no_socket": "this machine had no socket left",
        "tls": "the TLS handshake failed",
        "proxy": "the proxy refused the tunnel",
        "stopped": "still under way when the run was stopped",
    },
    "unchecked_by": {
        "not_recorded": "capture did not keep the body, or cut it: raise CAPTURE_MAX_BODY",
        "status_only": "capture saw only the status, and it is the same",
        "size": "too large to compare in memory",
        "encoding": "a content coding that is not known here",
        "json": "JSON that cannot be compared safely: keys that hide each other, numbers out of range",
        "xml": "a document with entities or attributes of its own",
        "depth": "nested too deep",
        "nodes": "more than a million values",
        "first_pass": "the first pass of an A/A run has nothing to compare with",
        "queue": "more answers differed on the wire than could be compared in time: more --comparers, or rules for noise",
        "time": "comparing took more than two seconds",
        "comparer": "comparing failed: the log names it, please report it",
        "sampled": "left out by --compare-sample",
    },
    "ignored_by": {},
}

EXCLUDED: Final = {
    "lag": "we were late",
    "status": "another status",
    "resent": "sent twice",
    "no_duration": "no recorded duration",
    "stopped": "stopped by us",
}

CLASSES: Final = {
    "regression": ("Regressions", "Nothing but the release explains these. Of what differs, only they can fail a run."),
    "missing_in_staging": ("Missing in staging", "Load this data, or replay what writes it (--allow-writes)."),
    "credential": ("Credentials", "Give logins that hold there (sign), or leave these requests out."),
    "precondition": ("Preconditions", "The target's state is another one: load it fresh."),
    "throttled": ("Throttled", "Lift the target's rate limit, or lower the pace."),
    "upstream": ("Upstream", "What the target calls is away or too slow."),
}

KINDS: Final = {
    "value": "has another value",
    "type": "is of another type",
    "added": "is new",
    "removed": "is gone",
    "length": "has another length",
    "order": "is in another order",
    "repeat": "repeats differently",
    "header": "header differs",
    "trailer": "trailer differs",
    "encoding": "is encoded differently",
}

SEVERITIES: Final = {8: "worked, fails now", 6: "worked, is refused now", 4: "structure", 2: "content", 1: "header"}

TERMS: Final = (
    ("lag", "how late we took an exchange up, by our own fault. Only lag decides whether the replay was faithful."),
    ("wait", "how long an exchange waited for earlier answers of its session: the target's slowness, passed on."),
    ("service", "from the first byte sent to the last byte received: the target's time, with the network."),
    ("latency", "from when the exchange was due to its last byte: what a user would have felt."),
    (
        "ratio",
        "replayed service time over recorded duration of the same exchange; the median of all pairs, with 99 % bounds.",
    ),
    ("over", "beyond everything observed: a percentile that falls among exchanges never sent or never answered."),
    ("sessions", "users, as far as capture could tell them apart; one odd user cannot fail a run."),
    ("regression", "a difference that neither missing data, logins, limits nor the target's upstreams explain."),
    ("advisory", "shown, and decides nothing."),
)
