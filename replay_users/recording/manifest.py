"""The manifest: what is in a recording, written last, so that what has no manifest is not a recording.

Law: values and their JSON, no I/O. A manifest describes one hour; `merge` makes one of several, which is what a run, a plan
and `inspect` see. The subtle thing: endpoint indices are an hour's own; merging remaps them by name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from replay_users.errors import DamagedRecording
from replay_users.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

__all__ = [
    "MANIFEST_NAME",
    "EndpointInfo",
    "GroupInfo",
    "Manifest",
    "SliceInfo",
    "from_json",
    "merge",
    "to_json",
]

MANIFEST_NAME = "manifest.json"

_VERSION = 1


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """One row group: the rows of neighbouring partitions, the byte range that holds them, and the CRC-32 of those bytes.

    It holds rows of `partition`, its first, to `last`; of one partition only where no `last` is given.
    """

    partition: int
    rows: int
    start: int
    end: int
    crc32: int
    last: int = -1

    def __post_init__(self) -> None:
        """A group of one partition ends with it."""
        if self.last < 0:
            object.__setattr__(self, "last", self.partition)

    @property
    def partitions(self) -> range:
        """The partitions whose rows it may hold."""
        return range(self.partition, self.last + 1)

    def touches(self, partitions: Container[int]) -> bool:
        """Whether it may hold rows of some of these partitions."""
        return any(nth in partitions for nth in self.partitions)

    def within(self, partitions: Container[int]) -> bool:
        """Whether it can hold no rows but of these partitions."""
        return all(nth in partitions for nth in self.partitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceInfo:
    """One Parquet file: `file` relative to its manifest's folder (to the root once merged), sizes in bytes, times UTC ns.

    `footer_crc32` is the CRC-32 of its last `footer` bytes.
    """

    file: str
    size: int
    content_hash: str
    first_at: int
    last_at: int
    rows: int
    footer: int
    raw_bytes: int
    groups: tuple[GroupInfo, ...]
    footer_crc32: int = 0


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """An endpoint, its rows and its production latency (a serialised `Histogram` of ns).

    `refused` is how many of the rows production refused or did not answer; `None` in manifests that do not say so.
    """

    name: str
    rows: int
    latency: Mapping[str, Any]
    refused: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything known of an hour, or of several merged, without opening a slice."""

    schema_version: int = _VERSION
    generation: int = 1
    partitions: int
    first_at: int
    last_at: int
    rows: int
    slices: tuple[SliceInfo, ...]
    index: str
    endpoints: tuple[EndpointInfo, ...]
    methods: Mapping[str, int]
    hosts: Mapping[str, int]
    protocols: Mapping[str, int]
    statuses: Mapping[str, int]
    session_kinds: Mapping[str, int]
    peak_concurrency: int
    capture: Mapping[str, int]
    redaction: Mapping[str, int]
    shared_sessions: tuple[str, ...] = ()
    templates: Mapping[str, Any] = field(default_factory=dict)
    hmac_key_id: str | None = None
    sources: Mapping[str, Any] = field(default_factory=dict)


def to_json(manifest: Manifest) -> bytes:
    """The manifest as JSON, a line for each key and item; a row group is `[partition, rows, start, end, crc32, last]`."""
    document = asdict(manifest)
    for item in document["slices"]:
        item["groups"] = [list(group.values()) for group in item["groups"]]
    for item in document["endpoints"]:
        if item["refused"] is None:
            del item["refused"]
    lines = (b"  %b: %b" % (orjson.dumps(key), _lines(value)) for key, value in document.items())
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _lines(value: object) -> bytes:
    if isinstance(value, list | tuple) and value:
        return b"[\n    " + b",\n    ".join(orjson.dumps(item) for item in value) + b"\n  ]"
    return orjson.dumps(value)


