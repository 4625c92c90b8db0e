"""llm_resolver: names find real programs, follow them, and never reach strangers."""

import json
import signal
import subprocess
import threading

import pytest

from support.ports import free_port
from support.resolver import error_code
from support.waiting import wait_until

pytestmark = pytest.mark.ours("the directive is ours")

# A program that ended is dialled once more when it was looked at less than 50 ms ago.
REFUSED = '"cannot connect to the upstream"'
PROXIES = pytest.mark.parametrize("lines", ["", "proxy on"], ids=["variable", "proxy"])


@PROXIES
def test_a_cold_name_reaches_the_program_in_its_folder(resolve, service, lines):
    api, web = service("shop/api"), service("shop/web")
    service("other/api")
    resolver = resolve(lines)
    assert resolver.answer("api.shop.localhost", "/a?b=c")["folder"] == str(api.folder)
    assert resolver.answer("web.shop.localhost")["folder"] == str(web.folder)
    got = resolver.answer("API.Shop.localhost.:8080", "/a?b=c")
    assert got["path"] == "/a?b=c"
    assert got["headers"]["host"] == "API.Shop.localhost.:8080"
    assert set(resolver.mappings()) == {"api.shop.localhost", "web.shop.localhost"}
    stored = resolver.mappings()["api.shop.localhost"]
    assert stored["port"] == api.port
    assert stored["processIdentifier"]["workdir"] == str(api.folder)


def test_a_mapping_is_kept_in_the_file_and_used_after_a_restart(resolve, service):
    api = service("shop/api")
    first = resolve()
    first.answer("api.shop.localhost")
    assert first.saved()["api.shop.localhost"]["port"] == api.port
    first.gateway.stop()
    second = resolve(cache=first.cache)
    assert second.answer("api.shop.localhost")["folder"] == str(api.folder)


@PROXIES
def test_a_restarted_program_is_followed_to_another_port(resolve, service, lines):
    api = service("shop/api")
    resolver = resolve(lines)
    resolver.answer("api.shop.localhost")
    api.stop()
    resolver.gateway.expect_log(REFUSED)
    api.start(free_port())
    assert resolver.answer("api.shop.localhost")["folder"] == str(api.folder)


@PROXIES
def test_a_stranger_on_the_port_gets_nothing(resolve, service, lines):
    api = service("shop/api")
    resolver = resolve(lines)
    resolver.answer("api.shop.localhost")
    api.stop()
    resolver.gateway.expect_log(REFUSED)
    service("stranger/thing", port=api.port)
    response = resolver.ask("api.shop.localhost")
    assert (response.status, error_code(response)) == (503, "starting")
    assert response.get("retry-after")


def test_a_stopped_program_is_waited_for(resolve, service):
    api = service("shop/api")
    resolver = resolve()
    resolver.answer("api.shop.localhost")
    api.stop()
    resolver.gateway.expect_log(REFUSED)
    page = resolver.ask("api.shop.localhost", fields=[("Accept", "text/html")])
    assert page.status == 503 and page.get("retry-after") == "2"
    assert b'http-equiv="refresh"' in page.body
    api.start()
    wait_until(lambda: resolver.ask("api.shop.localhost").status == 200, 10, "it is back")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_both_loopback_families_are_reached(resolve, service, host):
    api = service("shop/api", host=host)
    assert resolve().answer("api.shop.localhost")["folder"] == str(api.folder)


def test_unknown_names_get_a_page_with_reasons_or_json(resolve):
    resolver = resolve()
    page = resolver.ask("nobody-here.localhost", fields=[("Accept", "text/html")])
    assert page.status == 404 and page.get("content-type").startswith("text/html")
    assert b"nobody-here.localhost" in page.body
    program = resolver.ask("nobody-here.localhost", fields=[("Accept", "application/json")])
    assert (program.status, error_code(program)) == (404, "no_match")
    assert resolver.mappings() == {}


def test_a_program_that_starts_later_is_found_at_once(resolve, service):
    resolver = resolve("negative_ttl 1h")
    assert resolver.ask("api.shop.localhost").status == 404
    api = service("shop/api")
    wait_until(lambda: resolver.ask("api.shop.localhost").status == 200, 10, "it is found")
    assert resolver.answer("api.shop.localhost")["folder"] == str(api.folder)


def test_favicons_are_no_reason_to_look_and_are_served_when_there_is_a_service(resolve, service):
    service("shop/api")
    resolver = resolve()
    for target in ("/favicon.ico", "/robots.txt"):
        response = resolver.ask("api.shop.localhost", target)
        assert (response.status, response.body) == (404, b"")
    assert json.loads(resolver.api("/_api/decisions").body) == []
    resolver.answer("api.shop.localhost")
    assert resolver.answer("api.shop.localhost", "/favicon.ico")["path"] == "/favicon.ico"


