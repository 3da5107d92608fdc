"""What goes wrong with TLS, in words to be counted and in sentences."""

from __future__ import annotations

import ssl

import pytest

from replay_users.engine.tls_fault import HTTP2_ONLY, Reasons, cure_of, reason_of


def test_reasons_are_bounded() -> None:
    """The first twenty reasons are counted each, the others together; none is lost."""
    reasons = Reasons()
    for nth in range(30):
        reasons.count(f"reason {nth}")
        reasons.count("reason 1")
    assert len(reasons) == 21
    assert (reasons["reason 1"], reasons["other"], sum(reasons.values())) == (31, 10, 60)


def _error(reason: str | None, words: str = "it went wrong") -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL] {words} (_ssl.c:1006)")
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        pytest.param(_error("WRONG_VERSION_NUMBER"), "wrong version number", id="OpenSSL's"),
        pytest.param(_error(None), "it went wrong", id="without a reason"),
        pytest.param(_error(None, "tlsv1 alert no application protocol"), HTTP2_ONLY, id="no name"),
        pytest.param(_error("TLSV1_ALERT_NO_APPLICATION_PROTOCOL"), HTTP2_ONLY, id="ALPN, 3.1"),
        pytest.param(_error("NO_APPLICATION_PROTOCOL"), HTTP2_ONLY, id="ALPN"),
        pytest.param(
            ConnectionResetError(104, "Connection reset by peer"), "connection reset by peer", id="the socket's"
        ),
        pytest.param(ConnectionAbortedError(), "connectionabortederror", id="without words"),
    ],
)
def test_reasons(error: OSError, wanted: str) -> None:
    """They are few words without line numbers, the same for the same fault."""
    assert reason_of(error) == wanted


@pytest.mark.parametrize(
    ("reason", "first", "cure"),
    [
        pytest.param("wrong version number", b"HTTP/1.1 400 Bad", "http://", id="plain HTTP"),
        pytest.param("wrong version number", b"220 mail", "http://", id="no TLS"),
        pytest.param("certificate: self-signed certificate", b"\x16", "--ca-file", id="self-signed"),
        pytest.param("certificate: hostname mismatch, certificate is not valid for 'x'", b"\x16", "--sni", id="name"),
        pytest.param("certificate: IP address mismatch, certificate is ...", b"\x16", "--sni", id="address"),
        pytest.param("certificate: certificate has expired", b"\x16", "--insecure", id="expired"),
        pytest.param("certificate: certificate is not yet valid", b"\x16", "clocks", id="not yet valid"),
        pytest.param("tlsv13 alert certificate required", b"\x16", "--client-cert", id="client certificate"),
        pytest.param("sslv3 alert handshake failure", b"\x15", "--client-cert", id="client certificate, 1.2"),
        pytest.param(
            "tlsv1 alert unknown ca", b"\x15", "--client-cert", id="client certificate of an unknown authority"
        ),
        pytest.param("sslv3 alert certificate expired", b"\x15", "--client-cert", id="client certificate expired"),
        pytest.param("tlsv1 alert protocol version", b"\x15", "1.2 and 1.3", id="versions, told by the target"),
        pytest.param("unsupported protocol", b"\x16", "1.2 and 1.3", id="versions"),
        pytest.param("tlsv1 unrecognized name", b"\x15", "--sni", id="unrecognized name"),
        pytest.param(HTTP2_ONLY, b"\x15", "enable HTTP/1.1", id="HTTP/2 only"),
        pytest.param("decryption failed", b"\x16", "check what speaks", id="anything else"),
    ],
)
def test_cures(reason: str, first: bytes, cure: str) -> None:
    """Each is one sentence that names the option concerned and the cure."""
    sentence = cure_of(reason, "shop.test", first, "--map")
    assert sentence.startswith("--map: ")
    assert cure in sentence
