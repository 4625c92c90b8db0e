"""An HTTP/1.1 client that judges how a response ends, which polite clients hide."""

import contextlib
import socket
import struct


class Response:
    """A response as far as it came.

    `complete` is true when the framing says that nothing is missing; `broken` when the connection
    ended while something was. Neither is true while more may come.
    """

    def __init__(self):
        self.status = None
        self.fields = []
        self.body = b""
        self.complete = False
        self.broken = False
        self.raw = b""

    def get(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Client:
    """One connection to the gateway."""

    def __init__(
        self, port, seconds=10, receive_buffer=None, tls=None, server_name=None, source=None
    ):
        self.sock = socket.socket()
        if source:
            self.sock.bind((source, 0))
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(seconds)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def reset(self):
        """Leaves with RST, as a killed process does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def request(self, method="GET", target="/", fields=(), body=None, host="gateway.test"):
        """Sends one request; with a body it has a Content-Length."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in fields]
        if body is not None:
            body = body if isinstance(body, bytes) else body.encode()
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def _more(self):
        """False at the end of the connection, however it ended."""
        try:
            got = self.sock.recv(65536)
        except TimeoutError:
            raise AssertionError(f"no more bytes in time, have {self.data[:200]!r}") from None
        except OSError:
            return False
        self.data += got
        return bool(got)

    def read_until(self, marker):
        """Reads up to and including `marker`; fails when the connection ends first."""
        while marker not in self.data:
            assert self._more(), f"ended before {marker!r}, had {self.data[:200]!r}"
        taken, self.data = self.data.split(marker, 1)
        return taken + marker

    def read_head(self, response=None):
        """Reads a final response head, passing over 1xx; the body stays unread."""
        response = response or Response()
        while True:
            while b"\r\n\r\n" not in self.data:
                if not self._more():
                    response.broken = True
                    response.raw = self.data
                    return response
            head, self.data = self.data.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            response.status = int(lines[0].split(" ")[1])
            response.fields = [tuple(p.strip() for p in line.split(":", 1)) for line in lines[1:]]
            if response.status >= 200:
                return response

    def read_response(self, method="GET"):
        """Reads one response to its end or to the end of the connection."""
        response = self.read_head()
        if response.broken:
            return response
        if method == "HEAD" or response.status in (204, 304):
            response.complete = True
        elif "chunked" in (response.get("transfer-encoding") or "").lower():
            self._read_chunked(response)
        elif (length := response.get("content-length")) is not None:
            self._read_length(response, int(length))
        else:
            while self._more():
                pass
            response.body, self.data = self.data, b""
            response.complete = True
        return response

    def _read_length(self, response, length):
        while len(self.data) < length and self._more():
            pass
        response.body, self.data = self.data[:length], self.data[length:]
        response.complete = len(response.body) == length
        response.broken = not response.complete

    def _read_chunked(self, response):
        while True:
            line = self._line()
            size = int(line.split(b";")[0], 16) if line else None
            if size is None:
                break
            if size == 0:
                response.complete = self._read_trailers()
                response.broken = not response.complete
                return
            while len(self.data) < size + 2 and self._more():
                pass
            response.body += self.data[:size]
            if len(self.data) < size + 2:
                break
            assert self.data[size : size + 2] == b"\r\n", "a chunk without its line end"
            self.data = self.data[size + 2 :]
        response.broken = True

    def _read_trailers(self):
        """Reads up to the empty line that ends a chunked body; false when it never comes."""
        while line := self._line():
            pass
        return line == b""

    def _line(self):
        """One line without its end, None when the connection ends first."""
        while b"\r\n" not in self.data:
            if not self._more():
                return None
        line, self.data = self.data.split(b"\r\n", 1)
        return line

    def ended(self, seconds=5):
        """Whether the gateway closes this connection in time; unread bytes are dropped."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


def fetch(port, method="GET", target="/", fields=(), body=None, host="gateway.test", **options):
    """One request on a connection of its own; returns the Response."""
    with Client(port, **options) as client:
        client.request(method, target, [*fields, ("Connection", "close")], body, host)
        return client.read_response(method)
