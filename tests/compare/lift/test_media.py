from __future__ import annotations

import pytest

from replay_users.compare.lift import Form
from replay_users.compare.lift.media import NO_MEDIA, Media, is_textual, media


def of(value: str) -> Media:
    """What a content type says."""
    return media(f"date: x\r\nContent-Type: {value}\r\nserver: y\r\n".encode())


@pytest.mark.parametrize(
    ("value", "form"),
    [
        pytest.param("application/json", Form.JSON, id="json"),
        pytest.param("Application/JSON; charset=utf-8", Form.JSON, id="any-case-with-parameter"),
        pytest.param("application/vnd.api+json ; v=1", Form.JSON, id="built-on-json"),
        pytest.param("text/json", Form.JSON, id="old-name"),
        pytest.param("application/x-ndjson", Form.NDJSON, id="ndjson"),
        pytest.param("application/json-seq", Form.NDJSON, id="sequence"),
        pytest.param("application/stream+json", Form.NDJSON, id="stream"),
        pytest.param("text/event-stream", Form.SSE, id="events"),
        pytest.param("application/x-www-form-urlencoded", Form.FORM, id="form"),
        pytest.param("text/html; a=application/json", Form.HTML, id="html"),
        pytest.param("application/xhtml+xml", Form.HTML, id="xhtml"),
        pytest.param("application/atom+xml", Form.XML, id="built-on-xml"),
        pytest.param("image/svg+xml", Form.XML, id="image-that-is-xml"),
        pytest.param("text/csv", Form.TEXT, id="text"),
        pytest.param("application/javascript", Form.TEXT, id="script"),
        pytest.param("image/png", Form.OPAQUE, id="image"),
        pytest.param("application/pdf", Form.OPAQUE, id="pdf"),
        pytest.param("application/octet-stream", None, id="anything"),
        pytest.param("application/jsonx", None, id="longer-name"),
        pytest.param("\xff", None, id="nonsense"),
    ],
)
def test_a_type_promises_a_form(value: str, form: Form | None) -> None:
    """Names are known whole, by what they are built on, or by their kind; others promise nothing."""
    assert of(value).form is form


@pytest.mark.parametrize(
    ("value", "charset"),
    [
        pytest.param("text/html; charset=UTF-8", "utf-8", id="plain"),
        pytest.param('text/html;charset="iso-8859-1"; x=y', "iso-8859-1", id="quoted"),
        pytest.param("text/html; boundary=charset", "", id="another-parameter"),
        pytest.param("text/html", "", id="none"),
    ],
)
def test_a_charset_is_read_in_lower_case(value: str, charset: str) -> None:
    """The parameter counts wherever it stands, with or without quotes."""
    assert of(value).charset == charset


@pytest.mark.parametrize(
    ("value", "boundary"),
    [
        pytest.param("multipart/mixed; boundary=aB-1", b"aB-1", id="plain"),
        pytest.param('Multipart/Form-Data; x=y; Boundary="a b"', b"a b", id="quoted"),
        pytest.param("text/html; boundary=x", b"", id="another-type"),
        pytest.param("multipart/mixed; x-boundary=1", b"", id="another-parameter"),
    ],
)
def test_a_boundary_is_read_as_it_stands(value: str, boundary: bytes) -> None:
    """Its case counts."""
    assert of(value).boundary == boundary


def test_without_a_type_nothing_is_said() -> None:
    """A head without the header promises nothing."""
    assert media(b"date: x\r\n") == NO_MEDIA


def test_texts_are_told_from_bytes() -> None:
    """Whatever is read as a text of some kind is one; bytes and what is not known are none."""
    assert is_textual(of("application/json"))
    assert not is_textual(of("image/png"))
    assert not is_textual(of("application/octet-stream"))
