"""sso-bypass: an AI stack behind single sign-on, with a stand-in for the sign-in service."""

import json

import pytest

from support import fixtures
from support.client import fetch
from support.litellm_proxy import ANSWER, KEY
from support.sign_in import sign_in
from support.upstreams import echo

HOST = "stack.test"
SERVICES = {
    "oauth2-proxy:4180": "sign_in",
    "n8n:5678": "n8n",
    "model-gateway:11435": "model",
    "dashboard:8080": "dashboard",
    "hermes-dashboard:9119": "hermes",
    "comfyui:8188": "comfy",
    "codebase-memory-ui:9750": "memory",
    "open-webui:8080": "webui",
}
COOKIE = ("Cookie", "_oauth2_proxy=signed-in")


class Stack:
    """The gateway and every service behind it."""

    def __init__(self, gateway, services, http, https, tls):
        self.gateway, self.services = gateway, services
        self.http, self.https, self.tls = http, https, tls

    def __getattr__(self, name):
        return self.services[name]

    def get(self, target, *fields, method="GET", body=None):
        return fetch(
            self.https, method, target, fields, body, host=HOST, tls=self.tls, server_name=HOST
        )

    def untouched(self, *names):
        return all(self.services[name].requests.empty() for name in names)


@pytest.fixture
def open_stack(start, upstream, authority):
    """open_stack(other services by name) serves the configuration and returns a Stack."""

    def open_config(**others):
        services = {
            name: others.get(name) or upstream(sign_in if name == "sign_in" else echo)
            for name in SERVICES.values()
        }
        certificate, key = authority.issue(HOST)
        # Longest names first, as one is the tail of another.
        addresses = {
            old: services[SERVICES[old]].address for old in sorted(SERVICES, key=len, reverse=True)
        }
        text = fixtures.replaced(
            fixtures.read("sso-bypass.caddyfile"),
            {
                "/etc/caddy/certs/tailnet.crt": str(certificate),
                "/etc/caddy/certs/tailnet.key": str(key),
                **addresses,
            },
        )
        text, http, https = fixtures.with_ports(text)
        text = fixtures.replaced(text, {"\n:80 {": f"\n:{http} {{"})
        gateway = start(
            text, environment={"CADDY_TAILNET_HOSTNAME": HOST}, ports=(http, https)
        )
        return Stack(gateway, services, http, https, authority.client_context())

    return open_config


@pytest.fixture
def stack(open_stack):
    return open_stack()


def test_plain_http_is_told_to_use_https(stack):
    assert fetch(stack.http, target="/healthz").body == b"ok"
    answer = fetch(stack.http, target="/anything")
    assert (answer.status, answer.body) == (421, b"use https")


def test_health_needs_no_sign_in(stack):
    answer = stack.get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok")
    assert stack.untouched("sign_in")


def test_the_sign_in_service_is_reachable(stack):
    assert stack.get("/oauth2/start?rd=/").body == b"sign-in page"
    assert stack.sign_in.next_request().target == "/oauth2/start?rd=/"


@pytest.mark.parametrize(
    "path", ["/n8n/webhook/abc", "/n8n/rest/oauth2-credential/callback?code=1"]
)
def test_bypassed_paths_lose_their_prefix(stack, path):
    assert stack.get(path).status == 200
    assert stack.n8n.next_request().target == path.removeprefix("/n8n")
    assert stack.untouched("sign_in")


def test_the_model_gateway_is_not_behind_sign_in(stack):
    assert stack.get("/llm/v1/chat/completions", method="POST", body="{}").status == 200
    assert stack.model.next_request().target == "/v1/chat/completions"
    assert stack.untouched("sign_in")


def test_chat_redirects_to_the_root(stack):
    answer = stack.get("/chat/anything")
    assert (answer.status, answer.get("location")) == (302, "/")


@pytest.mark.parametrize(
    "path", ["/", "/dash/x", "/hermes/x", "/codebase-memory", "/n8n/workflows"]
)
def test_without_sign_in_a_page_redirects_to_it(stack, path):
    answer = stack.get(path)
    assert answer.status == 302
    assert answer.get("location") == f"https://{HOST}/oauth2/start?rd=https://{HOST}{path}"
    assert stack.untouched("dashboard", "hermes", "memory", "webui", "n8n")


@pytest.mark.parametrize(
    "path,service,target",
    [
        ("/", "webui", "/"),
        ("/api/chats?page=2", "webui", "/api/chats?page=2"),
        ("/dash/x?y=1", "dashboard", "/x?y=1"),
        ("/n8n/workflows", "n8n", "/workflows"),
        ("/hermes/a", "hermes", "/a"),
        ("/comfy/ws", "comfy", "/ws"),
        ("/codebase-memory/graph", "memory", "/codebase-memory/graph"),
    ],
)
def test_signed_in_each_path_has_its_service(stack, path, service, target):
    assert stack.get(path, COOKIE).status == 200
    request = stack.services[service].next_request()
    assert request.target == target
    assert request.get("x-forwarded-email") == "ann@example.com"
    assert request.get("x-forwarded-user") == "ann"
    assert request.get("x-forwarded-preferred-username") == "ann.lee"
    assert request.get("x-forwarded-prefix") == ("/hermes" if service == "hermes" else None)


def test_a_client_cannot_choose_who_it_is(stack):
    """Copies of the identity headers that a client sends never reach a service."""
    stack.get("/", COOKIE, ("X-Forwarded-Email", "boss@example.com"), ("X-Forwarded-User", "boss"))
    request = stack.webui.next_request()
    assert request.get("x-forwarded-email") == "ann@example.com"
    assert request.get("x-forwarded-user") == "ann"


def test_the_sign_in_service_sees_what_was_asked(stack):
    """It gets the method and target in headers and no body; the body goes to the service."""
    stack.get("/api/chats?page=2", COOKIE, method="POST", body="hello")
    asked = stack.sign_in.next_request()
    assert (asked.method, asked.target, asked.body) == ("GET", "/oauth2/auth?page=2", b"")
    assert (asked.get("x-forwarded-method"), asked.get("x-forwarded-uri")) == (
        "POST",
        "/api/chats?page=2",
    )
    assert stack.webui.next_request().body == b"hello"


def test_a_failing_sign_in_service_lets_nobody_in(stack):
    stack.sign_in.stop()
    stack.gateway.expect_log(stack.sign_in.address)
    assert stack.get("/", COOKIE).status == 502
    assert stack.untouched("webui")


def test_litellm_behind_the_bypass(open_stack, litellm):
    """The real proxy as model-gateway: reached without a sign-in, with its own key."""
    question = {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}
    answer = open_stack(model=litellm).get(
        "/llm/v1/chat/completions",
        ("Authorization", f"Bearer {KEY}"),
        ("Content-Type", "application/json"),
        method="POST",
        body=json.dumps(question),
    )
    assert json.loads(answer.body)["choices"][0]["message"]["content"] == ANSWER
