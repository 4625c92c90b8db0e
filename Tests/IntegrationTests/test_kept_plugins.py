"""Plugins that were built when their minor of the ABI was new: every later gateway runs them.

scripts/abi-fixtures builds them, once per minor; the files are never rebuilt.
"""

import json
import lzma
import platform

import pytest

from support.client import fetch
from support.gateway import ROOT
from support.plugins import plugin_folder
from support.ports import free_port

pytestmark = pytest.mark.ours("the plugin ABI is ours")

KEPT = sorted((ROOT / "Tests/Fixtures/kept").glob(f"1.*-{platform.machine()}"))
NAMES = {"request_id", "sse_meter", "whoami", "ask_first"}


def test_some_are_kept():
    """On other machines than those that had a release there are none."""
    assert KEPT or platform.machine() != "x86_64"
    for folder in KEPT:
        assert {path.name.split(".")[0] for path in folder.glob("*.xz")} == NAMES


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_kept_plugins_serve(start, upstream, tmp_path, folder):
    plugins = plugin_folder(tmp_path / "plugins", "respond", "reverse_proxy", "health")
    for path in folder.glob("*.so.xz"):
        (plugins / path.stem).write_bytes(lzma.decompress(path.read_bytes()))

    def decide(connection):
        while request := connection.read_request():
            connection.respond(403 if request.get("x-uri") == "/no" else 200)

    def stream(connection):
        while connection.read_request():
            connection.start_stream()
            connection.send_chunk("data: a\n\n")
            connection.end_chunks()

    service, server = upstream(decide), upstream(stream)
    port = free_port()
    text = f"""{{
	admin off
	auto_https off
}}
http://:{port} {{
	request_id
	whoami /whoami
	ask_first {service.address}
	sse_meter
	reverse_proxy {server.address}
}}
"""
    gateway = start(text, environment={"GATEWRIGHT_PLUGINS": str(plugins)})
    answer = fetch(port, target="/whoami")
    assert json.loads(answer.body)["uri"] == "/whoami"
    assert len(answer.get("x-request-id")) == 32
    assert fetch(port, target="/no").status == 403
    assert fetch(port, target="/yes").body == b"data: a\n\n"
    assert json.loads(gateway.wait_for_log('"msg":"stream"'))["events"] == 1
