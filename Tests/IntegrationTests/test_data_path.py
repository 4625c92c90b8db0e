"""What happens between the two sides of the gateway when one is slow, early, late or gone."""

import resource
import signal
import time

import pytest

from support.client import Client, fetch
from support.upstreams import server_context
from support.waiting import wait_until

#: More than the buffers of a loopback connection hold.
LARGE = 24 << 20


@pytest.mark.ours("Caddy has no such time-out in its own transport")
def test_an_upstream_may_think_longer_than_it_may_stall(serve, upstream):
    """A body that had to wait for the upstream once leaves no deadline behind."""

    def slow(connection):
        request = connection.read_head()
        time.sleep(0.3)
        connection._take(int(request.get("content-length")))
        time.sleep(2)
        connection.respond(body="thought")

    server = upstream(slow)
    _, port = serve(
        f"reverse_proxy {server.address} {{\n transport http {{\n write_timeout 1s\n }}\n}}"
    )
    with Client(port) as client:
        client.request("POST", body=b"x" * LARGE)
        assert client.read_response().body == b"thought"


def test_bytes_behind_a_response_answer_nobody(serve, upstream):
    def handler(connection):
        request = connection.read_request()
        if request.target == "/first":
            connection.send("HTTP/1.1 200 OK\r\nConte")
            time.sleep(0.2)
            connection.send("nt-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            request = connection.read_request()
        if request:
            connection.respond(body="good")

    server = upstream(handler)
    gateway, port = serve(f"reverse_proxy {server.address}")
    gateway.expect_log("malformed")
    assert fetch(port, target="/first").body == b"ok"
    for _ in range(3):
        assert fetch(port, target="/second").body == b"good"


@pytest.mark.parametrize("fields", [[("Connection", "close")], []], ids=["close", "keep"])
def test_a_slow_reader_gets_what_was_answered(serve, fields):
    """The gateway's part is over long before the client has read it."""
    _, port = serve('respond "' + "x" * (7 << 20) + '"')
    with Client(port, receive_buffer=4096) as client:
        client.request(fields=fields)
        client.read_head()
        client.data = b""
        for _ in range(28):
            time.sleep(0.25)
            client.sock.recv(4096)
        began = time.monotonic()
        received = 28 * 4096
        while received < 7 << 20 and time.monotonic() - began < 20:
            got = client.sock.recv(1 << 20)
            if not got:
                break
            received += len(got)
        assert received > (7 << 20) - 65536


def test_a_drain_does_not_cut_what_was_answered(serve):
    gateway, port = serve('respond "' + "x" * (7 << 20) + '"')
    with Client(port, receive_buffer=4096) as client:
        client.request()
        head = client.read_head()
        gateway.signal(signal.SIGTERM)
        time.sleep(0.5)
        client._read_length(head, 7 << 20)
        assert head.complete
    assert gateway.wait() == 0


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_client_that_never_reads_is_ended(serve, upstream, framing):
    def download(connection):
        connection.read_request()
        if framing == "length":
            connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE * 2}\r\n\r\n")
            connection.send(b"x" * LARGE * 2)
        else:
            connection.start_stream()
            for _ in range(512):
                connection.send_chunk(b"x" * 100_000)

    server = upstream(download)
    _, port = serve(
        f"reverse_proxy {server.address}",
        options="servers {\n timeouts {\n write 1s\n }\n}",
    )
    with Client(port, receive_buffer=4096) as client:
        client.request()
        connection = server.connections.get(timeout=5)
        wait_until(lambda: connection.sock.fileno() == -1, 8, "the upstream is left")


