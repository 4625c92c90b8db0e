"""Error hooks: a handler saves a request that failed behind it, or lets the error go on."""

import json

import pytest

from support.client import Client, fetch
from support.gateway import site
from support.plugins import fixture_plugins
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy has no such hooks")

REFUSED = "saw 502 code -9 phase 1 flags 1: "


@pytest.fixture(scope="module")
def savers(tmp_path_factory):
    return fixture_plugins(tmp_path_factory.mktemp("plugins"), "saver")


@pytest.fixture
def serve_savers(start, savers):
    def serve(body):
        text, port = site(body)
        gateway = start(text, environment=savers)
        gateway.expect_log('"status":5', "http.handlers.reverse_proxy")
        return gateway, port

    return serve


def seen(gateway, count):
    """What the error hooks have noted, in order, once it is that much."""

    def notes():
        texts = [record.get("msg", "") for record in gateway.records()]
        return [text.removeprefix("saver: ") for text in texts if text.startswith("saver: ")]

    wait_until(lambda: len(notes()) >= count, 5, f"{count} notes of error hooks")
    assert len(notes()) == count, notes()
    return notes()


def test_answers_for_a_refused_upstream(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver outer\nsaver respond inner\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    response = fetch(port)
    assert (response.status, response.body) == (200, b"saved")
    assert seen(gateway, 1)[0].startswith("respond inner " + REFUSED)


def test_an_error_passes_from_the_last_visited_to_the_first(serve_savers):
    gateway, port = serve_savers(
        "route {\nsaver outer\nsaver inner\n"
        f"reverse_proxy 127.0.0.1:{free_port()}\nsaver behind\n}}\n"
        "handle_errors {\nrespond {err.message} 503\n}"
    )
    response = fetch(port)
    assert response.status == 503
    assert response.body == b"cannot connect to the upstream"
    assert [note.split(" saw")[0] for note in seen(gateway, 2)] == ["inner", "outer"]


def test_starts_over_with_the_request_as_it_came(serve_savers, upstream):
    server = upstream()
    # The first way fails, the second one is chosen by what the handler left behind.
    gateway, port = serve_savers(
        "@again header X-Saver 1\n"
        "route {\nsaver reroute rewrites\n"
        f"reverse_proxy @again {server.address}\n"
        f"reverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    with Client(port) as client:
        client.request("POST", "/first?q=1", body=b"whole body", fields=[("X-Own", "kept")])
        response = client.read_response()
    assert response.status == 200
    came = json.loads(response.body)
    values = [value for name, value in came["fields"] if name == "X-Saver"]
    assert values == ["1"], "the fields that the first pass added are gone"
    assert ["X-Own", "kept"] in came["fields"]
    assert came["body"] == "whole body"
    assert came["target"] == "/rewritten"
    seen(gateway, 1)


def test_restores_the_target_for_another_pass(serve_savers):
    gateway, port = serve_savers(
        "route {\nsaver reroute\nhandle_path /api/* {\n"
        f"reverse_proxy 127.0.0.1:{free_port()}\n}}\n"
        "handle {\nrespond {uri} 404\n}\n}"
    )
    # Stripped twice, or not restored, the second pass would end in the other handle.
    assert fetch(port, target="/api/x").status == 502
    seen(gateway, 2)


def test_starts_over_only_so_often(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver always\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    gateway.expect_log("rerouted too often")
    assert fetch(port).status == 502
    gateway.wait_for_log("rerouted too often")
    seen(gateway, 11)


def test_does_not_start_over_when_the_body_is_gone(serve_savers, upstream):
    def read_and_break(connection):
        connection.read_request()
        connection.reset()

    server = upstream(read_and_break)
    gateway, port = serve_savers(f"route {{\nsaver reroute\nreverse_proxy {server.address}\n}}")
    with Client(port) as client:
        client.request("POST", body=b"gone")
        assert client.read_response().status == 502
    seen(gateway, 1)
    assert server.accepted == 1


@pytest.mark.parametrize("does, status, body", [
    ("respond", 200, b"saved later"),
    ("reroute", 502, b""),
])
def test_waits_before_it_decides(serve_savers, does, status, body):
    gateway, port = serve_savers(
        f"route {{\nsaver outer\nsaver wait {does}\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    response = fetch(port)
    assert (response.status, response.body) == (status, body)


def test_a_wait_that_never_ends_becomes_another_error(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver outer\nsaver wait forever\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    gateway.expect_log("did not complete its ticket")
    assert fetch(port).status == 504
    assert seen(gateway, 2)[-1].startswith("outer saw 504 code -5 phase 0")


def test_another_error_goes_on_outwards(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver outer\nsaver deny\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    assert fetch(port).status == 418
    assert seen(gateway, 2)[-1] == "outer saw 418 code -7 phase 0 flags 0: another error"


def test_errors_of_error_routes_stay_in_them(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver main\nreverse_proxy 127.0.0.1:{free_port()}\n}}\n"
        "handle_errors {\nroute {\nsaver within respond\n"
        f"reverse_proxy 127.0.0.1:{free_port()}\n}}\n}}"
    )
    response = fetch(port)
    assert response.body == b"saved"
    assert [note.split(" saw")[0] for note in seen(gateway, 2)] == ["main", "within respond"]


def test_the_error_directive_is_an_error_like_others(serve_savers):
    gateway, port = serve_savers('route {\nsaver respond\nerror "no" 403\n}')
    assert fetch(port).body == b"saved"
    assert seen(gateway, 1)[0].startswith("respond saw 403 ")


def test_a_verdict_that_the_hook_does_not_have_is_named(serve_savers):
    gateway, port = serve_savers(
        f"route {{\nsaver nonsense\nreverse_proxy 127.0.0.1:{free_port()}\n}}"
    )
    gateway.expect_log("broke the contract")
    assert fetch(port).status == 502
    assert "saver" in gateway.wait_for_log("a verdict that on_error does not have")