def from_json(data: bytes, name: str) -> Manifest:
    """Read a manifest.

    Raises:
        DamagedRecording: not a manifest, or one of a newer version than this one reads.
    """
    try:
        document = orjson.loads(data)
        version = int(document["schema_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedRecording(f"{name} is not a manifest ({error}); ingest the capture again") from None
    if version > _VERSION:
        raise DamagedRecording(
            f"{name} has schema version {version}, this replay-users reads up to {_VERSION}: upgrade replay-users"
        )
    try:
        return _build(document)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRecording(f"{name} is damaged ({error!r}); ingest the capture again") from None


def _build(document: dict[str, Any]) -> Manifest:
    known = {key: document[key] for key in Manifest.__dataclass_fields__ if key in document}
    known["slices"] = tuple(_slice(item) for item in document["slices"])
    known["endpoints"] = tuple(_endpoint(item) for item in document["endpoints"])
    known["shared_sessions"] = tuple(bytes.fromhex(item).hex() for item in document.get("shared_sessions", ()))
    return Manifest(**known)


def _slice(item: dict[str, Any]) -> SliceInfo:
    known = {key: item[key] for key in SliceInfo.__dataclass_fields__}
    groups = tuple(GroupInfo(*(int(n) for n in group)) for group in item["groups"])
    return SliceInfo(**{**known, "groups": groups})


def _endpoint(item: dict[str, Any]) -> EndpointInfo:
    refused = item.get("refused")
    if refused is not None and not 0 <= refused <= item["rows"]:
        raise ValueError(f"{refused} of {item['rows']} rows refused")
    return EndpointInfo(item["name"], item["rows"], Histogram.from_dict(item["latency"]).to_dict(), refused)


def merge(parts: Sequence[tuple[str, Manifest]]) -> Manifest:
    """One manifest of several hours, each with its folder; slices become relative to the root, in time order.

    Raises:
        DamagedRecording: the hours were partitioned differently, which no ingest of ours does.
    """
    manifests = [manifest for _, manifest in parts]
    first = manifests[0]
    if any(m.partitions != first.partitions for m in manifests):
        raise DamagedRecording("its hours have different numbers of partitions; ingest them into one recording again")
    slices = [replace(s, file=folder + s.file) for folder, m in parts for s in m.slices]
    return Manifest(
        generation=max(m.generation for m in manifests),
        partitions=first.partitions,
        first_at=min(m.first_at for m in manifests),
        last_at=max(m.last_at for m in manifests),
        rows=sum(m.rows for m in manifests),
        slices=tuple(sorted(slices, key=lambda s: (s.first_at, s.file))),
        index="",
        endpoints=_merge_endpoints(manifests),
        methods=_sum(m.methods for m in manifests),
        hosts=_sum(m.hosts for m in manifests),
        protocols=_sum(m.protocols for m in manifests),
        statuses=_sum(m.statuses for m in manifests),
        session_kinds=_sum(m.session_kinds for m in manifests),
        peak_concurrency=max(m.peak_concurrency for m in manifests),
        capture=_sum(m.capture for m in manifests),
        redaction=_sum(m.redaction for m in manifests),
        shared_sessions=first.shared_sessions,
        templates=first.templates,
        hmac_key_id=first.hmac_key_id,
        sources={key: value for m in manifests for key, value in m.sources.items()},
    )


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total.most_common())


def _merge_endpoints(manifests: Sequence[Manifest]) -> tuple[EndpointInfo, ...]:
    rows: Counter[str] = Counter()
    refused: dict[str, int | None] = {}  # one that is not known makes the sum unknown
    latency: dict[str, Histogram] = {}
    for info in (info for manifest in manifests for info in manifest.endpoints):
        rows[info.name] += info.rows
        before = refused.get(info.name, 0)
        refused[info.name] = None if before is None or info.refused is None else before + info.refused
        latency.setdefault(info.name, Histogram()).merge(Histogram.from_dict(info.latency))
    return tuple(EndpointInfo(name, rows[name], latency[name].to_dict(), refused[name]) for name in sorted(rows))
