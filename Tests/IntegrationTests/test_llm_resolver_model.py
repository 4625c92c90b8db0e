"""llm_resolver: a language model as tie-breaker, real and misbehaving ones."""

import json

import pytest

from support.gateway import run_command
from support.litellm_proxy import KEY as LITELLM_KEY
from support.litellm_proxy import LiteLLM
from support.resolver import error_code

pytestmark = pytest.mark.ours("the directive is ours")


FORMATS = ("json_schema", "json_object", "plain")


class Model:
    """An endpoint that answers with the text that `choose(question)` gives."""

    def __init__(self, upstream, choose=None, status=200, raw=None, formats=FORMATS, fields=()):
        self.asked = []
        self._reply = (choose, status, raw, formats, list(fields))
        self.server = upstream(self._serve)
        self.url = f"http://{self.server.address}/v1/chat/completions"
        self.options = f"api_url {self.url}\n model tie"

    def _serve(self, connection):
        choose, status, raw, formats, fields = self._reply
        fields.append(("Content-Type", "application/json"))
        while request := connection.read_request():
            if not request.body:
                connection.respond(404)
                continue
            body = json.loads(request.body)
            self.asked.append((request, body))
            kind = body.get("response_format", {}).get("type", "plain")
            if kind not in formats:
                connection.respond(400, body='{"error":"response_format"}', fields=fields)
            elif raw is not None:
                connection.respond(status, body=raw, fields=fields)
            else:
                content = choose(json.loads(body["messages"][-1]["content"]))
                message = {"role": "assistant", "content": content}
                reply = {"id": "c1", "object": "chat.completion", "created": 1, "model": "tie",
                         "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
                connection.respond(body=json.dumps(reply), fields=fields)


def in_folder(name):
    """Chooses the candidate whose directory holds a text."""

    def choose(question):
        ids = [c["id"] for c in question["candidates"] if name in c.get("directory", "")]
        return json.dumps({"id": ids[0] if ids else "none"})

    return choose


@pytest.fixture
def two(service):
    """Two services of one name: names alone do not decide."""
    return service("shop/api"), service("blog/api")


def test_a_model_decides_between_equals_and_is_asked_once(resolve, upstream, two):
    model = Model(upstream, in_folder("/blog/"))
    resolver = resolve(f"{model.options}\n api_key sk-test")
    for _ in range(3):
        assert resolver.answer("api.localhost")["folder"] == str(two[1].folder)
    assert len(model.asked) == 1
    request, body = model.asked[0]
    assert request.get("authorization") == "Bearer sk-test"
    assert body["model"] == "tie"
    stored = resolver.mappings()["api.localhost"]
    assert stored["gatewright"]["by"] == "model"


def test_certain_names_never_ask_a_model(resolve, upstream, two):
    model = Model(upstream, in_folder("/blog/"))
    resolver = resolve(model.options)
    assert resolver.answer("api.shop.localhost")["folder"] == str(two[0].folder)
    assert resolver.ask("zzz.localhost").status == 404
    assert model.asked == []


def test_a_model_without_a_key(resolve, upstream, two):
    model = Model(upstream, in_folder("/shop/"))
    assert resolve(model.options).answer("api.localhost")["folder"] == str(two[0].folder)
    assert model.asked[0][0].get("authorization") is None


@pytest.mark.parametrize("formats", [FORMATS[1:], FORMATS[2:]])
def test_a_model_without_formats_is_understood(resolve, upstream, two, formats):
    model = Model(upstream, in_folder("/shop/"), formats=formats)
    resolver = resolve(model.options)
    assert resolver.answer("api.localhost")["folder"] == str(two[0].folder)
    tries = len(model.asked)
    assert tries == 4 - len(formats)
    resolver.api("/_api/refresh/api.localhost", "POST")
    assert len(model.asked) == tries + 1, "the form that worked is remembered"


@pytest.mark.parametrize(
    "content",
    ['{"id": "p1"}', '{"id": "22"}', "localhost:22", '{"id": "none"} {"id": "other"}', ""],
)
def test_a_model_cannot_choose_what_was_not_offered(resolve, upstream, two, content):
    model = Model(upstream, lambda question: content)
    resolver = resolve(model.options)
    assert resolver.ask("api.localhost").status in (404, 502)
    assert resolver.mappings() == {}


def test_a_model_that_says_none_is_believed_for_a_while(resolve, upstream, two):
    model = Model(upstream, lambda question: '{"id": "none"}')
    resolver = resolve(f"{model.options}\n negative_ttl 1h")
    for _ in range(3):
        response = resolver.ask("api.localhost")
        assert (response.status, error_code(response)) == (404, "no_match")
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("status", "raw"),
    [(500, '{"error":"secret-detail"}'), (429, "secret-detail"), (401, "secret-detail"),
     (200, "secret-detail"), (200, '{"choices":[]}'), (200, "{")],
)
def test_a_failing_model_shows_nothing_of_itself(resolve, upstream, two, status, raw):
    model = Model(upstream, status=status, raw=raw)
    resolver = resolve(model.options)
    for accept in ("application/json", "text/html"):
        response = resolver.ask("api.localhost", fields=[("Accept", accept)])
        assert response.status == 502
        assert b"secret-detail" not in response.body
        assert model.server.address.encode() not in response.body
    assert len(model.asked) <= len(FORMATS), "it is left alone for a while"
    resolver.gateway.wait_for_log("the model gave no answer")


