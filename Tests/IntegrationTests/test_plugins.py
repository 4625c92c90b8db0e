"""Plugin files that cannot be used: a message that names them, and nothing half-started."""

import pathlib
import shutil
import signal
import subprocess

import pytest

from support.client import fetch
from support.gateway import PLUGINS, run_command, site
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy's modules are compiled in")


def compile_plugin(path, source):
    subprocess.run(
        ["clang", "-shared", "-fPIC", "-x", "c", "-", "-o", path],
        input=source,
        text=True,
        check=True,
    )


def not_an_object(path):
    path.write_text("this is no shared object")


def empty(path):
    path.write_bytes(b"")


def cut_short(path):
    path.write_bytes((pathlib.Path(PLUGINS) / "respond.so").read_bytes()[:4000])


def another_machine(path):
    data = bytearray((pathlib.Path(PLUGINS) / "respond.so").read_bytes())
    data[18] = 0xB7 if data[18] != 0xB7 else 0x3E  # e_machine: arm64 or x86-64
    path.write_bytes(data)


def without_an_entry(path):
    compile_plugin(path, "int nothing_to_see(void) { return 0; }\n")


def without_a_manifest(path):
    compile_plugin(path, "const void *gw_plugin_entry_v1(const void *boot) { return 0; }\n")


BROKEN = [not_an_object, empty, cut_short, another_machine, without_an_entry, without_a_manifest]


@pytest.fixture
def plugins(tmp_path):
    """A copy of the plugin folder that a test may break."""
    folder = tmp_path / "plugins"
    shutil.copytree(PLUGINS, folder)
    return folder


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda function: function.__name__)
def test_a_broken_plugin_is_named(plugins, scratch, breaks):
    breaks(plugins / "broken.so")
    (scratch / "Caddyfile").write_text(f"http://:{free_port()} {{\n\trespond ok\n}}\n")
    ended = run_command(
        scratch,
        "validate",
        "--config",
        "Caddyfile",
        environment={"GATEWRIGHT_PLUGINS": str(plugins)},
    )
    assert ended.returncode == 1, ended.stderr
    assert "broken" in ended.stderr
    assert "Traceback" not in ended.stderr and "Fatal error" not in ended.stderr


@pytest.mark.parametrize("breaks", BROKEN, ids=lambda function: function.__name__)
def test_a_broken_plugin_leaves_a_running_gateway_serving(start, plugins, breaks):
    text, port = site("respond one")
    gateway = start(text, environment={"GATEWRIGHT_PLUGINS": str(plugins)})
    gateway.expect_log("broken")
    breaks(plugins / "broken.so")
    gateway.write_config(site("respond two", port)[0])
    gateway.signal(signal.SIGUSR1)
    # Whether plugins are looked for again on a reload or not: it answers, and says so if refused.
    wait_until(
        lambda: fetch(port).body == b"two" or "broken" in gateway.log_text(), 5, "an outcome"
    )
    assert fetch(port).body in (b"one", b"two")


def test_list_modules_names_each_plugin(scratch):
    listed = run_command(scratch, "list-modules", "--packages").stdout
    for file in pathlib.Path(PLUGINS).glob("*.so"):
        assert file.stem in listed
