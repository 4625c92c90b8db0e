"""xbuild alone, xbuild run, and the other modes: each ends with a gateway that answers."""

import json
import re
import shutil
import signal
import subprocess

import pytest

from support.client import fetch
from support.gateway import site
from support.xbuild import XBUILD, answer_of

pytestmark = pytest.mark.ours("Caddy has xcaddy")


@pytest.fixture
def run(workshop, tmp_path):
    """run(folder, port, arguments…) starts xbuild there and waits for an answer of what it runs."""
    running = []

    def start(folder, port, *arguments):
        log = open(tmp_path / "log", "wb")
        process = subprocess.Popen(
            [XBUILD, *arguments],
            cwd=folder,
            env={**workshop.environment, "HOME": str(tmp_path), "XDG_DATA_HOME": f"{tmp_path}/data"},
            stdout=log,
            stderr=log,
        )
        running.append(process)
        return answer_of(process, port, tmp_path / "log", 60)

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_xbuild_alone_runs_the_caddyfile_that_is_here(run, tmp_path):
    config, port = site("respond alone")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/Caddyfile").write_text(config)
    assert run(tmp_path / "here", port).body == b"alone"


def test_run_takes_plugins_and_arguments_of_the_gateway(run, workshop, plugins, tmp_path):
    config, port = site('greet_c "hi"')
    (tmp_path / "other.caddyfile").write_text(config)
    arguments = ["--config", f"{tmp_path}/other.caddyfile", "--adapter", "caddyfile"]
    answer = run(workshop.folder, port, "run", f"--with=greet_c={plugins['c']}", "--", *arguments)
    assert b"hi" in answer.body


@pytest.mark.parametrize("language", ["c", "c++"])
def test_run_takes_the_plugin_that_is_here(run, workshop, plugins, tmp_path, language):
    name = plugins[language]
    here = shutil.copytree(workshop.folder / name, tmp_path / name)
    config, port = site(f'{name} "hi"')
    (here / "Caddyfile").write_text(config)
    assert b"hi" in run(here, port).body


def test_other_sources_beside_a_caddyfile_are_no_plugin(run, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/tool.c").write_text("int main(void) { return 0; }\n")
    config, port = site("respond alone")
    (tmp_path / "here/Caddyfile").write_text(config)
    assert run(tmp_path / "here", port).body == b"alone"


def test_no_caddyfile_is_told(workshop, tmp_path):
    assert "no Caddyfile in" in workshop(cwd=tmp_path, status=1)


def mapped_swift(process):
    with open(f"/proc/{process.pid}/maps") as maps:
        return set(re.findall(r"\S*/libswift\w+\.so", maps.read()))


def modes(folder):
    lock = json.loads((folder / "gatewright.lock.json").read_text())
    return lock["gatewright"]["mode"], {entry["name"]: entry["mode"] for entry in lock["plugins"]}


def test_an_island_has_its_run_time_library_inside(workshop, plugins, run_distribution, tmp_path):
    name = plugins["swift"]
    workshop("--mode", "island", f"--with={name}={name}", "--output", f"{tmp_path}/out")
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "out").rename(tmp_path / "elsewhere/island")
    config, port = site(f'{name} /greet "hi"\n respond island')
    process = run_distribution(moved, config, port)
    assert fetch(port).body == b"island"
    assert b"hi" in fetch(port, target="/greet").body
    assert mapped_swift(process) == set() and not list((moved / "lib").rglob("*.so"))
    mode, of_plugins = modes(moved)
    assert mode == "island" and set(of_plugins.values()) == {"island"}
    assert (moved / "licences/swift/LICENSE.txt").exists()


def test_an_island_plugin_runs_in_a_shared_host(workshop, plugins, run_distribution, tmp_path):
    name = plugins["swift"]
    workshop("--mode", "island", f"--with={name}={name}", "--output", f"{tmp_path}/island")
    workshop(f"--with={name}={tmp_path}/island/plugins/{name}.so", "--output", f"{tmp_path}/out")
    config, port = site(f'{name} "hi"')
    run_distribution(tmp_path / "out", config, port)
    assert b"hi" in fetch(port).body


def test_an_embedded_plugin_needs_no_swift(workshop, plugins, run_distribution, tmp_path):
    name = plugins["swift-embedded"]
    workshop("--mode", "embedded", f"--with={name}={name}", "--output", f"{tmp_path}/out")
    config, port = site(f'{name} /greet "hi"\n respond embedded')
    run_distribution(tmp_path / "out", config, port)
    assert fetch(port).body == b"embedded"
    assert b"hi" in fetch(port, target="/greet").body
    assert modes(tmp_path / "out")[1][name] == "embedded"
    needs = subprocess.run(
        ["readelf", "--dynamic", tmp_path / f"out/plugins/{name}.so"], capture_output=True, text=True, check=True
    ).stdout
    assert "NEEDED" in needs and "swift" not in needs.replace("greet", "")


def test_a_swift_package_over_the_sdk_is_no_embedded_plugin(workshop, plugins, tmp_path):
    name = plugins["swift"]
    said = workshop("--mode", "embedded", f"--with={name}={name}", "--output", f"{tmp_path}/out", status=1)
    assert f"plugin {name}" in said and "--mode island" in said
    assert not (tmp_path / "out").exists()