def test_a_model_that_is_not_there(resolve, two):
    from support.ports import free_port

    resolver = resolve(f"api_url http://127.0.0.1:{free_port()}/v1/chat/completions")
    response = resolver.ask("api.localhost")
    assert (response.status, error_code(response)) == (502, "resolver_failed")
    assert resolver.answer("api.shop.localhost")["folder"] == str(two[0].folder)


def test_a_model_is_asked_no_more_than_its_budget(resolve, upstream, service):
    for name in ("a", "b", "c"):
        service(f"shop/{name}"), service(f"blog/{name}")
    model = Model(upstream, lambda question: '{"id": "none"}')
    resolver = resolve(f"{model.options}\n calls_per_hour 2")
    for name in ("a", "b", "c"):
        assert resolver.ask(f"{name}.localhost").status == 404
    assert len(model.asked) == 2


def test_a_model_sees_no_secrets(resolve, upstream, service):
    service("shop/api", name="--api-key=sk-1234567890abcdefghij")
    service("blog/api", name="--password=hunter2hunter2")
    model = Model(upstream, lambda question: '{"id": "none"}')
    resolver = resolve(model.options)
    resolver.ask("api.localhost")
    sent = model.asked[0][0].body
    assert b"sk-1234567890" not in sent and b"hunter2" not in sent
    preview = resolver.api("/_api/model", "POST", {"host": "api.localhost"})
    assert preview.status == 200 and b"hunter2" not in preview.body
    shown = json.loads(preview.body)["body"]["messages"]
    assert shown == model.asked[0][1]["messages"]


def test_a_model_elsewhere_is_refused_in_local_only_mode(scratch):
    (scratch / "Caddyfile").write_text(
        ":0 {\n llm_resolver {\n  cache_file off\n  local_only\n"
        "  api_url https://models.example.com/v1/chat/completions\n }\n}\n"
    )
    ended = run_command(scratch, "validate", "--config", "Caddyfile")
    assert ended.returncode != 0
    assert "is not on this machine" in ended.stderr + ended.stdout


def test_an_unset_variable_refuses_the_configuration(scratch):
    for value, message in [
        ("{env.NO_SUCH_KEY}", "environment variable NO_SUCH_KEY"),
        ("{$NO_SUCH_KEY}", "api_key"),
    ]:
        (scratch / "Caddyfile").write_text(
            f":0 {{\n llm_resolver {{\n  cache_file off\n  api_key {value}\n }}\n}}\n"
        )
        ended = run_command(scratch, "validate", "--config", "Caddyfile")
        assert ended.returncode != 0
        assert message in ended.stderr + ended.stdout


def test_order_without_the_model_never_asks_it(resolve, upstream, two):
    model = Model(upstream, in_folder("/blog/"))
    resolver = resolve(f"{model.options}\n order cache name")
    assert resolver.ask("api.localhost").status == 404
    assert model.asked == []


def test_a_real_litellm_proxy_in_between(resolve, upstream, two, tmp_path):
    model = Model(upstream, in_folder("/blog/"))
    proxy = LiteLLM(tmp_path, behind=f"http://{model.server.address}/v1")
    try:
        resolver = resolve(
            f"api_url http://{proxy.address}/v1/chat/completions\n model behind\n"
            f" api_key {{env.LITELLM_KEY}}", environment={"LITELLM_KEY": LITELLM_KEY},
        )
        assert resolver.answer("api.localhost")["folder"] == str(two[1].folder)
    finally:
        proxy.stop()
