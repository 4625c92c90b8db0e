"""A real LiteLLM proxy behind gateway-bearer.caddyfile, called by the openai package and curl."""

import json
import subprocess

import httpx
import openai
import pytest

from support import fixtures
from support.litellm_proxy import ANSWER, KEY

HOST = "api.example.com"
MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
def secured(start, litellm, names_are_local):
    """(HTTPS port, client TLS context) of the gateway."""
    text = fixtures.replaced(
        fixtures.read("gateway-bearer.caddyfile"),
        {
            "antigravity-gateway:8080": litellm.address,
            "health_uri /health": "health_uri /health/liveliness",
        },
    )
    text, http, https = fixtures.with_ports(text)
    gateway = start(text, ports=(http, https))
    return https, fixtures.internal_trust(gateway, https, HOST), fixtures.internal_root(gateway)


@pytest.fixture
def client(secured):
    port, tls, _ = secured
    with openai.OpenAI(
        base_url=f"https://{HOST}:{port}/v1",
        api_key=KEY,
        max_retries=0,
        http_client=httpx.Client(verify=tls),
    ) as client:
        yield client


def curl(secured, *arguments):
    port, _, root = secured
    return subprocess.run(
        [
            "curl",
            "--silent",
            "--show-error",
            "--no-buffer",
            "--max-time",
            "20",
            "--cacert",
            root,
            "--http1.1",
            "--connect-to",
            f"{HOST}:{port}:127.0.0.1:{port}",
            f"https://{HOST}:{port}/v1/chat/completions",
            "-H",
            "Content-Type: application/json",
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_models(client):
    assert [model.id for model in client.models.list()] == ["mock"]


def test_plain(client):
    answer = client.chat.completions.create(model="mock", messages=MESSAGES)
    assert answer.choices[0].message.content == ANSWER


def test_streamed(client):
    stream = client.chat.completions.create(model="mock", messages=MESSAGES, stream=True)
    words = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(words) == ANSWER and len(words) > 2


def test_cancelled_half_way_and_called_again(client):
    stream = client.chat.completions.create(model="mock", messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    assert client.chat.completions.create(model="mock", messages=MESSAGES).choices


def test_an_unknown_model_is_the_error_of_litellm(client):
    with pytest.raises(openai.BadRequestError, match="unknown"):
        client.chat.completions.create(model="unknown", messages=MESSAGES)


def test_curl(secured):
    body = json.dumps({"model": "mock", "messages": MESSAGES})
    answer = json.loads(curl(secured, "-H", f"Authorization: Bearer {KEY}", "-d", body))
    assert answer["choices"][0]["message"]["content"] == ANSWER


def test_curl_streamed(secured):
    body = json.dumps({"model": "mock", "messages": MESSAGES, "stream": True})
    lines = curl(secured, "-H", f"Authorization: Bearer {KEY}", "-d", body).split("\n\n")
    assert "data: [DONE]" in lines and len(lines) > 3


def test_curl_without_the_token(secured):
    assert curl(secured, "-d", "{}", "-w", " %{http_code}") == "Unauthorized 401"
