"""`--watch` follows the files that a configuration names, not only its own text."""

import os
import ssl

import pytest

from support.certificates import Authority
from support.client import Client, fetch
from support.gateway import site
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy watches the file of its configuration only")

WATCH = ["--watch"]


def replace(path, text):
    """Another file takes the name, as editors and certificate tools do."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def authorized(port, key):
    return fetch(port, fields=[("Authorization", f"Bearer {key}")]).status == 200


def test_a_file_of_keys(start, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("alice:first-secret\n")
    text, port = site(f"api_keys {{\n keys_file {keys}\n}}\nrespond ok")
    gateway = start(text, arguments=WATCH)
    assert authorized(port, "first-secret")
    replace(keys, "alice:second-secret\n")
    wait_until(lambda: authorized(port, "second-secret"), 10, "the new key")
    assert not authorized(port, "first-secret")
    # What cannot be used is refused and told, and the file is looked at again.
    gateway.expect_log("keys|refused")
    replace(keys, "alice\n")
    gateway.wait_for_log("without a colon", 10)
    assert authorized(port, "second-secret")
    keys.write_text("alice:third-secret\n")
    wait_until(lambda: authorized(port, "third-secret"), 10, "the key of the mended file")


def test_an_imported_file(start, tmp_path):
    part = tmp_path / "part.caddy"
    part.write_text("respond one")
    text, port = site(f"import {part}")
    start(text, arguments=WATCH)
    assert fetch(port).body == b"one"
    replace(part, "respond two")
    wait_until(lambda: fetch(port).body == b"two", 10, "the new part")


def test_a_file_in_a_placeholder(start, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("one")
    text, port = site(f"respond {{file.{secret}}}")
    start(text, arguments=WATCH)
    assert fetch(port).body == b"one"
    replace(secret, "two")
    wait_until(lambda: fetch(port).body == b"two", 10, "the new text")


def certificate_of(port, name):
    """The certificate that is shown for a name, unverified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Client(port, tls=context, server_name=name) as client:
        return client.sock.getpeercert(binary_form=True)


def test_a_certificate_and_its_key(start, authority, tmp_path):
    """Between the writing of the two they do not belong together: the old ones go on."""
    first, second = authority.issue("a.test"), authority.issue("second.test", "a.test")
    certificate, key = tmp_path / "site.pem", tmp_path / "site.key"
    for source, target in zip(first, (certificate, key)):
        target.write_bytes(source.read_bytes())
    text, port = site(f"tls {certificate} {key}\nrespond ok")
    text = text.replace(f"http://:{port}", f"https://a.test:{port}")
    gateway = start(text, arguments=WATCH)
    shown = certificate_of(port, "a.test")
    gateway.expect_log("does not belong|refused")
    replace(certificate, second[0].read_text())
    gateway.wait_for_log("does not belong to the certificate", 10)
    assert certificate_of(port, "a.test") == shown
    replace(key, second[1].read_text())
    wait_until(lambda: certificate_of(port, "a.test") != shown, 10, "the new certificate")


def test_the_authority_of_an_upstream(start, authority, upstream, tmp_path, tmp_path_factory):
    """The pool is made anew: what the new file does not trust is refused."""
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    server = upstream(tls=authority.server_context("localhost"))
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority.certificate.read_bytes())
    text, port = site(
        f"reverse_proxy https://localhost:{server.port} {{\n transport http {{\n"
        f"  tls_trust_pool file {trusted}\n }}\n}}"
    )
    gateway = start(text, arguments=WATCH)
    assert fetch(port).status == 200
    gateway.expect_log("TLS|certificate|502")
    replace(trusted, stranger.certificate.read_text())
    wait_until(lambda: fetch(port).status == 502, 10, "the new authority")
    replace(trusted, authority.certificate.read_text())
    wait_until(lambda: fetch(port).status == 200, 10, "the old authority again")
