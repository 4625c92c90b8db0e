"""The gateway-* configurations: tokens, passwords and keys in front of a model server."""

import json

import bcrypt
import httpx
import openai
import pytest

from support import fixtures
from support.client import fetch
from support.openai_upstream import WORDS, ModelServer
from support.ports import free_port

HOST = "api.example.com"
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
def model(upstream):
    return upstream(cls=ModelServer)


@pytest.fixture
def hashed():
    return bcrypt.hashpw(fixtures.PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
def open_site(start, model, names_are_local):
    """open_site(name, replacements) serves a configuration: (gateway, port, TLS context)."""

    def open_config(name, replacements=None, environment=None):
        text = fixtures.replaced(
            fixtures.read(name), {"antigravity-gateway:8080": model.address, **(replacements or {})}
        )
        text, http, https = fixtures.with_ports(text)
        gateway = start(text, environment=environment, ports=(http, https))
        return gateway, https, fixtures.internal_trust(gateway, https, HOST)

    return open_config


def ask(port, tls, method="GET", target="/v1/models", fields=(), body=None):
    return fetch(port, method, target, fields, body, host=HOST, tls=tls, server_name=HOST)


def openai_over_tls(port, tls, token):
    return openai.OpenAI(
        base_url=f"https://{HOST}:{port}/v1",
        api_key=token,
        max_retries=0,
        http_client=httpx.Client(verify=tls),
    )


def test_bearer(open_site, model):
    _, port, tls = open_site("gateway-bearer.caddyfile")
    right = [("Authorization", "Bearer sk-your-secret-api-key")]
    answer = ask(port, tls, fields=right)
    assert (answer.status, answer.get("server")) == (200, None)
    assert model.next_request().get("host") == HOST
    for wrong in (
        [],
        [("Authorization", "Bearer sk-your-secret-api-ke")],
        [("Authorization", "Bearer sk-your-secret-api-key2")],
        [("Authorization", "bearer sk-your-secret-api-key")],
    ):
        answer = ask(port, tls, fields=wrong)
        assert (answer.status, answer.body, answer.get("server")) == (401, b"Unauthorized", None)
    assert model.requests.empty()


def test_bearer_with_the_openai_package(open_site, model):
    _, port, tls = open_site("gateway-bearer.caddyfile")
    with openai_over_tls(port, tls, "sk-your-secret-api-key") as client:
        stream = client.chat.completions.create(model="demo", messages=MESSAGES, stream=True)
        assert [chunk.choices[0].delta.content for chunk in stream] == WORDS
    with (
        openai_over_tls(port, tls, "sk-other") as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


def test_basic(open_site, model, hashed):
    _, port, tls = open_site("gateway-basic.caddyfile", {fixtures.HASH_PLACEHOLDER: hashed})
    answer = ask(port, tls, fields=[("Authorization", "Basic YXBpLXVzZXI6c2VjcmV0")])
    assert (answer.status, answer.get("x-content-type-options")) == (200, "nosniff")
    # wrong password, unknown user, no credentials, garbage
    for value in ("Basic YXBpLXVzZXI6d3Jvbmc=", "Basic bm9ib2R5OnNlY3JldA==", None, "Basic !!!"):
        answer = ask(port, tls, fields=[("Authorization", value)] if value else [])
        assert answer.status == 401
        assert answer.get("www-authenticate").startswith("Basic realm=")


def test_keys(open_site, model):
    """Each key is one user, named to the upstream in a header that clients cannot choose."""
    _, port, tls = open_site("gateway-keys.caddyfile")
    for key, user in (("user1", "user1"), ("user2", "user2"), ("service", "service")):
        fields = [("Authorization", f"Bearer sk-{key}-key"), ("X-User-ID", "admin")]
        assert ask(port, tls, fields=fields).status == 200
        assert model.next_request().get("x-user-id") == user
    assert ask(port, tls, fields=[("Authorization", "Bearer sk-user3-key")]).status == 401
    assert model.requests.empty()


def test_local(start, model, hashed):
    port = free_port()
    text = fixtures.replaced(
        fixtures.read("gateway-local.caddyfile"),
        {
            "antigravity-gateway:8080": model.address,
            fixtures.HASH_PLACEHOLDER: hashed,
            ":8443": f":{port}",
        },
    )
    start("{\n admin off\n}\n" + text)
    assert fetch(port, target="/v1/models").status == 401
    right = [("Authorization", "Basic YXBpOnNlY3JldA==")]
    assert fetch(port, target="/v1/models", fields=right).status == 200


def test_production(open_site, model, tmp_path):
    log = tmp_path / "api.log"
    gateway, port, tls = open_site(
        "gateway-production.caddyfile",
        {"/var/log/caddy/api.log": str(log)},
        environment={"API_SECRET_KEY": "sk-production"},
    )
    answer = ask(
        port,
        tls,
        "POST",
        "/v1/chat/completions",
        [("Authorization", "Bearer sk-production")],
        '{"stream": true}',
    )
    assert answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n")
    assert ask(port, tls).status == 401
    for name, value in (
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("server", None),
    ):
        assert answer.get(name) == value
    gateway.stop()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert [record["status"] for record in records] == [200, 401]
    assert records[0]["request"]["uri"] == "/v1/chat/completions"
    assert "sk-production" not in log.read_text(), "the access log shows a credential"


def test_http_is_redirected_to_https(start, model):
    text = fixtures.replaced(
        fixtures.read("gateway-bearer.caddyfile"), {"antigravity-gateway:8080": model.address}
    )
    text, http, https = fixtures.with_ports(text)
    start(text, ports=(http, https))
    answer = fetch(http, target="/v1/models?a=b", host=HOST)
    assert answer.status == 308
    assert answer.get("location") == f"https://{HOST}/v1/models?a=b"
