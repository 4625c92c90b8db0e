"""One function per row: each returns (cost, rate, note), or None when an answer was wrong.

All take the proxy's first port, its process id, a duration in seconds and the working folder.
"""

import re
import socket
import time

from .ports import AUTHORIZATION, CHAIN, HTTP, HTTPS, STREAM
from .processes import memory_kib, processor_seconds, run
from .proxies import BIG_FILE_BYTES

TOKEN_HEADER = f"Authorization: {AUTHORIZATION}"

#: What the openai package sends beside the token.
CLIENT_HEADERS = (
    "Content-Type: application/json",
    "User-Agent: OpenAI/Python 1.0",
    "X-Stainless-Lang: python",
    "X-Stainless-Runtime: CPython",
    "Accept-Encoding: gzip, deflate",
)


def _wrk(url, connections, seconds, headers, pid):
    """Microseconds of the proxy's processor time per request over HTTP/1.1."""
    flags = [word for header in headers for word in ("-H", header)]
    before = processor_seconds(pid)
    output = run(
        "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", *flags, url
    )
    spent = processor_seconds(pid) - before
    count = re.search(r"(\d+) requests in", output)
    if not count or int(count[1]) == 0 or "Non-2xx or 3xx responses" in output:
        return None
    slowest = re.search(r"99%\s+(\S+)", output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return spent / int(count[1]) * 1e6, rate, slowest[1] if slowest else ""


def small(port, pid, seconds, folder):
    return _wrk(f"http://127.0.0.1:{port + HTTP}/v1/models", 64, seconds, [TOKEN_HEADER], pid)


def chain(port, pid, seconds, folder):
    """The same behind a token check and four header edits, with the headers of a real client."""
    return _wrk(
        f"http://127.0.0.1:{port + CHAIN}/v1/chat/completions",
        64,
        seconds,
        [TOKEN_HEADER, *CLIENT_HEADERS],
        pid,
    )


def tls(port, pid, seconds, folder):
    return _wrk(f"https://127.0.0.1:{port + HTTPS}/v1/models", 64, seconds, [TOKEN_HEADER], pid)


def handshake(port, pid, seconds, folder):
    """A new TLS connection for each request, never resumed."""
    return _wrk(
        f"https://127.0.0.1:{port + HTTPS}/v1/models", 32, seconds, ["Connection: close"], pid
    )


def http2(port, pid, seconds, folder):
    count = int(8000 * seconds)
    before = processor_seconds(pid)
    output = run(
        "h2load",
        f"-n{count}",
        "-c16",
        "-m16",
        "-H",
        TOKEN_HEADER.lower(),
        f"https://127.0.0.1:{port + HTTPS}/v1/models",
    )
    spent = processor_seconds(pid) - before
    good = re.search(r"(\d+) succeeded", output)
    if not good or int(good[1]) != count or "h2" not in output:
        return None
    return spent / count * 1e6, float(re.search(r"finished in \S+, ([\d.]+) req/s", output)[1]), ""


def sse(port, pid, seconds, folder):
    """200 open streams, one event each every 10 ms."""
    gap_us, streams = 10000, 200
    before = processor_seconds(pid)
    output = run(
        f"{folder}/ssebench", "client", port + STREAM, streams, int(seconds * 1e6 / gap_us), gap_us
    )
    spent = processor_seconds(pid) - before
    found = re.search(r"events=(\d+) lost=(\d+) p50=(\d+) p99=(\d+)", output)
    if not found or int(found[2]):
        return None
    events = int(found[1])
    return spent / events * 1e6, events / seconds, f"p50 {found[3]}us p99 {found[4]}us"


def _transfer(pid, seconds, expected, *curl):
    """Milliseconds of processor time per GiB; rate in MiB/s."""
    rounds = max(2, int(4 * seconds))
    before, began = processor_seconds(pid), time.time()
    for _ in range(rounds):
        if run("curl", "-s", "-o", "/dev/null", *curl) != expected:
            return None
    gib = rounds * BIG_FILE_BYTES / (1 << 30)
    return (
        (processor_seconds(pid) - before) / gib * 1e3,
        gib * 1024 / (time.time() - began),
        "ms/GiB, MiB/s",
    )


def download(port, pid, seconds, folder):
    return _transfer(
        pid,
        seconds,
        f"200 {BIG_FILE_BYTES}",
        "-w",
        "%{http_code} %{size_download}",
        f"http://127.0.0.1:{port + HTTP}/big",
    )


def upload(port, pid, seconds, folder):
    return _transfer(
        pid,
        seconds,
        f"200 {BIG_FILE_BYTES}",
        "-w",
        "%{http_code} %{size_upload}",
        "-H",
        "Expect:",
        "--data-binary",
        f"@{folder}/www/big",
        f"http://127.0.0.1:{port + STREAM}/v1/upload",
    )


def idle(port, pid, seconds, folder):
    """Bytes held per idle keep-alive connection that has made one request."""
    count, connections = 4000, []
    request = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    try:
        before = memory_kib(pid)
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port + HTTP), timeout=5)
            connections.append(connection)
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                return None
        time.sleep(0.5)
        after = memory_kib(pid)
        return (after - before) / count * 1024, count, f"total {after} KiB"
    except OSError:
        return None
    finally:
        for connection in connections:
            connection.close()
        time.sleep(0.5)


#: name: (function, unit of the cost); idle comes first, while the process is fresh.
WORKLOADS = {
    "idle": (idle, "bytes/connection"),
    "small": (small, "us cpu/request"),
    "chain": (chain, "us cpu/request"),
    "tls": (tls, "us cpu/request"),
    "handshake": (handshake, "us cpu/handshake"),
    "h2": (http2, "us cpu/request"),
    "sse": (sse, "us cpu/event"),
    "download": (download, "ms cpu/GiB"),
    "upload": (upload, "ms cpu/GiB"),
}

#: Measured once, and without a warm-up before.
MEASURED_ONCE = {"idle"}
WITHOUT_WARM_UP = {"idle", "download", "upload"}
