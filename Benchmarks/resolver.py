#!/usr/bin/env python3
"""What a cached name of llm_resolver costs beside the same route with its address written down.

    Benchmarks/resolver.py GATEWRIGHT PLUGIN_FOLDER [seconds] [rounds]

Processor time of a gateway with one worker per request, under wrk over loopback, with nginx as origin.
Rounds alternate, the median of each counts. Fails when a cached name costs more than 1 µs above the
static route.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ADDED_MICROSECONDS_MAX = 1.0
ORIGIN, STATIC, VARIABLE, NAMED, PROXIED = range(18730, 18735)
ROUTES = {
    "static route": (STATIC, f"reverse_proxy 127.0.0.1:{ORIGIN}"),
    "address from a variable": (
        VARIABLE,
        f"vars upstream 127.0.0.1:{ORIGIN}\n reverse_proxy {{http.vars.upstream}}",
    ),
    "cached name": (
        NAMED,
        "llm_resolver {\n cache_file off\n }\n reverse_proxy {http.vars.upstream}",
    ),
    "cached name, proxy on": (PROXIED, "llm_resolver {\n cache_file off\n proxy on\n }"),
}


def processor_microseconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / os.sysconf("SC_CLK_TCK")


def wait_for(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on {port}")


def load(port, seconds):
    """Requests that were answered with 200."""
    out = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{seconds}s", "-H", "Host: origin.localhost",
         f"http://127.0.0.1:{port}/"],
        capture_output=True, text=True, check=True,
    ).stdout
    assert "Non-2xx" not in out, out
    return next(int(line.split()[0]) for line in out.splitlines() if "requests in" in line)


def start_origin(folder):
    (folder / "origin").mkdir()
    config = folder / "nginx.conf"
    config.write_text(
        "worker_processes 1; daemon off; error_log /dev/null; pid nginx.pid;\n"
        "events {} http { access_log off; keepalive_requests 1000000; server {\n"
        f" listen 127.0.0.1:{ORIGIN}; location / {{ return 200 'ok'; }} }} }}\n"
    )
    return subprocess.Popen(
        ["nginx", "-p", str(folder / "origin"), "-c", str(config)], cwd=folder / "origin",
        stderr=subprocess.DEVNULL,
    )


def main(program, plugins, seconds, rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = folder / "Caddyfile"
        config.write_text(
            "{\n admin off\n auto_https off\n}\n"
            + "".join(f"http://:{port} {{\n {body}\n}}\n" for port, body in ROUTES.values())
        )
        origin = start_origin(folder)
        gateway = subprocess.Popen(
            [program, "run", "--config", str(config), "--adapter", "caddyfile"],
            env=dict(os.environ, HOME=name, GATEWRIGHT_WORKERS="1", GATEWRIGHT_PLUGINS=plugins),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        costs = {route: [] for route in ROUTES}
        try:
            for port in (ORIGIN, STATIC, PROXIED):
                wait_for(port)
            for port, _ in ROUTES.values():
                load(port, 1)
            for _ in range(rounds):
                for route, (port, _) in ROUTES.items():
                    before = processor_microseconds(gateway.pid)
                    count = load(port, seconds)
                    costs[route].append((processor_microseconds(gateway.pid) - before) / count)
        finally:
            for process in (gateway, origin):
                process.terminate()
                process.wait()
    static = statistics.median(costs["static route"])
    for route, found in costs.items():
        median = statistics.median(found)
        print(f"{route:26} {median:6.2f} µs a request, {median - static:+.2f}")
    added = statistics.median(costs["cached name"]) - static
    return 0 if added <= ADDED_MICROSECONDS_MAX else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    numbers = [int(text) for text in sys.argv[3:]]
    sys.exit(main(sys.argv[1], sys.argv[2], *(numbers + [3, 5][len(numbers):])))
