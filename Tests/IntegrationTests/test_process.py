"""Signals, draining, reloading and watching of a running gateway."""

import os
import signal
import threading

import pytest

from support.client import Client, fetch
from support.gateway import site
from support.waiting import wait_until


def answering(text):
    return f'respond "{text}"'


@pytest.fixture
def paused(upstream):
    """An upstream that answers when released."""
    gate = threading.Event()

    def wait(connection):
        connection.read_request()
        connection.start_stream()
        connection.send_chunk("data: begin\n\n")
        assert gate.wait(20)
        connection.send_chunk("data: end\n\n")
        connection.end_chunks()

    server = upstream(wait)
    server.gate = gate
    yield server
    gate.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_gateway_ends_with_status_0(serve, number):
    gateway, port = serve(answering("hello"))
    with Client(port) as idle:
        idle.request()
        assert idle.read_response().complete
        gateway.signal(number)
        assert gateway.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_open_requests_end_before_the_gateway_does(serve, paused, number):
    gateway, port = serve(f"reverse_proxy {paused.address}", options="grace_period 10s")
    with Client(port) as client:
        client.request()
        client.read_until(b"data: begin\n\n")
        gateway.signal(number)
        wait_until(lambda: refuses(port), 5, "no new connections while draining")
        assert gateway.process.poll() is None
        paused.gate.set()
        client.read_until(b"data: end\n\n\r\n0\r\n\r\n")
    assert gateway.wait(5) == 0


@pytest.mark.ours("Caddy waits on after a second SIGTERM")
def test_a_second_signal_does_not_wait(serve, paused):
    gateway, port = serve(f"reverse_proxy {paused.address}")
    with Client(port) as client:
        client.request()
        client.read_until(b"data: begin\n\n")
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses(port), 5, "no new connections while draining")
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(5) == 2


def test_the_grace_period_is_the_most_it_waits(serve, paused):
    gateway, port = serve(f"reverse_proxy {paused.address}", options="grace_period 300ms")
    with Client(port) as client:
        client.request()
        client.read_until(b"data: begin\n\n")
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(5) == 0


@pytest.mark.parametrize(
    "number",
    [signal.SIGUSR1, pytest.param(signal.SIGHUP, marks=pytest.mark.ours("Caddy ignores SIGHUP"))],
)
def test_a_signal_reloads(start, number):
    text, port = site(answering("one"))
    gateway = start(text)
    gateway.write_config(site(answering("two"), port)[0])
    gateway.signal(number)
    wait_until(lambda: fetch(port).body == b"two", 5, "the new answer")


def test_watch_reloads(start):
    text, port = site(answering("one"))
    gateway = start(text, arguments=["--watch"])
    gateway.write_config(site(answering("two"), port)[0])
    wait_until(lambda: fetch(port).body == b"two", 10, "the new answer")


@pytest.mark.parametrize(
    "broken,why",
    [
        ("respnd two", "respnd"),
        ("tls /nowhere/cert.pem /nowhere/key.pem\nrespond two", "/nowhere/|TLS"),
        ("respond {", "respond|brace|curly|end"),
    ],
    ids=["unknown directive", "missing certificate", "unfinished block"],
)
def test_a_bad_config_leaves_the_old_one_serving(start, broken, why):
    text, port = site(answering("one"))
    gateway = start(text)
    gateway.expect_log("reload|config|load|" + why)
    with Client(port) as kept:
        kept.request()
        assert kept.read_response().body == b"one"
        gateway.write_config(site(broken, port)[0])
        gateway.signal(signal.SIGUSR1)
        gateway.wait_for_log(why)
        assert fetch(port).body == b"one"
        kept.request()
        assert kept.read_response().body == b"one", "a failed reload cut an idle connection"
    gateway.write_config(site(answering("three"), port)[0])
    gateway.signal(signal.SIGUSR1)
    wait_until(lambda: fetch(port).body == b"three", 5, "recovery with the next good config")


def test_an_open_stream_ends_on_the_config_it_began_with(start, paused):
    text, port = site(
        f"handle /stream {{\n reverse_proxy {paused.address}\n}}\n"
        "handle {\n respond one\n}\nheader X-Generation one"
    )
    gateway = start(text)
    with Client(port) as client:
        client.request(target="/stream")
        head = client.read_head()
        client.read_until(b"data: begin\n\n")
        gateway.write_config(site(answering("two"), port)[0])
        gateway.signal(signal.SIGUSR1)
        wait_until(lambda: fetch(port).body == b"two", 5, "the new answer")
        paused.gate.set()
        client.read_until(b"data: end\n\n\r\n0\r\n\r\n")
    assert head.get("x-generation") == "one"


@pytest.mark.ours("Caddy closes idle connections on reload")
def test_an_idle_connection_takes_the_new_config(start):
    text, port = site(answering("one"))
    gateway = start(text)
    with Client(port) as client:
        client.request()
        assert client.read_response().body == b"one"
        gateway.write_config(site(answering("two"), port)[0])
        gateway.signal(signal.SIGUSR1)
        wait_until(lambda: fetch(port).body == b"two", 5, "the new answer")
        client.request()
        assert client.read_response().body == b"two"


def test_a_reload_moves_to_another_port(start):
    text, port = site(answering("one"))
    gateway = start(text)
    moved, other = site(answering("two"))
    gateway.write_config(moved)
    gateway.signal(signal.SIGUSR1)
    wait_until(lambda: not refuses(other), 5, "the new port")
    assert fetch(other).body == b"two"
    wait_until(lambda: refuses(port), 5, "the old port closed")


@pytest.mark.ours("Caddy keeps the upstream pools of configs that are gone")
def test_reloads_leak_no_descriptors_and_no_threads(start, upstream):
    server = upstream()
    text, port = site(f"reverse_proxy {server.address}")
    gateway = start(text)
    held = []
    for number in range(12):
        gateway.write_config(
            site(f"reverse_proxy {server.address}\nheader X-Generation {number}", port)[0]
        )
        gateway.signal(signal.SIGUSR1)
        wait_until(
            lambda: fetch(port).get("x-generation") == str(number), 5, f"generation {number}"
        )
        held.append((gateway.open_files(), len(os.listdir(f"/proc/{gateway.pid}/task"))))
    files, threads = held[3]
    wait_until(lambda: gateway.open_files() <= files + 2, 5, "descriptors back to where they were")
    assert len(os.listdir(f"/proc/{gateway.pid}/task")) <= threads + 4


def refuses(port):
    try:
        Client(port, seconds=1).close()
        return False
    except OSError:
        return True
