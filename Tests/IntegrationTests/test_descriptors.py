"""Descriptors run out: who is served, who waits, who goes."""

import pathlib
import time

import pytest

from support.client import fetch
from support.crowds import crowd, serve_crowd
from support.waiting import wait_until

LIMIT = 256

pytestmark = pytest.mark.ours("Caddy has no limit of its own")


@pytest.fixture
def serve_with_few(serve):
    """serve(...) with RLIMIT_NOFILE of 256."""

    def serve_limited(body, **more):
        prlimit = ("prlimit", f"--nofile={LIMIT}:{LIMIT}")
        return serve(body, wrapper=prlimit, environment={"GATEWRIGHT_WORKERS": "2"}, **more)

    return serve_limited


def test_a_thousand_clients_are_served_with_few_descriptors(serve_with_few, crowd_upstream):
    """They keep their connections, so that idle ones have to make room for those that wait."""
    gateway, port = serve_with_few(f"reverse_proxy {crowd_upstream.address}")
    with crowd(port, 1000, connected=False) as sockets:
        assert serve_crowd(sockets, 30) == [b"200"] * 1000
        assert gateway.open_files() < LIMIT
    wait_until(lambda: gateway.open_files() < LIMIT * 0.7, 10, "descriptors given back")
    assert fetch(port).status == 200


def test_idle_clients_that_wake_up_at_once_all_get_an_upstream(serve_with_few, crowd_upstream):
    gateway, port = serve_with_few(
        f"""
        handle /far {{
            reverse_proxy {crowd_upstream.address}
        }}
        respond "hello"
        """
    )
    with crowd(port, 150) as sockets:
        assert serve_crowd(sockets, 10) == [b"200"] * 150
        far = b"GET /far HTTP/1.1\r\nHost: gateway.test\r\n\r\n"
        statuses = serve_crowd(sockets, 20, request=far)
        # Some may have been closed to make room, before they said anything; none got an error.
        assert set(statuses) <= {b"200", b""}
        assert statuses.count(b"200") >= 75
    assert fetch(port, target="/far").status == 200


def cpu_seconds(pid):
    """Processor time that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_accepting_rests_while_descriptors_are_out(serve_with_few):
    """Clients that say nothing hold all of them until their time-out; nothing spins meanwhile."""
    options = "servers {\n timeouts {\n read_header 3s\n }\n}"
    gateway, port = serve_with_few('respond "hello"', options=options)
    with crowd(port, 400, connected=False) as sockets:
        wait_until(lambda: gateway.open_files() > LIMIT * 0.4, 5, "connections")
        before, began = cpu_seconds(gateway.pid), time.monotonic()
        sockets[0].settimeout(10)
        while sockets[0].recv(100):
            pass
        used = cpu_seconds(gateway.pid) - before
        assert used <= 0.1 * (time.monotonic() - began) + 0.1, f"{used} s of processor time"
        # Those that waited in the kernel are accepted now.
        assert serve_crowd(sockets[-10:], 10) == [b"200"] * 10
