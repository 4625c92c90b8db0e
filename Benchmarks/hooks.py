#!/usr/bin/env python3
"""What hooks cost: one call of a no-op hook, and ten no-op plugins in the chain of a request.

    Benchmarks/hooks.py GATEWRIGHT PLUGIN_FOLDER [pairs]

The first is measured in one process, the second as the difference of the gateway's processor time
per request with ten no-op handlers and with none: the median of pairs that take turns. That
difference drowns in the machine's noise, so the instructions are counted, too: callgrind runs the
gateway with N requests and with twice as many, and the difference is that of N requests.
"""

import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

from comparison.processes import LOAD_CORE, PROXY_CORE, wait_for_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CALL_NANOSECONDS_MAX, CHAIN_NANOSECONDS_MAX = 5, 100
PORT = 18700
SITES = {0: PORT, 10: PORT + 1}


def compile_c(name, output, *options):
    subprocess.run(
        ["cc", "-O2", "-std=gnu17", f"-I{ROOT}/PluginSDK/C/include", f"{HERE}/hooks/{name}.c"]
        + [*options, "-o", str(output)],
        check=True,
    )


def caddyfile():
    sites = [
        f"http://:{port} {{\n\troute {{\n" + "\t\tnoop\n" * count + "\t\trespond ok\n\t}\n}\n"
        for count, port in SITES.items()
    ]
    return "{\n\tadmin off\n\tauto_https off\n}\n" + "".join(sites)


def processor_nanoseconds(pid):
    """Time on a processor of all threads, from the scheduler."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def cost_of_request(pid, port, seconds=2):
    before = processor_nanoseconds(pid)
    words = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", "-c32", f"-d{seconds}s"]
        + [f"http://127.0.0.1:{port}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    requests = int(next(line for line in words.splitlines() if " requests in " in line).split()[0])
    return (processor_nanoseconds(pid) - before) / requests


def chain_costs(program, plugins, folder, pairs):
    shutil.copytree(plugins, folder / "plugins")
    options = ["-shared", "-fPIC", "-Wl,-z,nodelete"]
    options.append(f"-Wl,--version-script={ROOT}/PluginSDK/C/plugin.map")
    compile_c("noop", folder / "plugins/noop.so", *options)
    (folder / "Caddyfile").write_text(caddyfile())
    gateway = subprocess.Popen(
        ["taskset", "-c", str(PROXY_CORE), program, "run", "--config", str(folder / "Caddyfile")]
        + ["--adapter", "caddyfile"],
        env={"GATEWRIGHT_PLUGINS": str(folder / "plugins"), "GATEWRIGHT_WORKERS": "1"},
        stderr=(folder / "log").open("w"),
    )
    try:
        wait_for_port(PORT)
        costs = [
            {count: cost_of_request(gateway.pid, port) for count, port in SITES.items()}
            for _ in range(pairs)
        ]
    finally:
        gateway.terminate()
        gateway.wait()
    return costs


def instructions_of_request(program, folder, count, requests=2000):
    """How many a request costs on its way through `count` no-op plugins."""
    few, many = (instructions(program, folder, count, n) for n in (requests, 2 * requests))
    return (many - few) / requests


def instructions(program, folder, count, requests):
    """Those of the whole process, which serves that many requests on one connection."""
    log = folder / f"callgrind-{count}-{requests}"
    gateway = subprocess.Popen(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={log}.out", program, "run"]
        + ["--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
        env={
            **os.environ,
            "GATEWRIGHT_PLUGINS": str(folder / "plugins"),
            "GATEWRIGHT_WORKERS": "1",
            # What tables cost while a configuration is loaded is to be the same in each run.
            "SWIFT_DETERMINISTIC_HASHING": "1",
        },
        stderr=log.open("w"),
    )
    try:
        wait_for_port(SITES[count])
        with socket.create_connection(("127.0.0.1", SITES[count])) as client:
            for _ in range(requests):
                client.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
                answer = b""
                while not answer.endswith(b"ok"):
                    answer += client.recv(4096)
    finally:
        gateway.terminate()
        gateway.wait()
    return int(re.search(r"Collected : (\d+)", log.read_text())[1])


def without_debug_information(program, folder):
    """A copy that every valgrind can read; the plugins lose theirs in place."""
    copy = folder / "gatewright"
    shutil.copy(program, copy)
    for file in [copy, *(folder / "plugins").glob("*.so")]:
        subprocess.run(["strip", "-g", file], check=True)
    return copy


def main(program, plugins, pairs="9"):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        costs = chain_costs(program, plugins, folder, int(pairs))
        counted = without_debug_information(program, folder)
        counts = {count: instructions_of_request(counted, folder, count) for count in SITES}
        compile_c("call_cost", folder / "call_cost", "-ldl")
        words = subprocess.run(
            [folder / "call_cost", folder / "plugins/noop.so"], capture_output=True, text=True
        )
    call = float(words.stdout)
    difference = statistics.median(pair[10] - pair[0] for pair in costs)
    bare = statistics.median(pair[0] for pair in costs)
    print(f"one call of a no-op hook    {call:8.2f} ns, at most {CALL_NANOSECONDS_MAX}")
    print(f"ten no-op plugins in chain  {difference:8.0f} ns, at most {CHAIN_NANOSECONDS_MAX}")
    print(f"the request without them    {bare:8.0f} ns")
    print(f"ten no-op plugins in chain  {counts[10] - counts[0]:8.0f} instructions")
    print(f"the request without them    {counts[0]:8.0f} instructions")
    return call > CALL_NANOSECONDS_MAX or difference > CHAIN_NANOSECONDS_MAX


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
