"""`run` loads the plugins that a configuration needs, however it says so, and no others."""

import json
import pathlib
import re
import signal

import pytest

from support.client import fetch
from support.gateway import ROOT, run_command, site
from support.plugins import compile_plugin, plugin_folder
from support.ports import free_port

pytestmark = pytest.mark.ours("Caddy's modules are compiled in")


def loaded(gateway):
    mapped = pathlib.Path(f"/proc/{gateway.pid}/maps").read_text()
    return set(re.findall(r"/(\w+)\.so$", mapped, re.M)) & {
        "auth", "demo_model", "functions", "header", "health", "llm_resolver", "respond",
        "reverse_proxy", "rewrite",
    }


def test_only_what_is_mentioned(serve):
    gateway, port = serve("respond hello")
    assert fetch(port).body == b"hello"
    assert loaded(gateway) == {"respond"}


def test_the_module_that_a_directive_stands_for(serve, upstream):
    gateway, port = serve(f"forward_auth {upstream().address} {{\nuri /\n}}\nrespond hello")
    assert fetch(port).body == b"hello"
    assert {"auth", "reverse_proxy", "respond"} <= loaded(gateway)


def test_the_provider_of_a_service(serve, upstream):
    gateway, _ = serve(f"reverse_proxy {upstream().address} {{\nhealth_uri /\n}}")
    assert {"reverse_proxy", "health"} <= loaded(gateway)
    assert not {"auth", "llm_resolver"} & loaded(gateway)


def test_a_directive_in_an_imported_file(start, tmp_path):
    (tmp_path / "more").write_text("respond imported\n")
    text, port = site(f"import {tmp_path}/more")
    start(text)
    assert fetch(port).body == b"imported"


def test_a_directive_in_a_variable(start):
    text, port = site("{$DIRECTIVE} variable")
    start(text, environment={"DIRECTIVE": "respond"})
    assert fetch(port).body == b"variable"


def test_names_that_json_spells_with_escapes(start):
    port = free_port()
    handler = {"handler": "static_response", "body": "escaped"}
    servers = {"a": {"listen": [f":{port}"], "routes": [{"handle": [handler]}]}}
    text = json.dumps({"apps": {"http": {"servers": servers}}})
    start(text.replace("static_response", "\\u0073tatic_response"), name="config.json", ports=[port])
    assert fetch(port).body == b"escaped"


def test_a_reload_that_needs_another_plugin(start):
    text, port = site("respond before")
    gateway = start(text)
    assert loaded(gateway) == {"respond"}
    gateway.write_config(text.replace("respond before", "header X-After yes\nrespond after"))
    gateway.signal(signal.SIGUSR1)
    gateway.wait_for_log('"reloaded"')
    answer = fetch(port)
    assert (answer.body, answer.get("X-After")) == (b"after", "yes")


NO_OP = (ROOT / "Benchmarks/hooks/noop.c").read_text()


def test_a_name_of_several_words(start, tmp_path):
    source = tmp_path / "noop.c"
    source.write_text(
        NO_OP.replace('\\"noop\\", \\"order\\"', '\\"geo.block+v1\\", \\"order\\"')
        .replace('VIEW("noop"),\n    .order', 'VIEW("geo.block+v1"),\n    .order')
    )
    folder = plugin_folder(tmp_path / "plugins", "respond", "header")
    compile_plugin(source, folder)
    text, port = site("geo.block+v1\nrespond hello")
    gateway = start(text, environment={"GATEWRIGHT_PLUGINS": str(folder)})
    assert fetch(port).body == b"hello"
    assert loaded(gateway) == {"respond"}


def test_a_plugin_that_the_host_itself_needs_and_cannot_load(scratch, tmp_path):
    """Redirects to HTTPS are answers of the plugin respond, which no word mentions."""
    source = tmp_path / "respond.c"
    source.write_text(
        NO_OP.replace("http.handlers.noop", "http.handlers.static_response")
        .replace('\\"noop\\"', '\\"respond\\"').replace("return &plugin;", "return 0;")
    )
    folder = plugin_folder(tmp_path / "plugins", "header")
    compile_plugin(source, folder)
    (scratch / "Caddyfile").write_text(
        f"{{\n admin off\n http_port {free_port()}\n skip_install_trust\n}}\n"
        f"a.localhost:{free_port()} {{\n tls internal\n header X-A b\n}}\n"
    )
    done = run_command(
        scratch, "run", "--config", "Caddyfile", environment={"GATEWRIGHT_PLUGINS": str(folder)}
    )
    assert done.returncode != 0
    assert "plugin respond" in done.stderr
