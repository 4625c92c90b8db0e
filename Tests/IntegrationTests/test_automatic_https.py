"""Redirects from HTTP, the `auto_https` options, where things listen, authorities of one's own."""

import socket
import subprocess

import pytest

from support import fixtures
from support.client import fetch
from support.gateway import run_command
from support.ports import free_port


@pytest.fixture
def serve_ports(start):
    """serve_ports(options, sites) with {http} and {https} in both: (gateway, http, https)."""

    def serve(options, sites, listening=("http", "https")):
        ports = {"http": free_port(), "https": free_port(), "other": free_port()}
        text = (
            f"{{\n admin off\n http_port {ports['http']}\n https_port {ports['https']}\n"
            f" local_certs\n skip_install_trust\n {options}\n}}\n"
        )
        for name, number in ports.items():
            sites = sites.replace(f"<{name}>", str(number))
        gateway = start(text + sites, ports=[ports[name] for name in listening])
        return gateway, ports["http"], ports["https"], ports["other"]

    return serve


def accepts(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


def test_plain_http_is_sent_to_the_encrypted_site(serve_ports):
    _, http, https, _ = serve_ports("", 'a.localhost {\n respond "a"\n}\n')
    moved = fetch(http, host="a.localhost", target="/x?y=1")
    assert moved.status == 308
    assert moved.get("location") == "https://a.localhost/x?y=1"


def test_another_port_stands_in_the_redirect(serve_ports):
    _, http, _, other = serve_ports(
        "", 'a.localhost:<other> {\n respond "a"\n}\n', listening=("http", "other")
    )
    assert fetch(http, host="a.localhost").get("location") == f"https://a.localhost:{other}/"


def test_a_site_for_all_names_redirects_all(serve_ports):
    _, http, _, _ = serve_ports("", ":<https> {\n tls {\n  on_demand\n }\n respond hi\n}\n")
    assert fetch(http, host="any.localhost").get("location") == "https://any.localhost/"


def test_redirects_stand_between_hosts_and_the_rest(serve_ports):
    _, http, _, _ = serve_ports(
        "",
        'a.localhost {\n respond "a"\n}\n'
        'http://b.localhost:<http> {\n respond "plain b"\n}\n'
        ':<http> {\n respond "plain rest"\n}\n',
    )
    assert fetch(http, host="a.localhost").status == 308
    assert fetch(http, host="b.localhost").body == b"plain b"
    assert fetch(http, host="c.localhost").body == b"plain rest"


def test_without_redirects_nobody_listens_for_http(serve_ports):
    _, http, https, _ = serve_ports(
        "auto_https disable_redirects", 'a.localhost {\n respond "a"\n}\n', listening=("https",)
    )
    assert not accepts("127.0.0.1", http)


def test_off_leaves_certificates_and_redirects_out(serve_ports):
    gateway, http, https, _ = serve_ports(
        "auto_https off", 'http://a.localhost {\n respond "a"\n}\n', listening=("http",)
    )
    assert fetch(http, host="a.localhost").body == b"a"
    assert not list(gateway.folder.glob("data/**/root.crt"))


def test_disable_certs_issues_nothing_and_redirects(serve_ports):
    gateway, http, https, _ = serve_ports(
        "auto_https disable_certs", 'a.localhost {\n respond "a"\n}\n'
    )
    assert fetch(http, host="a.localhost").status == 308
    assert not list(gateway.folder.glob("data/**/*.pem"))


@pytest.mark.parametrize("ignores", [False, True])
def test_loaded_certificates_spare_issued_ones_unless_ignored(serve_ports, authority, ignores):
    certificate, key = authority.issue("*.shop.test")
    gateway, _, https, _ = serve_ports(
        "auto_https ignore_loaded_certs" if ignores else "",
        f'a.shop.test {{\n tls {certificate} {key}\n respond "a"\n}}\n',
    )
    issued = [path.name for path in gateway.folder.glob("data/**/certificates/local/*.pem")]
    assert issued == (["a.shop.test.pem"] if ignores else [])


def test_names_under_a_managed_wildcard_need_no_certificate_of_their_own(serve_ports):
    gateway, _, https, _ = serve_ports(
        "", '*.shop.test {\n respond "any"\n}\na.shop.test {\n respond "a"\n}\n'
    )
    names = sorted(path.name for path in gateway.folder.glob("data/**/certificates/local/*.pem"))
    assert names == ["wildcard_shop.test.pem"]
    tls = fixtures.internal_trust(gateway, https, "a.shop.test")
    assert fetch(https, host="a.shop.test", tls=tls, server_name="a.shop.test").body == b"a"


@pytest.mark.parametrize("how", ["default_bind 127.0.0.1 [::1]", "bind"])
def test_a_bound_site_listens_there_only_and_so_does_its_redirect(serve_ports, how):
    options, lines = (how, "") if how != "bind" else ("", "bind 127.0.0.1 [::1]\n ")
    _, http, https, _ = serve_ports(options, f'a.localhost {{\n {lines}respond "a"\n}}\n')
    found = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    listening = [
        line.split()[3] for line in found.splitlines()
        if line.split()[3].endswith((f":{http}", f":{https}"))
    ]
    assert sorted(set(listening)) == sorted(
        f"{host}:{port}" for host in ("127.0.0.1", "[::1]") for port in (http, https)
    )
    assert accepts("::1", https) and accepts("127.0.0.1", http)


@pytest.mark.ours("the files have other names")
def test_an_authority_of_ones_own_and_an_issuer_with_options(serve_ports):
    gateway, _, https, _ = serve_ports(
        'pki {\n  ca shop {\n   name "Shop"\n   intermediate_cn "Shop Below"\n'
        "   intermediate_lifetime 3d\n  }\n }",
        "a.localhost {\n tls {\n  issuer internal {\n   ca shop\n   lifetime 2h\n  }\n }\n respond a\n}\n"
        "b.localhost {\n tls {\n  key_type rsa2048\n  issuer internal {\n   ca shop\n   sign_with_root\n"
        "  }\n }\n respond b\n}\n",
    )
    root = gateway.folder / "data/gatewright/authorities/shop/root.crt"

    def show(name):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{https}", "-servername", name,
             "-verify_return_error", "-verify_hostname", name, "-showcerts", "-CAfile", root],
            input="", capture_output=True, text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first, second = show("a.localhost"), show("b.localhost")
    assert first.count("BEGIN CERTIFICATE") == 2 and "Shop Below" in first
    assert second.count("BEGIN CERTIFICATE") == 1 and "Shop - " in second
    assert "rsaEncryption" in second


@pytest.mark.ours("messages of our own")
@pytest.mark.parametrize(
    "options,message",
    [
        ("on_demand_tls {\n ask ftp://x/\n }", "expected an http or https URL"),
        ("on_demand_tls {\n names_max 0\n }", "names_max must be above 0"),
        ("pki {\n ca ../x {\n name x\n }\n }", "expected 1 to 64 letters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(scratch, options, message):
    config = scratch / "Caddyfile"
    config.write_text(f"{{\n {options}\n}}\na.localhost {{\n respond a\n}}\n")
    done = run_command(scratch, "validate", "--config", str(config))
    assert done.returncode == 1
    assert message in done.stderr
