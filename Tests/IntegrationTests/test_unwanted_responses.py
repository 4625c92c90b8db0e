"""Responses that a handler replaces: short ones are read to their end, so the connection is kept."""

import pytest

from support.client import Client

REQUESTS = 20


def whole(body):
    return lambda connection: connection.respond(body=body, fields=[("X-User", "kim")])


def chunked(connection):
    connection.send(
        "HTTP/1.1 200 OK\r\nX-User: kim\r\nTransfer-Encoding: chunked\r\n\r\n"
        "7\r\nwelcome\r\n0\r\nX-Sum: 1\r\n\r\n"
    )


def without_body(connection):
    connection.send("HTTP/1.1 204 No Content\r\nX-User: kim\r\n\r\n")


def in_pieces(connection):
    connection.send("HTTP/1.1 200 OK\r\nX-User: kim\r\nContent-Length: 10\r\n\r\nwel")
    connection.send("come yo")


def answering(answer):
    def handler(connection):
        while connection.read_request():
            answer(connection)

    return handler


def guarded(serve, upstream, answer):
    """A site behind forward_auth: (port, the auth service, the service behind it)."""
    auth, service = upstream(answering(answer)), upstream()
    _, port = serve(
        f"forward_auth {auth.address} {{\n uri /auth\n copy_headers X-User\n}}\n"
        f"reverse_proxy {service.address}"
    )
    return port, auth, service


def pass_through(port, times=REQUESTS):
    with Client(port) as client:
        for _ in range(times):
            client.request()
            assert client.read_response().status == 200


@pytest.mark.parametrize(
    "answer",
    [whole(""), whole("welcome"), chunked, without_body],
    ids=["empty", "short", "chunked", "204"],
)
def test_the_connection_of_a_short_answer_is_kept(serve, upstream, answer):
    port, auth, service = guarded(serve, upstream, answer)
    pass_through(port)
    assert dict(service.next_request().fields)["X-User"] == "kim"
    assert (auth.accepted, service.accepted) == (1, 1)


@pytest.mark.parametrize("answer", [whole("w" * 40_000), in_pieces], ids=["40 KB", "pieces"])
def test_what_arrives_late_is_read_beside_the_next_call(serve, upstream, answer):
    port, auth, _ = guarded(serve, upstream, answer)
    pass_through(port)
    assert auth.accepted < REQUESTS / 2


def test_a_long_answer_costs_its_connection(serve, upstream):
    port, auth, _ = guarded(serve, upstream, whole("w" * 1_000_000))
    pass_through(port, 3)
    assert auth.accepted == 3


def test_an_answer_that_never_ends_holds_up_nobody(serve, upstream):
    def stall(connection):
        connection.read_request()
        connection.send("HTTP/1.1 200 OK\r\nX-User: kim\r\nContent-Length: 10\r\n\r\nwel")
        connection.closed_after = connection.seconds_until_closed(6)
        connection.upstream.requests.put(connection)

    auth, service = upstream(stall), upstream()
    _, port = serve(
        f"forward_auth {auth.address} {{\n uri /auth\n copy_headers X-User\n}}\n"
        f"reverse_proxy {service.address}"
    )
    pass_through(port, 1)
    assert auth.next_request(8).closed_after < 6


def test_bytes_behind_an_answer_are_nobodys(serve, upstream):
    """Else the next question would take them for its answer."""

    def smuggle(connection):
        connection.respond(body="ok", fields=[("X-User", "kim")])
        connection.respond(fields=[("X-User", "mallory")])

    def at_once(connection):
        sent, connection.send = [], lambda data: sent.append(data)
        smuggle(connection)
        del connection.send
        connection.send(b"".join(sent))

    port, _, service = guarded(serve, upstream, at_once)
    pass_through(port)
    users = {dict(service.next_request().fields)["X-User"] for _ in range(REQUESTS)}
    assert users == {"kim"}


def test_an_encrypted_answer_is_read_to_its_end(serve, upstream, authority):
    auth = upstream(answering(whole("welcome")), tls=authority.server_context("localhost"))
    _, port = serve(
        f"forward_auth https://localhost:{auth.port} {{\n uri /auth\n"
        f" transport http {{\n tls_trust_pool file {authority.certificate}\n }}\n}}\nrespond passed"
    )
    pass_through(port)
    assert auth.accepted < REQUESTS / 2


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_other_methods_ask_with_get(serve, upstream, method):
    port, auth, service = guarded(serve, upstream, whole("welcome"))
    with Client(port) as client:
        for _ in range(3):
            client.request(method, body=b"question" if method == "POST" else None)
            assert client.read_response(method).status == 200
    assert service.next_request().method == method
    assert auth.accepted == 1


def test_a_replaced_answer_is_read_to_its_end_too(serve, upstream):
    def refuse(connection):
        connection.respond(429, "come back later")

    server = upstream(answering(refuse))
    _, port = serve(
        f"reverse_proxy {server.address} {{\n @limited status 429\n"
        ' handle_response @limited {\n respond "try later" 503\n }\n}'
    )
    with Client(port) as client:
        for _ in range(REQUESTS):
            client.request()
            response = client.read_response()
            assert (response.status, response.body) == (503, b"try later")
    assert server.accepted == 1
