"""What a run found, as the gate reads it out of result.json: of the whole run, of each endpoint, of each signature.

Law: pure. The content of result.json is all there is, so that a verdict can be given again long after the run, and is the same.
The subtle thing: answers of which the recording has the status only are compared as far as they can be, though they count as
unchecked, so that all sessions are looked at then. And a result of an earlier version says less of sessions; then a signature
stands for its endpoint, of which at least that many differed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from replay_users.compare.difference import Class, Kind, UncheckedReason
from replay_users.errors import UsageError
from replay_users.model import Fault
from replay_users.results.gate.model import TOOL_ERROR
from replay_users.results.gate.shares import EXACT_SESSIONS, NO_SESSIONS, Share
from replay_users.results.learnable import RECORDING
from replay_users.results.slow import Speed
from replay_users.results.tally import Totals
from replay_users.results.validity import CheckKind, Validity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["EndpointEvidence", "Evidence", "SignatureEvidence", "Turned", "evidence_of"]

_TURNED: Final = re.compile(r"2\d\d -> 5\d\d\b|5\d\d -> 2\d\d\b", re.ASCII)
_EXACT_OF_SIGNATURE = 63
"""A signature's sketch keeps 64 sessions (`results.signatures`)."""


@dataclass(frozen=True, slots=True)
class Turned:
    """Answers that work where the recorded one failed, or the other way round: how many, of how many sessions."""

    count: int = 0
    sessions: int = 0


