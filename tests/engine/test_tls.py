"""Whom we trust, who we are, and what is said before a run about a target that will not do."""

from __future__ import annotations

import datetime as dt
import ssl
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from replay_users.engine.origin import Origin
from replay_users.engine.tls import Tls, TlsSettings, check_tls
from replay_users.engine.tunnel import connect_request
from replay_users.errors import UsageError
from replay_users.model import Fault
from replay_users.testing import ScriptedTarget, close, http_answer, receive, send, stall
from tests.engine.rig import request
from tests.engine.tls_server import NAME, Peer, TlsServer, authority, s_server, server_context
from tests.engine.tls_server import serve as serve_tls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from replay_users.engine.connection import Address
    from tests.engine.rig import Rig

Said = dict[str, str | bool]
OK = http_answer(b"ok")
WITHIN = 5.0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate, two client certificates with keys, and files that are no good."""
    folder = tmp_path_factory.mktemp("tls")
    authority().cert_pem.write_to_path(folder / "ca.pem")
    authority("others").cert_pem.write_to_path(folder / "others.pem")
    for name, by in {"client": "ours", "second": "ours", "stranger": "others"}.items():
        made = authority(by).issue_cert(f"{name}@example.test")
        made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        made.private_key_pem.write_to_path(folder / f"{name}.key")
        made.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.both.pem")
    (folder / "text").write_text("hello")
    (folder / "damaged.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    encrypt = ["openssl", "pkey", "-in", "client.key", "-aes128", "-passout", "pass:secret", "-out", "encrypted.key"]
    subprocess.run(encrypt, cwd=folder, check=True)
    return folder


def settings(files: Path, **said: str | bool) -> TlsSettings:
    """Settings whose file names are in the folder."""
    named = {key: str(files / value) if key.endswith("_file") else value for key, value in said.items()}  # type: ignore[operator]
    return TlsSettings(**{"server_name": NAME, "ca_file": str(files / "ca.pem"), **named})  # type: ignore[arg-type]


# Our own files


@pytest.mark.parametrize(
    ("said", "option", "cure"),
    [
        pytest.param({"ca_file": "none"}, "--ca-file", "No such file", id="CA file that is not there"),
        pytest.param({"ca_file": "."}, "--ca-file", "directory", id="CA file that is a folder"),
        pytest.param({"ca_file": "text"}, "--ca-file", "give a PEM file", id="CA file that is no PEM"),
        pytest.param({"ca_file": "damaged.pem"}, "--ca-file", "damaged", id="CA file that is damaged"),
        pytest.param({"key_file": "client.key"}, "--client-key", "--client-cert", id="key without certificate"),
        pytest.param({"cert_file": "client.pem"}, "--client-cert", "--client-key", id="certificate without key"),
        pytest.param({"cert_file": "none"}, "--client-cert", "No such file", id="certificate that is not there"),
        pytest.param(
            {"cert_file": "client.key"}, "--client-cert", "holds no certificate", id="a key for a certificate"
        ),
        pytest.param(
            {"cert_file": "client.pem", "key_file": "client.pem"},
            "--client-key",
            "holds no private key",
            id="a certificate for a key",
        ),
        pytest.param(
            {"cert_file": "client.pem", "key_file": "second.key"},
            "--client-key",
            "not the key of",
            id="key of another certificate",
        ),
        pytest.param(
            {"cert_file": "client.pem", "key_file": "encrypted.key"}, "--client-key", "decrypt it", id="encrypted key"
        ),
        pytest.param(
            {"cert_file": "damaged.pem", "key_file": "client.key"}, "--client-key", "whole", id="damaged certificate"
        ),
        pytest.param({"server_name": ""}, "--sni", "no host name", id="no name"),
        pytest.param({"server_name": "a..test"}, "--sni", "no host name", id="a name with an empty label"),
        pytest.param({"server_name": ".test"}, "--sni", "no host name", id="a name with a leading dot"),
    ],
)
def test_files_and_names_that_are_no_good(files: Path, said: Said, option: str, cure: str) -> None:
    """Each is one sentence that begins with the option and says the cure; nothing asks the terminal for a password."""
    with pytest.raises(UsageError) as raised:
        Tls(settings(files, **said))
    sentence = str(raised.value)
    assert sentence.startswith(f"{option}: ")
    assert cure in sentence
    assert "\n" not in sentence


def test_a_file_that_may_not_be_read_is_named(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence has the system's reason."""

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(UsageError, match=r"ca\.pem cannot be read \(Permission denied\)"):
        Tls(settings(files))


# Renewing


def _exchange(rig: Callable[..., Rig], server: TlsServer, tls: Tls) -> Fault | None:
    live = rig(addresses=[server.address], origin=Origin(name=NAME, port=443, tls=tls))
    (flight,) = live.fly(request())
    live.engine.close()
    return flight.fault


def remembers(tls: Tls) -> bool:
    """Whether there is a session to resume."""
    return tls.session is not None


