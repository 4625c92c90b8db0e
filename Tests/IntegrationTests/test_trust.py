"""`trust` and `untrust`, in folders of the test only: system store, NSS databases, a real browser."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support import fixtures
from support.client import fetch
from support.gateway import PROGRAM, gateway_environment, run_command
from support.ports import free_port

pytestmark = pytest.mark.ours("Caddy's trust asks a running server and changes the real stores")


@pytest.fixture
def image(scratch):
    """A folder that stands for / with what update-ca-certificates needs."""
    for folder in ["usr/local/share/ca-certificates", "etc/ssl/certs", "etc/ca-certificates/update.d"]:
        (scratch / "image" / folder).mkdir(parents=True)
    return scratch / "image"


def root_of(folder):
    return pathlib.Path(folder, "data/gatewright/authorities/local/root.crt")


def bundle(image):
    path = image / "etc/ssl/certs/ca-certificates.crt"
    return path.read_text() if path.exists() else ""


def make_database(home, folder=".pki/nssdb"):
    """An NSS database as a browser leaves it."""
    database = pathlib.Path(home, folder)
    database.mkdir(parents=True)
    subprocess.run(
        ["certutil", "-N", "-d", f"sql:{database}", "--empty-password"], check=True, cwd=home
    )
    return database


def names_in(database):
    listed = subprocess.run(
        ["certutil", "-L", "-d", f"sql:{database}"], capture_output=True, text=True, check=True
    )
    return [line.split()[0] for line in listed.stdout.splitlines() if "gatewright-" in line]


def test_trust_makes_the_authority_and_puts_it_everywhere(scratch, image):
    databases = [
        make_database(scratch), make_database(scratch, ".mozilla/firefox/abc.default-release")
    ]
    done = run_command(scratch, "trust", "--prefix", str(image))
    assert done.returncode == 0, done.stdout + done.stderr
    root = root_of(scratch)
    assert root.read_text().strip() in bundle(image)
    assert all(len(names_in(database)) == 1 for database in databases)
    for hint in ["curl --cacert", "NODE_EXTRA_CA_CERTS=", "SSL_CERT_FILE=", "REQUESTS_CA_BUNDLE="]:
        assert hint in done.stdout
    assert str(root) in done.stdout

    # Once more changes nothing, and untrust takes all of it away but the authority.
    assert run_command(scratch, "trust", "--prefix", str(image)).returncode == 0
    assert all(len(names_in(database)) == 1 for database in databases)
    done = run_command(scratch, "untrust", "--prefix", str(image))
    assert done.returncode == 0, done.stdout + done.stderr
    assert root.read_text().strip() not in bundle(image)
    assert all(names_in(database) == [] for database in databases)
    assert root.exists()
    assert run_command(scratch, "untrust", "--prefix", str(image)).returncode == 0


def test_dry_run_says_what_it_would_do_and_does_nothing(scratch, image):
    database = make_database(scratch)
    run_command(scratch, "trust", "--prefix", str(image))
    run_command(scratch, "untrust", "--prefix", str(image))
    done = run_command(scratch, "trust", "--dry-run", "--prefix", str(image))
    assert done.returncode == 0
    assert "update-ca-certificates" in done.stdout and "certutil" in done.stdout
    assert root_of(scratch).read_text().strip() not in bundle(image)
    assert names_in(database) == []


def test_dry_run_makes_no_authority(scratch, image):
    done = run_command(scratch, "trust", "--dry-run", "--prefix", str(image))
    assert done.returncode == 1
    assert "root.crt: no such certificate file" in done.stderr
    assert not (scratch / "data").exists()


def test_a_certificate_of_ones_own_and_an_authority_of_the_configuration(scratch, image, authority):
    mine = pathlib.Path(authority.certificate)
    done = run_command(scratch, "trust", "--cert", str(mine), "--prefix", str(image))
    assert done.returncode == 0, done.stdout + done.stderr
    assert mine.read_text().strip() in bundle(image)
    before = bundle(image).count("BEGIN CERTIFICATE")
    config = scratch / "Caddyfile"
    config.write_text("{\n pki {\n  ca shop {\n   name Shop\n  }\n }\n}\n")
    done = run_command(
        scratch, "trust", "--ca", "shop", "--config", str(config), "--prefix", str(image)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "root: Shop - " in done.stdout
    assert bundle(image).count("BEGIN CERTIFICATE") == before + 1
    for arguments, message in [
        (["--ca", "../x"], "expected 1 to 64 letters"),
        (["--cert", str(scratch / "none")], "no such certificate file"),
    ]:
        done = run_command(scratch, "trust", *arguments, "--prefix", str(image))
        assert done.returncode == 1 and message in done.stderr


def test_without_root_it_says_what_to_run(image):
    """As somebody else, in a folder that this one may use."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        program = shutil.copy(PROGRAM, home / "gatewright")
        store = home / "image/usr/local/share/ca-certificates"
        store.mkdir(parents=True)
        store.chmod(0o555)
        other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        if other:
            os.chown(home, 65534, 65534)
        done = subprocess.run(
            [program, "trust", "--prefix", str(home / "image")], cwd=home, capture_output=True,
            text=True, env=gateway_environment(home), **other,
        )
        store.chmod(0o755)
        assert done.returncode == 1
        assert "needs root" in done.stdout and "sudo cp" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def resolver(start):
    """A gateway that serves every name on demand, without skip_install_trust: (gateway, port)."""
    http, https = free_port(), free_port()
    text = (
        f"{{\n admin off\n http_port {http}\n https_port {https}\n}}\n"
        f'*.localhost {{\n respond "<p id=answer>served {{host}}</p>"\n header Content-Type text/html\n}}\n'
    )
    return start(text, ports=(http, https)), https


def test_a_new_root_is_announced_once(resolver):
    gateway, port = resolver
    trust = fixtures.ssl.SSLContext(fixtures.ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, fixtures.ssl.CERT_NONE
    for name in ["a.localhost", "b.localhost"]:
        assert fetch(port, host=name, tls=trust, server_name=name).status == 200
    gateway.wait_for_log("gatewright trust")
    assert len([line for line in gateway.lines if "gatewright trust" in line]) == 1


def test_chromium_trusts_what_trust_has_installed(resolver, image):
    gateway, port = resolver
    home = gateway.folder
    make_database(home)

    def page():
        """The page as the browser shows it, and what it says of it."""
        profile = home / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        return subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={profile}", "--virtual-time-budget=5000", "--dump-dom",
             f"https://shop.localhost:{port}/"],
            env=dict(os.environ, HOME=str(home)), capture_output=True, text=True, timeout=60,
        ).stdout

    assert "served shop.localhost" not in page()
    done = run_command(home, "trust", "--prefix", str(image))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "served shop.localhost" in page()
    assert run_command(home, "untrust", "--prefix", str(image)).returncode == 0
    assert "served shop.localhost" not in page()
