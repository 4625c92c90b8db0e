"""Containers of a real engine, as the service discovery/1 tells other plugins."""

import http.server
import json
import threading

import pytest

from support.client import fetch
from support.discovery import Listing
from support.engine import Engine
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy has no discovery")


@pytest.fixture(scope="module")
def installed():
    engine = Engine()
    yield engine
    engine.stop()


@pytest.fixture
def engine(installed):
    installed.serve()
    yield installed
    try:
        installed.remove_all()
    finally:
        installed.end_service()


@pytest.fixture
def listing(engine, start, tmp_path):
    return Listing(start, tmp_path / "plugins", DOCKER_HOST=engine.address)


def compose(project, service, number=1, oneoff="False"):
    labels = {
        "project": project,
        "service": service,
        "container-number": number,
        "oneoff": oneoff,
        "project.working_dir": f"/home/dev/{project}",
    }
    return [
        word
        for name, value in labels.items()
        for word in ("--label", f"com.docker.compose.{name}={value}")
    ]


def address(candidate):
    host, port = candidate["addresses"][0].rsplit(":", 1)
    return int(port), host


def test_a_published_port_goes_first(engine, listing):
    port = free_port()
    engine.run("shop-web-1", "-p", f"127.0.0.1:{port}:8080", *compose("shop", "web"))
    found = listing.expect_container("shop-web-1")
    assert found["addresses"] == [f"127.0.0.1:{port}"]
    assert found["published"] == [{"container": 8080, "host": port, "ip": "127.0.0.1"}]
    assert (found["port"], found["bind"], found["exposed"]) == (8080, "127.0.0.1", [8080])
    assert found["image"].endswith("box:1") and found["command"] == "httpd"
    assert found["args"] == "httpd -f -p 8080"
    assert (found["compose_project"], found["compose_service"]) == ("shop", "web")
    assert found["workdir"] == "/home/dev/shop"
    assert found["labels"]["com.docker.compose.container-number"] == "1"
    assert found["current"] == 1 and found["reasons"] == []
    assert fetch(port).status == 404
    # What holds the port for the engine is no candidate beside it.
    for helper in listing.on_port(port):
        assert "it passes connections on to a container" in helper["reasons"]


def test_all_addresses_means_loopback_from_here(engine, listing):
    port = free_port()
    engine.run("everywhere", "-p", f"{port}:8080")
    assert listing.expect_container("everywhere")["addresses"][0] == f"127.0.0.1:{port}"


def test_a_port_that_is_not_published_is_reached_on_the_bridge(engine, listing):
    engine.run("inner", "--expose", "9000", port=9000)
    found = listing.expect_container("inner", 9000)
    port, host = address(found)
    assert port == 9000 and found["bind"] == "" and found["published"] == []
    ip = engine.podman("inspect", "inner", "--format", "{{.NetworkSettings.IPAddress}}")
    assert host == ip


def test_only_tcp_ports_are_candidates(engine, listing):
    port = free_port()
    engine.run("mixed", "-p", f"127.0.0.1:{port}:8080", "--expose", "5353/udp")
    assert listing.expect_container("mixed")["exposed"] == [8080]
    found = [each for each in listing.get("/now")["candidates"] if each["name"] == "mixed"]
    assert [each["port"] for each in found] == [8080]


def test_the_hosts_network_is_loopback_with_the_process_that_listens(engine, listing):
    port = free_port()
    engine.run("direct", "--network", "host", command=["httpd", "-f", "-p", f"127.0.0.1:{port}"])
    found = listing.expect_container("direct", port)
    assert found["addresses"] == [f"127.0.0.1:{port}"] and found["bind"] == "127.0.0.1"
    process = listing.process(port)
    assert "it is listed as a container" in process["reasons"]


def test_a_container_in_anothers_network_is_reached_through_it(engine, listing):
    port = free_port()
    engine.run("front", "-p", f"127.0.0.1:{port}:9090")
    engine.run("side", "--network", "container:front", "--expose", "9090", port=9090)
    found = listing.expect_container("side", 9090)
    assert found["addresses"] == [f"127.0.0.1:{port}"]


