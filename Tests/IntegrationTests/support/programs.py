"""Programs that tests start in folders of their own, stopped by id at the end."""

import subprocess

from .client import Client
from .ports import free_port
from .waiting import wait_until

#: Listens on the address and port that it is given, and answers everything with its folder.
NODE_SERVER = """
const http = require('http'), [host, port] = process.argv.slice(2)
http.createServer((request, answer) => answer.end(process.cwd())).listen(+port, host)
"""

#: Listens on as many ports of 127.0.0.1 as it is told, and says which.
MANY_PORTS = """
import socket, sys, time
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[each.getsockname()[1] for each in sockets], flush=True)
sys.stdin.read()
"""


class Programs:
    """Everything that one test has started."""

    def __init__(self):
        self.running = []

    def start(self, folder, *words, **options):
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **{"stdout": subprocess.DEVNULL, **options},
        )
        self.running.append(process)
        return process

    def python(self, folder, port=None, bind="127.0.0.1"):
        """Python's own server; its port."""
        port = port or free_port()
        self.last = self.start(
            folder, "python3", "-m", "http.server", port, "--bind", bind
        )
        return port

    def node(self, folder, port=None, bind="127.0.0.1"):
        port = port or free_port()
        (folder / "server.js").write_text(NODE_SERVER)
        self.last = self.start(folder, "node", "server.js", bind, port)
        return port

    def many_ports(self, folder, count):
        (folder / "many.py").write_text(MANY_PORTS)
        process = self.start(
            folder, "python3", "many.py", count, stdout=subprocess.PIPE, text=True
        )
        return [int(port) for port in process.stdout.readline().split()]

    def nginx(self, folder, port=None):
        port = port or free_port()
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log stderr;\n"
            "events {}\n"
            f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; }} }}\n"
        )
        self.last = self.start(folder, "nginx", "-p", folder, "-c", "nginx.conf")
        return port

    def stop(self, process=None):
        process = process or self.last
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        process.stdin.close()
        self.running.remove(process)

    def stop_all(self):
        for process in list(self.running):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            self.stop(process)


def accepts(port):
    """Waits until somebody listens on 127.0.0.1."""

    def connects():
        try:
            Client(port).close()
        except OSError:
            return False
        return True

    wait_until(connects, 10, f"somebody listens on {port}")
    return port
