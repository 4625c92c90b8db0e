"""examples/local starts with one command, and does what its README shows."""

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request

import pytest
from test_examples import blocks, dialogues, matches

from support.gateway import PLUGINS, PROGRAM, ROOT, processes_of_session
from support.ports import free_port
from support.waiting import wait_until

pytestmark = pytest.mark.ours("uses a plugin of ours")


@pytest.fixture
def example(tmp_path):
    """The running example: its two ports. In a folder of its own, because folders are evidence."""
    here = tmp_path / "examples/local"
    shutil.copytree(ROOT / "examples/local", here)
    port, tls_port = free_port(), free_port()
    (command,) = blocks("local", "sh")
    environment = {
        **os.environ, "GATEWRIGHT": PROGRAM, "GATEWRIGHT_PLUGINS": PLUGINS, "PORT": str(port),
        "TLS_PORT": str(tls_port), "HOME": str(tmp_path), "XDG_DATA_HOME": f"{tmp_path}/data",
    }
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            command.split(), cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True,
        )
    try:
        state = f"http://127.0.0.1:{port}/_api/candidates"

        def has_found_both():
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                found = json.load(urllib.request.urlopen(state, timeout=5))
            except OSError:
                return False
            folders = {c["workdir"] for c in found}
            return {str(here / f"demo/shop/{s}") for s in ("api", "web")} <= folders

        wait_until(has_found_both, 30, "both services are found")
        yield port, tls_port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        wait_until(lambda: not processes_of_session(process.pid), 10, "nothing is left behind")


def test_the_readme(example):
    port, tls_port = example
    tried = 0
    for command, expected in dialogues("local"):
        command = command.replace("8080", str(port)).replace("8443", str(tls_port))
        ended = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30)
        assert matches(expected, ended.stdout), f"$ {command}\n{ended.stdout}\nwanted:\n{expected}"
        tried += 1
    assert tried >= 8


def test_it_listens_on_both_loopback_addresses_only(example):
    for port in example:
        with socket.create_connection(("::1", port), 5):
            pass
        # Another address of this machine stands for other machines.
        with socket.socket() as other:
            other.settimeout(5)
            assert other.connect_ex(("127.0.0.2", port)) != 0


def test_it_opens_to_a_working_dashboard(example, browser):
    page = browser()
    page.open(f"http://proxy.localhost:{example[0]}/")
    page.wait("document.querySelector('#live').classList.contains('on')")
    page.run("document.getElementById('tab-processes').click()")
    assert "examples/local/demo/shop/api" in page.text()
    page.open(f"http://web.shop.localhost:{example[0]}/")
    page.wait("document.getElementById('tea').textContent.includes('oolong')")
    assert page.complaints() == []
