"""Distributions, tarballs and Debian packages of xbuild: equal bytes, whole or not at all, ready to install."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import subprocess

import pytest

from support.client import fetch
from support.gateway import ROOT, site
from support.xbuild import XBUILD, write_program

pytestmark = pytest.mark.ours("Caddy has xcaddy")


def files(folder):
    return {name for name in os.listdir(folder) if name != "cache"}


def test_two_builds_are_equal_to_the_bit(workshop, plugins, tmp_path):
    """From empty caches, in other folders, and whatever permissions new files get."""
    arguments = [f"--with={name}={name}" for name in plugins.values()]
    for place, umask in (("one", 0o022), ("another/place", 0o077)):
        folder = tmp_path / place
        for name in plugins.values():
            shutil.copytree(workshop.folder / name, folder / name)
        environment = {**workshop.environment, "XBUILD_CACHE": str(folder / "cache")}
        workshop(
            *arguments, "--archive", "--deb", "--output", f"{folder}/gateway", env=environment, cwd=folder, umask=umask
        )
        shutil.rmtree(folder / "cache")
    one, two = tmp_path / "one", tmp_path / "another/place"
    packages = [path.name for path in one.glob("*.deb")]
    assert len(packages) == 1
    for name in ("gateway.tar.gz", *packages):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
        assert (two / name).stat().st_mode & 0o777 == 0o644
    for path in (two / "gateway", *(two / "gateway").rglob("*")):
        expected = 0o755 if path.is_dir() or path.parent.name == "bin" else 0o644
        assert path.stat().st_mode & 0o777 == expected, path


def test_nothing_tells_where_the_checkout_was(distribution):
    """Swift hashes its command lines, with the folders in them, into every file that it makes."""
    for path in (distribution / "bin/gatewright", *(distribution / "plugins").iterdir()):
        dump = subprocess.run(
            ["readelf", "--hex-dump=.swift_modhash", path], capture_output=True, text=True, check=True
        ).stdout
        words = [word for line in dump.splitlines() if "0x" in line for word in line[13:48].split()]
        assert set("".join(words)) <= {"0"}, path
        assert str(ROOT).encode() not in path.read_bytes(), path


def test_the_licence_of_the_swift_libraries_is_there(distribution):
    assert list((distribution / "lib/swift").iterdir())
    text = (distribution / "licences/swift/LICENSE.txt").read_text()
    notice = (distribution / "licences/swift/NOTICE").read_text()
    assert "Apache License" in text and "Runtime Library Exception" in notice
    assert "embedded into the binary product" in notice


def test_the_dockerfile_is_of_this_system(distribution):
    release = dict(
        line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    system, version = (release[name].strip('"') for name in ("ID", "VERSION_ID"))
    assert f"\nFROM {system}:{version}" in (distribution / "Dockerfile").read_text()


def in_namespace(*commands):
    """A command line that runs shell commands with mounts of their own, as root or as a root of its own."""
    kinds = (["--mount"], ["--user", "--map-root-user", "--mount"])
    for kind in kinds:
        if subprocess.run(["unshare", *kind, "true"], capture_output=True).returncode == 0:
            return ["unshare", *kind, "sh", "-c", " && ".join(commands)]
    raise AssertionError("this test needs a mount namespace")


def test_there_is_no_dockerfile_for_other_systems(workshop, tmp_path):
    (tmp_path / "release").write_text("ID=fedora\nVERSION_ID=42\n")
    made = f"{XBUILD} --bare --with respond --output {tmp_path}/out"
    command = in_namespace(f"mount --bind {tmp_path}/release /etc/os-release", made)
    ended = subprocess.run(command, env=workshop.environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "no Dockerfile" in ended.stderr and "neither Debian nor Ubuntu" in ended.stderr
    assert not (tmp_path / "out/Dockerfile").exists()


# Nothing half-written


@pytest.fixture
def made(workshop, tmp_path):
    """A distribution with its archives, and the state of all of them."""
    arguments = ["--bare", "--with=respond", "--archive", "--deb", "--output", f"{tmp_path}/out"]
    workshop(*arguments)

    def state():
        lock = (tmp_path / "out/gatewright.lock.json").read_bytes()
        return files(tmp_path), lock, [(path.name, path.read_bytes()) for path in sorted(tmp_path.glob("*.*"))]

    return arguments, state


@pytest.mark.parametrize("tool", ["tar", "gzip", "ar"])
def test_an_archive_that_fails_changes_nothing(workshop, made, tmp_path, tool):
    arguments, state = made
    before = state()
    write_program(tmp_path / "cache" / tool, "echo no space left >&2; exit 3")
    environment = {**workshop.environment, "PATH": f"{tmp_path}/cache:{os.environ['PATH']}"}
    said = workshop(*arguments, "--with=header", env=environment, status=1)
    assert "no space left" in said
    assert state() == before


def test_something_else_in_the_place_of_an_archive_changes_nothing(workshop, made, tmp_path):
    arguments, state = made
    (tmp_path / "out.tar.gz").unlink()
    (tmp_path / "out.tar.gz").mkdir()
    lock = (tmp_path / "out/gatewright.lock.json").read_bytes()
    said = workshop(*arguments, "--with=header", status=1)
    assert "out.tar.gz is there already and no file" in said
    assert (tmp_path / "out/gatewright.lock.json").read_bytes() == lock


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes at `folder`; False when mounting is not allowed."""
    folder.mkdir()
    options = f"size={size}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", folder], check=True)


