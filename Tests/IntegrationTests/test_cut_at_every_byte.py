"""Recorded responses cut at every byte offset: the whole body or an honest break, nothing else."""

import json

import pytest

from support.client import fetch

BODY = json.dumps(
    {"id": "chatcmpl-1", "choices": [{"message": {"content": "hello there"}}]}
).encode()


def chunked(*pieces, trailers=b""):
    return (
        b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        + b"0\r\n"
        + trailers
        + b"\r\n"
    )


EVENTS = [
    b'data: {"choices":[{"delta":{"content":"hel"}}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"lo"}}]}\n\n',
    b"data: [DONE]\n\n",
]

#: name: (head, body as sent, body as meant)
RECORDED = {
    "plain": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(BODY),
        BODY,
        BODY,
    ),
    "chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked(BODY[:20], BODY[20:]),
        BODY,
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked(BODY, trailers=b"X-Sum: 1\r\n"),
        BODY,
    ),
    "events": (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked(*EVENTS),
        b"".join(EVENTS),
    ),
}


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("name", RECORDED)
def test_cut(serve, upstream, name, end):
    head, sent, meant = RECORDED[name]
    recorded = head + sent

    def cut(connection):
        request = connection.read_request()
        connection.send(recorded[: int(request.target.rpartition("/")[2])])
        connection.reset() if end == "reset" else connection.close()

    server = upstream(cut)
    gateway, port = serve(f"reverse_proxy {server.address} {{\n flush_interval -1\n}}")
    gateway.expect_log(".")
    wrong = []
    for offset in range(len(recorded) + 1):
        response = fetch(port, "POST", f"/cut/{offset}", body="x")
        verdict = judge(response, offset, len(head), len(recorded), meant, end)
        if verdict:
            wrong.append(f"cut at {offset} of {len(recorded)}: {verdict}")
    assert not wrong, "\n".join(wrong[:20])


def judge(response, offset, head, whole, meant, end):
    """None when the client saw the truth, else what was wrong.

    A reset may overtake bytes that were sent before it, so after one less may arrive; a
    lie may not.
    """
    if offset == whole and end == "close":
        return (
            None
            if response.complete and response.body == meant
            else "the whole response did not arrive"
        )
    if response.status == 502:
        return None if response.complete else "a 502 that breaks off"
    if response.complete:
        return None if response.body == meant and offset == whole else "looks whole"
    if offset < head:
        return f"status {response.status} without a whole head from upstream, or no answer"
    return None if meant.startswith(response.body) else "bytes that were never sent"
