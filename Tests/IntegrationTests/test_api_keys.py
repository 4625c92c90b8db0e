"""api_keys: many named keys, what the upstream gets of them, and what others are told."""

import base64
import hashlib
import json
import signal

import openai
import pytest

from support.client import fetch
from support.gateway import run_command, site
from support.litellm_proxy import ANSWER
from support.litellm_proxy import KEY as LITELLM_KEY
from support.openai_upstream import WORDS, ModelServer
from support.waiting import wait_until

pytestmark = pytest.mark.ours("the directive is ours")

ALICE, BOB, CAROL = "sk-alice-0123456789", "sk-bob-0123456789", "sk-carol-0123456789"
MESSAGES = [{"role": "user", "content": "hello"}]


def sha256(key):
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def model(upstream):
    return upstream(cls=ModelServer)


@pytest.fixture
def keyed(serve, model, scratch):
    """keyed(more lines) serves the model to Alice, Bob and Carol, whose keys come by three ways."""
    (scratch / "keys").write_text(f"# team\ncarol:{CAROL}\n\n")

    def serve_keys(lines="", **options):
        return serve(
            f"api_keys {{\n key_env alice ALICE_KEY\n key bob {sha256(BOB)}\n"
            f" keys_file {scratch}/keys\n {lines}\n}}\nreverse_proxy {model.address}",
            environment={"ALICE_KEY": ALICE, "MODEL_KEY": "sk-model"},
            **options,
        )

    return serve_keys


def openai_client(port, key, **options):
    return openai.OpenAI(
        **{"base_url": f"http://127.0.0.1:{port}/v1", "api_key": key, "max_retries": 0, **options}
    )


@pytest.mark.parametrize(("key", "name"), [(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")])
def test_the_openai_package_with_a_key(keyed, model, key, name):
    _, port = keyed("name_header X-User-Id\nupstream_key {env.MODEL_KEY}")
    with openai_client(port, key) as client:
        assert [entry.id for entry in client.models.list()] == ["demo"]
        stream = client.chat.completions.create(model="demo", messages=MESSAGES, stream=True)
        assert [chunk.choices[0].delta.content for chunk in stream] == WORDS
    for _ in range(2):
        request = model.next_request()
        assert request.get("x-user-id") == name
        assert request.get("authorization") == "Bearer sk-model"


@pytest.mark.parametrize("key", ["", "sk-wrong", ALICE[:-1], ALICE + "x", sha256(BOB)])
def test_the_openai_package_with_a_wrong_key(keyed, model, key):
    gateway, port = keyed()
    with (
        openai_client(port, key or "none", default_headers={} if key else {"Authorization": ""})
        as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.models.list()
    error = refused.value
    assert error.response.headers["www-authenticate"].startswith("Bearer")
    assert error.body["type"] == "invalid_request_error"
    assert error.body["code"] == "invalid_api_key"
    assert not key or key not in error.response.text
    assert model.requests.empty()
    assert ALICE not in gateway.log_text() and (not key or key not in gateway.log_text())


def test_who_does_not_read_json_gets_text(keyed):
    _, port = keyed("realm models")
    answer = fetch(port, target="/page", fields=[("Accept", "text/html")])
    assert answer.status == 401
    assert answer.get("www-authenticate") == 'Bearer realm="models"'
    assert answer.get("content-type").startswith("text/plain")
    answer = fetch(port, target="/page", fields=[("Accept", "application/json")])
    assert json.loads(answer.body)["error"]["param"] is None


def test_a_client_cannot_name_itself(keyed, model):
    _, port = keyed("name_header X-User-Id\nstrip_key")
    spellings = [(name, "mallory") for name in ("X-User-Id", "x_user_id", "X-USER_ID")]
    fields = [*spellings, ("Authorization", f"Bearer {ALICE}")]
    assert fetch(port, target="/v1/models", fields=fields).status == 200
    request = model.next_request()
    assert [value for name, value in request.fields if "user" in name.lower()] == ["alice"]
    assert request.get("authorization") is None


def test_the_key_goes_on_unless_told_otherwise(keyed, model):
    _, port = keyed()
    with openai_client(port, BOB) as client:
        client.models.list()
    assert model.next_request().get("authorization") == f"Bearer {BOB}"


def test_fields_of_ones_choice(keyed, model):
    _, port = keyed("header X-Api-Key\nupstream_key sk-other X-Model-Key")
    assert fetch(port, target="/v1/models", fields=[("X-Api-Key", ALICE)]).status == 200
    request = model.next_request()
    assert (request.get("x-api-key"), request.get("x-model-key")) == (None, "sk-other")
    bearer = [("Authorization", f"Bearer {ALICE}")]
    assert fetch(port, target="/v1/models", fields=bearer).status == 401


def test_a_key_in_the_base_url(keyed):
    _, port = keyed("basic")
    for key, status in [(CAROL, 200), ("sk-wrong", 401)]:
        basic = base64.b64encode(f"any:{key}".encode()).decode()
        fields = [("Authorization", f"Basic {basic}")]
        assert fetch(port, target="/v1/models", fields=fields).status == status
    with openai_client(port, "x", base_url=f"http://any:{CAROL}@127.0.0.1:{port}/v1") as client:
        assert client.chat.completions.create(model="demo", messages=MESSAGES).id == "c1"


@pytest.mark.parametrize("key", ["key a {$NOT_SET}", "key_env a NOT_SET", "key a {env.NOT_SET}"])
def test_a_key_that_is_empty_is_refused(scratch, key):
    text, _ = site(f"api_keys {{\n {key}\n}}\nrespond fine")
    (scratch / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate", "--config", "Caddyfile", "--adapter", "caddyfile")
    assert ended.returncode != 0
    assert "NOT_SET" in ended.stderr + ended.stdout


def test_litellm_behind_keys(serve, litellm):
    """Clients never learn the key that LiteLLM asks for."""
    _, port = serve(
        "api_keys {\n key_env alice ALICE_KEY\n upstream_key {env.LITELLM_KEY}\n}\n"
        f"reverse_proxy {litellm.address} {{\n flush_interval -1\n}}",
        environment={"ALICE_KEY": ALICE, "LITELLM_KEY": LITELLM_KEY},
    )
    with openai_client(port, ALICE) as client:
        assert [entry.id for entry in client.models.list()] == ["mock"]
        answer = client.chat.completions.create(model="mock", messages=MESSAGES)
        assert answer.choices[0].message.content == ANSWER
        stream = client.chat.completions.create(model="mock", messages=MESSAGES, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == ANSWER
    with openai_client(port, LITELLM_KEY) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_key_taken_out_of_its_file_is_gone_after_a_reload(keyed, scratch):
    gateway, port = keyed()
    old, new = [("Authorization", f"Bearer {CAROL}")], [("Authorization", "Bearer sk-carol-new-key")]
    assert fetch(port, target="/v1/models", fields=old).status == 200
    (scratch / "keys").write_text("carol:sk-carol-new-key\n")
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: fetch(port, target="/v1/models", fields=new).status == 200, 5, "the new key")
    assert fetch(port, target="/v1/models", fields=old).status == 401
