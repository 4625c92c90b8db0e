"""forwarder and openai-host: an HTTPS upstream with its own Host, from Caddyfiles and JSON."""

import json

import pytest

from support import fixtures
from support.client import fetch
from support.gateway import IS_CADDY
from support.ports import free_port
from support.upstreams import echo

HOST = "gateway.example.com"


@pytest.fixture
def secure(upstream, authority):
    """An HTTPS upstream named localhost, and the environment in which its authority is trusted."""
    server = upstream(echo, tls=authority.server_context("localhost"))
    return server, {"SSL_CERT_FILE": str(authority.certificate)}


def start_forwarder(start, server, environment):
    port = free_port()
    text = fixtures.replaced(
        fixtures.read("forwarder.caddyfile"),
        {":8080": f":{port}", "https://api.openai.com:443": f"https://localhost:{server.port}"},
    )
    return start(text.replace("{\n", "{\n    admin off\n", 1), environment=environment), port


def test_forwarder(start, secure):
    server, environment = secure
    gateway, port = start_forwarder(start, server, environment)
    answer = fetch(
        port, "POST", "/v1/chat/completions", [("Authorization", "Bearer sk-secret")], '{"a": 1}'
    )
    assert answer.status == 200
    request = server.next_request()
    assert (request.method, request.target, request.body) == (
        "POST",
        "/v1/chat/completions",
        b'{"a": 1}',
    )
    assert request.get("host") == "api.openai.com"
    assert request.get("authorization") == "Bearer sk-secret"
    assert request.get("x-forwarded-proto") == "http"
    assert request.get("x-forwarded-for") == "127.0.0.1"
    gateway.stop()
    assert "caddy.log" in [path.name for path in (gateway.folder / "logs").iterdir()]
    record = json.loads((gateway.folder / "logs/access.log").read_text())
    assert (record["status"], record["request"]["method"]) == (200, "POST")
    assert "sk-secret" not in (gateway.folder / "logs/access.log").read_text()


def answer_in_plaintext(connection):
    """Takes whatever comes first for a request, as a plain HTTP server on a TLS port does."""
    first = connection.sock.recv(65536)
    if b"sk-secret" in first:
        connection.upstream.requests.put(first)
    connection.respond(200, "hello")


@pytest.mark.parametrize("fault", ["unknown authority", "another name", "plaintext"])
def test_an_upstream_that_cannot_prove_itself_is_502(start, upstream, authority, fault):
    """Never a silent fallback: nothing of the request reaches such an upstream."""
    if fault == "plaintext":
        server = upstream(answer_in_plaintext)
    else:
        name = "localhost" if fault == "unknown authority" else "other.test"
        server = upstream(echo, tls=authority.server_context(name))
    environment = (
        {} if fault == "unknown authority" else {"SSL_CERT_FILE": str(authority.certificate)}
    )
    gateway, port = start_forwarder(start, server, environment)
    gateway.expect_log("localhost", "502")
    answer = fetch(port, "POST", fields=[("Authorization", "Bearer sk-secret")], body="x")
    assert answer.status == 502
    assert server.requests.empty()


def openai_host_caddyfile(port, server):
    text = fixtures.replaced(
        fixtures.read("openai-host.caddyfile"),
        {"https://api.openai.com": f"https://localhost:{server.port}", ":8443": f":{port}"},
    )
    options = "local_certs\n" if IS_CADDY else ""
    return f"{{\nadmin off\nskip_install_trust\nhttp_port {free_port()}\n{options}}}\n{text}"


def openai_host_json(port, server):
    config = json.loads(
        fixtures.replaced(
            fixtures.read("openai-host.json"),
            {"api.openai.com:443": f"localhost:{server.port}", ":8443": f":{port}"},
        )
    )
    config["apps"]["http"]["http_port"] = free_port()
    if IS_CADDY:
        config["apps"]["tls"] = {
            "automation": {"policies": [{"issuers": [{"module": "internal"}]}]}
        }
    return json.dumps(config, indent=2)


@pytest.mark.parametrize("form", ["caddyfile", "json"])
def test_openai_host(start, secure, form):
    server, environment = secure
    port = free_port()
    make = openai_host_caddyfile if form == "caddyfile" else openai_host_json
    name = "Caddyfile" if form == "caddyfile" else "config.json"
    gateway = start(make(port, server), environment=environment, name=name, ports=[port])
    tls = fixtures.internal_trust(gateway, port, HOST)
    answer = fetch(
        port, target="/v1/models?limit=2", host=f"{HOST}:{port}", tls=tls, server_name=HOST
    )
    assert answer.status == 200
    request = server.next_request()
    assert (request.target, request.get("host")) == ("/v1/models?limit=2", "api.openai.com")
    assert request.get("x-forwarded-proto") == "https"
    assert request.get("x-forwarded-host") == f"{HOST}:{port}"
