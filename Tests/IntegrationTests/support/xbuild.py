"""What the tests of xbuild share; the fixtures are everybody's (conftest.py)."""

import os
import pathlib
import signal
import subprocess

import pytest

from .client import fetch
from .gateway import PROGRAM, ROOT
from .waiting import wait_until

XBUILD = os.environ.get("XBUILD", str(pathlib.Path(PROGRAM).parent / "xbuild"))
LANGUAGES = {"c": "c", "c++": "cpp", "rust": "rust", "swift": "swift", "swift-embedded": "embedded"}


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """xbuild in an empty folder, with a cache of its own: workshop(arguments…) runs it there."""
    folder = tmp_path_factory.mktemp("xbuild")
    environment = {**os.environ, "XBUILD_CACHE": str(folder / "cache")}
    environment.setdefault("GATEWRIGHT_SOURCE", str(ROOT))

    def run(*arguments, status=0, **options):
        options.setdefault("cwd", folder)
        options.setdefault("env", environment)
        ended = subprocess.run([XBUILD, *arguments], capture_output=True, text=True, **options)
        said = ended.stdout + ended.stderr
        assert ended.returncode == status, said
        assert "Fatal error" not in said
        return said

    run.folder = folder
    run.environment = environment
    return run


@pytest.fixture(scope="session")
def plugins(workshop):
    """A plugin in each language, made and tested with the commands of PluginSDK/README.md."""
    made = {}
    for language, short in LANGUAGES.items():
        name = f"greet_{short}"
        workshop("new", name, "--language", language)
        made[language] = name
    return made


@pytest.fixture(scope="session")
def distribution(workshop, plugins):
    """A gateway with all of them, moved to another folder after it was made."""
    arguments = [f"--with={name}={name}" for name in plugins.values()]
    workshop(*arguments, "--output", "made/gateway")
    moved = workshop.folder / "elsewhere" / "my gateway"
    moved.parent.mkdir()
    (workshop.folder / "made/gateway").rename(moved)
    return moved


def answer_of(process, port, log, seconds):
    """The first answer of what a process serves; fails with its log when it ends before."""

    def answers():
        assert process.poll() is None, log.read_text()
        try:
            return fetch(port)
        except OSError:
            return None

    return wait_until(answers, seconds, "an answer")


@pytest.fixture
def run_distribution(tmp_path):
    """run_distribution(folder, config, port) starts its program without the toolchain in sight."""
    running = []

    def start(folder, config, port, *arguments):
        (tmp_path / "Caddyfile").write_text(config)
        log = open(tmp_path / "log", "wb")
        process = subprocess.Popen(
            [folder / "bin/gatewright", "run", "--config", "Caddyfile", *arguments],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
        running.append(process)
        answer_of(process, port, tmp_path / "log", 10)
        return process

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def write_program(path, script):
    """A program for PATH, in the language of the shell."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