def test_parameters_of_the_application_are_its_own(resolve, service):
    service("shop/api")
    resolver = resolve()
    for _ in range(2):
        got = resolver.answer("api.shop.localhost", "/login?prompt=consent&force=1&x=%2F")
        assert got["path"] == "/login?prompt=consent&force=1&x=%2F"


def test_the_field_for_another_answer_never_reaches_the_application(resolve, service):
    service("shop/api")
    resolver = resolve()
    for value in ("force", "anything"):
        got = resolver.answer("api.shop.localhost", fields=[("Gatewright-Resolve", value)])
        assert "gatewright-resolve" not in got["headers"]


def test_legacy_parameters_are_taken_out_when_they_are_asked_for(resolve, service):
    service("shop/api")
    resolver = resolve("legacy_query on")
    got = resolver.answer("api.shop.localhost", "/a?x=%20&force&prompt=the+api&y=1")
    assert got["path"] == "/a?x=%20&y=1"


@PROXIES
def test_a_service_of_a_host_is_reached_by_its_path(resolve, service, lines):
    service("shop/web")
    api = service("shop/api")
    resolver = resolve(lines)
    for _ in range(2):
        got = resolver.answer("web.shop.localhost", "/_proxy/api/v1/a%2Fb?q=%20")
        assert got["folder"] == str(api.folder)
        assert got["path"] == "/v1/a%2Fb?q=%20"
        assert got["headers"]["x-forwarded-prefix"] == "/_proxy/api"
    assert "web.shop.localhost:api" in resolver.mappings()
    assert resolver.answer("web.shop.localhost", "/_proxy/api")["path"] == "/"
    assert resolver.ask("web.shop.localhost", "/_proxy/").status == 400


def test_bodies_go_through(resolve, service):
    service("shop/api")
    resolver = resolve()
    for _ in range(2):
        got = resolver.answer("api.shop.localhost", method="POST", body="x" * 100_000)
        assert got["body"] == "x" * 100_000


def test_one_flight_for_many_callers(resolve, service):
    service("shop/api")
    resolver = resolve()
    statuses = []

    def ask():
        statuses.append(resolver.ask("api.shop.localhost").status)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 20
    decisions = json.loads(resolver.api("/_api/decisions").body)
    assert sum(d["by"] == "name" for d in decisions) == 1


def test_a_client_that_leaves_does_not_end_the_flight(resolve, service):
    service("shop/api")
    resolver = resolve()
    from support.client import Client

    with Client(resolver.port) as client:
        client.request(host="api.shop.localhost")
        client.reset()
    wait_until(lambda: "api.shop.localhost" in resolver.mappings(), 10, "the mapping is kept")


def test_an_expired_mapping_is_decided_anew(resolve, service):
    service("shop/api")
    resolver = resolve("cache_ttl 1s")
    resolver.answer("api.shop.localhost")

    def decided_again():
        resolver.answer("api.shop.localhost")
        decisions = json.loads(resolver.api("/_api/decisions").body)
        return sum(d["by"] == "name" for d in decisions) > 1

    wait_until(decided_again, 10, "another decision")


def test_a_manual_mapping_follows_its_program(resolve, service):
    odd = service("tools/x1")
    resolver = resolve()
    wait_until(
        lambda: any(
            c["port"] == odd.port for c in json.loads(resolver.api("/_api/candidates").body)
        ),
        10,
        "it is listed",
    )
    resolver.put("pretty.localhost", type="process", target="localhost", port=odd.port)
    assert resolver.answer("pretty.localhost")["folder"] == str(odd.folder)
    odd.stop()
    resolver.gateway.expect_log(REFUSED)
    odd.start(free_port())
    wait_until(lambda: resolver.ask("pretty.localhost").status == 200, 10, "it is followed")


def test_deciding_anew_replaces_what_is_known(resolve, service):
    service("shop/api")
    web = service("shop/web")
    resolver = resolve()
    resolver.put(
        "api.shop.localhost", type="process", target="localhost", port=web.port,
        processIdentifier={"workdir": str(web.folder)},
    )
    assert resolver.answer("api.shop.localhost")["name"] == "web"
    response = resolver.api("/_api/refresh/api.shop.localhost", "POST")
    assert response.status == 200
    assert json.loads(response.body)["mapping"]["processIdentifier"]["workdir"].endswith("shop/api")
    assert resolver.answer("api.shop.localhost")["name"] == "api"


