"""Certificates at the first handshake: permission, limits, one flight, names of every kind."""

import concurrent.futures
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import fixtures
from support.client import Client, fetch
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("limits and rules of our own")


@pytest.fixture
def gateway_on_demand(start):
    """gateway_on_demand(options, tls lines) serves every name: (gateway, HTTPS port)."""

    def serve(options="", site=":{https}", lines="on_demand", more=""):
        http, https = free_port(), free_port()
        text = (
            f"{{\n admin off\n http_port {http}\n https_port {https}\n local_certs\n"
            f" skip_install_trust\n {options}\n}}\n"
            f"{site.format(https=https)} {{\n tls {{\n  {lines}\n }}\n respond {{host}}\n}}\n{more}"
        )
        return start(text, ports=[https]), https

    return serve


def hello(port, name, timeout=10):
    """The certificate that a handshake for a name shows, in DER; raises when it is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            return secure.getpeercert(binary_form=True)


def is_refused(port, name):
    try:
        hello(port, name)
    except ssl.SSLError as error:
        assert "unrecognized" in str(error).lower() or "UNRECOGNIZED" in str(error), error
        return True
    return False


def endpoint(upstream, respond):
    """A permission endpoint: its port, and the targets that it was asked for.

    `respond(target)` returns the status.
    """
    targets = []

    def serve(connection):
        while request := connection.read_request():
            targets.append(request.target)
            connection.respond(respond(request.target), fields=[("Location", "/yes")])

    return upstream(serve).port, targets


def stored(gateway):
    folder = pathlib.Path(gateway.folder, "data/gatewright/certificates/local/on_demand")
    return sorted(path.name for path in folder.glob("*.pem")) if folder.exists() else []


@pytest.mark.parametrize("name", ["shop.localhost", "localhost", "a.b.example.com", "API.Localhost"])
def test_a_new_name_gets_a_certificate_that_verifies(gateway_on_demand, name):
    gateway, port = gateway_on_demand()
    hello(port, "first.localhost")
    trust = fixtures.trust(fixtures.internal_root(gateway))
    answer = fetch(port, host=name, tls=trust, server_name=name)
    assert answer.body.decode().lower() == name.lower()
    # The handshake does not wait for the disk.
    wait_until(lambda: f"{name.lower()}.pem" in stored(gateway), 5, "the file")


def test_curl_trusts_it(gateway_on_demand):
    gateway, port = gateway_on_demand()
    hello(port, "first.localhost")
    for url, shown in [
        (f"https://api.shop.localhost:{port}/", "api.shop.localhost"),
        (f"https://127.0.0.1:{port}/", "127.0.0.1"),
        (f"https://[::1]:{port}/", "::1"),
    ]:
        done = subprocess.run(
            ["curl", "-sS", "--cacert", fixtures.internal_root(gateway), url],
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, ""), url
        assert done.stdout == shown


def test_the_chain_is_sent_and_openssl_verifies_it(gateway_on_demand):
    gateway, port = gateway_on_demand()
    hello(port, "first.localhost")
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "x.localhost",
         "-verify_return_error", "-verify_hostname", "x.localhost", "-showcerts",
         "-CAfile", fixtures.internal_root(gateway)],
        input="", capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("BEGIN CERTIFICATE") == 2
    assert "Gatewright Local Authority - ECC Intermediate" in done.stdout


def test_concurrent_first_handshakes_give_one_certificate(gateway_on_demand, upstream):
    permission, asked = endpoint(upstream, lambda target: 200)
    _, port = gateway_on_demand(f"on_demand_tls {{\n ask http://127.0.0.1:{permission}/\n }}")
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        shown = list(pool.map(lambda _: hello(port, "one.localhost"), range(64)))
    assert len(set(shown)) == 1
    assert len(asked) == 1


def test_the_same_certificate_after_a_restart_and_a_reload(gateway_on_demand):
    gateway, port = gateway_on_demand()
    first = hello(port, "kept.localhost")
    gateway.write_config(gateway.config_path.read_text() + "\n")
    gateway.signal(1)
    gateway.wait_for_log("reloaded")
    assert hello(port, "kept.localhost") == first
    wait_until(lambda: stored(gateway), 5, "the file")
    gateway.stop()
    gateway.start()
    assert hello(port, "kept.localhost") == first


@pytest.mark.parametrize("how", ["on_demand", "managed"])
def test_a_certificate_is_renewed_while_connections_go_on(gateway_on_demand, how):
    lines = "on_demand\n" if how == "on_demand" else ""
    gateway, port = gateway_on_demand(
        site="a.localhost:{https}", lines=lines + "  issuer internal {\n   lifetime 6s\n  }"
    )
    first = hello(port, "a.localhost")
    trust = fixtures.trust(fixtures.internal_root(gateway))
    with Client(port, tls=trust, server_name="a.localhost") as client:

        def is_renewed():
            client.request(host="a.localhost")
            assert client.read_response().status == 200
            return hello(port, "a.localhost") != first

        wait_until(is_renewed, 10, "another certificate")
        Client(port, tls=trust, server_name="a.localhost").close()


class TestPermission:
    @pytest.fixture
    def asking(self, gateway_on_demand, upstream):
        """asking(respond, options) serves with an endpoint: (gateway, port, targets asked)."""

        def serve(respond, options=""):
            permission, targets = endpoint(upstream, respond)
            gateway, port = gateway_on_demand(
                f"on_demand_tls {{\n ask http://127.0.0.1:{permission}/check?from=gateway\n"
                f" {options}\n }}"
            )
            return gateway, port, targets

        return serve

    def test_the_endpoint_is_asked_for_each_name_once(self, asking):
        gateway, port, targets = asking(lambda target: 200)
        for _ in range(3):
            hello(port, "a.localhost")
        hello(port, "b.localhost")
        assert targets == [
            "/check?from=gateway&domain=a.localhost",
            "/check?from=gateway&domain=b.localhost",
        ]

    @pytest.mark.parametrize("status", [403, 404, 500, 302, 399])
    def test_anything_but_2xx_is_a_no(self, asking, status):
        gateway, port, targets = asking(lambda target: status)
        assert is_refused(port, "a.localhost")
        assert is_refused(port, "a.localhost")
        # The answer holds for a while, and nothing was followed.
        assert len(targets) == 1
        assert stored(gateway) == []
        gateway.wait_for_log("permission endpoint did not allow it")

    def test_an_endpoint_that_is_not_there_is_a_no(self, gateway_on_demand):
        gateway, port = gateway_on_demand(
            f"on_demand_tls {{\n ask http://127.0.0.1:{free_port()}/\n }}"
        )
        assert is_refused(port, "a.localhost")
        gateway.wait_for_log("permission endpoint could not be asked")

    def test_a_slow_endpoint_holds_up_nobody_else(self, asking):
        release = threading.Event()

        def respond(target):
            if "slow" in target:
                release.wait(20)
            return 200

        _, port, targets = asking(respond)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            slow = [pool.submit(hello, port, "slow.localhost") for _ in range(4)]
            wait_until(lambda: targets, 5, "the question")
            for index in range(10):
                hello(port, f"quick{index}.localhost")
            assert not any(future.done() for future in slow)
            release.set()
            assert len({future.result() for future in slow}) == 1

    def test_an_endpoint_without_answer_is_given_up(self, asking):
        release = threading.Event()

        def respond(target):
            release.wait(20)
            return 200

        gateway, port, _ = asking(respond)
        try:
            assert is_refused(port, "never.localhost")
        finally:
            release.set()
        gateway.wait_for_log("no answer in time")

    def test_the_list_holds_whatever_the_endpoint_says(self, asking):
        gateway, port, targets = asking(lambda target: 200, "allow .localhost")
        hello(port, "a.localhost")
        assert is_refused(port, "evil.example.com")
        assert targets == ["/check?from=gateway&domain=a.localhost"]
        gateway.wait_for_log("not on the list of allowed names")

    def test_a_yes_to_everything_is_still_bounded(self, asking):
        gateway, port, targets = asking(
            lambda target: 200, "names_max 5\n rate 1000 1m"
        )
        kept = hello(port, "kept.localhost")
        for index in range(4):
            hello(port, f"n{index}.localhost")
        assert all(is_refused(port, f"more{index}.localhost") for index in range(20))
        wait_until(lambda: len(stored(gateway)) == 5, 5, "the files")
        assert hello(port, "kept.localhost") == kept
        gateway.wait_for_log("as many names as allowed")


def test_a_flood_of_names_is_bounded_and_known_names_go_on(gateway_on_demand):
    gateway, port = gateway_on_demand("on_demand_tls {\n rate 10 1h\n }")
    begun = time.monotonic()
    kept = hello(port, "kept.localhost")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(lambda n: is_refused(port, f"f{n}.localhost"), range(300)))
    assert refused.count(False) <= 9
    assert len(stored(gateway)) <= 10
    assert hello(port, "kept.localhost") == kept
    # One line a second tells of all of them.
    lines = [line for line in gateway.lines if "too many new names" in line]
    assert 1 <= len(lines) <= time.monotonic() - begun + 2


@pytest.mark.parametrize(
    "name", ["*.localhost", "-a.localhost", "a..localhost", "a_b/c.localhost", "x" * 64 + ".localhost"]
)
def test_names_that_are_none_are_refused(gateway_on_demand, name):
    gateway, port = gateway_on_demand()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(client_hello(name.encode()))
        assert client.recv(7)[5:7] in (b"\x02\x70", b"")
    assert stored(gateway) == []


def client_hello(name):
    """A TLS 1.2 client hello with any bytes as server name."""

    def block(content, size):
        return len(content).to_bytes(size, "big") + content

    server_name = b"\0\0" + block(block(b"\0" + block(name, 2), 2), 2)
    groups = b"\0\x0a" + block(block(b"\0\x17", 2), 2)
    algorithms = b"\0\x0d" + block(block(b"\x04\x03", 2), 2)
    extensions = block(server_name + groups + algorithms, 2)
    body = b"\x03\x03" + bytes(32) + b"\0" + block(b"\xc0\x2b", 2) + b"\x01\0" + extensions
    return b"\x16\x03\x01" + block(b"\x01" + block(body, 3), 2)


def test_a_client_that_leaves_while_it_waits_is_forgotten(gateway_on_demand, upstream):
    release = threading.Event()
    asked = threading.Event()

    def respond(target):
        asked.set()
        release.wait(20)
        return 200

    permission, _ = endpoint(upstream, respond)
    gateway, port = gateway_on_demand(
        f"on_demand_tls {{\n ask http://127.0.0.1:{permission}/\n }}"
    )
    before = gateway.open_files()
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(client_hello(b"gone.localhost"))
        assert asked.wait(5)
    wait_until(lambda: gateway.open_files() <= before + 1, 5, "the connection to be closed")
    release.set()
    wait_until(lambda: "gone.localhost.pem" in stored(gateway), 5, "the certificate")
    assert hello(port, "gone.localhost")


def test_names_of_a_site_are_issued_at_their_handshake(gateway_on_demand):
    gateway, port = gateway_on_demand(site="a.localhost:{https} b.localhost:{https}")
    assert stored(gateway) == []
    hello(port, "a.localhost")
    wait_until(lambda: stored(gateway) == ["a.localhost.pem"], 5, "the file")
    assert is_refused(port, "c.localhost")


def test_a_wildcard_below_a_top_level_name_serves_names_one_by_one(start):
    """OpenSSL and browsers refuse a certificate for *.localhost."""
    text, http, https = fixtures.with_ports("*.localhost {\n respond {host}\n}\n")
    gateway = start(text, ports=(http, https))
    hello(https, "a.localhost")
    trust = fixtures.trust(fixtures.internal_root(gateway))
    answer = fetch(https, host="b.localhost", tls=trust, server_name="b.localhost")
    assert answer.body == b"b.localhost"
    with pytest.raises(ssl.SSLError):
        hello(https, "a.b.localhost")


#: Shipped with the system that this gateway replaces, without the plugin that it names.
RESOLVER = """{
	local_certs
	skip_install_trust

	on_demand_tls {
		ask http://127.0.0.1:80/_tls_check
	}

	auto_https disable_redirects
}

