"""A client that leaves closes its upstream at once, whatever phase the call is in."""

import threading

import pytest

from support.client import Client
from support.gateway import GLOBAL_OPTIONS
from support.ports import free_port

CHAT = [("Content-Type", "application/json")]
PROMPTLY = 1.0  # seconds


def leave(client, how):
    client.reset() if how == "reset" else client.close()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("body", ['{"stream": true}', '{"stream": false}'], ids=["stream", "plain"])
def test_before_the_first_byte(serve, upstream, how, body):
    def think(connection):
        connection.read_request()
        connection.upstream.requests.put(connection.seconds_until_closed(PROMPTLY + 5))

    model = upstream(think)
    _, port = serve(f"reverse_proxy {model.address}")
    client = Client(port)
    client.request("POST", "/v1/chat/completions", CHAT, body)
    model.connections.get(timeout=5)
    leave(client, how)
    assert model.next_request(10) < PROMPTLY


@pytest.mark.parametrize("how", ["close", "reset"])
def test_in_the_middle_of_a_stream(serve, upstream, how):
    def stream(connection):
        connection.read_request()
        connection.start_stream()
        connection.send_chunk("data: one\n\n")
        connection.upstream.requests.put(connection.seconds_until_closed(PROMPTLY + 5))

    model = upstream(stream)
    _, port = serve(f"reverse_proxy {model.address} {{\n flush_interval -1\n}}")
    client = Client(port)
    client.request("POST", "/v1/chat/completions", CHAT, '{"stream": true}')
    client.read_until(b"data: one\n\n")
    leave(client, how)
    assert model.next_request(10) < PROMPTLY


def test_in_the_middle_of_a_body_with_a_length(serve, upstream):
    def half(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.upstream.requests.put(connection.seconds_until_closed(PROMPTLY + 5))

    model = upstream(half)
    _, port = serve(f"reverse_proxy {model.address} {{\n flush_interval -1\n}}")
    client = Client(port)
    client.request()
    client.read_until(b"half")
    client.close()
    assert model.next_request(10) < PROMPTLY


def test_while_it_uploads(serve, upstream):
    """A request cut short never looks whole to the upstream."""

    def receive(connection):
        connection.read_head()
        connection.upstream.requests.put(connection.seconds_until_closed(PROMPTLY + 5))

    model = upstream(receive)
    _, port = serve(f"reverse_proxy {model.address}")
    client = Client(port)
    client.send("POST /v1/files HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100000\r\n\r\n")
    client.send("x" * 50000)
    model.connections.get(timeout=5)
    client.close()
    assert model.next_request(10) < PROMPTLY


def test_over_tls(start, upstream, authority):
    def stream(connection):
        connection.read_request()
        connection.start_stream()
        connection.send_chunk("data: one\n\n")
        connection.upstream.requests.put(connection.seconds_until_closed(PROMPTLY + 5))

    model = upstream(stream)
    port = free_port()
    certificate, key = authority.issue("site.test")
    start(
        f"{{\n{GLOBAL_OPTIONS}}}\nhttps://site.test:{port} {{\n tls {certificate} {key}\n"
        f" reverse_proxy {model.address} {{\n flush_interval -1\n}}\n}}\n"
    )
    client = Client(port, tls=authority.client_context(), server_name="site.test")
    client.request(host="site.test")
    client.read_until(b"data: one\n\n")
    client.close()
    assert model.next_request(10) < PROMPTLY


def test_other_streams_go_on(serve, upstream):
    """Only the upstream of the client that left is closed."""
    go_on = threading.Event()

    def stream(connection):
        connection.read_request()
        connection.start_stream()
        connection.send_chunk("data: one\n\n")
        assert go_on.wait(10)
        connection.send_chunk("data: two\n\n")
        connection.end_chunks()

    model = upstream(stream)
    _, port = serve(f"reverse_proxy {model.address} {{\n flush_interval -1\n}}")
    stays, leaves = Client(port), Client(port)
    for client in (stays, leaves):
        client.request()
        client.read_until(b"data: one\n\n")
    leaves.reset()
    go_on.set()
    stays.read_until(b"data: two\n\n")
    stays.close()
