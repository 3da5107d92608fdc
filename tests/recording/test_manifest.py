"""The manifest: its JSON, its schema, how hours merge, and what is refused."""

from __future__ import annotations

import importlib.resources
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import jsonschema
import orjson
import pytest

from replay_users.errors import DamagedRecording
from replay_users.histogram import Histogram
from replay_users.model import Capture, SessionKind
from replay_users.recording.folder import FolderStore
from replay_users.recording.manifest import EndpointInfo, GroupInfo, Manifest, SliceInfo, from_json, merge, to_json
from tests.recording.making import HOUR, START, make_exchange, make_exchanges, record

if TYPE_CHECKING:
    from pathlib import Path

HASH = "0123456789abcdef" * 2


def make_slice(**changes: Any) -> SliceInfo:
    """A slice of two partitions."""
    plain = SliceInfo(
        file=f"slice-{HASH}.parquet",
        size=900,
        content_hash=HASH,
        first_at=START,
        last_at=START + 9,
        rows=3,
        footer=100,
        raw_bytes=5000,
        groups=(GroupInfo(0, 1, 4, 300, 77), GroupInfo(7, 2, 300, 800, 78, 9)),
        footer_crc32=79,
    )
    return replace(plain, **changes)


def histogram(*durations: int) -> dict[str, Any]:
    """A histogram's JSON."""
    counted = Histogram()
    for duration in durations:
        counted.add(duration)
    return counted.to_dict()


def make_manifest(**changes: Any) -> Manifest:
    """An hour of three rows in one slice."""
    plain = Manifest(
        partitions=16,
        first_at=START,
        last_at=START + 9,
        rows=3,
        slices=(make_slice(),),
        index=f"index-{HASH}.parquet",
        endpoints=(EndpointInfo("GET /a", 3, histogram(5, 7)),),
        methods={"GET": 3},
        hosts={"shop.example": 3},
        protocols={"HTTP/1.1": 3},
        statuses={"200": 3},
        session_kinds={"cookie": 3},
        peak_concurrency=2,
        capture={"complete": 3},
        redaction={"headers": 1},
        shared_sessions=("00ff",),
        templates={"endpoints": ["GET /a"], "rules": []},
        hmac_key_id="key-1",
        sources={"a.log": {"lines": 3}},
    )
    return replace(plain, **changes)


def published_schema() -> Any:
    """The JSON Schema as it is in the package."""
    text = importlib.resources.files("replay_users.recording").joinpath("manifest.schema.json").read_bytes()
    return orjson.loads(text)


def written(folder: Path) -> list[Any]:
    """Every manifest in a folder, as JSON."""
    return [orjson.loads(path.read_bytes()) for path in sorted(folder.rglob("manifest.json"))]


def test_a_manifest_survives_its_json() -> None:
    """Reading what was written gives an equal manifest."""
    manifest = make_manifest()
    assert from_json(to_json(manifest), "manifest.json") == manifest


def test_a_row_group_of_five_numbers_is_of_one_partition() -> None:
    """Manifests of earlier releases do not say where a row group's partitions end: it has one."""
    short = to_json(make_manifest()).replace(b"[0,1,4,300,77,0]", b"[0,1,4,300,77]")
    assert from_json(short, "manifest.json") == make_manifest()
    assert [list(group.partitions) for group in from_json(short, "").slices[0].groups] == [[0], [7, 8, 9]]


def test_each_slice_endpoint_and_shared_session_has_one_line() -> None:
    """A manifest can be read by people and compared line by line: one for each key and each item of a list."""
    manifest = make_manifest(slices=(make_slice(), make_slice(file="slice-2.parquet")))
    lines = to_json(manifest).decode().splitlines()
    assert sum("slice-" in line for line in lines) == 2
    assert len(lines) == 2 + len(fields(Manifest)) + (2 + 1) + (1 + 1) + (1 + 1)