def test_a_response_that_is_not_used_closes_its_upstream(serve, upstream):
    left = []

    def handler(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin")
        left.append(connection.seconds_until_closed(3))

    server = upstream(handler)
    _, port = serve(
        f"reverse_proxy {server.address} {{\n @any status 200\n handle_response @any {{\n"
        "  abort\n }\n}"
    )
    with Client(port) as client:
        client.request()
        assert client.ended(5)
    wait_until(lambda: left, 5, "the upstream is closed")


def test_a_body_that_is_gone_is_not_promised_again(serve, upstream):
    """The error routes cannot send on what the failed upstream has read."""

    def dies(connection):
        connection.read_request()
        connection.reset()

    first, second = upstream(dies), upstream()
    gateway, port = serve(
        f"reverse_proxy {first.address}\nhandle_errors {{\n reverse_proxy {second.address}\n}}"
    )
    gateway.expect_log("")
    with Client(port, seconds=5) as client:
        client.request("POST", body=b"x" * 1000)
        assert client.read_response().status == 502


def test_a_body_that_comes_while_connecting_again_is_kept(serve, upstream, authority):
    context = server_context(*authority.issue("upstream.test"))
    count = []

    def handler(connection):
        count.append(1)
        if len(count) > 1:
            time.sleep(0.6)
        connection.sock = context.wrap_socket(connection.sock, server_side=True)
        while request := connection.read_head():
            if request.method == "PUT" and len(count) == 1:
                return
            body = connection._take(int(request.get("content-length") or 0))
            connection.respond(body=body)

    server = upstream(handler)
    _, port = serve(
        f"reverse_proxy https://{server.address} {{\n transport http {{\n"
        "  tls_insecure_skip_verify\n }\n}"
    )
    assert fetch(port).status == 200
    with Client(port, seconds=5) as client:
        client.send("PUT / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 10\r\n\r\n")
        time.sleep(0.3)
        client.send("0123")
        time.sleep(0.1)
        client.send("456789")
        assert client.read_response().body == b"0123456789"


def test_accepting_goes_on_after_descriptors_ran_out(serve):
    """A worker without a connection of its own has nothing to wait for but the others."""
    gateway, port = serve("respond ok")
    _, hard = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (gateway.open_files() + 1, hard))
    clients = [Client(port) for _ in range(20)]
    for client in clients:
        client.request(fields=[("Connection", "close")])
    time.sleep(0.5)
    resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (hard, hard))
    for client in clients:
        assert client.read_response().status == 200
        client.close()


def test_the_rightmost_stranger_is_found_over_several_fields(serve):
    _, port = serve(
        'respond "{http.request.header.X-Forwarded-For} {client_ip}"',
        options="servers {\n trusted_proxies static 127.0.0.1/32\n trusted_proxies_strict\n}",
    )
    answer = fetch(
        port, fields=[("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")]
    )
    assert answer.body.endswith(b" 203.0.113.9")


def test_a_trusted_chain_of_several_fields_is_kept(serve, upstream):
    server = upstream()
    _, port = serve(
        f"reverse_proxy {server.address}",
        options="servers {\n trusted_proxies static 127.0.0.1/32\n}",
    )
    fetch(port, fields=[("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")])
    chain = server.next_request().get("x-forwarded-for")
    assert chain == "6.6.6.6, 203.0.113.9, 127.0.0.1"


def test_a_final_answer_instead_of_100_closes(serve):
    """Whether the body comes is the client's choice, so what follows cannot be told apart."""
    _, port = serve("respond 403")
    with Client(port) as client:
        client.send(
            "POST / HTTP/1.1\r\nHost: gateway.test\r\nExpect: 100-continue\r\n"
            "Content-Length: 10\r\n\r\n"
        )
        answer = client.read_response()
        assert answer.status == 403
        assert answer.get("connection") == "close"


def test_an_upstream_that_reads_without_saying_continue(serve, upstream):
    server = upstream()  # Reads the whole body first and never says 100.
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        client.send(
            "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        began = time.monotonic()
        assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        assert 0.8 < time.monotonic() - began < 5
        client.send("body")
        assert client.read_response().status == 200
    assert server.next_request().body == b"body"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_methods_that_are_refused_say_which_are_not(serve, method):
    _, port = serve("respond ok")
    with Client(port) as client:
        target = "gateway.test:80" if method == "CONNECT" else "/"
        client.send(f"{method} {target} HTTP/1.1\r\nHost: gateway.test:80\r\n\r\n")
        response = client.read_response()
    assert response.status == 405
    assert response.get("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
