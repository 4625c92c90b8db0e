"""Every example starts as its README says and prints what its README shows.

A README has one `sh` block with the command that starts the gateway, and `console` blocks: a line
after `$ ` is run by the shell, the lines under it are its output, where `...` stands for anything.
"""

import re
import shlex
import subprocess

import pytest

from support.gateway import ROOT
from support.openai_upstream import ModelServer
from support.ports import free_port
from support.sign_in import sign_in

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/Caddyfile"))
#: Those that a script starts; test_example_local.py runs them.
STARTED_BY_SCRIPT = {"local"}
NEED_OUR_PLUGINS = {"quickstart", "api-keys"}


def blocks(name, language):
    return re.findall(
        rf"^```{language}\n(.*?)^```",
        (ROOT / "examples" / name / "README.md").read_text(),
        re.M | re.S,
    )


def start_environment(name):
    """The variables in front of the program in the README's command."""
    (command,) = blocks(name, "sh")
    words = shlex.split(command)
    program = next(index for index, word in enumerate(words) if word.endswith("gatewright"))
    assert words[program + 1 :] == ["run", "--config", f"examples/{name}/Caddyfile"]
    assignments = dict(word.split("=", 1) for word in words[:program])
    return {key: value for key, value in assignments.items() if key != "GATEWRIGHT_PLUGINS"}


def dialogues(name):
    """(command, expected output) pairs of the README."""
    for block in blocks(name, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def matches(expected, output):
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, output.strip(), re.S)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.ours("uses a plugin of ours")] if name in NEED_OUR_PLUGINS else [],
        )
        for name in EXAMPLES
        if name not in STARTED_BY_SCRIPT
    ],
)
def test_example(name, start, upstream):
    port = free_port()
    text = (ROOT / "examples" / name / "Caddyfile").read_text()
    assert ":8080" in text
    start(
        "{\n\tadmin off\n}\n" + text.replace(":8080", f":{port}"),
        environment={
            "MODEL_SERVER": upstream(cls=ModelServer).address,
            "SIGN_IN_SERVICE": upstream(sign_in).address,
            "WEB_INTERFACE": upstream().address,
            **start_environment(name),
        },
    )
    tried = 0
    for command, expected in dialogues(name):
        ended = subprocess.run(
            command.replace("8080", str(port)),
            shell=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        output = ended.stdout.replace(str(port), "8080")
        assert matches(expected, output), f"$ {command}\n{output}\nexpected:\n{expected}"
        tried += 1
    assert tried > 0


def test_the_overview_lists_every_example():
    overview = (ROOT / "examples/README.md").read_text()
    assert all(f"[{name}]({name}/)" in overview for name in EXAMPLES)
