"""Upstreams that only requests name."""

import pytest

from support.client import Client
from support.preload import compile_preload

NAMES = 10_000

pytestmark = pytest.mark.ours("Caddy keeps one transport for all of them")


def test_more_names_than_pools_pass_one_after_the_other(serve, crowd_upstream, tmp_path):
    """Limits.dynamicPoolsMax is 4,096: idle pools and what they keep make room."""
    release = tmp_path / "release"
    release.touch()
    # Every name is this machine.
    library = compile_preload("Resolver/hanging_resolver.c", tmp_path)
    environment = {
        "LD_PRELOAD": str(library),
        "HANGING_RESOLVER": str(release),
        "GATEWRIGHT_WORKERS": "2",
    }
    body = f"reverse_proxy {{http.request.header.X-Upstream}}:{crowd_upstream.port}"
    gateway, port = serve(body, environment=environment)
    grown = []
    with Client(port) as client:
        for number in range(NAMES):
            client.request(fields=[("X-Upstream", f"n{number}.hangs.test")])
            assert client.read_response().status == 200
            if number % 1000 == 999:
                grown.append(gateway.memory_kib())
        assert crowd_upstream.accepted == NAMES
        assert crowd_upstream.open <= 4096 + 1
        # The names that were used last are still connected, the first ones are made again.
        client.request(fields=[("X-Upstream", f"n{NAMES - 1}.hangs.test")])
        assert client.read_response().status == 200
        assert crowd_upstream.accepted == NAMES
        client.request(fields=[("X-Upstream", "n0.hangs.test")])
        assert client.read_response().status == 200
        assert crowd_upstream.accepted == NAMES + 1
    assert grown[-1] - grown[-4] < 2048, f"memory in KiB after each 1,000 names: {grown}"
