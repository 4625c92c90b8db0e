"""The openai package, unmodified, streams and calls through the gateway."""

import time

import bcrypt
import openai
import pytest

from support.openai_upstream import WORDS, ModelServer

MESSAGES = [{"role": "user", "content": "tell me a story"}]


def client_for(port, **options):
    return openai.OpenAI(
        **{
            "base_url": f"http://127.0.0.1:{port}/v1",
            "api_key": "sk-client",
            "max_retries": 0,
            "timeout": 20,
            **options,
        }
    )


@pytest.fixture
def behind_gateway(serve, upstream):
    """(model server, client) with nothing but reverse_proxy between them."""
    model = upstream(cls=ModelServer, gated=True)
    _, port = serve(f"reverse_proxy {model.address} {{\n flush_interval -1\n}}")
    with client_for(port) as client:
        yield model, client


def test_models(behind_gateway):
    model, client = behind_gateway
    assert [entry.id for entry in client.models.list()] == ["demo"]
    assert model.next_request().get("authorization") == "Bearer sk-client"


def test_plain_completion(behind_gateway):
    model, client = behind_gateway
    answer = client.chat.completions.create(model="demo", messages=MESSAGES)
    assert answer.choices[0].message.content == "".join(WORDS)
    assert b'"tell me a story"' in model.next_request().body


def test_each_event_arrives_before_the_next_is_sent(behind_gateway):
    model, client = behind_gateway
    seen = []
    model.release()
    for chunk in client.chat.completions.create(model="demo", messages=MESSAGES, stream=True):
        seen.append(chunk.choices[0].delta.content)
        # The model server sends the next word only now: a gateway that held events back
        # would wait for it forever.
        model.release()
    assert seen == WORDS


def test_events_arrive_without_flush_interval(serve, upstream):
    """A response of type text/event-stream is never held back, as in Caddy."""
    model = upstream(cls=ModelServer, gated=True)
    _, port = serve(f"reverse_proxy {model.address}")
    seen = []
    model.release()
    with client_for(port) as client:
        for chunk in client.chat.completions.create(model="demo", messages=MESSAGES, stream=True):
            seen.append(chunk.choices[0].delta.content)
            model.release()
    assert seen == WORDS


def test_a_stream_cancelled_half_way_closes_the_upstream(behind_gateway):
    model, client = behind_gateway
    stream = client.chat.completions.create(model="demo", messages=MESSAGES, stream=True)
    model.release()
    assert next(iter(stream)).choices[0].delta.content == WORDS[0]
    connection = model.connections.get(timeout=5)
    began = time.monotonic()
    stream.close()
    client.close()
    # The handler waits at its gate, so this thread may read the connection.
    connection.seconds_until_closed(5)
    assert time.monotonic() - began < 1
    model.release(len(WORDS))


def test_a_cancelled_plain_call_closes_the_upstream(serve, upstream):
    def think(connection):
        connection.read_request()
        connection.upstream.requests.put(connection.seconds_until_closed(10))

    model = upstream(think)
    _, port = serve(f"reverse_proxy {model.address}")
    with client_for(port, timeout=0.3) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="demo", messages=MESSAGES)
    assert model.next_request() < 2


def test_bearer_token(serve, upstream):
    model = upstream(cls=ModelServer)
    _, port = serve(
        f'@valid header Authorization "Bearer sk-right"\n'
        f"handle @valid {{\n reverse_proxy {model.address}\n}}\n"
        'handle {\n respond "Unauthorized" 401\n}'
    )
    with client_for(port, api_key="sk-right") as client:
        assert client.chat.completions.create(model="demo", messages=MESSAGES).id == "c1"
    with client_for(port, api_key="sk-wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_basic_credentials_in_the_base_url(serve, upstream):
    """The package's transport prefers them to the API key."""
    model = upstream(cls=ModelServer)
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    _, port = serve(f"basic_auth {{\n api {hashed}\n}}\nreverse_proxy {model.address}")
    for password, status in (("secret", 200), ("wrong", 401)):
        url = f"http://api:{password}@127.0.0.1:{port}/v1"
        with client_for(port, base_url=url) as client:
            if status == 200:
                assert client.chat.completions.create(model="demo", messages=MESSAGES).id == "c1"
            else:
                with pytest.raises(openai.AuthenticationError):
                    client.models.list()


def test_an_upstream_error_reaches_the_client_as_it_is(serve, upstream):
    def refuse(connection):
        while connection.read_request():
            connection.respond(
                429,
                '{"error": {"message": "slow down", "type": "rate_limit"}}',
                [("Content-Type", "application/json"), ("Retry-After", "7")],
            )

    model = upstream(refuse)
    _, port = serve(f"reverse_proxy {model.address}")
    with (
        client_for(port) as client,
        pytest.raises(openai.RateLimitError, match="slow down") as error,
    ):
        client.models.list()
    assert error.value.response.headers["retry-after"] == "7"
