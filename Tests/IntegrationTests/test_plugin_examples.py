"""examples/plugins: built as their READMEs say, with nothing but the headers, and run."""

import json
import os
import re
import shutil
import subprocess

import pytest

from support.client import fetch
from support.gateway import PLUGINS, ROOT
from support.plugins import HEADERS, SYMBOLS, plugin_folder
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy's modules are compiled in")

EXAMPLES = ROOT / "examples/plugins"
BUILT = ROOT / ".build/plugin-examples"


def run(*command, **options):
    assert shutil.which(command[0]), f"{command[0]} is missing: run scripts/setup test"
    subprocess.run(command, check=True, **options)


def build_c(folder, output):
    (source,) = folder.glob("*.c")
    flags = ["-std=c17", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    if folder.name != "plain_functions":
        flags += [f"-I{HEADERS}", f"-Wl,--version-script={SYMBOLS}"]
    run("cc", *flags, "-o", output, source)


def build_cxx(folder, output):
    (source,) = folder.glob("*.cpp")
    flags = ["-std=c++20", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
    flags += ["-fno-gnu-unique", "-fvisibility-inlines-hidden"]
    run("c++", *flags, f"-I{HEADERS}", f"-Wl,--version-script={SYMBOLS}", "-o", output, source)


def build_rust(folder, output):
    target = BUILT / "cargo"
    manifest = folder / "Cargo.toml"
    run("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest,
        env={**os.environ, "CARGO_TARGET_DIR": str(target)})  # fmt: skip
    shutil.copy(target / f"release/lib{folder.name}.so", output)


def build_swift(folder, output):
    scratch = BUILT / folder.name
    run("swift", "build", "--package-path", folder, "--scratch-path", scratch, "--quiet",
        env={**os.environ, "GATEWRIGHT_SDK": str(ROOT / "PluginSDK")})  # fmt: skip
    shutil.copy(scratch / f"debug/lib{folder.name}.so", output)


BUILDERS = {
    "request_id": build_c,
    "sse_meter": build_cxx,
    "whoami": build_rust,
    "ask_first": build_swift,
    "plain_functions": build_c,
}


@pytest.fixture
def example(start, tmp_path):
    """example(name, address=…) builds and starts one; addresses in it are replaced."""

    def start_example(name, addresses=(), **options):
        folder = EXAMPLES / name
        BUILT.mkdir(parents=True, exist_ok=True)
        text = (folder / "Caddyfile").read_text()
        port = free_port()
        text = text.replace(":8080", f"http://:{port}")
        for old, new in addresses:
            assert old in text
            text = text.replace(old, new)
        if name == "plain_functions":
            library = tmp_path / "libtext.so"
            BUILDERS[name](folder, library)
            text = text.replace("./libtext.so", str(library))
            return start(text), port
        plugins = plugin_folder(tmp_path / "plugins", "respond", "reverse_proxy", "health")
        BUILDERS[name](folder, plugins / f"{name}.so")
        return start(text, environment={"GATEWRIGHT_PLUGINS": str(plugins)}, **options), port

    return start_example


def test_request_id_in_c(example):
    _, port = example("request_id")
    answer = fetch(port)
    made = answer.get("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert answer.body == f"You are request {made}.".encode()
    assert fetch(port).get("x-request-id") != made
    for given, is_kept in [("abc-1", True), ("a b", False), ("x" * 65, False)]:
        answer = fetch(port, fields=[("X-Request-Id", given)])
        assert (answer.get("x-request-id") == given) is is_kept


def test_sse_meter_in_cxx(example, upstream):
    pieces = [b"data: a\n\n", b"data: b\r\n", b"\r\ndata: c\n", b"\n"]

    def stream(connection):
        while connection.read_request():
            connection.start_stream()
            for piece in pieces:
                connection.send_chunk(piece)
            connection.end_chunks()

    server = upstream(stream)
    gateway, port = example("sse_meter", [("127.0.0.1:9000", f"127.0.0.1:{server.port}")])
    assert fetch(port).body == b"".join(pieces)
    record = json.loads(gateway.wait_for_log('"msg":"stream"'))
    assert record["logger"] == "http.handlers.sse_meter"
    assert (record["events"], record["bytes"], record["complete"]) == (3, 29, True)
    assert record["first_event"] > 0


def test_whoami_in_rust(example):
    _, port = example("whoami")
    answer = fetch(port, "POST", "/a?b=c", [("X-Quote", 'say "hi" \\')], body=b"")
    seen = json.loads(answer.body)
    assert answer.get("content-type") == "application/json"
    assert (seen["method"], seen["uri"], seen["client_ip"]) == ("POST", "/a?b=c", "127.0.0.1")
    assert ["X-Quote", 'say "hi" \\'] in seen["fields"]


def test_ask_first_in_swift(example, upstream):
    asked = []

    def decide(connection):
        while request := connection.read_request():
            asked.append((request.get("x-method"), request.get("x-uri")))
            connection.respond({"/no": 403, "/slow": 429}.get(asked[-1][1], 200))

    def serve(connection):
        while connection.read_request():
            connection.respond(200, b"served")

    service, server = upstream(decide), upstream(serve)
    addresses = [
        ("127.0.0.1:9001", f"127.0.0.1:{service.port}"),
        ("127.0.0.1:9000", f"127.0.0.1:{server.port}"),
    ]
    _, port = example("ask_first", addresses)
    assert fetch(port, target="/yes").body == b"served"
    assert fetch(port, "DELETE", "/no").status == 403
    assert fetch(port, target="/slow").status == 429
    assert asked == [("GET", "/yes"), ("DELETE", "/no"), ("GET", "/slow")]
    service.stop()
    wait_until(lambda: fetch(port, target="/yes").status == 503, 5, "the service to be away")


def test_plain_functions(example):
    _, port = example("plain_functions")
    robot = [("User-Agent", "a crawler")]
    assert fetch(port, fields=robot).status == 403
    answer = fetch(port, target="/?model=gpt-5&key=secret-key")
    assert answer.body == b"family openai, shard 3, key ******-key"
    assert b"family {text.family}" in fetch(port, target="/?model=x").body


def test_every_example_is_tested():
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders == set(BUILDERS)
    for folder in folders:
        assert (EXAMPLES / folder / "README.md").is_file()
    assert PLUGINS
