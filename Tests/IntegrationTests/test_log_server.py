"""`output net`: lines reach a log server, and nobody waits for one that does not take them."""

import contextlib
import json
import queue
import re
import socket
import threading

import pytest

from support.client import Client, fetch
from support.gateway import run_command, site
from support.ports import free_port
from support.waiting import wait_until


class LogServer:
    """Takes lines on one connection after another."""

    def __init__(self, port=0):
        self.lines = queue.Queue()
        self.connections = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        with contextlib.suppress(OSError), connection.makefile("rb") as file:
            for line in file:
                self.lines.put(json.loads(line))

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def uri_of_next(self, seconds=10):
        return self.lines.get(timeout=seconds)["request"]["uri"]


@pytest.fixture
def log_server():
    running = []

    def start(port=0):
        running.append(LogServer(port))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def logging_to(address, more=""):
    return f"log {{\n output net {address} {{\n{more}\n}}\n}}\nrespond ok"


def test_lines_reach_the_server_again_after_it_was_away(serve, log_server):
    server = log_server()
    gateway, port = serve(logging_to(f"127.0.0.1:{server.port}"))
    fetch(port, target="/1")
    assert server.uri_of_next() == "/1"
    server.stop()
    # The first line may be lost with the connection that it was written to.
    fetch(port, target="/lost")
    again = log_server(server.port)

    def one_arrives():
        assert fetch(port, target="/again").status == 200
        with contextlib.suppress(queue.Empty):
            return again.uri_of_next(0.2)

    wait_until(one_arrives, 10, "a line on the new connection")


def test_a_server_that_is_not_there_refuses_the_config(scratch):
    text, _ = site(logging_to(f"127.0.0.1:{free_port()}"))
    (scratch / "Caddyfile").write_text(text)
    result = run_command(scratch, "validate", "--config", "Caddyfile")
    assert result.returncode == 1
    assert "cannot log to" in result.stderr and "refused" in result.stderr


def test_soft_start_waits_for_the_server(serve, log_server):
    log_port = free_port()
    gateway, port = serve(logging_to(f"127.0.0.1:{log_port}", "soft_start"))
    fetch(port, target="/early")
    server = log_server(log_port)
    assert server.uri_of_next() == "/early"


def test_datagrams(serve):
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        _, port = serve(logging_to(f"udp/127.0.0.1:{receiver.getsockname()[1]}"))
        for uri in ("/1", "/2"):
            fetch(port, target=uri)
        # The connections may belong to two workers, whose records have no order between them.
        assert {json.loads(receiver.recv(65536))["request"]["uri"] for _ in range(2)} == {
            "/1",
            "/2",
        }


@pytest.mark.ours("Caddy waits for the server")
def test_a_server_that_never_reads_holds_up_nobody(serve):
    """What it does not take is kept up to a bound, then lost and counted."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        gateway, port = serve(logging_to(f"127.0.0.1:{deaf.getsockname()[1]}"))
        gateway.expect_log("cannot write to 127.0.0.1")
        before = gateway.memory_kib()
        with Client(port) as client:
            long = "/" + "a" * 12_000
            while not any("bytes of log lost" in line for line in list(gateway.lines)):
                client.request(target=long)
                assert client.read_response().status == 200
        grown = gateway.memory_kib() - before
        assert grown < 24 << 10, f"memory grew by {grown} KiB"


def test_filters_and_appended_fields(serve):
    gateway, port = serve(
        """
        log {
            format append {
                node {env.NODE}
                wrap filter {
                    request>uri query {
                        hash key
                        delete model
                    }
                    request>headers>User-Agent regexp [0-9.]+ x
                    request>headers>X-User hash
                    request>remote_ip ip_mask 16
                }
            }
        }
        respond ok
        """,
        environment={"NODE": "seven"},
    )
    fields = [("User-Agent", "tester/1.2"), ("X-User", "alice")]
    fetch(port, target="/v1?key=secret&model=x&a=b", fields=fields)
    line = gateway.wait_for_log('"uri"')
    record = json.loads(line)
    request = record["request"]
    assert record["node"] == "seven"
    # The first eight digits of SHA-256.
    assert request["uri"] == "/v1?key=2bb80d53&a=b"
    assert request["headers"]["X-User"] == ["2bd806c9"]
    assert request["headers"]["User-Agent"] == ["tester/x"]
    assert re.fullmatch(r"127\.0\.0\.0", request["remote_ip"])
