"""What README.md and docs/ show: commands print it, Caddyfiles load, links lead somewhere."""

import re
import subprocess
import urllib.error
import urllib.request

import pytest

from support.gateway import PROGRAM, ROOT, gateway_environment
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


PAGES = sorted(
    path.name
    for path in (ROOT / "docs/directives").glob("*.md")
    if "```caddyfile" in path.read_text()
)


@pytest.mark.ours("Caddy lacks some of the directives")
@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_directive_adapts(page, tmp_path):
    text = (ROOT / "docs/directives" / page).read_text()
    example = re.findall(r"^```caddyfile\n(.*?)^```", text, re.M | re.S)[-1]
    if not re.search(r"^(:\d+|[\w-]+(\.[\w-]+)+(:\d+)?|&?\(.*\)|) ?\{$", example, re.M):
        example = f":8080 {{\n@get method GET\n{example}}}\n"
    file = tmp_path / "Caddyfile"
    file.write_text(example)
    ended = subprocess.run(
        [PROGRAM, "adapt", "--config", file],
        capture_output=True,
        text=True,
        env=gateway_environment(tmp_path, dict.fromkeys(("CHAT_KEY", "OPENAI_API_KEY"), "sk-example")),
    )
    assert ended.returncode == 0, ended.stderr


def test_links_of_the_documentation_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
