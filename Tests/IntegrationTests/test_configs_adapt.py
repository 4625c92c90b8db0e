"""Every configuration of Tests/Fixtures/configs adapts to the JSON that Caddy makes of it."""

import json
import pathlib
import subprocess
import sys

import pytest

from support.fixtures import CONFIGS
from support.gateway import IS_CADDY, gateway_environment, run_command

ORACLE = pathlib.Path(sys.executable).parent / "caddy"
ENVIRONMENT = {"API_SECRET_KEY": "sk-production", "CADDY_TAILNET_HOSTNAME": "stack.example.ts.net"}
CADDYFILES = sorted(path.name for path in CONFIGS.glob("*.caddyfile"))


def test_there_are_configurations():
    assert len(CADDYFILES) == 8


@pytest.mark.parametrize("name", CADDYFILES)
def test_adapts_like_caddy(name, scratch):
    arguments = ["adapt", "--config", str(CONFIGS / name), "--adapter", "caddyfile"]
    expected = subprocess.run(
        [ORACLE, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=scratch,
        env=gateway_environment(scratch, ENVIRONMENT),
    )
    ours = run_command(scratch, *arguments, environment=ENVIRONMENT)
    assert ours.returncode == 0, ours.stderr
    assert json.loads(ours.stdout) == json.loads(expected.stdout)


@pytest.mark.ours("Caddy puts an empty key into the matcher, which opens the gateway")
@pytest.mark.parametrize("environment", [{}, {"API_SECRET_KEY": ""}], ids=["unset", "empty"])
@pytest.mark.parametrize("command", ["adapt", "validate"])
def test_a_missing_secret_refuses_the_config(command, environment, scratch):
    ended = run_command(
        scratch,
        command,
        "--config",
        str(CONFIGS / "gateway-production.caddyfile"),
        environment=environment,
    )
    assert ended.returncode != 0
    assert "API_SECRET_KEY" in ended.stderr
    assert "gateway-production.caddyfile:3:" in ended.stderr


@pytest.mark.parametrize(
    "name", [name for name in CADDYFILES if "basic" not in name and "local" not in name]
)
def test_a_formatted_config_adapts_to_the_same(name, scratch):
    formatted = run_command(scratch, "fmt", str(CONFIGS / name))
    (scratch / name).write_text(formatted.stdout)
    before, after = (
        run_command(scratch, "adapt", "--config", str(path), environment=ENVIRONMENT)
        for path in (CONFIGS / name, scratch / name)
    )
    assert json.loads(before.stdout) == json.loads(after.stdout)
    # Caddy ends with 1 when it had to change something.
    assert formatted.returncode in ((0, 1) if IS_CADDY else (0, 1))
