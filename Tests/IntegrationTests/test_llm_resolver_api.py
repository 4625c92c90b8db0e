"""llm_resolver: its API, who may use it, and the cache file."""

import json
import os
import re
import stat

import pytest

from support.gateway import run_command
from support.resolver import error_code
from support.waiting import wait_until

pytestmark = pytest.mark.ours("the directive is ours")

MAPPING = {"type": "process", "target": "localhost", "port": 4321}


# Endpoints


def test_a_mapping_is_put_read_listed_and_deleted(resolve):
    resolver = resolve()
    assert resolver.api("/_api/mappings/app.localhost", "PUT", MAPPING).body == b"Updated"
    stored = json.loads(resolver.api("/_api/mappings/app.localhost").body)
    assert stored["type"] == "process" and stored["port"] == 4321
    assert stored["llmReason"] == "Manually edited"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stored["createdAt"])
    assert resolver.mappings() == {"app.localhost": stored}
    assert resolver.api("/_api/mappings/app.localhost", "DELETE").body == b"Deleted"
    assert resolver.api("/_api/mappings/app.localhost", "DELETE").body == b"Deleted"
    missing = resolver.api("/_api/mappings/app.localhost")
    assert (missing.status, missing.body) == (404, b"Not found")


def test_keys_are_percent_decoded_and_lose_one_slash(resolve):
    resolver = resolve()
    assert resolver.api("/_api/mappings/app.localhost%3Aapi/", "PUT", MAPPING).status == 200
    assert list(resolver.mappings()) == ["app.localhost:api"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "vm"}, "type"),
        ({"port": 0}, "port"),
        ({"port": 65536}, "port"),
        ({"port": "80"}, "port"),
        ({"port": None}, "port"),
        ({"port": 2019}, "port"),
        ({"target": ""}, "target"),
        ({"target": "a\nb"}, "target"),
        ({"type": "docker", "target": "--rm"}, "target"),
        ({"processIdentifier": {"workdir": "relative"}}, "processIdentifier.workdir"),
        ({"processIdentifier": 7}, "processIdentifier"),
        ({"candidate": "nobody"}, "candidate"),
    ],
)
def test_a_wrong_mapping_is_refused_member_by_member(resolve, change, field):
    resolver = resolve()
    response = resolver.api("/_api/mappings/app.localhost", "PUT", {**MAPPING, **change})
    assert response.status == 422
    assert field in json.loads(response.body)["error"]["fields"]
    assert resolver.mappings() == {}


@pytest.mark.parametrize("key", ["evil.example", "App.localhost", "a.localhost:b:c", "%20", "a:"])
def test_a_wrong_key_is_refused(resolve, key):
    response = resolve().api(f"/_api/mappings/{key}", "PUT", MAPPING)
    assert response.status == 422
    assert "key" in json.loads(response.body)["error"]["fields"]


def test_what_is_no_json_is_refused(resolve):
    response = resolve().api("/_api/mappings/app.localhost", "PUT", "{")
    assert (response.status, response.body) == (400, b"Invalid JSON")


