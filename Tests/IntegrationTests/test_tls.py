"""TLS towards clients: certificates by name, versions, the internal authority, its files."""

import hashlib
import ssl
import stat
import subprocess

import pytest

from support import fixtures
from support.client import Client, fetch
from support.gateway import GLOBAL_OPTIONS
from support.ports import free_port


@pytest.fixture
def two_sites(start, authority):
    """(gateway, port) with one.test, two.test and *.wild.test, each with its own certificate."""
    port = free_port()
    sites = "".join(
        f'https://{name}:{port} {{\n tls {certificate} {key}\n respond "{name}"\n}}\n'
        for name in ("one.test", "two.test", "*.wild.test")
        for certificate, key in [authority.issue(name)]
    )
    return start(f"{{\n{GLOBAL_OPTIONS}}}\n{sites}"), port


def ask(port, authority, name, **options):
    return fetch(
        port,
        host=name,
        tls=options.pop("tls", authority.client_context()),
        server_name=name,
        **options,
    )


@pytest.mark.parametrize(
    "name,answer",
    [
        ("one.test", b"one.test"),
        ("two.test", b"two.test"),
        ("TWO.test", b"two.test"),
        ("a.wild.test", b"*.wild.test"),
    ],
)
def test_each_name_has_its_certificate(two_sites, authority, name, answer):
    assert ask(two_sites[1], authority, name).body == answer


def test_an_unknown_name_is_refused(two_sites, authority):
    with pytest.raises(ssl.SSLError):
        ask(two_sites[1], authority, "three.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(two_sites, authority, version):
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    assert ask(two_sites[1], authority, "one.test", tls=context).status == 200


def test_nothing_below_1_2(two_sites, authority):
    context = authority.client_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        ask(two_sites[1], authority, "one.test", tls=context)


def test_http1_is_negotiated(two_sites, authority):
    context = authority.client_context()
    context.set_alpn_protocols(["http/1.1"])
    with Client(two_sites[1], tls=context, server_name="one.test") as client:
        assert client.sock.selected_alpn_protocol() == "http/1.1"


def test_a_session_is_resumed(two_sites, authority):
    context = authority.client_context()
    with Client(two_sites[1], tls=context, server_name="one.test") as client:
        client.request(host="one.test")
        assert client.read_response().complete
        session = client.sock.session
    again = Client(two_sites[1]).sock
    with context.wrap_socket(again, server_hostname="one.test", session=session) as resumed:
        assert resumed.session_reused


def test_plain_http_on_a_tls_port_gets_400(two_sites):
    answer = fetch(two_sites[1], host="one.test")
    assert answer.status == 400 or answer.broken


def internal_site(start):
    text, http, https = fixtures.with_ports('site.example.com {\n respond "hello"\n}\n')
    return start(text, ports=(http, https)), https


def test_a_named_site_gets_a_certificate_from_the_internal_authority(start):
    gateway, port = internal_site(start)
    tls = fixtures.internal_trust(gateway, port, "site.example.com")
    assert (
        fetch(port, host="site.example.com", tls=tls, server_name="site.example.com").body
        == b"hello"
    )
    keys = list((gateway.folder / "data").glob("**/*.key"))
    assert keys
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert key.read_text().startswith("-----BEGIN")


def test_the_authority_is_kept_over_a_restart(start):
    gateway, port = internal_site(start)
    fixtures.internal_trust(gateway, port, "site.example.com")
    root = fixtures.internal_root(gateway).read_bytes()
    gateway.stop()
    gateway.start()
    assert (
        hashlib.sha256(fixtures.internal_root(gateway).read_bytes()).digest()
        == hashlib.sha256(root).digest()
    )
    tls = fixtures.internal_trust(gateway, port, "site.example.com")
    assert (
        fetch(port, host="site.example.com", tls=tls, server_name="site.example.com").body
        == b"hello"
    )


def test_the_root_is_p256_and_an_authority(start):
    gateway, port = internal_site(start)
    fixtures.internal_trust(gateway, port, "site.example.com")
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text", "-in", fixtures.internal_root(gateway)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "prime256v1" in text and "CA:TRUE" in text