def limit_files():
    """Files end early, without the right to mount a small disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def occupied(folder):
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def test_a_full_disk_leaves_what_was_there(workshop, tmp_path):
    disk = tmp_path / "disk"
    arguments = ["--bare", "--with=respond", "--archive", "--deb", "--output", f"{disk}/out"]
    with small_disk(disk, "200m") as is_mounted:
        if not is_mounted:
            said = workshop(*arguments, status=1, preexec_fn=limit_files)
            assert "file too large" in said and os.listdir(disk) == []
            return
        workshop(*arguments)
        lock = (disk / "out/gatewright.lock.json").read_bytes()
        names, whole = files(disk), occupied(disk)
        failures = 0
        # From no room at all to room for all but the last archive.
        for share in (0.01, 0.2, 0.5, 0.8, 1.1):
            room = int(whole * share)
            subprocess.run(["mount", "-o", f"remount,size={whole + room}", disk], check=True)
            ended = subprocess.run(
                [XBUILD, *arguments, "--with=header"], env=workshop.environment, capture_output=True, text=True
            )
            failures += ended.returncode
            if ended.returncode:
                assert "no space left on device" in ended.stderr.lower(), ended.stderr
                assert (disk / "out/gatewright.lock.json").read_bytes() == lock
            assert files(disk) == names
        assert failures >= 3
        assert subprocess.run([disk / "out/bin/gatewright", "version"], capture_output=True).returncode == 0


@pytest.mark.parametrize("size", ["64k", "400k", "2m"])
def test_a_cache_on_a_full_disk_holds_only_whole_results(workshop, plugins, tmp_path, size):
    name = plugins["c++"]
    arguments = ["--bare", f"--with={name}={name}", "--with=respond", "--output", f"{tmp_path}/out"]
    environment = {**workshop.environment, "XBUILD_CACHE": str(tmp_path / "cache")}
    with small_disk(tmp_path / "cache", size) as is_mounted:
        if not is_mounted:
            workshop(*arguments, status=1, env=environment, preexec_fn=limit_files)
        else:
            workshop(*arguments, status=1, env=environment)
        assert files(tmp_path) == set()
        assert not list((tmp_path / "cache").glob("built/.*"))
        if is_mounted:
            subprocess.run(["mount", "-o", "remount,size=100m", tmp_path / "cache"], check=True)
        workshop(*arguments, env=environment)
    assert files(tmp_path) == {"out"}


# The Debian package


def test_the_debian_package_installs_answers_and_goes(workshop, distribution, plugins, run_distribution, tmp_path):
    arguments = [f"--with={name}={name}" for name in plugins.values()]
    workshop(*arguments, "--deb", "--output", f"{tmp_path}/out")
    (package,) = tmp_path.glob("*.deb")
    root = tmp_path / "system"
    for folder in ("info", "updates"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).write_text("")

    def dpkg(*arguments):
        forced = ["--force-depends", "--force-not-root", "--force-bad-path", "--force-script-chrootless"]
        return subprocess.run(
            ["dpkg", f"--root={root}", f"--log={tmp_path}/dpkg.log", *forced, *arguments],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    dpkg("--install", package)
    assert "Status: install ok installed" in dpkg("--status", "gatewright")
    assert (root / "lib/systemd/system/gatewright.service").is_file()
    config, port = site('greet_rust /rust "hi"\n respond "from the package"')
    assert (root / "usr/bin/gatewright").resolve() == root / "usr/lib/gatewright/bin/gatewright"
    run_distribution(root / "usr/lib/gatewright", config, port)
    assert fetch(port).body == b"from the package"
    assert b"hi" in fetch(port, target="/rust").body
    dpkg("--purge", "gatewright")
    assert not [path for path in root.rglob("*") if "gatewright" in path.name]


def test_the_debian_package_names_what_it_needs(workshop, tmp_path):
    workshop("--bare", "--with=respond", "--deb", "--output", f"{tmp_path}/out")
    (package,) = tmp_path.glob("*.deb")
    depends = subprocess.run(
        ["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True
    ).stdout.strip().split(", ")
    lock = json.loads((tmp_path / "out/gatewright.lock.json").read_text())
    owners = set()
    for library in lock["system_libraries"]:
        for folder in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/lib/aarch64-linux-gnu"):
            found = subprocess.run(["dpkg-query", "-S", f"{folder}/{library}"], capture_output=True, text=True).stdout
            owners |= {found.split(":")[0]} if found else set()
    assert set(depends) == owners
