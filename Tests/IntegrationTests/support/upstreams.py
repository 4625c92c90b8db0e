"""Upstream servers that do to the byte what a test tells them, one thread per connection."""

import contextlib
import json
import queue
import socket
import ssl
import struct
import threading
import time


class Request:
    """One request as it arrived: method, target, header fields in order, body."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ", 2)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.body = body

    def get(self, name):
        """The value of a field, None when absent; several are joined as RFC 9110 §5.3 says."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def names(self):
        return {key.lower() for key, _ in self.fields}


class Connection:
    """One accepted connection, given to the test's handler."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.closed_at = None

    def _more(self):
        got = self.sock.recv(65536)
        if not got:
            raise ConnectionError("the gateway closed the connection")
        self.data += got

    def _take(self, count):
        while len(self.data) < count:
            self._more()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def _take_line(self):
        while b"\r\n" not in self.data:
            self._more()
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def read_head(self):
        """Reads one request head; its body stays unread."""
        while b"\r\n\r\n" not in self.data:
            self._more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        return Request(head, b"")

    def read_request(self):
        """Reads one whole request, chunked or with a length; None at the end of the connection."""
        try:
            request = self.read_head()
        except OSError:
            return None
        if "chunked" in (request.get("transfer-encoding") or "").lower():
            request.body = self._read_chunked()
        else:
            request.body = self._take(int(request.get("content-length") or 0))
        return request

    def _read_chunked(self):
        body = b""
        while size := int(self._take_line().split(b";")[0], 16):
            body += self._take(size)
            self._take(2)
        while self._take_line():
            pass
        return body

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def respond(self, status=200, body=b"", fields=(), reason="OK"):
        """Sends one response with a Content-Length."""
        body = body if isinstance(body, bytes) else body.encode()
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.send(head.encode("latin-1") + b"\r\n" + body)

    def start_stream(self):
        """Sends the head of a chunked event stream."""
        self.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    def send_chunk(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end_chunks(self):
        self.send("0\r\n\r\n")

    def reset(self):
        """Ends the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def seconds_until_closed(self, limit):
        """How long until the gateway closes this connection; fails after `limit` seconds."""
        began = time.monotonic()
        self.sock.settimeout(limit)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            raise AssertionError(f"the gateway kept the upstream open for {limit} s") from None
        except OSError:
            pass
        return time.monotonic() - began


class Upstream:
    """A TCP server on 127.0.0.1; runs handler(connection) for each connection it accepts."""

    def __init__(self, handler=None, tls=None, port=0):
        """Without a handler every request is answered by echo(). `tls` is a server context."""
        self.handler = handler or echo
        self.tls = tls
        self.requests = queue.Queue()
        self.connections = queue.Queue()
        self.failures = []
        self.accepted = 0
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        connection = Connection(sock)
        connection.upstream = self
        self._open.add(connection)
        self.connections.put(connection)
        try:
            self.handler(connection)
        except OSError:
            pass
        except AssertionError as error:
            self.failures.append(error)
        finally:
            self._open.discard(connection)
            connection.close()

    def next_request(self, seconds=5):
        """The oldest request that echo() or record() has seen and no test has taken."""
        try:
            return self.requests.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no request reached the upstream within {seconds} s") from None

    def stop(self):
        """Stops accepting and drops what is open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)


def echo(connection):
    """Answers every request with a JSON description of it, and records it."""
    while request := connection.read_request():
        if request.target != "/health":
            connection.upstream.requests.put(request)
        described = {
            "method": request.method,
            "target": request.target,
            "fields": request.fields,
            "body": request.body.decode("latin-1"),
        }
        body = b"" if request.method == "HEAD" else json.dumps(described).encode()
        connection.respond(
            body=body, fields=[("Content-Type", "application/json"), ("Server", "upstream/1.0")]
        )


def server_context(certificate, key):
    """A TLS context for an upstream."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