:80 {
	@tls_check path /_tls_check
	handle @tls_check {
		respond "OK" 200
	}

	handle {
		redir https://{host}{uri} permanent
	}
}

:443 {
	tls {
		on_demand
	}

	respond "{host} {scheme}"
}
"""


def test_a_static_yes_does_not_mean_unlimited_certificates(start):
    http, https = free_port(), free_port()
    text = fixtures.replaced(
        RESOLVER,
        {
            "{\n\tlocal_certs": f"{{\n\thttp_port {http}\n\thttps_port {https}\n"
            "\tadmin off\n\tlocal_certs",
            "127.0.0.1:80/": f"127.0.0.1:{http}/",
            ":80 {": f":{http} {{",
            ":443 {": f":{https} {{",
        },
    )
    gateway = start(text, ports=(http, https))
    begun = time.monotonic()
    hello(https, "first.localhost")
    trust = fixtures.trust(fixtures.internal_root(gateway))
    answer = fetch(https, host="api.shop.localhost", tls=trust, server_name="api.shop.localhost")
    assert answer.body == b"api.shop.localhost https"
    moved = fetch(http, host="api.shop.localhost", target="/x?y=1")
    assert moved.status == 301
    assert moved.get("location") == "https://api.shop.localhost/x?y=1"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        refused = list(pool.map(lambda n: is_refused(https, f"f{n}.example.com"), range(400)))
    # 120 at once and two a second.
    allowed = 122 + 2 * (time.monotonic() - begun)
    assert refused.count(False) <= allowed
    assert len(stored(gateway)) <= allowed
    assert hello(https, "api.shop.localhost")
