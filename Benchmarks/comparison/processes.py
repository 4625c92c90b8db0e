"""Processes pinned to a core: starting them, their processor time, their memory."""

import os
import socket
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

#: The proxies run on one core; load, origin and this program on the other.
PROXY_CORE, LOAD_CORE = 0, 1


def tree(pid):
    """The process and all its descendants."""
    found = {pid}
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                for child in children.read().split():
                    found |= tree(int(child))
    except FileNotFoundError:
        pass
    return found


def processor_seconds(pid):
    """User and system time so far, with all children that are alive."""
    ticks = 0
    for process in tree(pid):
        try:
            with open(f"/proc/{process}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            pass
    return ticks / TICKS_PER_SECOND


def memory_kib(pid):
    """Proportional set size in KiB: shared pages count once."""
    total = 0
    for process in tree(pid):
        try:
            with open(f"/proc/{process}/smaps_rollup") as maps:
                total += sum(int(line.split()[1]) for line in maps if line.startswith("Pss:"))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            pass
    return total


def spawn(command, core, log, environment=None):
    """Starts a process on one core in a session of its own, so that it can be ended with its children."""
    return subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )


def run(*command):
    """Runs a load generator on its core; returns what it printed."""
    return subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), *map(str, command)], capture_output=True, text=True
    ).stdout


def wait_for_port(port, seconds=20):
    """Whether something accepts connections on 127.0.0.1:port in time."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.005)
    return False
