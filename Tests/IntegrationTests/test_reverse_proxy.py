"""reverse_proxy: what goes up, what comes down, which upstream is chosen."""

import collections
import select

import pytest

from support.client import Client, fetch
from support.gateway import IS_CADDY
from support.ports import free_port
from support.waiting import wait_until


def named(name):
    """A handler that answers every request with its own name."""

    def handler(connection):
        while connection.read_request():
            connection.respond(body=name)

    return handler


def up(*upstreams):
    return " ".join(server.address for server in upstreams)


# Fields on the way up and down


def test_forwarded_fields(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    fetch(port, target="/a?b=c", host="model.test:99")
    request = server.next_request()
    assert (request.target, request.get("host")) == ("/a?b=c", "model.test:99")
    assert request.get("x-forwarded-for") == "127.0.0.1"
    assert request.get("x-forwarded-proto") == "http"
    assert request.get("x-forwarded-host") == "model.test:99"


def test_a_stranger_cannot_set_forwarded_fields(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    fetch(
        port,
        fields=[
            ("X-Forwarded-For", "9.9.9.9"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil"),
        ],
    )
    request = server.next_request()
    assert request.get("x-forwarded-for") == "127.0.0.1"
    assert (request.get("x-forwarded-proto"), request.get("x-forwarded-host")) == (
        "http",
        "gateway.test",
    )


def test_hop_by_hop_fields_stay_behind(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        client.request(
            fields=[
                ("Connection", "X-Secret, keep-alive"),
                ("X-Secret", "1"),
                ("Keep-Alive", "9"),
                ("Proxy-Authorization", "Basic x"),
                ("TE", "gzip"),
                ("X-Kept", "2"),
            ]
        )
        assert client.read_response().status == 200
    request = server.next_request()
    assert not request.names() & {"x-secret", "keep-alive", "proxy-authorization"}
    assert request.get("x-kept") == "2"


def test_header_up_and_header_down(serve, upstream):
    server = upstream()
    _, port = serve(f"""reverse_proxy {server.address} {{
    header_up X-Set one
    header_up +X-Added two
    header_up -X-Gone*
    header_up X-Replaced old new
    header_up X-From {{http.request.header.X-Kept}}
    header_down -Server
    header_down X-Answer yes
}}""")
    answer = fetch(
        port,
        fields=[
            ("X-Set", "client"),
            ("X-Added", "one"),
            ("X-Gone-1", "1"),
            ("X-Gone-2", "2"),
            ("X-Replaced", "an old one"),
            ("X-Kept", "kept"),
        ],
    )
    request = server.next_request()
    assert (request.get("x-set"), request.get("x-added")) == ("one", "one, two")
    assert (request.get("x-gone-1"), request.get("x-gone-2")) == (None, None)
    assert (request.get("x-replaced"), request.get("x-from")) == ("an new one", "kept")
    assert (answer.get("server"), answer.get("x-answer")) == (None, "yes")


def test_the_upstream_connection_is_used_again(serve, upstream):
    server = upstream()
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        for _ in range(20):
            client.request()
            assert client.read_response().complete
    assert server.accepted <= 2


def test_a_stale_pooled_connection_is_not_an_error(serve, upstream):
    """The upstream may close an idle connection just when it is used again."""

    def one_each(connection):
        connection.read_request()
        connection.respond(body="ok")

    server = upstream(one_each)
    _, port = serve(f"reverse_proxy {server.address}")
    for _ in range(50):
        assert fetch(port).body == b"ok"


# Bodies


@pytest.mark.parametrize("size", [0, 1, 65536, 3 << 20])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_bodies_arrive_whole(serve, upstream, size, framing):
    def count(connection):
        request = connection.read_request()
        connection.respond(body=f"{len(request.body)} {hash(request.body) == hash(sent)}")

    sent = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    server = upstream(count)
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        if framing == "length":
            client.request("POST", body=sent)
        else:
            client.send(
                "POST / HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for at in range(0, size, 50000):
                piece = sent[at : at + 50000]
                client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            client.send("0\r\n\r\n")
        assert client.read_response().body == b"%d True" % size


def test_an_upload_is_passed_on_while_it_comes(serve, upstream):
    """The upstream has the first part before the client sends the second."""

    def receive(connection):
        connection.read_head()
        connection._take(5)
        connection.upstream.requests.put("first part")
        connection._take(6)
        connection.respond(body="done")

    server = upstream(receive)
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        client.send("POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 11\r\n\r\nhello")
        assert server.next_request() == "first part"
        client.send(" world")
        assert client.read_response().body == b"done"


@pytest.mark.ours("Caddy waits for the rest of the upload first")
def test_an_early_answer_reaches_the_client(serve, upstream):
    """An upstream that refuses a large upload before it ends is heard."""

    def refuse(connection):
        connection.read_head()
        connection.respond(
            413, "too much", reason="Content Too Large", fields=[("Connection", "close")]
        )
        connection.upstream.requests.get(timeout=10)

    server = upstream(refuse)
    _, port = serve(f"reverse_proxy {server.address}")
    with Client(port) as client:
        client.send(
            "POST / HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 10000000\r\n\r\n" + "x" * 1000
        )
        assert client.read_response().status == 413
    server.requests.put("go on")


# Which upstream


@pytest.mark.parametrize("policy,least,most", [("round_robin", 10, 10), ("random", 1, 29)])
def test_policies(serve, upstream, policy, least, most):
    servers = [upstream(named(name)) for name in "abc"]
    _, port = serve(f"reverse_proxy {up(*servers)} {{\n lb_policy {policy}\n}}")
    seen = collections.Counter(fetch(port).body for _ in range(30))
    assert sum(seen.values()) == 30
    assert all(least <= seen[name] <= most for name in (b"a", b"b", b"c"))


def test_least_conn_avoids_the_busy_one(serve, upstream):
    def slow(connection):
        connection.read_request()
        connection.upstream.requests.put("busy")
        connection.seconds_until_closed(20)

    busy, idle = upstream(slow), upstream(named("idle"))
    _, port = serve(f"reverse_proxy {up(busy, idle)} {{\n lb_policy least_conn\n}}")
    with Client(port) as waiting:
        while busy.requests.empty():
            waiting.close()
            waiting = Client(port)
            waiting.request()
            wait_until(
                lambda: not busy.requests.empty() or select_readable(waiting),
                5,
                "an answer or a wait",
            )
        assert {fetch(port).body for _ in range(10)} == {b"idle"}
        waiting.close()


def select_readable(client):
    return bool(select.select([client.sock], [], [], 0)[0])


def test_an_upstream_from_a_placeholder(serve, upstream):
    servers = {name: upstream(named(name)) for name in ("one", "two")}
    _, port = serve(f"""@two header X-Model two
vars upstream {servers["one"].address}
vars @two upstream {servers["two"].address}
reverse_proxy {{http.vars.upstream}}""")
    assert fetch(port).body == b"one"
    assert fetch(port, fields=[("X-Model", "two")]).body == b"two"


def test_a_refused_upstream_gives_way_to_another(serve, upstream):
    """lb_try_duration lets a request whose connection failed try the next upstream."""
    server = upstream(named("alive"))
    dead = free_port()
    gateway, port = serve(
        f"reverse_proxy 127.0.0.1:{dead} {server.address} {{\n"
        " lb_policy round_robin\n lb_try_duration 2s\n}"
    )
    gateway.expect_log(str(dead))
    assert {fetch(port).body for _ in range(10)} == {b"alive"}


def test_a_response_says_by_what_way_it_came(serve, upstream):
    """RFC 9110 §7.6.3: an intermediary adds itself, with the protocol that it received."""

    def answer(connection):
        request = connection.read_request()
        version = "1.0" if request.target == "/old" else "1.1"
        connection.send(f"HTTP/{version} 200 OK\r\nVia: 1.1 cache\r\nContent-Length: 0\r\n\r\n")

    server = upstream(answer)
    _, port = serve(f"respond /local here\nreverse_proxy {server.address}")
    ours = "Caddy" if IS_CADDY else "gatewright"
    assert fetch(port).get("via") == f"1.1 cache, 1.1 {ours}"
    assert fetch(port, target="/old").get("via") == f"1.1 cache, 1.0 {ours}"
    assert fetch(port, target="/local").get("via") is None


def test_handle_response(serve, upstream):
    def refuse(connection):
        while request := connection.read_request():
            status = int(request.target.strip("/"))
            connection.respond(status, f"upstream {status}", reason="Some Reason")

    server = upstream(refuse)
    _, port = serve(f"""reverse_proxy {server.address} {{
    @limited status 429
    handle_response @limited {{
        header X-Was {{http.reverse_proxy.status_code}}
        respond "try later" 503
    }}
    @broken status 5xx
    replace_status @broken 502
}}""")
    limited = fetch(port, target="/429")
    assert (limited.status, limited.body, limited.get("x-was")) == (503, b"try later", "429")
    assert (fetch(port, target="/500").status, fetch(port, target="/500").body) == (
        502,
        b"upstream 500",
    )
    assert fetch(port, target="/200").body == b"upstream 200"
