"""Matchers and placeholders of plugins: in matcher sets, in templates, across reloads."""

import json
import signal

import pytest

from support.client import fetch
from support.gateway import ROOT, run_command, site
from support.plugins import compile_plugin, plugin_folder
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy's modules are compiled in")

SOURCE = ROOT / "Tests/Fixtures/plugins/selectors.c"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = plugin_folder(tmp_path_factory.mktemp("selectors") / "plugins", "respond", "header")
    compile_plugin(SOURCE, folder)
    return {"GATEWRIGHT_PLUGINS": str(folder)}


def test_matchers_choose_routes(serve, environment):
    body = """
        @flagged flagged
        @home path_is /home
        @neither {
            not flagged
            not path_is /home
            path /n*
        }
        respond @flagged flagged
        respond @home home
        respond @neither neither
        respond "nothing"
    """
    _, port = serve(body, environment=environment)
    found = {path: fetch(port, target=path).body for path in ("/flagged", "/home", "/none", "/x")}
    assert found == {
        "/flagged": b"flagged",
        "/home": b"home",
        "/none": b"neither",
        "/x": b"nothing",
    }


def test_a_matcher_that_cannot_tell_fails_the_request(serve, environment):
    body = """
        @flagged flagged
        respond @flagged "yes"
        respond "no"
        handle_errors 451 {
            respond "{err.status_code} {err.message}"
        }
    """
    _, port = serve(body, environment=environment)
    assert fetch(port, target="/broken").status == 500
    answer = fetch(port, target="/denied")
    assert (answer.status, answer.body) == (451, b"451 not here")
    # Within not, too: what cannot be told is neither yes nor no.
    assert fetch(port, target="/flagged").body == b"yes" and fetch(port, target="/").body == b"no"


def test_placeholders_have_values(serve, environment):
    body = 'respond "{fixed.answer} {fixed.path} <{fixed.none}> {constant} {http.vars.x}."'
    _, port = serve(body, options="constant seven\n", environment=environment)
    assert fetch(port, target="/p").body == b'42 /p <{fixed.none}> {"value":"seven"} {http.vars.x}.'


def test_a_placeholder_that_fails_fails_the_request(serve, environment):
    body = """
        @broken vars {fixed.broken} x
        respond /matched "{fixed.answer}"
        handle /in/template {
            respond "{fixed.broken}"
        }
        handle /in/matcher {
            respond @broken "yes"
            respond "no"
        }
    """
    _, port = serve(body, environment=environment)
    assert fetch(port, target="/matched").body == b"42"
    assert fetch(port, target="/in/template").status == 500
    assert fetch(port, target="/in/matcher").status == 500


def test_a_reload_gives_unchanged_handlers_the_new_placeholders(start, environment):
    def text(value):
        options = f"admin off\nauto_https off\nconstant {value}\n"
        return f"{{\n{options}}}\nhttp://:{port} {{\n\trespond {{constant}}\n}}\n"

    port = free_port()
    gateway = start(text("one"), environment=environment)
    assert fetch(port).body == b'{"value":"one"}'
    gateway.write_config(text("two"))
    gateway.signal(signal.SIGUSR1)
    wait_until(lambda: fetch(port).body == b'{"value":"two"}', 5, "the new value")


@pytest.mark.parametrize(
    "options, body, expected",
    [
        ("", "@f flagged now\nrespond @f yes", "matcher flagged takes no arguments"),
        ("", "@f path_is\nrespond @f yes", "path_is expects one path"),
        ("", "@f flaged\nrespond @f yes", 'unknown matcher "flaged"'),
        ("constent x", "respond yes", 'did you mean "constant"?'),
        ("constant a\nconstant b", 'respond "{constant}"', "two modules have the placeholder"),
    ],
)
def test_mistakes_are_named(scratch, environment, options, body, expected):
    text, _ = site(body, options=options + "\n")
    (scratch / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate", environment=environment)
    assert ended.returncode == 1
    assert expected in ended.stderr


def test_the_json_is_as_documented(scratch, environment):
    text, _ = site("@h path_is /home\nrespond @h {constant}", options="constant seven\n")
    (scratch / "Caddyfile").write_text(text)
    http = json.loads(run_command(scratch, "adapt", environment=environment).stdout)["apps"]["http"]
    assert http["placeholders"] == [{"provider": "constant", "value": "seven"}]
    route = http["servers"]["srv0"]["routes"][0]
    assert route["match"] == [{"path_is": "/home"}]
