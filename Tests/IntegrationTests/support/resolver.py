"""A gateway with llm_resolver in front, and how tests talk to it."""

import json
import os
import pathlib
import subprocess
import sys

from .client import Client
from .ports import free_port
from .waiting import wait_until

#: A server that says where it runs and what it got.
SERVICE = """
import http.server, json, os, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        body = json.dumps({
            "folder": os.getcwd(), "path": self.path, "name": sys.argv[1],
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": self.rfile.read(length).decode(),
        }).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    do_POST = do_PUT = do_HEAD = do_GET
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET
Server((sys.argv[3], int(sys.argv[2])), Handler).serve_forever()
"""


class Service:
    """A program that listens in a folder of its own, as a developer would start it."""

    def __init__(self, folder, name=None, port=None, host="127.0.0.1", script="server.py"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = name or self.folder.name
        self.host = host
        self.script = script
        self.port = port or free_port()
        (self.folder / script).write_text(SERVICE)
        self.process = None
        self.start()

    def start(self, port=None):
        self.port = port or self.port
        self.process = subprocess.Popen(
            [sys.executable, self.script, self.name, str(self.port), self.host],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
        )
        wait_until(self._listens, 20, f"{self.name} listening on {self.port}")
        return self

    def _listens(self):
        assert self.process.poll() is None, f"{self.name} ended"
        import socket

        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Resolver:
    """A running gateway whose site is llm_resolver and what is behind it."""

    def __init__(self, gateway, port, cache):
        self.gateway = gateway
        self.port = port
        self.cache = pathlib.Path(cache)

    def ask(self, host, target="/", method="GET", fields=(), body=None, source=None):
        """One request on a connection of its own."""
        with Client(self.port, seconds=30, source=source) as client:
            client.request(method, target, fields, body, host=host)
            return client.read_response(method)

    def api(self, target, method="GET", body=None, fields=(), host=None):
        """A call of the API as a program on this machine makes it."""
        body = json.dumps(body) if isinstance(body, (dict, list)) else body
        return self.ask(host or f"127.0.0.1:{self.port}", target, method, fields, body)

    def mappings(self):
        return json.loads(self.api("/_api/mappings/").body)

    def put(self, key, **members):
        response = self.api(f"/_api/mappings/{key}", "PUT", members)
        assert response.status == 200, response.body

    def answer(self, host, target="/", **options):
        """What the service behind a name says."""
        response = self.ask(host, target, **options)
        assert response.status == 200, (response.status, response.body)
        return json.loads(response.body)

    def saved(self):
        """The cache file once it is there."""
        return wait_until(
            lambda: self.cache.exists() and json.loads(self.cache.read_text()), 10, "the cache file"
        )


def error_code(response):
    return json.loads(response.body)["error"]["code"]
