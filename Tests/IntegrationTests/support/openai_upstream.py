"""A model server in the shape of the OpenAI API whose events leave when the test says so."""

import json
import threading

from .upstreams import Upstream

WORDS = ["Once", " upon", " a", " time", "."]


class ModelServer(Upstream):
    """Answers /v1/models and /v1/chat/completions.

    A streamed answer waits for one release() per word when `gated`, so that a test can tell events
    that are passed on at once from events that are held back.
    """

    def __init__(self, gated=False):
        self.gated = gated
        self._gate = threading.Semaphore(0)
        super().__init__(self._answer)

    def release(self, count=1):
        self._gate.release(count)

    def _answer(self, connection):
        while request := connection.read_request():
            if request.target == "/health":
                connection.respond(body="ok")
                continue
            self.requests.put(request)
            if request.target == "/v1/models":
                self._models(connection)
            elif json.loads(request.body or b"{}").get("stream"):
                self._stream(connection)
            else:
                self._completion(connection)

    @staticmethod
    def _models(connection):
        models = {
            "object": "list",
            "data": [{"id": "demo", "object": "model", "created": 1, "owned_by": "test"}],
        }
        connection.respond(body=json.dumps(models), fields=[("Content-Type", "application/json")])

    @staticmethod
    def _completion(connection):
        answer = {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": "demo",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "".join(WORDS)},
                }
            ],
        }
        connection.respond(body=json.dumps(answer), fields=[("Content-Type", "application/json")])

    def _stream(self, connection):
        connection.start_stream()
        for word in WORDS:
            if self.gated and not self._gate.acquire(timeout=20):
                raise AssertionError("the test never released the next event")
            chunk = {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "demo",
                "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
            }
            connection.send_chunk(f"data: {json.dumps(chunk)}\n\n")
        connection.send_chunk("data: [DONE]\n\n")
        connection.end_chunks()
