from __future__ import annotations

import time

import pytest

from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.lift.xml import looks_like_xml, read_xml
from replay_users.compare.limits import LIMITS, Limits

LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><l>&m;</l>"
)


def test_a_document_is_elements_in_lists() -> None:
    """An element that is text alone is that text; all else is an object."""
    assert read_xml('<?xml version="1.0"?><a x="1"><b>1</b><b> 2 </b><c/>t</a>', LIMITS) == {
        "a": [{"@x": "1", "b": ["1", "2"], "c": [""], "#text": "t", "#order": "b*2 c #text"}]
    }


def test_prefixes_mean_nothing_and_namespaces_do() -> None:
    """Two documents of one namespace are the same under any prefix; of two they differ."""
    one = read_xml('<x:a xmlns:x="urn:1"><x:b x:c="1"/></x:a>', LIMITS)
    assert one == {"a": [{"@xmlns": "urn:1", "b": [{"@c": "1"}]}]}
    assert one == read_xml('<y:a xmlns:y="urn:1"><y:b y:c="1"/></y:a>', LIMITS)
    assert one != read_xml('<y:a xmlns:y="urn:2"><y:b y:c="1"/></y:a>', LIMITS)
    assert read_xml('<a xmlns:x="urn:1" c="0" x:c="1"/>', LIMITS) == {"a": [{"@c": "0", "@urn:1 c": "1"}]}


def test_what_a_document_says_of_its_encoding_is_not_asked() -> None:
    """It was read already; a wrong declaration spoils nothing."""
    assert read_xml('<?xml version="1.0" encoding="utf-16"?><a>é</a>', LIMITS) == {"a": ["é"]}


@pytest.mark.parametrize(
    "text", ["<a>", "<a></b>", "a", "<a/><a/>", "<a>\ud800</a>", "<a>&nbsp;</a>", '<a b="1" b="2"/>']
)
def test_what_is_no_xml_is_none(text: str) -> None:
    """There is no tree of something that does not hold together."""
    assert read_xml(text, LIMITS) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LAUGHS, id="billion-laughs"),
        pytest.param('<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', id="a-file"),
        pytest.param(
            '<!DOCTYPE a [<!ATTLIST b c CDATA "' + "x" * 100_000 + '">]><a>' + "<b/>" * 1000 + "</a>", id="defaults"
        ),
    ],
)
def test_a_document_with_declarations_of_its_own_is_not_read(text: str) -> None:
    """Nothing is expanded and nothing fetched, and it takes no time."""
    start = time.process_time()
    with pytest.raises(Beyond) as beyond:
        read_xml(text, LIMITS)
    assert beyond.value.reason == "xml"
    assert time.process_time() - start < 0.5


def test_a_doctype_that_names_something_is_harmless() -> None:
    """It is not fetched; a reference that it may explain stays as it is."""
    text = '<!DOCTYPE a PUBLIC "-//X//Y" "http://127.0.0.1:1/x.dtd"><a>1&nbsp;2</a>'
    assert read_xml(text, LIMITS) == {"a": ["1&nbsp;2"]}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [pytest.param(Limits(nesting=20), "depth", id="levels"), pytest.param(Limits(nodes=20), "nodes", id="elements")],
)
def test_limits_hold(limits: Limits, reason: str) -> None:
    """A document beyond them is not read to its end."""
    with pytest.raises(Beyond) as beyond:
        read_xml("<a>" * 30 + "</a>" * 30, limits)
    assert beyond.value.reason == reason


def test_xml_is_known_by_its_beginning() -> None:
    """A tag or a declaration, after white space."""
    assert looks_like_xml('\n<?xml version="1.0"?>')
    assert looks_like_xml("<a>")
    assert not looks_like_xml("a<b>")
    assert not looks_like_xml("< a")