@pytest.mark.parametrize(
    ("target", "method", "allow"),
    [
        ("/_api/mappings/", "POST", "GET, HEAD, OPTIONS"),
        ("/_api/mappings/app.localhost", "PATCH", "GET, HEAD, PUT, DELETE, OPTIONS"),
        ("/_api/resolve", "GET", "POST, OPTIONS"),
        ("/_tls_check", "POST", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_methods_are_told_what_is_allowed(resolve, target, method, allow):
    resolver = resolve()
    response = resolver.api(target, method)
    assert (response.status, response.body) == (405, b"Method not allowed")
    assert response.get("allow") == allow
    if target != "/_tls_check":
        options = resolver.api(target, "OPTIONS")
        assert (options.status, options.get("allow")) == (204, allow)


def test_head_answers_without_a_body(resolve):
    response = resolve().api("/_api/mappings/", "HEAD")
    assert (response.status, response.body) == (200, b"")


def test_pinning_and_releasing(resolve):
    resolver = resolve()
    resolver.put("app.localhost", **MAPPING)
    assert resolver.api("/_api/pins/app.localhost", "PUT").status == 200
    assert resolver.mappings()["app.localhost"]["gatewright"]["pinned"] is True
    assert resolver.api("/_api/pins/app.localhost", "DELETE").status == 200
    assert "pinned" not in resolver.mappings()["app.localhost"]["gatewright"]
    assert resolver.api("/_api/pins/nobody.localhost", "PUT").status == 404


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("app.localhost", 200),
        ("a.b.localhost", 200),
        ("proxy.localhost", 200),
        ("APP.localhost.", 200),
        ("localhost", 403),
        ("example.com", 403),
        ("localhost.example.com", 403),
        (".localhost", 403),
    ],
)
def test_certificates_are_for_names_that_are_served(resolve, domain, status):
    response = resolve().api(f"/_tls_check?domain={domain}")
    assert response.status == status
    assert response.body == (b"OK" if status == 200 else b"Not allowed")


def test_the_dashboard_is_a_page_or_json(resolve):
    resolver = resolve()
    resolver.put("app.localhost", **MAPPING)
    page = resolver.ask("proxy.localhost", "/", fields=[("Accept", "text/html,*/*")])
    assert page.status == 200 and page.get("content-type").startswith("text/html")
    policy = page.get("content-security-policy")
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for host, target in [("proxy.localhost", "/any/path"), ("127.0.0.1", "/_debug")]:
        state = json.loads(resolver.ask(host, target).body)
        assert "app.localhost" in state["mappings"]
        assert state["model"] == "anthropic/claude-haiku-4.5"
        assert state["cache_file"] == str(resolver.cache)


def test_resolve_says_what_would_be_decided_and_keeps_nothing(resolve):
    resolver = resolve()
    candidates = [
        {
            "id": "p1", "kind": "process", "port": 3000, "bind": "127.0.0.1", "command": "node",
            "args": "node server.js", "workdir": "/home/dev/shop",
        }
    ]
    response = resolver.api(
        "/_api/resolve", "POST", {"host": "shop.localhost", "candidates": candidates}
    )
    assert response.status == 200
    reply = json.loads(response.body)
    assert reply["decision"] == {"id": "p1"}
    assert reply["by"] == "name" and reply["reason"]
    assert resolver.mappings() == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"candidates": []}, "host"),
        ({"host": "a.localhost", "candidates": 5}, "candidates"),
        ({"host": "a.localhost", "candidates": [{"id": "x"}]}, "candidates[0]"),
    ],
)
def test_resolve_refuses_what_is_no_question(resolve, body, field):
    response = resolve().api("/_api/resolve", "POST", body)
    assert response.status == 422
    assert field in json.loads(response.body)["error"]["fields"]


def test_events_come_when_something_changes_and_end_with_the_server(resolve):
    from support.client import Client

    resolver = resolve()
    with Client(resolver.port) as client:
        client.request(target="/_api/events", host="127.0.0.1")
        head = client.read_head()
        assert head.get("content-type") == "text/event-stream"
        client.read_until(b"event: change\ndata: {}\n\n")
        resolver.put("app.localhost", **MAPPING)
        client.read_until(b"event: change\ndata: {}\n\n")
        resolver.gateway.signal(15)
        client.read_until(b"event: end")
        client.read_until(b"0\r\n\r\n")
    assert resolver.gateway.wait() == 0


# The cache file


def test_the_cache_file_has_the_schema_of_its_predecessor(resolve):
    resolver = resolve()
    resolver.put(
        "app.localhost", **MAPPING,
        processIdentifier={"workdir": "/code/app", "commandPattern": "vite"},
    )
    saved = resolver.saved()
    assert saved["app.localhost"]["processIdentifier"] == {
        "workdir": "/code/app", "commandPattern": "vite",
    }
    text = resolver.cache.read_text()
    assert text.startswith('{\n  "app.localhost": {\n    "createdAt": ')
    assert stat.S_IMODE(resolver.cache.stat().st_mode) == 0o600


