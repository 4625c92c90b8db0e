"""llm_resolver: attacks that its predecessor let through, each of them refused here."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.resolver import error_code
from support.waiting import wait_until

pytestmark = pytest.mark.ours("the directive is ours")

MAPPING = {"type": "process", "target": "localhost", "port": 4321}


# DNS rebinding: a web site's own name leads to this machine


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "shop.localhost.evil.example", "evillocalhost",
        "192.168.1.5", "[fe80::1]", "10.0.0.1:80", "0.0.0.0",
    ],
)
@pytest.mark.parametrize("target", ["/", "/_api/mappings/", "/_debug", "/_tls_check", "/_proxy/a/"])
def test_hosts_of_others_get_nothing(resolve, service, host, target):
    service("shop/api")
    resolver = resolve()
    response = resolver.ask(host, target)
    assert (response.status, error_code(response)) == (421, "misdirected")
    assert json.loads(resolver.api("/_api/decisions").body) == []


@pytest.mark.parametrize("host", ["a..localhost", ".localhost", "a b.localhost", "a/b.localhost",
                                  "x" * 64 + ".localhost", "é.localhost", "a.localhost:99999999"])
def test_malformed_hosts_are_refused(resolve, host):
    assert resolve().ask(host.encode().decode("latin-1")).status in (400, 421)


def test_a_bare_localhost_is_no_service(resolve):
    assert resolve().ask("localhost").status == 421


# Requests that a web page makes a browser send


CROSS_SITE = [
    [("Sec-Fetch-Site", "cross-site")],
    [("Sec-Fetch-Site", "same-site")],
    [("Origin", "http://evil.example")],
    [("Origin", "http://app.localhost")],
    [("Origin", "null")],
]


@pytest.mark.parametrize("fields", CROSS_SITE, ids=lambda fields: "=".join(fields[0]))
@pytest.mark.parametrize("host", ["proxy.localhost", "127.0.0.1"])
def test_other_sites_read_and_change_nothing(resolve, fields, host):
    resolver = resolve()
    resolver.put("app.localhost", **MAPPING)
    body = json.dumps(MAPPING)
    for target, method in [
        ("/_api/mappings/", "GET"), ("/_api/mappings/b.localhost", "PUT"),
        ("/_api/mappings/app.localhost", "DELETE"), ("/_api/pins/app.localhost", "PUT"),
        ("/_api/refresh/app.localhost", "POST"), ("/_api/state", "GET"), ("/_api/events", "GET"),
        ("/_api/resolve", "POST"),
    ]:
        sent = body if method in ("PUT", "POST") else None
        response = resolver.ask(host, target, method, fields, sent)
        assert (response.status, error_code(response)) == (403, "cross_site"), target
    assert list(resolver.mappings()) == ["app.localhost"]


def test_the_dashboard_itself_may_use_its_api(resolve):
    resolver = resolve()
    origin = ("Origin", f"http://proxy.localhost:{resolver.port}")
    fields = [("Sec-Fetch-Site", "same-origin"), origin]
    response = resolver.ask(
        f"proxy.localhost:{resolver.port}", "/_api/mappings/app.localhost", "PUT", fields,
        json.dumps(MAPPING),
    )
    assert response.status == 200


def test_an_application_cannot_use_the_api_on_its_own_host(resolve, service):
    service("shop/api")
    resolver = resolve()
    for target in ("/_api/mappings/", "/_debug", "/_api/mappings/app.localhost"):
        got = resolver.answer("api.shop.localhost", target, method="PUT", body="{}")
        assert got["path"] == target, "it went to the application"
    assert list(resolver.mappings()) == ["api.shop.localhost"]


def test_links_of_other_sites_change_nothing(resolve, service):
    """GET /?force&prompt=… spent money and moved names."""
    service("shop/api")
    resolver = resolve()
    resolver.answer("api.shop.localhost")
    resolver.answer("api.shop.localhost", "/?force&prompt=use+port+22")
    for fields in (*CROSS_SITE, [("X-Forwarded-For", "1.2.3.4")]):
        resolver.answer("api.shop.localhost", fields=[("Gatewright-Resolve", "force"), *fields])
    decisions = json.loads(resolver.api("/_api/decisions").body)
    assert sum(d["by"] == "name" for d in decisions) == 1


# Other machines


def test_other_addresses_are_refused_unless_they_are_let_in(resolve, service):
    service("shop/api")
    closed = resolve("clients 127.0.0.1 ::1")
    for host, target in [("api.shop.localhost", "/"), ("proxy.localhost", "/"),
                         ("127.0.0.1", "/_api/mappings/"), ("127.0.0.1", "/_tls_check")]:
        response = closed.ask(host, target, source="127.0.0.2")
        assert (response.status, error_code(response)) == (403, "client_denied")
    assert closed.answer("api.shop.localhost")["name"] == "api"
    opened = resolve("clients 127.0.0.0/8", cache=closed.cache.with_name("other.json"))
    assert opened.answer("api.shop.localhost", source="127.0.0.2")["name"] == "api"


def test_what_a_proxy_passes_on_is_no_neighbour(resolve):
    resolver = resolve()
    for field in [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")]:
        response = resolver.api("/_api/mappings/", fields=[field])
        assert (response.status, error_code(response)) == (403, "not_local")


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (None, 401),
        ("Bearer wrong-token-1234", 401),
        ("Bearer admin-token-1234", 200),
        ("Basic " + base64.b64encode(b"me:admin-token-1234").decode(), 200),
        ("Basic " + base64.b64encode(b"me:wrong").decode(), 401),
    ],
)
def test_with_a_token_everybody_needs_it(resolve, field, status):
    resolver = resolve("admin_token {env.ADMIN}", environment={"ADMIN": "admin-token-1234"})
    fields = [("Authorization", field)] if field else []
    response = resolver.api("/_api/mappings/", fields=fields)
    assert response.status == status
    if status == 401:
        assert "Basic" in response.get("www-authenticate")
    else:
        cross = resolver.api("/_api/mappings/", fields=[*fields, ("Sec-Fetch-Site", "cross-site")])
        assert cross.status == 403


# Ports that were not offered


def test_no_edit_reaches_what_is_not_offered(resolve, service):
    secret = service("secret/admin")
    resolver = resolve(f"deny_ports {secret.port}")
    by_number = resolver.api(
        "/_api/mappings/a.localhost", "PUT",
        {"type": "process", "target": "localhost", "port": secret.port},
    )
    assert by_number.status == 422
    resolver.put(
        "b.localhost", type="process", target="localhost", port=1,
        processIdentifier={"workdir": str(secret.folder)},
    )
    assert resolver.ask("b.localhost").status == 503
    assert resolver.ask("admin.secret.localhost").status == 404


def test_no_file_reaches_what_is_not_offered(resolve, service, tmp_path):
    secret = service("secret/admin")
    cache = tmp_path / "poisoned.json"
    entry = {**MAPPING, "port": secret.port, "createdAt": "2026-01-01T00:00:00Z", "llmReason": "x"}
    cache.write_text(json.dumps({"a.localhost": entry}))
    resolver = resolve(f"deny_ports {secret.port}", cache=cache)
    assert resolver.ask("a.localhost").status == 503


def test_the_gateway_never_leads_to_itself(resolve):
    resolver = resolve()
    resolver.put("me.localhost", type="process", target="localhost", port=resolver.port)
    assert resolver.ask("me.localhost").status == 503


# Floods


def test_a_flood_of_names_is_cut_short(resolve, service):
    service("shop/api")
    resolver = resolve()
    resolver.answer("api.shop.localhost")
    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(lambda i: resolver.ask(f"x{i}.localhost").status, range(500)))
    assert set(statuses) == {404, 503}
    assert resolver.answer("api.shop.localhost")["name"] == "api"
    assert len(resolver.mappings()) == 1


def test_an_unknown_name_is_decided_once(resolve):
    resolver = resolve("negative_ttl 1h")
    for _ in range(20):
        assert resolver.ask("nobody.localhost").status == 404
    decisions = json.loads(resolver.api("/_api/decisions").body)
    assert len(decisions) < 5


# Texts of strangers


PAYLOAD = "<img src=x onerror=window.hit=1>\"'><script>window.hit=1</script>{{7*7}}"


def test_texts_of_strangers_stay_texts_on_the_dashboard(resolve, service, browser):
    service("shop/api", name=PAYLOAD)
    resolver = resolve()
    resolver.put("app.localhost", type="process", target=PAYLOAD, port=4321,
                 processIdentifier={"workdir": "/" + PAYLOAD})
    page = browser()
    page.open(f"http://proxy.localhost:{resolver.port}/")
    page.wait("document.querySelectorAll('.card').length > 0")
    assert PAYLOAD in page.text()
    for tab in ("processes", "containers", "decisions", "log"):
        page.run(f"document.getElementById('tab-{tab}').click()")
        if tab == "processes":
            assert PAYLOAD in page.text()
    page.run("document.getElementById('tab-routes').click()")
    page.run("document.querySelector('.card button').click()")
    assert page.run("window.hit") is None
    assert page.run("document.querySelectorAll('img, main script').length") == 0
    assert page.complaints() == []


def test_pages_let_no_script_in(resolve, browser):
    resolver = resolve()
    page = browser()
    page.open(f"http://nobody.localhost:{resolver.port}/{'<script>window.hit=1</script>'}")
    assert "Nothing here answers" in page.text()
    assert page.run("window.hit") is None
    assert page.run("getComputedStyle(document.querySelector('main')).maxWidth") == "544px"


# The dashboard in a browser


def test_the_dashboard_shows_changes_and_makes_them(resolve, service, browser):
    api = service("shop/api")
    resolver = resolve()
    page = browser()
    page.open(f"http://proxy.localhost:{resolver.port}/")
    page.wait("document.querySelector('#live').classList.contains('on')")
    assert "No name was resolved yet" in page.text()
    resolver.answer("api.shop.localhost")
    page.wait("document.querySelector('.card h2')?.innerText === 'api.shop.localhost'")

    page.run("document.querySelector('[data-focus^=\"Pin \"]').click()")
    wait_until(
        lambda: resolver.mappings()["api.shop.localhost"]["gatewright"].get("pinned"), 10, "pinned"
    )
    page.wait("document.querySelector('[data-focus^=\"Unpin \"]') !== null")

    page.run("document.getElementById('add').click()")
    page.run("document.getElementById('edit-key').value = 'second.localhost'")
    page.run(
        "[...document.querySelectorAll('#edit-target option')]"
        f".find(o => o.innerText.startsWith('{api.port} ')).selected = true"
    )
    page.run("document.querySelector('#edit button.main').click()")
    page.wait("document.querySelectorAll('.card').length === 2")
    assert resolver.answer("second.localhost")["name"] == "api"

    page.run("window.confirm = () => true")
    page.run("document.querySelector('[data-focus=\"Delete second.localhost\"]').click()")
    page.wait("document.querySelectorAll('.card').length === 1")
    assert list(resolver.mappings()) == ["api.shop.localhost"]

    page.run("document.getElementById('add').click()")
    page.run("document.getElementById('edit-key').value = 'evil.example'")
    page.run("document.querySelector('#edit button.main').click()")
    page.wait("!document.getElementById('edit-problem').hidden")
    assert "allowed suffix" in page.run("document.getElementById('edit-problem').innerText")
    assert not [c for c in page.complaints() if "422" not in c]


def test_the_dashboard_is_usable_by_keyboard(resolve, browser):
    resolver = resolve()
    page = browser()
    page.open(f"http://proxy.localhost:{resolver.port}/")
    page.run("document.getElementById('tab-routes').focus()")
    page.press("ArrowRight", 39)
    assert page.run("document.activeElement.id") == "tab-processes"
    assert page.run("document.getElementById('processes').hidden") is False
    page.press("End", 35)
    assert page.run("document.activeElement.id") == "tab-log"