def test_written_manifests_follow_the_published_schema(tmp_path: Path) -> None:
    """Manifests of real ingests, first and second generation, validate against the schema in the package."""
    exchanges = [
        *make_exchanges(30),
        *(make_exchange(n, session=b"\xff\x00", session_kind=SessionKind.AUTH) for n in range(30, 2100)),
        make_exchange(2100, request_head=b"A: [redacted:3]\r\n", target=b"/?t=[redacted:9]", duration=None, status=0),
        make_exchange(2101, at=START + HOUR, capture=Capture.ABORTED, method="PURGE"),
    ]
    record(FolderStore(tmp_path), exchanges, sources={"a.log": {"offset": 5}})
    record(FolderStore(tmp_path), [make_exchange(2200)], partitions=16)
    manifests = written(tmp_path)
    schema = published_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for manifest in manifests:
        jsonschema.validate(manifest, schema)
    assert [m["generation"] for m in manifests] == [2, 1]
    assert manifests[0]["shared_sessions"] == ["ff00"]


def test_the_schema_describes_every_field() -> None:
    """No field is written that the schema does not describe, and none is described that is not written."""
    schema = published_schema()
    assert set(schema["properties"]) == set(schema["required"]) == {f.name for f in fields(Manifest)}
    described = schema["$defs"]["slice"]
    assert set(described["properties"]) == set(described["required"]) == {f.name for f in fields(SliceInfo)}
    described = schema["$defs"]["endpoint"]
    assert set(described["properties"]) == {f.name for f in fields(EndpointInfo)}
    assert set(described["required"]) == set(described["properties"]) - {"refused"}  # as in manifests before it


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"schema_version": 2}, id="newer"),
        pytest.param({"rows": -1}, id="negative-rows"),
        pytest.param({"slices": []}, id="no-slices"),
        pytest.param({"index": "index.parquet"}, id="unhashed-index"),
        pytest.param({"session_kinds": {"ip": 3}}, id="unknown-kind"),
        pytest.param({"shared_sessions": ["xyz"]}, id="session-not-hex"),
        pytest.param({"methods": {"GET": "3"}}, id="a-count-in-quotes"),
    ],
)
def test_the_schema_refuses_what_is_wrong(change: dict[str, Any]) -> None:
    """The published schema is strict enough to notice a wrong value."""
    document = orjson.loads(to_json(make_manifest()))
    jsonschema.validate(document, published_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document | change, published_schema())


def test_fields_of_a_later_minor_version_are_ignored() -> None:
    """Fields may be added to version 1 anywhere without hurting older readers."""
    document = orjson.loads(to_json(make_manifest()))
    document["added"] = 1
    document["slices"][0]["added"] = 2
    document["endpoints"][0]["added"] = 3
    assert from_json(orjson.dumps(document), "manifest.json") == make_manifest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "is not a manifest", id="empty"),
        pytest.param(b"[1]", "is not a manifest", id="a-list"),
        pytest.param(b"{}", "is not a manifest", id="without-version"),
        pytest.param(b'{"schema_version": "x"}', "is not a manifest", id="version-no-number"),
        pytest.param(b'{"schema_version": 2}', "upgrade replay-users", id="newer"),
        pytest.param(b'{"schema_version": 1}', "is damaged", id="without-slices"),
        pytest.param(to_json(make_manifest())[:-40], "is not a manifest", id="cut"),
        pytest.param(to_json(make_manifest()).replace(b'"peak_concurrency"', b'"x"'), "is damaged", id="field-missing"),
        pytest.param(to_json(make_manifest()).replace(b'"footer"', b'"x"'), "is damaged", id="slice-field-missing"),
        pytest.param(to_json(make_manifest()).replace(b'"over":0', b'"over":-1'), "is damaged", id="bad-histogram"),
        pytest.param(to_json(make_manifest()).replace(b'"00ff"', b'"0g"'), "is damaged", id="session-not-hex"),
        pytest.param(
            to_json(make_manifest()).replace(b"[0,1,4,300,77,0]", b"[0,1,4,300]"), "is damaged", id="group-cut"
        ),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, message: str) -> None:
    """Anything else raises one sentence that names the file and the cure."""
    with pytest.raises(DamagedRecording, match=message) as caught:
        from_json(data, "s3://b/r/manifest.json")
    assert str(caught.value).startswith("s3://b/r/manifest.json ")
    assert "\n" not in str(caught.value)


