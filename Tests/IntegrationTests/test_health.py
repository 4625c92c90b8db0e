"""Active health checks of upstreams, and the health directive that shows them."""

import json

import pytest

from support.client import fetch
from support.waiting import wait_until


class Probed:
    """Answers /health as told and other requests with its name."""

    def __init__(self, upstream, name):
        self.healthy = True
        self.probes = 0
        self.server = upstream(self._answer)
        self.name = name

    def _answer(self, connection):
        while request := connection.read_request():
            if request.target == "/health":
                self.probes += 1
                connection.respond(200 if self.healthy else 500, reason="Probed")
            else:
                connection.respond(body=self.name)


def test_an_unhealthy_upstream_is_left_out_and_taken_back(serve, upstream):
    sick, well = Probed(upstream, "sick"), Probed(upstream, "well")
    gateway, port = serve(f"""reverse_proxy {sick.server.address} {well.server.address} {{
    lb_policy round_robin
    health_uri /health
    health_interval 50ms
    health_timeout 1s
}}""")
    gateway.expect_log("health|unhealthy")
    wait_until(lambda: sick.probes and well.probes, 5, "probes")
    assert {fetch(port).body for _ in range(10)} == {b"sick", b"well"}
    sick.healthy = False
    wait_until(
        lambda: {fetch(port).body for _ in range(6)} == {b"well"}, 5, "the sick one left out"
    )
    sick.healthy = True
    wait_until(
        lambda: {fetch(port).body for _ in range(6)} == {b"sick", b"well"}, 5, "the sick one back"
    )


def test_no_healthy_upstream_is_503(serve, upstream):
    sick = Probed(upstream, "sick")
    sick.healthy = False
    gateway, port = serve(
        f"reverse_proxy {sick.server.address} {{\n health_uri /health\n health_interval 50ms\n}}"
    )
    gateway.expect_log("health|503|no upstreams")
    wait_until(lambda: fetch(port).status == 503, 5, "503")


@pytest.mark.ours("Caddy probes once for each route")
def test_one_probe_per_upstream_however_many_routes(serve, upstream):
    """Ten routes to one upstream probe it no more often than one route would."""
    probed = Probed(upstream, "one")
    proxy = f"reverse_proxy {probed.server.address} {{\n health_uri /health\n health_interval 500ms\n}}\n"
    _, port = serve("".join(f"handle /{number} {{\n{proxy}}}\n" for number in range(10)))
    wait_until(lambda: probed.probes >= 3, 10, "three probes")
    assert probed.server.accepted <= 4


@pytest.mark.ours("a directive of ours")
def test_the_health_directive(serve, upstream):
    probed = Probed(upstream, "one")
    gateway, port = serve(
        f"health /healthz\nreverse_proxy {probed.server.address} {{\n"
        " health_uri /health\n health_interval 50ms\n}"
    )
    gateway.expect_log("health|unhealthy")
    wait_until(lambda: probed.probes, 5, "a probe")
    answer = fetch(port, target="/healthz")
    assert answer.status == 200 and probed.server.address in json.dumps(json.loads(answer.body))
    probed.healthy = False
    wait_until(lambda: fetch(port, target="/healthz").status == 503, 5, "503 from the health page")
