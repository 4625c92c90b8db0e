"""Processes that listen on this machine, as the service discovery/1 tells other plugins."""

import json
import os
import signal
import socket

import pytest

from support.client import fetch
from support.discovery import Listing
from support.ports import free_port
from support.programs import Programs, accepts
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy has no discovery")


@pytest.fixture
def programs():
    started = Programs()
    yield started
    started.stop_all()


@pytest.fixture
def listing(start, tmp_path):
    return Listing(start, tmp_path / "plugins")


@pytest.fixture
def shop(tmp_path):
    """A monorepo with three services."""
    root = tmp_path / "shop"
    for name in ("api", "web", "docs"):
        (root / name).mkdir(parents=True)
    (root / "api" / "pyproject.toml").write_text('[project]\nname = "shop-api"\n')
    (root / "web" / "package.json").write_text(json.dumps({"name": "@shop/web"}))
    return root


def test_tells_what_a_process_is(listing, programs, shop):
    port = accepts(programs.python(shop / "api"))
    found = listing.process(port)
    assert found["bind"] == "127.0.0.1"
    assert found["addresses"] == [f"127.0.0.1:{port}"]
    assert found["args"].endswith(f"-m http.server {port} --bind 127.0.0.1")
    assert "/" not in found["args"].split()[0]
    assert found["workdir"] == str(shop / "api")
    assert found["package_name"] == "shop-api"
    assert found["pid"] == programs.last.pid and found["parent"] == os.getpid()
    assert found["start_time"] > 0 and found["current"] == 1
    assert found["reasons"] == []


def test_knows_a_server_on_the_ipv6_loopback_only(listing, programs, shop):
    port = programs.node(shop / "web", bind="::1")
    found = listing.process(port)
    assert (found["bind"], found["addresses"]) == ("::1", [f"[::1]:{port}"])
    assert (found["command"], found["package_name"]) == ("node", "@shop/web")


def test_keeps_two_servers_on_one_port_apart(listing, programs, shop):
    port = programs.node(shop / "web", bind="::1")
    listing.process(port)
    accepts(programs.python(shop / "api", port))
    wait_until(lambda: len(listing.on_port(port)) == 2, 10, "both")
    found = {each["workdir"]: each["addresses"] for each in listing.on_port(port)}
    assert found == {
        str(shop / "web"): [f"[::1]:{port}"],
        str(shop / "api"): [f"127.0.0.1:{port}"],
    }


def test_a_server_with_workers_is_one(listing, programs, shop):
    port = accepts(programs.nginx(shop / "docs"))
    found = listing.process(port)
    assert found["pid"] == programs.last.pid
    assert found["command"] == "nginx" and "master" in found["args"]


def test_a_stranger_on_the_port_is_not_taken_for_the_service(listing, programs, shop):
    port = accepts(programs.python(shop / "api"))
    was = listing.process(port)
    listing.get("/keep")
    assert listing.process(port, "/kept")["current"] == 1
    programs.stop()
    assert listing.process(port, "/kept")["current"] == 0
    accepts(programs.python(shop / "docs", port))
    # The old snapshot is asked, without a new look: the port alone proves nothing.
    assert listing.process(port, "/kept")["current"] == 0
    now = listing.process(port)
    assert now["id"] != was["id"] and now["workdir"] == str(shop / "docs")


def test_a_service_started_anew_is_found_on_its_new_port(listing, programs, shop):
    first = accepts(programs.python(shop / "api"))
    was = listing.process(first)
    programs.stop()
    second = accepts(programs.python(shop / "api"))
    now = listing.process(second)
    assert now["workdir"] == was["workdir"] and now["pid"] != was["pid"]
    assert listing.on_port(first) == []


def test_all_ports_of_a_process_are_there(listing, programs, shop):
    ports = programs.many_ports(shop / "api", 500)
    seen = {
        each["port"]
        for each in listing.get()["candidates"]
        if each["workdir"] == str(shop / "api")
    }
    assert len(ports) == 500 and seen == set(ports)


def test_the_gateway_itself_is_marked(listing):
    own = listing.process(listing.port)
    assert own["marks"] & 1 and own["reasons"] == ["this gateway listens there itself"]


def test_low_ports_are_there_with_a_reason(listing):
    with socket.socket() as server:
        for port in range(1023, 500, -1):
            try:
                server.bind(("127.0.0.1", port))
                break
            except OSError:
                continue
        server.listen()
        assert "its port is below 1024" in listing.process(port)["reasons"]


def test_a_manifest_that_is_a_link_or_a_pipe_is_not_read(listing, programs, shop, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"name": "secret"}')
    (shop / "docs" / "package.json").symlink_to(secret)
    os.mkfifo(shop / "docs" / "pyproject.toml")
    port = accepts(programs.python(shop / "docs"))
    assert listing.process(port)["package_name"] == ""


def test_changes_are_noticed_without_a_question(listing, programs, shop):
    before = wait_until(lambda: listing.get("/now")["generation"], 10, "a first look")
    port = programs.python(shop / "api")
    found = wait_until(lambda: listing.on_port(port, "/now"), 10, "the new process")
    assert found[0]["workdir"] == str(shop / "api")
    # Whoever subscribed was told.
    wait_until(lambda: listing.get("/now")["changes"] > before, 10, "a call for the change")


def test_goes_on_across_reloads(listing, programs, shop):
    port = accepts(programs.python(shop / "api"))
    before = listing.process(port)
    generation = listing.get("/now")["generation"]
    path = listing.gateway.config_path
    path.write_text(path.read_text().replace("discovery_list", "discovery_list again"))
    listing.gateway.signal(signal.SIGUSR1)
    listing.gateway.wait_for_log("reload")
    assert fetch(listing.port).status == 200
    assert listing.process(port)["id"] == before["id"]
    assert listing.get("/now")["generation"] >= generation
    late = programs.python(shop / "docs")
    wait_until(lambda: listing.on_port(late, "/now"), 10, "looks after the reload")