def test_hours_merge_into_one() -> None:
    """Counts add up, times span both, slices get their folder and come in time order, templates are the first hour's."""
    late = make_manifest(
        generation=3,
        first_at=START + HOUR,
        last_at=START + HOUR + 5,
        rows=2,
        slices=(
            make_slice(first_at=START + HOUR, file="slice-b"),
            make_slice(first_at=START + HOUR - 1, file="slice-a"),
        ),
        endpoints=(EndpointInfo("GET /a", 1, histogram(9)), EndpointInfo("A /", 1, histogram())),
        methods={"GET": 1, "A": 1},
        peak_concurrency=5,
        redaction={"targets": 2},
        sources={"b.log": 1},
    )
    merged = merge([("h1/", make_manifest()), ("h2/", late)])
    assert (merged.rows, merged.first_at, merged.last_at) == (5, START, START + HOUR + 5)
    assert (merged.generation, merged.peak_concurrency, merged.partitions) == (3, 5, 16)
    assert [s.file for s in merged.slices] == [f"h1/slice-{HASH}.parquet", "h2/slice-a", "h2/slice-b"]
    assert [(e.name, e.rows) for e in merged.endpoints] == [("A /", 1), ("GET /a", 4)]
    assert merged.endpoints[1].latency == histogram(5, 7, 9)
    assert merged.methods == {"GET": 4, "A": 1}
    assert merged.redaction == {"headers": 1, "targets": 2}
    assert merged.sources == {"a.log": {"lines": 3}, "b.log": 1}
    assert (merged.shared_sessions, merged.hmac_key_id) == (("00ff",), "key-1")
    assert merged.templates == make_manifest().templates


@pytest.mark.parametrize(
    ("parts", "together"),
    [((1, 2), 3), ((0, 0), 0), ((None, 2), None), ((2, None), None), ((None, None), None)],
)
def test_refused_rows_add_up_where_every_hour_knows_them(parts: tuple[int | None, ...], together: int | None) -> None:
    """One that an earlier version wrote makes the sum unknown, not too small; of the rows nothing is lost."""
    hours = [make_manifest(endpoints=(EndpointInfo("GET /a", 3, histogram(5), each),)) for each in parts]
    read = [from_json(to_json(hour), "manifest.json") for hour in hours]
    assert read == hours
    (info,) = merge([(f"h{nth}/", hour) for nth, hour in enumerate(read)]).endpoints
    assert (info.rows, info.refused) == (6, together)


def test_an_older_manifest_does_not_say_what_was_refused() -> None:
    """Nor does one written again from it, which follows the published schema too."""
    document = orjson.loads(to_json(make_manifest()))
    assert set(document["endpoints"][0]) == {"name", "rows", "latency"}
    jsonschema.validate(document, published_schema())
    assert from_json(orjson.dumps(document), "manifest.json").endpoints[0].refused is None


@pytest.mark.parametrize("refused", [-1, 4, "1", [1]])
def test_a_count_of_refused_rows_that_cannot_be_is_damage(refused: object) -> None:
    """More than there are rows, fewer than none, or no number."""
    document = orjson.loads(to_json(make_manifest()))
    document["endpoints"][0]["refused"] = refused
    with pytest.raises(DamagedRecording, match="is damaged"):
        from_json(orjson.dumps(document), "manifest.json")


def test_hours_of_different_partitions_do_not_merge() -> None:
    """Two recordings thrown together are refused, since a session would have two owners."""
    with pytest.raises(DamagedRecording, match="different numbers of partitions"):
        merge([("a/", make_manifest()), ("b/", make_manifest(partitions=8))])
