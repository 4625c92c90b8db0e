"""The README's console blocks print what it shows, its Caddyfile serves, its plugin is the template."""

import re
import subprocess
import urllib.error
import urllib.request

import pytest

from support.gateway import ROOT
from support.openai_upstream import ModelServer
from support.ports import free_port
from test_examples import matches

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.mark.ours("uses demo_model")
def test_the_dialogue_of_the_readme_is_true(start):
    port = free_port()
    text = (ROOT / "examples/quickstart/Caddyfile").read_text()
    start("{\n\tadmin off\n}\n" + text.replace(":8080", f":{port}"))
    (dialogue,) = blocks("console")
    for part in re.split(r"^\$ ", dialogue, flags=re.M)[1:]:
        command, _, expected = part.partition("\n")
        ended = subprocess.run(
            command.replace("8080", str(port)),
            shell=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert matches(expected, ended.stdout), f"$ {command}\n{ended.stdout}"


@pytest.mark.ours("uses api_keys")
def test_the_caddyfile_of_the_readme_serves(start, upstream):
    port = free_port()
    (text,) = blocks("caddyfile")
    start(
        "{\n\tadmin off\n}\n" + text.replace(":8080", f":{port}"),
        environment={
            "MODEL_SERVER": upstream(cls=ModelServer).address,
            "TEAM_A_KEY": "sk-example-key",
        },
    )

    def status(path, **fields):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=fields)
        try:
            return urllib.request.urlopen(request, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/v1/models") == 401
    assert status("/v1/models", Authorization="Bearer sk-example-key") == 200
    assert status("/elsewhere") == 404


def test_the_plugin_of_the_readme_is_the_template():
    (plugin,) = blocks("swift")
    assert plugin in (ROOT / "PluginSDK/Template/swift/Hello.swift").read_text()


def test_links_of_the_documentation_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