def test_files_that_change_are_read_again(rig: Callable[..., Rig], files: Path, tmp_path: Path) -> None:
    """A renewed CA file holds for the next connection; an unchanged one is not read."""
    path = tmp_path / "ca.pem"
    path.write_bytes((files / "others.pem").read_bytes())
    tls = Tls(settings(tmp_path))
    with TlsServer(serve_tls(OK), server_context()) as server:
        assert _exchange(rig, server, tls) is Fault.TLS
        assert tls.renew() is None
        assert _exchange(rig, server, tls) is Fault.TLS
        path.write_bytes((files / "ca.pem").read_bytes())
        assert tls.renew() is None
        assert _exchange(rig, server, tls) is None


def test_a_renewed_context_forgets_the_session(rig: Callable[..., Rig], files: Path, tmp_path: Path) -> None:
    """A session that belongs to the old context is not offered by the new one, which would refuse it."""
    path = tmp_path / "ca.pem"
    path.write_bytes((files / "ca.pem").read_bytes())
    tls = Tls(settings(tmp_path))
    with TlsServer(serve_tls(OK), server_context()) as server:
        assert _exchange(rig, server, tls) is None
        assert remembers(tls)
        path.write_bytes((files / "ca.pem").read_bytes() + (files / "others.pem").read_bytes())
        assert tls.renew() is None
        assert not remembers(tls)
        assert _exchange(rig, server, tls) is None


def test_new_files_that_do_not_fit(rig: Callable[..., Rig], files: Path, tmp_path: Path) -> None:
    """A key that is renewed before its certificate is said once; what was read before holds until they fit."""
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    tls = Tls(settings(tmp_path, cert_file="client.pem", key_file="client.key"))
    with TlsServer(serve_tls(OK), server_context(wants="ours")) as server:
        (tmp_path / "client.key").write_bytes((files / "second.key").read_bytes())
        assert "is not the key of" in str(tls.renew())
        assert tls.renew() is None
        assert _exchange(rig, server, tls) is None
        (tmp_path / "client.pem").write_bytes((files / "second.pem").read_bytes())
        assert tls.renew() is None
        assert _exchange(rig, server, tls) is None
    assert b"second@example.test" in b"".join(peer.ssl.getpeercert(True) or b"" for peer in server.peers[1:])


def test_a_file_that_goes_away(files: Path, tmp_path: Path) -> None:
    """That it is gone is said once."""
    path = tmp_path / "ca.pem"
    path.write_bytes((files / "ca.pem").read_bytes())
    tls = Tls(settings(tmp_path))
    path.unlink()
    assert "cannot be read" in str(tls.renew())
    assert tls.renew() is None


# Before a run


def check(files: Path, address: Address, said: Said | None = None, tunnel: bytes = b"") -> str:
    """What the preflight says; empty if it has nothing to say."""
    try:
        check_tls([address], Tls(settings(files, **(said or {}))), tunnel, WITHIN, option="--host")
    except UsageError as error:
        return str(error)
    return ""


def only(version: ssl.TLSVersion, context: ssl.SSLContext) -> ssl.SSLContext:
    """The server's side, of one version."""
    context.minimum_version = context.maximum_version = version
    return context


EACH_VERSION = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name
)


@EACH_VERSION
@pytest.mark.parametrize(
    "said",
    [
        pytest.param({}, id="trusted"),
        pytest.param({"server_name": "127.0.0.1"}, id="by its address"),
        pytest.param({"server_name": "other.test", "ca_file": "others.pem", "verify": False}, id="not verified"),
        pytest.param({"cert_file": "client.both.pem"}, id="with a client certificate that nobody asks for"),
    ],
)
def test_a_target_that_will_do(files: Path, version: ssl.TLSVersion, said: Said) -> None:
    """Nothing is said, and no time is lost with waiting."""
    with TlsServer(serve_tls(OK), only(version, server_context())) as server:
        took = []
        for _ in range(3):  # any of which may be held up by others
            begun = time.monotonic()
            assert check(files, server.address, said) == ""
            took.append(time.monotonic() - begun)
        assert min(took) < 0.4


