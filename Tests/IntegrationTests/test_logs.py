"""The process log and access logs: forms, places, and what must never be in them."""

import json

import pytest

from support.client import Client, fetch
from support.openai_upstream import ModelServer
from support.waiting import wait_until

SECRET = "sk-very-secret"


def access_records(gateway, count):
    def found():
        records = [
            record for record in gateway.records() if "status" in record and "request" in record
        ]
        return records if len(records) >= count else None

    return wait_until(found, 5, f"{count} access records")


def test_an_access_record(serve, upstream):
    model = upstream(cls=ModelServer)
    gateway, port = serve(f"log\nreverse_proxy {model.address}")
    fetch(port, target="/v1/models?limit=1", fields=[("User-Agent", "tester/1")], host="model.test")
    (record,) = access_records(gateway, 1)
    request = record["request"]
    assert (record["status"], record["level"]) == (200, "info")
    assert (request["method"], request["uri"], request["host"]) == (
        "GET",
        "/v1/models?limit=1",
        "model.test",
    )
    assert (request["remote_ip"], request["proto"]) == ("127.0.0.1", "HTTP/1.1")
    assert request["headers"]["User-Agent"] == ["tester/1"]
    assert record["size"] > 0 and 0 <= record["duration"] < 5


@pytest.mark.ours("Caddy logs nothing of them")
@pytest.mark.parametrize(
    ("request_bytes", "status", "method", "uri"),
    [
        (b"GET /a?b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "GET", "/a?b"),
        (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "", "GET /" + "a" * 4091),
        (b"GET /b HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (2 << 20) + b"\r\n\r\n", 431, "GET", "/b"),
        (b"\x16\x03\x01 hello\r\n\r\n", 400, "", "\x16\x03\x01 hello"),
    ],
    ids=["two hosts", "long target", "large head", "no request"],
)
def test_refused_requests_have_a_record(serve, request_bytes, status, method, uri):
    gateway, port = serve("log\nrespond ok")
    with Client(port) as client:
        client.send(request_bytes)
        assert client.read_response().status == status
    (record,) = access_records(gateway, 1)
    assert (record["status"], record["outcome"]) == (status, "refused")
    request = record["request"]
    assert (request["method"], request["uri"]) == (method, uri)
    assert request["remote_ip"] == "127.0.0.1"


def test_credentials_are_redacted(serve, upstream):
    model = upstream(cls=ModelServer)
    gateway, port = serve(f"log\nreverse_proxy {model.address}")
    fetch(
        port,
        target="/v1/models",
        fields=[
            ("Authorization", f"Bearer {SECRET}"),
            ("Cookie", f"session={SECRET}"),
            ("Proxy-Authorization", f"Basic {SECRET}"),
        ],
    )
    access_records(gateway, 1)
    assert SECRET not in gateway.log_text()


@pytest.mark.ours("Caddy knows no keys of AI services")
def test_keys_of_ai_services_are_redacted(serve, upstream):
    model = upstream(cls=ModelServer)
    gateway, port = serve(f"log\nreverse_proxy {model.address}")
    fetch(port, target="/v1/models", fields=[("X-Api-Key", SECRET), ("Api-Key", SECRET)])
    access_records(gateway, 1)
    assert SECRET not in gateway.log_text()


def test_a_request_that_the_client_left_has_its_record(serve, upstream):
    """Its status is one of the gateway's choice; what matters is that there is a record."""

    def think(connection):
        connection.read_request()
        connection.upstream.requests.put("asked")
        connection.seconds_until_closed(10)

    model = upstream(think)
    gateway, port = serve(f"log\nreverse_proxy {model.address}")
    with Client(port) as client:
        client.request(target="/left")
        model.next_request()
    wait_until(
        lambda: any(record["request"]["uri"] == "/left" for record in access_records(gateway, 1)),
        5,
        "a record",
    )


def test_console_format_to_standard_output(serve):
    gateway, port = serve("log {\n output stdout\n format console\n}\nrespond ok")
    fetch(port, target="/seen")
    line = gateway.wait_for_log("/seen")
    with pytest.raises(ValueError):
        json.loads(line)
    assert "INFO" in line.upper()


def test_a_file_that_rolls(serve, tmp_path):
    log = tmp_path / "logs" / "access.log"
    gateway, port = serve(
        f"log {{\n output file {log} {{\n roll_size 1MiB\n roll_keep 2\n roll_uncompressed\n }}\n}}\n"
        "respond ok"
    )
    filler = [("X-Filler", "a" * 7000)]
    for _ in range(400):
        fetch(port, fields=filler)
    wait_until(lambda: len(list(log.parent.iterdir())) >= 2, 5, "a rolled file")
    assert log.stat().st_size <= 1 << 20
    gateway.stop()
    for file in log.parent.iterdir():
        for line in file.read_text().splitlines():
            assert json.loads(line)["status"] == 200


def test_no_log_without_the_directive(serve):
    gateway, port = serve("respond ok")
    fetch(port, target="/unseen")
    gateway.stop()
    assert "/unseen" not in gateway.log_text()