def test_a_pinned_mapping_is_not_decided_anew(resolve, service):
    service("shop/api")
    web = service("shop/web")
    resolver = resolve()
    resolver.put(
        "api.shop.localhost", type="process", target="localhost", port=web.port, pinned=True,
        processIdentifier={"workdir": str(web.folder)},
    )
    resolver.api("/_api/refresh/api.shop.localhost", "POST")
    assert resolver.answer("api.shop.localhost")["name"] == "web"


def test_a_reload_keeps_answering(resolve, service):
    service("shop/api")
    resolver = resolve()
    resolver.answer("api.shop.localhost")
    text = resolver.gateway.config_path.read_text()
    resolver.gateway.write_config(text.replace("cache_file", "negative_ttl 3s\n cache_file"))
    resolver.gateway.signal(signal.SIGHUP)
    resolver.gateway.wait_for_log("reload")
    assert resolver.answer("api.shop.localhost")["name"] == "api"


def test_plain_environment_placeholders_are_filled_in(resolve, tmp_path):
    resolver = resolve("model {env.MODEL}\napi_key {env.KEY}", environment={"MODEL": "m1", "KEY": "k"})
    assert json.loads(resolver.api("/_debug").body)["model"] == "m1"


def test_the_configuration_of_its_predecessor_serves_unchanged(start, service, tmp_path):
    """But for its ports and the folder /data, which tests cannot have."""
    from support.fixtures import replaced
    from support.gateway import ROOT

    api = service("shop/api")
    http, https = free_port(), free_port()
    text = (ROOT / "Tests/Fixtures/llm_resolver/local-resolver.caddyfile").read_text()
    text = replaced(
        text,
        {
            "{\n\tlocal_certs": "{\n\tadmin off\n\tlocal_certs", "127.0.0.1:80/": f"127.0.0.1:{http}/",
            ":80 {": f":{http} {{", ":443 {": f":{https} {{", "/data/": f"{tmp_path}/data/",
        },
    )
    start(text, environment={"LLM_API_KEY": "sk-none"}, ports=[http, https])
    address = f"https://api.shop.localhost:{https}/hello"
    ended = subprocess.run(
        ["curl", "--silent", "--insecure", "--resolve", f"api.shop.localhost:{https}:127.0.0.1",
         address],
        capture_output=True, text=True, timeout=30,
    )
    assert json.loads(ended.stdout)["folder"] == str(api.folder)
    saved = wait_until((tmp_path / "data/mappings.json").exists, 10, "the cache file") and json.loads(
        (tmp_path / "data/mappings.json").read_text()
    )
    assert "api.shop.localhost" in saved


def test_hidden_kinds_are_shown_and_can_be_offered(resolve, service):
    """A debugger's port is hidden, with the reason, until the operator wants it."""
    port = free_port()
    service("shop/api", port=port, name=f"--inspect={port}")
    resolver = resolve()
    assert resolver.ask("api.shop.localhost").status == 404
    listed = json.loads(resolver.api("/_api/candidates").body)
    (shown,) = [c for c in listed if c["port"] == port]
    assert shown["marks"] == ["debugger"]
    assert shown["refused"] == "it is the port of a debugger"
    chosen = {"candidate": shown["id"]}
    assert resolver.api("/_api/mappings/api.shop.localhost", "PUT", chosen).status == 422
    offering = resolve("offer debugger", cache=resolver.cache.with_name("other.json"))
    wait_until(
        lambda: any(
            c["port"] == port and c["refused"] is None
            for c in json.loads(offering.api("/_api/candidates").body)
        ),
        10,
        "it is offered",
    )
    chosen = next(
        c["id"] for c in json.loads(offering.api("/_api/candidates").body) if c["port"] == port
    )
    offering.put("debug.localhost", candidate=chosen)
    assert offering.answer("debug.localhost")["folder"].endswith("shop/api")


def test_legacy_api_opens_every_host_and_says_so(resolve, service):
    service("shop/api")
    resolver = resolve("legacy_api on")
    assert resolver.ask("api.shop.localhost", "/_api/mappings/").body == b"{}\n"
    assert resolver.answer("api.shop.localhost")["name"] == "api"


def test_a_head_request_and_an_unknown_method_pass(resolve, service):
    service("shop/api")
    resolver = resolve()
    assert resolver.ask("api.shop.localhost", method="HEAD").status == 200
    assert resolver.answer("api.shop.localhost", method="PUT", body="x")["body"] == "x"
