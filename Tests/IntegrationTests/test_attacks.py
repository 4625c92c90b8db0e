"""Clients that mean harm: what they hold is bounded, and others are served meanwhile."""

import contextlib
import random
import resource
import selectors
import statistics
import time

import pytest

from support.client import Client, fetch
from support.crowds import REQUEST, crowd, serve_crowd
from support.gateway import SANITIZER, site
from support.waiting import wait_until

#: Sanitizers keep what was freed for a while.
SLACK = 4 if SANITIZER else 1

SLOW_HEAD = "servers {\n timeouts {\n read_header %s\n }\n}"


def hold_slowly(port, count, seconds, respond_to):
    """That many connections that send one byte of a head now and then, until all were closed.

    Normal requests are made meanwhile through `respond_to`; returns how many there were.
    """
    drips = b"GET / HTTP/1.1\r\nHost: gateway.test\r\nX-Slow: " + b"a" * 10_000
    served = 0
    end = time.monotonic() + seconds
    with crowd(port, count) as sockets, selectors.DefaultSelector() as waiting:
        sent = dict.fromkeys(sockets, 0)
        for sock in sockets:
            waiting.register(sock, selectors.EVENT_READ)
        while waiting.get_map():
            assert time.monotonic() < end, f"{len(waiting.get_map())} slow clients are still there"
            for sock in random.sample(list(waiting.get_map().values()), k=1):
                with contextlib.suppress(OSError):
                    sock.fileobj.send(drips[sent[sock.fileobj] :][:1])
                    sent[sock.fileobj] += 1
            for key, _ in waiting.select(0):
                with contextlib.suppress(ConnectionResetError):
                    if key.fileobj.recv(4096):
                        continue
                waiting.unregister(key.fileobj)
            assert respond_to() == 200
            served += 1
    return served


@pytest.mark.ours("Caddy keeps slow clients for a minute")
@pytest.mark.parametrize(
    ("count", "timeout"), [(300, "2s"), pytest.param(5000, "10s", marks=pytest.mark.soak)]
)
def test_slow_clients_are_closed_and_others_served(serve, count, timeout):
    gateway, port = serve('respond "hello"', options=SLOW_HEAD % timeout)
    with Client(port) as normal:

        def ask():
            normal.request()
            return normal.read_response().status

        assert hold_slowly(port, count, 60, ask) > 10
    wait_until(lambda: gateway.open_files() < 100, 10, "descriptors given back")


def test_an_endless_chunk_extension(serve, upstream):
    server = upstream()
    gateway, port = serve(f"reverse_proxy {server.address}")
    gateway.expect_log("malformed|broke|closed")
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("1;")
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 64 << 20:
                client.send("a" * 4096)
                sent += 4096
        assert sent < 64 << 20 or client.ended(5)
    assert server.requests.empty(), "a body with a broken chunk looked whole"


@pytest.mark.ours("Caddy bounds none of them")
def test_many_small_chunk_extensions(serve, upstream):
    """All extensions of a message count together: 16 KiB."""
    server = upstream()
    gateway, port = serve(f"reverse_proxy {server.address}")
    gateway.expect_log("chunk|broke|closed|malformed")
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(400):
                client.send("1;" + "a" * 60 + "\r\nx\r\n")
            client.send("0\r\n\r\n")
        response = client.read_response()
        assert response.status in (400, 502) or response.broken
    assert server.requests.empty()


@pytest.mark.ours("Caddy reads a megabyte")
def test_an_endless_head(serve):
    gateway, port = serve('respond "hello"')
    before = gateway.memory_kib()
    clients = []
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(Client(port))
            with contextlib.suppress(OSError):
                client.send("GET / HTTP/1.1\r\nHost: gateway.test\r\n")
                for number in range(1000):
                    client.send(f"X-{number}: {'a' * 1000}\r\n")
            clients.append(client)
        grown = gateway.memory_kib() - before
        assert all(client.read_response().status == 431 for client in clients)
    assert grown < (50 * 128 + 4096) * SLACK, f"memory grew by {grown} KiB"


def test_requests_that_are_pipelined_without_reading(serve, upstream):
    """The gateway stops reading when nobody takes its answers."""
    gateway, port = serve('respond "' + "x" * 1000 + '"')
    before = gateway.memory_kib()
    with crowd(port, 50) as sockets:
        sent = 0
        for sock in sockets:
            with contextlib.suppress(BlockingIOError):
                for _ in range(20_000):
                    sent += sock.send(REQUEST * 10)
        assert fetch(port).status == 200
        grown = gateway.memory_kib() - before
    assert grown < (50 * 256 + 4096) * SLACK, f"memory grew by {grown} KiB"


