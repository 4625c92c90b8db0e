"""What a client sees of a failing upstream: a status before the first byte, a break after."""

import os
import re
import socket

import pytest

from support.client import Client, fetch
from support.ports import free_port
from support.waiting import wait_until

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

#: Faults before the gateway has a whole response head: name, bytes sent, then what.
BEFORE_HEAD = {
    "closes without a byte": (b"", "close"),
    "resets without a byte": (b"", "reset"),
    "closes inside the head": (b"HTTP/1.1 200 OK\r\nContent-Le", "close"),
    "resets inside the head": (b"HTTP/1.1 200 OK\r\nContent-Le", "reset"),
    "garbage": (b"\x00\xff\x13garbage\r\n\r\n", "close"),
    "another protocol": (b"SSH-2.0-OpenSSH_9.2p1\r\n", "close"),
    "binary noise": (os.urandom(4096), "close"),
    "a status that is no number": (b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "close"),
    "two different lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "close",
    ),
    "a length that is no number": (b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", "close"),
    "an oversized head": (
        b"HTTP/1.1 200 OK\r\nX-Fill: " + b"a" * (12 << 20) + b"\r\n\r\n",
        "close",
    ),
}


def send_then(data, how):
    """A handler that reads one request, sends `data` and then closes or resets."""

    def handler(connection):
        connection.read_request()
        connection.send(data)
        connection.reset() if how == "reset" else connection.close()

    return handler


def expect_faults(gateway, server):
    """Faults are logged as errors and that is right; the record names the upstream."""
    gateway.expect_log(re.escape(server.address), r'"status":\s?50[24]')


def check_fault_logged(gateway):
    """An operator finds the reason at `warn` or above."""
    if not gateway.wait_for_log(r'(?i)"level":\s?"(warn|error)"|\b(WARN|ERROR)\b'):
        raise AssertionError("nothing was logged")


def test_refused(serve):
    port_of_nobody = free_port()
    gateway, port = serve(f"reverse_proxy 127.0.0.1:{port_of_nobody}")
    gateway.expect_log(str(port_of_nobody), "502")
    assert fetch(port).status == 502
    check_fault_logged(gateway)


@pytest.mark.parametrize("fault", BEFORE_HEAD)
def test_before_the_response_head_it_is_502(serve, upstream, fault):
    data, how = BEFORE_HEAD[fault]
    broken = upstream(send_then(data, how))
    gateway, port = serve(f"reverse_proxy {broken.address}")
    expect_faults(gateway, broken)
    assert fetch(port, "POST", body="x").status == 502
    check_fault_logged(gateway)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk size\r\n",
    ],
    ids=["no body", "half a body", "no chunk", "one chunk", "no end of trailers", "bad chunk"],
)
def test_after_the_response_head_it_is_a_break(serve, upstream, sent, how):
    broken = upstream(send_then(sent, how))
    gateway, port = serve(f"reverse_proxy {broken.address} {{\n flush_interval -1\n}}")
    expect_faults(gateway, broken)
    response = fetch(port, "POST", body="x")
    assert not response.complete and (response.broken or response.status == 502)


def test_a_reset_in_a_body_that_ends_with_the_connection(serve, upstream):
    """Without a length only the reset tells that something is missing: it must be passed on."""

    def handler(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf")
        # The bytes must have left before the reset, or the kernel drops them.
        connection.upstream.requests.get(timeout=5)
        connection.reset()

    broken = upstream(handler)
    gateway, port = serve(f"reverse_proxy {broken.address} {{\n flush_interval -1\n}}")
    expect_faults(gateway, broken)
    with Client(port) as client:
        client.send("GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
        response = client.read_head()
        assert response.get("transfer-encoding") == "chunked"
        client.read_until(b"half\r\n")
        broken.requests.put("go on")
        assert not client._read_trailers() and b"0\r\n" not in client.data


def test_a_body_that_ends_with_the_connection(serve, upstream):
    whole = upstream(send_then(b"HTTP/1.1 200 OK\r\n\r\nall of it", "close"))
    _, port = serve(f"reverse_proxy {whole.address}")
    response = fetch(port)
    assert response.complete and response.body == b"all of it"


def test_a_stall_is_504(serve, upstream):
    def stall(connection):
        connection.read_request()
        connection.upstream.requests.put(connection.seconds_until_closed(5))

    slow = upstream(stall)
    gateway, port = serve(
        f"reverse_proxy {slow.address} {{\n"
        " transport http {\n response_header_timeout 300ms\n }\n}"
    )
    expect_faults(gateway, slow)
    assert fetch(port, "POST", body="x").status == 504
    assert slow.next_request() < 2, "the upstream was kept after its time was over"
    check_fault_logged(gateway)


def test_a_connect_that_never_finishes_ends_with_the_dial_timeout(serve):
    """A listener whose queue is full neither accepts nor refuses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fill = [socket.socket() for _ in range(8)]
        for sock in fill:
            sock.setblocking(False)
            sock.connect_ex(address)
        gateway, port = serve(
            f"reverse_proxy 127.0.0.1:{address[1]} {{\n"
            " transport http {\n dial_timeout 300ms\n }\n}"
        )
        gateway.expect_log(str(address[1]), "50[24]")
        assert fetch(port, "POST", body="x").status in (502, 504)
        for sock in fill:
            sock.close()


def test_a_slow_drip_arrives_whole(serve, upstream):
    """A head and body that come one byte at a time are read as one message."""
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    def drip(connection):
        connection.read_request()
        for byte in reply:
            connection.send(bytes([byte]))

    slow = upstream(drip)
    _, port = serve(f"reverse_proxy {slow.address}")
    response = fetch(port)
    assert (response.status, response.body, response.complete) == (200, b"hello", True)


def test_faults_leak_no_descriptors(serve, upstream):
    def misbehave(connection):
        request = connection.read_request()
        send_back = (
            GOOD if request.target == "/good" else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
        )
        connection.send(send_back if request.target != "/silent" else b"")
        connection.close()

    broken = upstream(misbehave)
    gateway, port = serve(f"reverse_proxy {broken.address}")
    expect_faults(gateway, broken)
    assert fetch(port, target="/good").complete
    before = gateway.open_files()
    for number in range(50):
        fetch(port, "POST", ("/silent", "/cut")[number % 2], body="x")
    wait_until(lambda: gateway.open_files() <= before, 5, "descriptors back to where they were")
    assert fetch(port, target="/good").complete