def test_an_older_file_loads_and_keeps_what_is_not_known(resolve, tmp_path):
    cache = tmp_path / "old.json"
    old = {
        "old.localhost": {
            "type": "docker", "target": "old-web-1", "port": 80, "extra": {"a": [1]},
            "createdAt": "2025-01-02T03:04:05.678Z", "llmReason": "guess",
        },
        "broken.localhost": None,
        "odd.localhost": {"type": "vm", "target": "x", "port": 1},
    }
    cache.write_text(json.dumps(old))
    resolver = resolve(cache=cache)
    assert list(resolver.mappings()) == ["old.localhost"]
    resolver.gateway.wait_for_log("a mapping in the cache file is not used", count=2)
    resolver.put("new.localhost", **MAPPING)
    saved = wait_until(
        lambda: (lambda s: "new.localhost" in s and s)(json.loads(cache.read_text())), 10, "saved"
    )
    assert saved["odd.localhost"] == old["odd.localhost"]
    assert saved["broken.localhost"] is None
    assert saved["old.localhost"]["extra"] == {"a": [1]}
    assert saved["old.localhost"]["createdAt"] == "2025-01-02T03:04:05Z"


def test_a_damaged_file_is_kept_aside(resolve, tmp_path):
    cache = tmp_path / "damaged.json"
    cache.write_text('{"a.localhost": {"type":')
    resolver = resolve(cache=cache)
    resolver.gateway.wait_for_log("the cache file is damaged and was kept aside")
    resolver.put("app.localhost", **MAPPING)
    assert list(resolver.saved()) == ["app.localhost"]
    (aside,) = tmp_path.glob("damaged.json.corrupt-*")
    assert aside.read_text() == '{"a.localhost": {"type":'


def test_changes_from_outside_are_noticed(resolve):
    resolver = resolve()
    resolver.put("app.localhost", **MAPPING)
    content = resolver.saved()
    content["other.localhost"] = content["app.localhost"]
    beside = resolver.cache.with_suffix(".edit")
    beside.write_text(json.dumps(content))
    os.replace(beside, resolver.cache)
    wait_until(lambda: "other.localhost" in resolver.mappings(), 10, "the edit is noticed")


def test_two_gateways_share_a_file_without_losing_anything(resolve, tmp_path):
    cache = tmp_path / "shared.json"
    first, second = resolve(cache=cache), resolve(cache=cache)
    names = {f"n{i}.localhost" for i in range(20)}
    for index, name in enumerate(sorted(names)):
        (first, second)[index % 2].put(name, **MAPPING)
    for resolver in (first, second):
        wait_until(lambda r=resolver: set(r.mappings()) == names, 15, "merged")
    assert set(json.loads(cache.read_text())) == names


def test_two_blocks_with_one_file_share_its_mappings(start, tmp_path):
    from support.ports import free_port
    from support.resolver import Resolver

    ports = [free_port(), free_port()]
    block = f"llm_resolver {{\n cache_file {tmp_path}/m.json\n}}"
    text = "{\n admin off\n auto_https off\n}\n" + "".join(
        f"http://:{port} {{\n{block}\n}}\n" for port in ports
    )
    gateway = start(text, ports=ports)
    first, second = (Resolver(gateway, port, tmp_path / "m.json") for port in ports)
    first.put("app.localhost", **MAPPING)
    assert "app.localhost" in second.mappings()


def test_mappings_survive_a_restart(resolve):
    first = resolve()
    first.put("app.localhost", **MAPPING)
    first.gateway.stop()
    assert "app.localhost" in resolve(cache=first.cache).mappings()


def test_a_file_that_cannot_be_written_refuses_the_configuration(scratch):
    (scratch / "file").write_text("")
    (scratch / "Caddyfile").write_text(
        f":0 {{\n llm_resolver {{\n  cache_file {scratch}/file/mappings.json\n }}\n}}\n"
    )
    ended = run_command(scratch, "validate", "--config", "Caddyfile")
    assert ended.returncode != 0
    assert f"cannot make the folder {scratch}/file" in ended.stderr + ended.stdout
