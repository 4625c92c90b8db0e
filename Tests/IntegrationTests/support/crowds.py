"""Thousands of connections from one thread: an upstream and clients for tests of limits."""

import asyncio
import contextlib
import resource
import selectors
import socket
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def raise_descriptor_limit():
    """Lets this process have as many descriptors as the system allows it; returns how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class CrowdUpstream:
    """Answers every request head with "hello" and keeps every connection."""

    RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    def __init__(self):
        raise_descriptor_limit()
        self.open = 0
        self.accepted = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096))
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader, writer):
        self.open += 1
        self.accepted += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.RESPONSE)
                await writer.drain()
        self.open -= 1
        writer.close()

    def stop(self):
        async def end():
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@contextlib.contextmanager
def crowd(port, count, connected=True):
    """That many connections; with `connected` false they may still wait to be accepted."""
    raise_descriptor_limit()
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            sock = stack.enter_context(contextlib.closing(socket.socket()))
            sock.setblocking(connected)
            with contextlib.suppress(BlockingIOError):
                sock.connect(("127.0.0.1", port))
            sock.setblocking(False)
            found.append(sock)
        yield found


def serve_crowd(sockets, seconds, request=REQUEST, end=b"hello"):
    """Sends a request on each and reads its answer; none is closed. The statuses that came."""
    answers = {sock: b"" for sock in sockets}
    statuses = []
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for sock in sockets:
            waiting.register(sock, selectors.EVENT_WRITE)
        while waiting.get_map() and time.monotonic() < until:
            for key, _ in waiting.select(1):
                sock = key.fileobj
                if key.events == selectors.EVENT_WRITE:
                    sock.send(request)
                    waiting.modify(sock, selectors.EVENT_READ)
                    continue
                got = sock.recv(4096)
                answers[sock] += got
                if not got or answers[sock].endswith(end):
                    statuses.append(answers[sock][9:12])
                    waiting.unregister(sock)
    return statuses
