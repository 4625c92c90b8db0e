"""Reloads under load lose no request and cut no stream."""

import json
import signal
import subprocess
import time

import pytest

from support.client import fetch
from support.gateway import ROOT, SANITIZER, site
from support.ports import free_port
from support.waiting import wait_until

LOAD = ROOT / "Tests/IntegrationTests/load/reload_load.c"
ORIGIN = ROOT / "Benchmarks/helpers/ssebench.c"


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The load driver and the origin, compiled once: (load, origin)."""
    folder = tmp_path_factory.mktemp("load")
    for source in (LOAD, ORIGIN):
        subprocess.run(["clang", "-O2", "-Wall", "-o", folder / source.stem, source], check=True)
    return folder / LOAD.stem, folder / ORIGIN.stem


@pytest.fixture
def origin(programs):
    port = free_port()
    process = subprocess.Popen([programs[1], "upstream", str(port)])
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


def config(origin, generation, port=None):
    return site(
        f"reverse_proxy {origin} {{\n flush_interval -1\n}}\nheader X-Generation {generation}", port
    )


def reload_under_load(start, programs, origin, seconds, per_second, reloads, streams):
    """Runs the load with `reloads` real changes spread over it; returns what the driver counted."""
    text, port = config(origin, 0)
    gateway = start(text)
    load = subprocess.Popen(
        [
            programs[0],
            str(port),
            str(seconds),
            str(per_second),
            str(per_second),
            "64",
            str(streams),
            "/sse?n=100000&us=50000",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    began = time.monotonic()
    for number in range(1, reloads + 1):
        gateway.write_config(config(origin, number, port)[0])
        gateway.signal(signal.SIGUSR1)
        # Paced, not waited for: the reload itself is part of the load.
        due = began + seconds * number / (reloads + 1)
        time.sleep(max(0, due - time.monotonic()))
    output, _ = load.communicate(timeout=seconds + 30)
    wait_until(
        lambda: fetch(port).get("x-generation") == str(reloads), 10, "the last generation serving"
    )
    return json.loads(output), gateway


def check(counted, per_second, seconds, streams):
    for kind in ("fresh", "kept"):
        lost = {
            name: count
            for name, count in counted[kind].items()
            if name not in ("sent", "ok") and count
        }
        assert not lost, counted
        assert counted[kind]["ok"] == counted[kind]["sent"] >= 0.95 * per_second * seconds, counted
    assert counted["streams"]["open"] == streams and counted["streams"]["cut"] == 0, counted
    # Twenty events a second of some 70 bytes: less means that streams were held up.
    assert counted["streams"]["bytes"] > streams * seconds * 20 * 70 * 0.5, counted
    assert counted["idle_closed"] == 0, counted


@pytest.mark.ours("Caddy resets and refuses connections while it reloads")
def test_short(start, programs, origin):
    rate = 100 if SANITIZER else 500
    counted, _ = reload_under_load(start, programs, origin, 4, rate, 40, 50)
    check(counted, rate, 4, 50)


@pytest.mark.soak
@pytest.mark.ours("Caddy resets and refuses connections while it reloads")
def test_full(start, programs, origin):
    """The promise: 200 reloads in 20 s, 2,000 fresh and 2,000 kept requests/s, 100 streams."""
    counted, gateway = reload_under_load(start, programs, origin, 20, 2000, 200, 100)
    check(counted, 2000, 20, 100)
    assert gateway.memory_kib() < 64 << 10