_NONE: Final = Turned()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEvidence:
    """One signature: in how many exchanges, and what share of its endpoint's sessions."""

    endpoint: str
    path: str
    kind: str
    count: int
    share: Share

    @property
    def key(self) -> tuple[str, str, str]:
        """By which a baseline knows it."""
        return self.endpoint, self.path, self.kind

    @property
    def told(self) -> str:
        """Its place, for a sentence."""
        return (
            f"{self.kind} {self.path}"
            if self.kind in {Kind.STATUS, Kind.HEADER, Kind.TRAILER}
            else f"{self.path} {self.kind}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEvidence:
    """One endpoint. `share` is of the sessions compared: those with a regression that no gateway or 5xx explains."""

    name: str
    sent: int = 0
    failed: int = 0
    compared: int = 0
    mismatched: int = 0
    succeeded: int = 0
    share: Share = NO_SESSIONS
    broken: Turned = _NONE
    mended: Turned = _NONE
    slow_pairs: int = 0
    service_p95_ms: float | str | None = None
    status_mismatches: int = 0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the checks look at.

    `sessions` is the share of the run's sessions that differ; an answer broke or mended in so many of them. `tool_failed`:
    something of ours did, whatever else was found.
    """

    planned: int
    totals: Totals
    validity: Validity
    speeds: Mapping[str, Speed]
    stopped_by: str | None = None
    autostop: str | None = None
    tool_failed: bool = False
    lost: Sequence[str] = ()
    noise: Sequence[Mapping[str, Any]] = ()
    compared_with: str = RECORDING
    sessions: Share = NO_SESSIONS
    broken_sessions: int = 0
    mended_sessions: int = 0
    endpoints: Sequence[EndpointEvidence] = ()
    signatures: Sequence[SignatureEvidence] = ()
    connect_ns: int | None = None
    connections: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_endpoint(self) -> Mapping[str, Sequence[SignatureEvidence]]:
        """The signatures of each endpoint, the most frequent first."""
        found: defaultdict[str, list[SignatureEvidence]] = defaultdict(list)
        for each in self.signatures:
            found[each.endpoint].append(each)
        return found


def evidence_of(result: Mapping[str, Any]) -> Evidence:
    """Read the content of result.json.

    Raises:
        UsageError: it is damaged.
    """
    try:
        return _evidence(result)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UsageError(f"this result cannot be judged ({error!r}): it is damaged, replay again") from None


def _evidence(result: Mapping[str, Any]) -> Evidence:
    run = result["run"]
    rows = {each["endpoint"]: _Row(each, by_status=_has_statuses_only(result)) for each in result["endpoints"]}
    signatures = [_signature(each, rows[each["endpoint"]]) for each in result["signatures"] if _is_judged(each)]
    most: defaultdict[str, int] = defaultdict(int)
    for each in signatures:
        most[each.endpoint] = max(most[each.endpoint], each.share.differing)
    endpoints = tuple([_endpoint(row, most[name]) for name, row in rows.items()])
    return Evidence(
        planned=int(result["totals"]["planned"]),
        totals=_totals(result["totals"]),
        validity=_validity(result["validity"]),
        speeds={name: Speed(row.data["verdict"]) for name, row in rows.items() if row.data["verdict"]},
        stopped_by=run["stopped_by"],
        autostop=run.get("autostop"),
        tool_failed=result.get("exit_code") == TOOL_ERROR,
        lost=_lost(result),
        noise=tuple(result.get("noise", ())),
        compared_with=run.get("compared_with", RECORDING),
        sessions=_sessions(result, endpoints),
        broken_sessions=_turned_sessions(result, "broken", endpoints),
        mended_sessions=_turned_sessions(result, "mended", endpoints),
        endpoints=endpoints,
        signatures=tuple(signatures),
        connect_ns=_connect(result),
        connections=int(result.get("connections", {}).get("opened", 0)),
        facts=run,
    )


def _totals(data: Mapping[str, Any]) -> Totals:
    known = {each.name for each in fields(Totals)}
    return Totals(**{name: value for name, value in data.items() if name in known})


def _validity(data: Mapping[str, Any]) -> Validity:
    void = tuple([CheckKind(each) for each in data["void"]])
    return Validity(valid=bool(data["valid"]), reasons=tuple(data["reasons"]), void=void)


def _lost(result: Mapping[str, Any]) -> tuple[str, ...]:
    """What lost workers left; an earlier version says it among the reasons only, first of all."""
    if "lost" in result["run"]:
        return tuple(result["run"]["lost"])
    gone = [each for each in result.get("workers", ()) if each["lost_at_s"] is not None]
    return tuple(result["validity"]["reasons"][: len(gone)])


def _connect(result: Mapping[str, Any]) -> int | None:
    median = result.get("connections", {}).get("connect_ms", {}).get("p50")
    return round(median * 1e6) if isinstance(median, int | float) else None


def _is_judged(signature: Mapping[str, Any]) -> bool:
    """A regression, and none of those between 2xx and 5xx, which are judged by themselves."""
    if signature["class"] != Class.REGRESSION:
        return False
    return signature["kind"] != Kind.STATUS or _TURNED.match(signature["path"]) is None


@dataclass(frozen=True, slots=True)
class _Row:
    """An endpoint of result.json."""

    data: Mapping[str, Any]
    by_status: bool

    @property
    def seen(self) -> int:
        """Sessions that were looked at; an earlier version knows those of which anything was sent."""
        return int(
            self.data["sessions"] if self.by_status else self.data.get("compared_sessions", self.data["sessions"])
        )

    def share(self, differing: int, of: Mapping[str, Any], *, exact: int = EXACT_SESSIONS) -> Share:
        """That of something which the endpoint's sessions showed."""
        return _share(differing, self.seen, None if self.by_status else of.get("sampled_sessions"), exact=exact)


def _has_statuses_only(result: Mapping[str, Any]) -> bool:
    return int(result["totals"]["unchecked_by"].get(UncheckedReason.STATUS_ONLY, 0)) > 0


def _signature(data: Mapping[str, Any], row: _Row) -> SignatureEvidence:
    return SignatureEvidence(
        endpoint=data["endpoint"],
        path=data["path"],
        kind=data["kind"],
        count=int(data["count"]),
        share=row.share(int(data["sessions"]), data, exact=_EXACT_OF_SIGNATURE),
    )


def _endpoint(of: _Row, least: int) -> EndpointEvidence:
    """`least` is what the most frequent of its signatures says of its sessions."""
    row = of.data
    failed_by, statuses = row["failed_by"], row["statuses"]
    pairs = [(was, came, n) for was, answers in statuses.items() for came, n in answers.items()]
    return EndpointEvidence(
        name=row["endpoint"],
        sent=int(row["count"]) - failed_by.get(Fault.STOPPED, 0),
        failed=sum(failed_by.values()) - failed_by.get(Fault.STOPPED, 0),
        compared=row["matched"] + row["mismatched"],
        mismatched=row["mismatched"],
        succeeded=sum(n for was, came, n in pairs if was[:1] == "2" and came.isdecimal()),
        share=of.share(int(row.get("differing_sessions", least)), row),
        broken=_turned(row.get("broken"), sum(n for was, came, n in pairs if (was[:1], came[:1]) == ("2", "5"))),
        mended=_turned(row.get("mended"), sum(n for was, came, n in pairs if (was[:1], came[:1]) == ("5", "2"))),
        slow_pairs=int(row.get("slow_pairs", {}).get("count", 0)),
        service_p95_ms=row["service_ms"].get("p95"),
        status_mismatches=sum(n for was, came, n in pairs if came not in {was, Fault.STOPPED}),
    )


def _turned(data: Mapping[str, Any] | None, count: int) -> Turned:
    """An earlier version does not say of how many sessions: then it is taken for one."""
    return Turned(count, min(1, count)) if data is None else Turned(int(data["count"]), int(data["sessions"]))


def _sessions(result: Mapping[str, Any], endpoints: Sequence[EndpointEvidence]) -> Share:
    """Of the whole run; an earlier version leaves at least those of one endpoint."""
    data = result.get("sessions")
    if data is None:
        return max(
            (each.share for each in endpoints), key=lambda share: (share.differing, share.seen), default=NO_SESSIONS
        )
    if _has_statuses_only(result):
        return _share(int(data["differing"]), int(data["sent"]), None)
    return _share(int(data["differing"]), int(data["compared"]), data["sampled"])


def _turned_sessions(result: Mapping[str, Any], name: str, endpoints: Sequence[EndpointEvidence]) -> int:
    """Of the whole run; an earlier version leaves those of the endpoint with most."""
    known = result.get("sessions", {}).get(name)
    return max((getattr(each, name).sessions for each in endpoints), default=0) if known is None else int(known)


def _share(differing: int, seen: int, sampled: Mapping[str, Any] | None, *, exact: int = EXACT_SESSIONS) -> Share:
    if sampled is None:
        return Share(differing, max(differing, seen))
    return Share.of(differing, seen, (int(sampled["differing"]), int(sampled["seen"])), exact=exact)