def test_clients_that_never_read_their_bodies(serve, crowd_upstream):
    gateway, port = serve(f"reverse_proxy {crowd_upstream.address}")
    crowd_upstream.RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n" + b"x" * (8 << 20)
    before = gateway.memory_kib()
    with crowd(port, 60) as sockets:
        for sock in sockets:
            sock.send(REQUEST)
        wait_until(lambda: crowd_upstream.accepted >= 60, 20, "upstream connections")
        assert fetch(port, target="/other").status == 200
        grown = gateway.memory_kib() - before
    # A body that is spliced waits in pieces of a mebibyte.
    assert grown < (60 * 1152 + 8192) * SLACK, f"memory grew by {grown} KiB"


@pytest.mark.soak
@pytest.mark.ours("the bound is ours")
def test_idle_encrypted_connections_are_small(start, authority):
    """10,000 of them; docs/performance.md has the number."""
    count = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] * 9 // 20)
    certificate, key = authority.issue("a.test")
    text, port = site(f'tls {certificate} {key}\nrespond "hello"')
    gateway = start(text.replace(f"http://:{port}", f"https://a.test:{port}"))
    context = authority.client_context()
    with contextlib.ExitStack() as stack:

        def connect(number):
            for _ in range(number):
                client = Client(port, tls=context, server_name="a.test")
                stack.callback(client.close)
                client.request(host="a.test")
                assert client.read_response().status == 200

        connect(200)
        before = gateway.memory_kib()
        connect(count - 200)
        each = (gateway.memory_kib() - before) * 1024 / (count - 200)
    print(f"\n{each:.0f} bytes for each of {count} idle TLS 1.3 connections")
    assert each < 24 << 10


def welch(first, second):
    """Welch's t of two samples."""
    variance = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return (statistics.fmean(first) - statistics.fmean(second)) / variance**0.5


def times(port, requests, rounds):
    """Nanoseconds of each request, in random order on one connection; the slow tenth is left out."""
    found = {name: [] for name in requests}
    with Client(port) as client:
        for number in range(rounds):
            for name in random.sample(list(requests), len(requests)):
                began = time.perf_counter_ns()
                client.sock.sendall(requests[name])
                assert client.read_response().status == 401
                found[name].append(time.perf_counter_ns() - began)
    return {name: sorted(values)[: len(values) * 9 // 10] for name, values in found.items()}


def request_with(authorization):
    return (
        f"GET / HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: {authorization}\r\n\r\n".encode()
    )


@pytest.mark.soak
@pytest.mark.speed
@pytest.mark.ours("api_keys is a directive of Gatewright")
def test_the_time_of_a_wrong_key_says_nothing_about_the_right_one(serve):
    right = "sk-" + "0123456789abcdef" * 4
    _, port = serve(f"api_keys {{\n key alice {right}\n}}\nrespond ok")
    requests = {
        "all but the last letter": request_with(f"Bearer {right[:-1]}x"),
        "nothing": request_with("Bearer " + "x" * len(right)),
    }
    found = times(port, requests, 30_000)
    t = welch(*found.values())
    print(f"\nt = {t:.2f}")
    assert abs(t) < 4.5


@pytest.mark.soak
@pytest.mark.speed
def test_the_time_of_an_unknown_user_is_that_of_a_wrong_password(serve):
    hashed = "$2a$04$HIL.fg98fgRE.TKVpHLipu3.EE.nzIbRkvvZwYL.1GeraGCnr7OUy"
    _, port = serve(f"basic_auth {{\n alice {hashed}\n}}\nrespond ok")
    requests = {
        "wrong password": request_with("Basic YWxpY2U6d3Jvbmc="),
        "unknown user": request_with("Basic bWFsbG86d3Jvbmc="),
    }
    found = times(port, requests, 3_000)
    means = {name: statistics.fmean(values) for name, values in found.items()}
    print(f"\n{means}, t = {welch(*found.values()):.2f}")
    # An answer without a bcrypt would be ten times faster.
    assert 0.8 < means["wrong password"] / means["unknown user"] < 1.25
