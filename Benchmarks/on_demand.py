#!/usr/bin/env python3
"""What a certificate on demand costs: the handshake that has it issued, beside one that finds it.

    Benchmarks/on_demand.py GATEWRIGHT PLUGIN_FOLDER [names]

Both are whole TLS 1.3 handshakes of a Python client over loopback, one after the other, on a
gateway with one worker. Issuing makes a P-256 key, signs, and syncs the file to the disk. Fails
when the median of what issuing adds is above 20 ms.
"""

import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

ADDED_MILLISECONDS_MAX = 20
PORT = 18720


def handshake(name):
    """Milliseconds of one handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", PORT)) as plain:
        begun = time.perf_counter()
        with context.wrap_socket(plain, server_hostname=name):
            return (time.perf_counter() - begun) * 1000


def processor_milliseconds(pid):
    """What a process has used so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def wait_for_port():
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("the gateway does not listen")


def main(program, plugins, names):
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/Caddyfile"
        with open(config, "w") as file:
            file.write(
                f"{{\n admin off\n https_port {PORT}\n auto_https disable_redirects\n local_certs\n"
                f" on_demand_tls {{\n  rate {names + 10} 1m\n }}\n}}\n"
                f":{PORT} {{\n bind 127.0.0.1\n tls {{\n  on_demand\n }}\n respond ok\n}}\n"
            )
        environment = dict(
            os.environ, HOME=folder, XDG_DATA_HOME=f"{folder}/data", GATEWRIGHT_WORKERS="1",
            GATEWRIGHT_PLUGINS=plugins,
        )
        gateway = subprocess.Popen(
            [program, "run", "--config", config, "--adapter", "caddyfile"], env=environment,
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        try:
            wait_for_port()
            handshake("warm.localhost")
            used = [processor_milliseconds(gateway.pid)]
            first = [handshake(f"n{index}.localhost") for index in range(names)]
            used.append(processor_milliseconds(gateway.pid))
            again = [handshake(f"n{index}.localhost") for index in range(names)]
            used.append(processor_milliseconds(gateway.pid))
        finally:
            gateway.terminate()
            gateway.wait()
    added = statistics.median(first) - statistics.median(again)
    ordered = sorted(first)
    print(
        f"on demand, {names} names: first handshake {statistics.median(first):.2f} ms (99 %"
        f" {ordered[len(ordered) * 99 // 100]:.2f}), again {statistics.median(again):.2f} ms,"
        f" issuing adds {added:.2f} ms; processor time {(used[1] - used[0]) / names:.2f} ms and"
        f" {(used[2] - used[1]) / names:.2f} ms"
    )
    return 0 if added <= ADDED_MILLISECONDS_MAX else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 200))
