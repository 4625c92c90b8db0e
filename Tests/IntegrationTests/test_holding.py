"""GW_HOLD: the body comes to a handler in pieces before anything goes on behind it."""

import json

import pytest

from support.client import Client, fetch
from support.gateway import site
from support.plugins import fixture_plugins

pytestmark = pytest.mark.ours("Caddy has no such hooks")


@pytest.fixture(scope="module")
def holders(tmp_path_factory):
    return fixture_plugins(tmp_path_factory.mktemp("plugins"), "holder")


@pytest.fixture
def serve_holder(start, holders, upstream):
    def serve(*handlers):
        server = upstream()
        text, port = site("route {\n" + "\n".join(handlers) + f"\nreverse_proxy {server.address}\n}}")
        gateway = start(text, environment=holders)
        return gateway, port, server

    return serve


def send_head(client, length, **fields):
    client.send(f"POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: {length}\r\n")
    client.send("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n")


def echoed(response):
    assert response.status == 200
    return json.loads(response.body)


def test_nothing_goes_on_before_the_body_has_ended(serve_holder):
    gateway, port, server = serve_holder("holder keep")
    with Client(port) as client:
        send_head(client, 10)
        client.send("01234")
        gateway.wait_for_log("saw a piece")
        assert server.accepted == 0
        client.send("56789")
        came = echoed(client.read_response())
    assert came["body"] == "0123456789"
    assert ["Content-Length", "10"] in came["fields"]
    gateway.wait_for_log("saw the end")


def test_leaving_lets_the_head_go_and_the_rest_follows(serve_holder):
    gateway, port, server = serve_holder("holder leave")
    with Client(port) as client:
        send_head(client, 10)
        client.send("01234")
        server.connections.get(timeout=5)
        client.send("56789")
        came = echoed(client.read_response())
    assert came["body"] == "0123456789"
    assert ["Content-Length", "10"] in came["fields"]


@pytest.mark.parametrize("words, body", [
    ("take", ""),
    ("mark", ">abc"),
    ("wait", "abc"),
    ("wait mark", ">abc"),
    ("wait take", ""),
    ("wait take mark", ">"),
])
def test_what_becomes_of_the_pieces(serve_holder, words, body):
    _, port, _ = serve_holder(f"holder {words}")
    came = echoed(fetch(port, "POST", body="abc"))
    assert came["body"] == body
    assert ["Content-Length", str(len(body))] in came["fields"]


def test_a_changed_body_of_which_more_follows_is_chunked(serve_holder):
    gateway, port, _ = serve_holder("holder mark leave")
    with Client(port) as client:
        send_head(client, 6)
        client.send("abc")
        gateway.wait_for_log("saw a piece")
        client.send("def")
        came = echoed(client.read_response())
    assert came["body"] == ">abcdef"
    assert ["Transfer-Encoding", "chunked"] in came["fields"]


def test_a_request_without_a_body_has_one_empty_piece(serve_holder):
    gateway, port, _ = serve_holder("holder keep")
    assert echoed(fetch(port))["body"] == ""
    gateway.wait_for_log("saw the end")


def test_holding_can_end_in_an_answer_or_an_error(serve_holder):
    _, port, server = serve_holder("holder answer")
    assert fetch(port, "POST", body=b"x" * 3_000_000).body == b"3000000 bytes"
    _, port, _ = serve_holder("holder deny")
    assert fetch(port, "POST", body="12345").status == 403
    assert server.accepted == 0


def test_what_is_kept_has_a_limit(serve_holder):
    _, port, _ = serve_holder("holder keep")
    assert fetch(port, "POST", body=b"x" * 900_000).status == 200
    with Client(port) as client:
        send_head(client, 3_000_000)
        client.send(b"x" * 1_200_000)
        assert client.read_head().status == 413


def test_a_waiting_handler_holds_the_client_back(serve_holder):
    gateway, port, _ = serve_holder("holder wait slow take")
    size = 48_000_000
    before = gateway.memory_kib()
    with Client(port) as client:
        send_head(client, size)
        client.sock.setblocking(False)
        sent = 0
        while sent < size:
            try:
                sent += client.sock.send(b"x" * min(1_000_000, size - sent))
            except BlockingIOError:
                break
        assert sent < 24_000_000, "the gateway took a body that nobody has asked for"
        client.sock.settimeout(20)
        client.send(b"x" * (size - sent))
        assert echoed(client.read_response())["body"] == ""
    assert gateway.memory_kib() < before + 16_000


def test_holders_one_behind_the_other(serve_holder):
    gateway, port, _ = serve_holder("holder mark", "holder watch", "holder keep", "holder collect")
    assert echoed(fetch(port, "POST", body="abc"))["body"] == ">abc"
    for words in ("mark", "watch", "keep", "collect"):
        gateway.wait_for_log(f"holder: {words} saw the end")


@pytest.mark.parametrize("kind", ["collect", "keep"])
def test_handlers_behind_see_a_body_that_was_kept(serve_holder, kind):
    gateway, port, _ = serve_holder(f"holder {kind}", "holder watch mark")
    assert echoed(fetch(port, "POST", body="abc"))["body"] == ">abc"
    gateway.wait_for_log("holder: watch mark saw the end")


def test_holding_says_continue(serve_holder):
    _, port, _ = serve_holder("holder keep")
    with Client(port) as client:
        send_head(client, 3, Expect="100-continue")
        assert b"100 Continue" in client.read_until(b"\r\n\r\n")
        client.send("abc")
        assert echoed(client.read_response())["body"] == "abc"


def test_a_promised_answer_that_never_comes_is_named(serve_holder):
    gateway, port, _ = serve_holder("holder watch", "holder promise soon")
    gateway.expect_log("broke the contract", '"status":504')
    assert fetch(port).status == 504
    line = gateway.wait_for_log("broke the contract")
    assert "GW_RESPOND" in line and '"module":"http.handlers.holder"' in line
    gateway.wait_for_log("holder: promise soon cancelled -5")


def test_an_expired_ticket_cancels_its_handler(serve_holder):
    gateway, port, _ = serve_holder("holder watch", "holder sleep")
    gateway.expect_log("broke the contract", '"status":504')
    assert fetch(port).status == 504
    gateway.wait_for_log("holder: sleep cancelled -5")
    assert "watch cancelled" not in gateway.log_text()