def test_a_one_off_container_is_marked(engine, listing):
    engine.run("shop-web-run-1", "--expose", "8080", *compose("shop", "web", oneoff="True"))
    assert listing.expect_container("shop-web-run-1")["reasons"] == ["it is a one-off container"]


def test_events_tell_of_starts_stops_and_new_addresses(engine, listing):
    wait_until(lambda: listing.get("/now")["engines"], 20, "the engine")
    engine.run("moving", "--expose", "8080")
    first = listing.expect_container("moving")
    listing.get("/keep")
    engine.podman("stop", "-t", "0", "moving")
    wait_until(lambda: listing.container("moving") is None, 10, "the stop")
    # What was seen before does not count any more, although nobody asked for a new snapshot.
    assert listing.container("moving", target="/kept")["current"] == 0
    engine.run("squatter", "--expose", "8080")
    engine.podman("start", "moving")
    second = listing.expect_container("moving")
    assert second["addresses"] != [] and second["id"] == first["id"]
    assert second["addresses"] != listing.expect_container("squatter")["addresses"]


def test_an_engine_that_comes_back_is_listened_to_again(engine, listing):
    engine.run("steady", "--expose", "8080")
    listing.expect_container("steady")
    engine.end_service()
    wait_until(
        lambda: not any(each["connected"] for each in listing.get("/now")["engines"]), 20, "its end"
    )
    engine.serve()
    listing.expect_container("steady")
    engine.run("later", "--expose", "8080")
    listing.expect_container("later")


class BrokenEngine(http.server.BaseHTTPRequestHandler):
    """Gives one scripted answer per path, else 404."""

    answers = {}

    def do_GET(self):
        status, body = self.answers.get(self.path.split("?")[0], (404, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


GOOD = "a" * 64
BAD = "b" * 64
INSPECTED = {
    "Id": GOOD,
    "Name": "/good",
    "Config": {"Image": "x:1", "ExposedPorts": {"80/tcp": {}, "0/tcp": {}, "x/tcp": {}}},
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "nonsense", "HostPort": "99999"}]}},
    "State": {"Running": True, "Pid": 2**40},
}


@pytest.fixture
def broken(start, tmp_path):
    """broken(answers by path): what is discovered with such an engine at a TCP address."""
    servers = []

    def begin(answers):
        handler = type("Handler", (BrokenEngine,), {"answers": answers})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"tcp://127.0.0.1:{server.server_address[1]}"
        return Listing(start, tmp_path / "plugins", DOCKER_HOST=place)

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "answer, problem",
    [
        ((500, b"{}"), "it answers 500 to /containers/json"),
        ((200, b"<html>"), "its list of containers is malformed"),
        ((200, b'{"Id": 1}'), "its list of containers is malformed"),
    ],
)
def test_an_engine_that_answers_nonsense_is_reported(broken, answer, problem):
    listing = broken({"/containers/json": answer})
    engines = wait_until(lambda: listing.get("/now")["engines"], 10, "the engine's problem")
    assert engines[0]["problem"] == problem and engines[0]["connected"] == 0
    assert listing.process(listing.port)


def test_what_is_malformed_in_a_container_is_left_out(broken):
    listing = broken(
        {
            "/containers/json": (
                200,
                json.dumps([{"Id": GOOD}, {"Id": BAD}, {"Id": "../../etc"}, 7]).encode(),
            ),
            f"/containers/{GOOD}/json": (200, json.dumps(INSPECTED).encode()),
            f"/containers/{BAD}/json": (200, b"[]"),
        }
    )
    found = listing.expect_container("good")
    assert (found["port"], found["exposed"], found["published"]) == (80, [80], [])
    assert found["addresses"] == []
    assert found["reasons"] == ["no published port, and no network that this host shares"]
