"""Limits and time-outs towards clients: what is too large, too slow or never read."""

import socket

import pytest

from support.client import Client, fetch
from support.gateway import SANITIZER

READ_HEADER = "servers {\n timeouts {\n read_header 500ms\n }\n}"
READ_BODY = "servers {\n timeouts {\n read_body 500ms\n }\n}"


@pytest.mark.parametrize(
    "fields",
    [
        [("X-Large", "a" * (1 << 20) + "a" * (1 << 19))],
        [(f"X-Field-{number}", "a" * 1000) for number in range(1500)],
    ],
    ids=["one field", "many fields"],
)
def test_a_large_head_is_431(serve, upstream, fields):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    assert fetch(port, fields=fields).status == 431
    assert server.requests.empty()


@pytest.mark.ours("Caddy has no limit on the number of fields")
def test_many_small_fields_are_431(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    assert fetch(port, fields=[(f"X-{number}", "a") for number in range(1000)]).status == 431
    assert server.requests.empty()


@pytest.mark.ours("Caddy answers 431")
def test_a_long_target_is_414(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    assert fetch(port, target="/" + "a" * 20000).status == 414
    assert server.requests.empty()


def test_a_head_of_normal_size_passes(serve, upstream):
    """15 KiB is what large cookies and tokens come to."""
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    assert fetch(port, target="/" + "a" * 7000, fields=[("Cookie", "b" * 8000)]).status == 200


@pytest.mark.ours("Caddy resets the connection of a client that goes on sending")
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_client_that_sends_on_gets_its_413(serve, upstream, framing):
    """A reset would take the answer from a client that reads only when it has sent everything."""
    server = upstream()
    _, port = serve(f"request_body {{\n max_size 1KB\n}}\nreverse_proxy {server.address}")
    size = 8 << 20
    with Client(port) as client:
        if framing == "length":
            client.request("POST", body="x" * size)
        else:
            client.send(
                "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            client.send(f"{size:x}\r\n" + "x" * size + "\r\n0\r\n\r\n")
        assert client.read_response().status == 413
    assert server.requests.empty()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_large_body_is_413(serve, upstream, framing):
    server = upstream()
    _, port = serve(f"request_body {{\n max_size 1KB\n}}\nreverse_proxy {server.address}")
    assert fetch(port, "POST", body="x" * 900).status == 200
    server.next_request()
    with Client(port) as client:
        if framing == "length":
            client.request("POST", body="x" * 5000)
        else:
            client.send(
                "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            client.send("1388\r\n" + "x" * 5000 + "\r\n0\r\n\r\n")
        assert client.read_response().status == 413
    assert server.requests.empty()


def test_a_body_within_the_limit_keeps_its_length(serve, upstream):
    server = upstream()
    _, port = serve(f"request_body {{\n max_size 1MB\n}}\nreverse_proxy {server.address}")
    assert fetch(port, "POST", body="x" * 900_000).status == 200
    request = server.next_request()
    assert request.get("content-length") == "900000"
    assert request.get("transfer-encoding") is None
    assert len(request.body) == 900_000


def test_a_chunked_body_within_the_limit_passes(serve, upstream):
    server = upstream()
    _, port = serve(f"request_body {{\n max_size 1KB\n}}\nreverse_proxy {server.address}")
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("1f4\r\n" + "x" * 500 + "\r\n1f4\r\n" + "y" * 500 + "\r\n0\r\n\r\n")
        assert client.read_response().status == 200
    assert server.next_request().body == b"x" * 500 + b"y" * 500


@pytest.mark.ours("demo_model is a handler of Gatewright")
def test_a_handler_that_collects_gets_no_body_above_the_limit(serve):
    _, port = serve("request_body {\n max_size 1KB\n}\ndemo_model")
    chat = '{"model": "demo", "messages": [{"role": "user", "content": "%s"}]}'
    for size, status in [(100, 200), (5000, 413)]:
        body = chat % ("x" * size)
        with Client(port) as client:
            client.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway.test\r\n"
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            client.send(f"{len(body):x}\r\n{body}\r\n0\r\n\r\n")
            assert client.read_response().status == status


def test_a_slow_head_is_ended(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}", options=READ_HEADER)
    with Client(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: gate")
        assert client.ended(5)
    assert server.requests.empty()


@pytest.mark.ours("Caddy ends the connection without an answer")
def test_a_slow_head_is_told_408(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}", options=READ_HEADER)
    with Client(port, seconds=5) as client:
        client.send("GET / HTTP/1.1\r\nHost: gate")
        assert client.read_response().status == 408


def test_the_time_for_a_head_does_not_start_anew_with_each_byte(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}", options=READ_HEADER)
    with Client(port) as client:
        client.sock.settimeout(0.1)
        client.send("GET / HTTP/1.1\r\n")
        for _ in range(50):
            try:
                client.send("X: y\r\n")
                if client.sock.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
            else:
                break
        else:
            raise AssertionError("a head that comes in drips was never ended")


@pytest.mark.ours("Caddy does not end the connection when a proxied body stalls")
def test_a_slow_body_is_ended(serve, upstream):
    server = upstream()
    gateway, port = serve(f"reverse_proxy {server.address}", options=READ_BODY)
    gateway.expect_log("50[0-9]|408|timeout")
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100\r\n\r\nhalf")
        assert client.ended(5)
    assert server.requests.empty(), "half a body looked whole to the upstream"


def test_a_client_that_never_reads_holds_no_memory(serve, upstream):
    """The upstream is slowed down instead: it blocks once the buffers in between are full."""
    sent = []

    def flood(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sock.settimeout(1)
        try:
            while sum(sent) < 1 << 28:
                sent.append(connection.sock.send(b"x" * 65536))
        except TimeoutError:
            connection.upstream.requests.put("blocked")

    server = upstream(flood)
    gateway, port = serve(f"reverse_proxy {server.address}")
    before = gateway.memory_kib()
    with Client(port, receive_buffer=4096) as client:
        client.request()
        server.next_request(30)
        grown = gateway.memory_kib() - before
    assert sum(sent) < 32 << 20, "the gateway went on reading for a client that does not"
    assert grown < (16 << 10) * (4 if SANITIZER else 1), f"memory grew by {grown} KiB"


def test_an_upstream_that_never_reads_holds_no_memory(serve, upstream):
    def deaf(connection):
        connection.read_head()
        connection.upstream.requests.get(timeout=30)

    server = upstream(deaf)
    gateway, port = serve(f"reverse_proxy {server.address}")
    # The end of the client's stream is behind bytes that nobody takes, so the gateway may learn of
    # the upstream's end first.
    gateway.expect_log(server.address)
    before = gateway.memory_kib()
    sent = 0
    with Client(port, seconds=1) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1073741824\r\n\r\n")
        try:
            while sent < 1 << 28:
                sent += client.sock.send(b"x" * 65536)
        except TimeoutError:
            pass
        grown = gateway.memory_kib() - before
    server.requests.put("done")
    assert sent < 32 << 20
    assert grown < (16 << 10) * (4 if SANITIZER else 1), f"memory grew by {grown} KiB"