def test_an_authority_without_its_own(files: Path) -> None:
    """A CA file may hold only the authority that signed, and not the one that signed for that."""
    child = authority().create_child_ca()
    child.cert_pem.write_to_path(files / "child.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    child.issue_cert(NAME).configure_cert(context)
    with TlsServer(serve_tls(OK), context) as server:
        assert check(files, server.address, {"ca_file": "child.pem"}) == ""


@EACH_VERSION
@pytest.mark.parametrize(
    "client", [{"cert_file": "client.both.pem"}, {"cert_file": "client.pem", "key_file": "client.key"}], ids=len
)
def test_a_client_certificate_is_shown(files: Path, version: ssl.TLSVersion, client: Said) -> None:
    """A target that demands one gets it, from one file or from two."""
    with TlsServer(serve_tls(OK), only(version, server_context(wants="ours"))) as server:
        assert check(files, server.address, client) == ""


YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


@EACH_VERSION
@pytest.mark.parametrize(
    ("context", "said", "wanted"),
    [
        pytest.param(
            server_context(by="others"), {}, "give the authority that signed it with --ca-file", id="unknown authority"
        ),
        pytest.param(server_context(), {"ca_file": "others.pem"}, "--ca-file", id="CA file that does not fit"),
        pytest.param(server_context(not_after=YESTERDAY), {}, f"of {NAME} has expired", id="expired"),
        pytest.param(server_context(), {"server_name": "other.test"}, "not for other.test", id="another name"),
        pytest.param(server_context(), {"server_name": "127.0.0.2"}, "address 127.0.0.2", id="another address"),
        pytest.param(server_context(wants="ours"), {}, "--client-cert", id="client certificate demanded"),
        pytest.param(
            server_context(wants="ours"),
            {"cert_file": "stranger.both.pem"},
            "does not accept our client certificate",
            id="client certificate of a stranger",
        ),
    ],
)
def test_a_target_that_will_not_do(
    files: Path, version: ssl.TLSVersion, context: ssl.SSLContext, said: Said, wanted: str
) -> None:
    """One sentence says what is wrong and the cure."""
    with TlsServer(serve_tls(OK), only(version, context)) as server:
        sentence = check(files, server.address, said)
        assert sentence.startswith("--host: ")
        assert wanted in sentence
        assert "\n" not in sentence


def test_a_target_that_speaks_http2_only(rig: Callable[..., Rig], files: Path) -> None:
    """A target that refuses our protocol is told in a sentence before the run, and is a fault of TLS within it."""
    with s_server(files, "-alpn", "h2") as (address, _):
        assert "speaks HTTP/2 only" in check(files, address)
        tls = Tls(settings(files))
        live = rig(addresses=[address], origin=Origin(name=NAME, port=443, tls=tls))
        (flight,) = live.fly(request())
        assert (flight.fault, dict(tls.errors)) == (Fault.TLS, {"the target speaks HTTP/2 only (ALPN)": 1})
        live.engine.close()


@EACH_VERSION
def test_a_target_that_speaks_http2_without_asking(files: Path, version: ssl.TLSVersion) -> None:
    """Its first frame is told as what it is."""
    context = only(version, server_context())
    context.set_alpn_protocols(["h2"])

    def act(peer: Peer) -> None:
        peer.shake()
        peer.send(bytes.fromhex("000006040000000000000400100000"))
        peer.read()

    with TlsServer(act, context) as server:
        assert "speaks HTTP/2 only" in check(files, server.address)


def test_versions_that_do_not_meet(files: Path) -> None:
    """A target that speaks old TLS only is told so."""
    with s_server(files, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as (address, _):
        assert "no version of TLS that we do" in check(files, address)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks plain HTTP on this port; say http://", id="HTTP"),
        pytest.param(b"220 mail.example ESMTP\r\n", "speaks no TLS on this port", id="another protocol"),
    ],
)
def test_a_port_without_tls(files: Path, target: ScriptedTarget, said: bytes, wanted: str) -> None:
    """What speaks there in plain text is told, with http:// as the cure."""
    target.play([send(said), close()])
    assert wanted in check(files, target.address)


@pytest.mark.parametrize("where", ["refusing", "deaf"])
def test_a_target_that_cannot_be_reached(files: Path, target: ScriptedTarget, where: str) -> None:
    """That is the run's to count; the preflight does not wait for longer than it was told, and asks the next address."""
    check_tls([getattr(target, where)], Tls(settings(files)), b"", 0.05, option="--host")
    target.play([send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), close()])
    with pytest.raises(UsageError, match=r"^--map: .* plain HTTP"):
        check_tls([getattr(target, where), target.address], Tls(settings(files)), b"", 0.2, option="--map")


def test_a_family_that_the_machine_does_not_have(files: Path, target: ScriptedTarget) -> None:
    """The preflight asks the next address then, as the run will."""
    target.play([send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), close()])
    with pytest.raises(UsageError, match="plain HTTP"):
        check_tls([(12345, ("::1", 443, 0, 0)), target.address], Tls(settings(files)), b"", 1, option="--host")


@pytest.mark.parametrize("step", [close(), stall()], ids=lambda step: step.action)
def test_a_target_that_says_nothing(files: Path, target: ScriptedTarget, step: object) -> None:
    """A peer that closes or stalls may do better later."""
    target.play([step])  # type: ignore[list-item]
    check_tls([target.address], Tls(settings(files)), b"", 0.1, option="--host")


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        pytest.param(b"HTTP/1.1 407 Who\r\n\r\n", "--proxy: the proxy refuses a tunnel (407 Who)", id="407"),
        pytest.param(b"HTTP/1.1 503 No\r\n\r\n", "", id="503 may pass"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", "", id="open, then silence"),
    ],
)
def test_the_proxy_is_asked_too(files: Path, target: ScriptedTarget, answer: bytes, wanted: str) -> None:
    """A proxy that blames us is told; one that cannot reach the target now is the run's to count."""
    target.play([receive(), send(answer), close()])
    sentence = check(files, target.address, None, connect_request(NAME, 443))
    assert sentence.startswith(wanted)
    assert bool(sentence) == bool(wanted)
