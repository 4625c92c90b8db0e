"""In steady state the gateway allocates nothing per request and per event."""

import socket
from dataclasses import dataclass

import pytest

from support.allocations import AllocationCounter
from support.gateway import SANITIZER

pytestmark = [
    pytest.mark.ours("our promise, not Caddy's"),
    pytest.mark.skipif(bool(SANITIZER), reason="sanitizers allocate by themselves"),
]

WARM_UP = 2_000
MEASURED = 10_000
#: What the rest of the process, such as its maintenance once a second, may use meanwhile.
ALLOWED = 9

JSON = b'{"id":"chatcmpl-1","object":"chat.completion","choices":[]}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(JSON),
    JSON,
)
GET = b"GET /v1/models?limit=3 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n%s\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
LARGE = b"x" * 100_000 + b"the end"


@dataclass
class Case:
    """One kind of exchange: the site, what the client sends, where the upstream's part ends."""

    body: str
    request: bytes
    request_end: bytes
    reply: bytes | None = REPLY
    reply_end: bytes = JSON
    options: str = ""
    rounds: int = MEASURED


def post(body):
    return POST % b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body) + body


PROXY = "reverse_proxy 127.0.0.1:{port}"
CHAIN = """
    @chat {{
        path /v1/*
        method GET POST
        header Authorization "Bearer secret-1"
        not header X-Refused *
    }}
    handle @chat {{
        request_header X-Team platform
        request_header -X-Debug
        header X-Gateway gatewright
        header -Server
        header ?Cache-Control no-store
        header >X-Seen {{method}}-{{host}}
        uri strip_prefix /v1
        rewrite * /api{{uri}}
        reverse_proxy 127.0.0.1:{port} {{
            header_up X-Real-IP {{remote_host}}
            header_down -X-Powered-By
        }}
    }}
    handle {{
        respond "denied" 403
    }}
"""

CASES = {
    "get": Case(PROXY, GET % b"", b"\r\n\r\n"),
    "post": Case(PROXY, post(JSON), JSON),
    "large post": Case(PROXY, post(LARGE), b"the end", rounds=1_000),
    "chunked post": Case(
        PROXY,
        POST % b"Transfer-Encoding: chunked\r\n" + b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n",
        b"\r\n0\r\n\r\n",
    ),
    "chunked reply": Case(
        PROXY,
        GET % b"",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (len(JSON), JSON),
        b"\r\n0\r\n\r\n",
    ),
    "chain": Case(
        CHAIN, GET % b"Authorization: Bearer secret-1\r\nX-Debug: 1\r\n", b"\r\n\r\n"
    ),
    "refused by the chain": Case(CHAIN, GET % b"", b"", None, b"denied"),
    "respond": Case('respond "hello {{http.request.method}} {{path}}"', GET % b"", b"", None,
                    b"hello GET /v1/models"),
    "redirect": Case("redir https://{{host}}{{uri}}", GET % b"", b"", None, b"\r\n\r\n"),
    "trusted client": Case(
        PROXY,
        GET % b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n",
        b"\r\n\r\n",
        options="servers {\n trusted_proxies static 127.0.0.1/32\n}\n",
    ),
    "access log": Case(
        "log {{\n output file {folder}/access.log\n}}\n" + PROXY, GET % b"", b"\r\n\r\n"
    ),
    "upstream of a placeholder": Case(
        "vars upstream 127.0.0.1:{port}\nreverse_proxy {{http.vars.upstream}}",
        GET % b"",
        b"\r\n\r\n",
    ),
}


def read_until(connection, end):
    """Reads what the other side sends up to its end."""
    tail = b""
    while not tail.endswith(end):
        piece = connection.recv(1 << 18)
        assert piece, f"the connection ended after {tail[-200:]!r}"
        tail = tail[-len(end) :] + piece


class Ends:
    """Plays the client and the upstream of one gateway, so that nothing else takes part."""

    def __init__(self, case, serve, folder):
        self.case = case
        self.counter = AllocationCounter(folder)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(10)
        text = case.body.format(port=self.listener.getsockname()[1], folder=folder)
        environment = {**self.counter.environment, "GATEWRIGHT_WORKERS": "1"}
        _, port = serve(text, options=case.options, environment=environment)
        self.client = socket.create_connection(("127.0.0.1", port))
        self.upstream = None

    def exchange(self):
        self.client.sendall(self.case.request)
        if self.case.reply:
            self.accept()
            read_until(self.upstream, self.case.request_end)
            self.upstream.sendall(self.case.reply)
        read_until(self.client, self.case.reply_end)

    def accept(self):
        if not self.upstream:
            self.upstream, _ = self.listener.accept()

    def close(self):
        for end in (self.client, self.upstream, self.listener):
            if end:
                end.close()

    def check(self, step, rounds):
        """Repeats a step and fails, saying where, when the gateway allocates for it."""
        for _ in range(WARM_UP):
            step()
        before = self.counter.total()
        for _ in range(rounds):
            step()
        found = self.counter.total() - before
        if found > ALLOWED:
            self.counter.show_next(20)
            for _ in range(20):
                step()
            pytest.fail(f"{found} allocations in {rounds} rounds\n{self.counter.traces()}")


@pytest.fixture
def ends(serve, scratch):
    running = []

    def start_ends(case):
        running.append(Ends(case, serve, scratch))
        return running[-1]

    yield start_ends
    for one in running:
        one.close()


@pytest.mark.parametrize("name", CASES)
def test_a_request_allocates_nothing(ends, name):
    one = ends(CASES[name])
    one.check(one.exchange, one.case.rounds)


def test_an_event_of_a_stream_allocates_nothing(ends):
    one = ends(Case(PROXY, GET % b"Accept: text/event-stream\r\n", b"\r\n\r\n"))
    event = b'data: {"choices":[{"delta":{"content":"hello"}}]}\n\n'
    one.client.sendall(one.case.request)
    one.accept()
    read_until(one.upstream, one.case.request_end)
    one.upstream.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    read_until(one.client, b"\r\n\r\n")

    def send_event():
        one.upstream.sendall(b"%x\r\n%s\r\n" % (len(event), event))
        read_until(one.client, event + b"\r\n")

    one.check(send_event, MEASURED)
    one.upstream.sendall(b"0\r\n\r\n")
    read_until(one.client, b"0\r\n\r\n")
