"""xbuild as a new user meets it: a plugin in each language, a gateway of one's own, and what goes wrong."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from support.client import fetch
from support.gateway import ROOT, site
from support.waiting import wait_until
from support.xbuild import LANGUAGES, XBUILD, write_program

pytestmark = pytest.mark.ours("Caddy has xcaddy")

README = (ROOT / "PluginSDK/README.md").read_text()


def test_the_readme_has_the_commands_that_are_tested_here():
    for command in ("xbuild new greet --language", "xbuild test greet", "xbuild --with greet=greet"):
        assert command in README


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_plugin_conforms(workshop, plugins, language):
    report = json.loads(workshop("test", plugins[language], "--json", "--quiet"))
    assert report["conforms"], report
    groups = {result["group"] for result in report["results"]}
    assert {"life cycle", "requests of test.json", "whole and fragments", "leaks"} <= groups


def test_plugins_in_every_language_answer_in_a_moved_gateway(distribution, plugins, run_distribution):
    directives = "\n".join(f'\t{name} /{name} "hi"' for name in plugins.values())
    config, port = site(directives + "\n\trespond standard")
    process = run_distribution(distribution, config, port)
    assert fetch(port).body == b"standard"
    for name in plugins.values():
        assert b"hi" in fetch(port, target=f"/{name}").body
    mapped = pathlib.Path(f"/proc/{process.pid}/maps").read_text()
    swift = set(re.findall(r"/\S.*/libswift\w+\.so", mapped))
    assert swift and all(str(distribution) in path for path in swift), swift


@pytest.fixture
def copied(distribution, tmp_path):
    return pathlib.Path(shutil.copytree(distribution, tmp_path / "copy"))


def validate(distribution, *arguments):
    (distribution / "empty.json").write_text("{}")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWRIGHT")}
    return subprocess.run(
        [distribution / "bin/gatewright", "validate", "--config", distribution / "empty.json", *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )


def test_the_lock_refuses_a_changed_and_a_strange_plugin(copied):
    assert validate(copied).returncode == 0
    plugin = copied / "plugins/greet_c.so"
    changed = plugin.read_bytes() + b"\0"
    plugin.write_bytes(changed)
    refused = validate(copied)
    assert refused.returncode == 1
    lock = json.loads((copied / "gatewright.lock.json").read_text())
    (entry,) = [entry for entry in lock["plugins"] if entry["name"] == "greet_c"]
    assert "plugins/greet_c.so has SHA-256" in refused.stderr and entry["sha256"] in refused.stderr
    assert validate(copied, "--allow-unlocked-plugins").returncode == 0
    lock["plugins"].remove(entry)
    (copied / "gatewright.lock.json").write_text(json.dumps(lock))
    assert "is not in" in validate(copied).stderr


def test_a_plugin_out_of_git_is_locked_at_its_commit(workshop, plugins, tmp_path):
    repository = tmp_path / "repository"
    shutil.copytree(workshop.folder / plugins["c"], repository / "plugins/greet_c")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(
            ["git", "-C", repository, *identity, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "one")
    git("tag", "v1")
    for address in (f"file://{repository}", str(repository), os.path.relpath(repository, workshop.folder)):
        workshop("--bare", f"--with=greet_c@v1={address}#plugins/greet_c", "--with=respond", "--output", "git")
        lock = json.loads((workshop.folder / "git/gatewright.lock.json").read_text())
        (entry,) = [entry for entry in lock["plugins"] if entry["name"] == "greet_c"]
        assert entry["source"]["revision"] == git("rev-parse", "HEAD")
        assert entry["source"]["folder"] == "plugins/greet_c"
    said = workshop("--bare", f"--with=greet_c@v9=file://{repository}", "--output", "git9", status=1)
    assert 'no tag, branch or commit "v9"' in said


# What goes wrong


def shared_object(path, source):
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", path], input=source, text=True, check=True)


MANIFEST = json.dumps(
    {"name": "bad", "version": "1", "abi": {"major": 1, "min_minor": 0}, "modules": [], "permissions": ["process"]}
).replace('"', '\\"')
MANIFEST_SOURCE = (
    f'__attribute__((used, section(".gwmanifest"))) static const char manifest[] = "{MANIFEST}";\n'
    "const void *gw_plugin_entry_v1(const void *boot) { return 0; }\n"
)


@pytest.mark.parametrize(
    "body, told",
    [("_exit(0);", "status 0"), ("_exit(7);", "status 7"), ("__builtin_trap();", "signal")],
)
def test_a_hostile_constructor_is_named_and_leaves_nothing(workshop, tmp_path, body, told):
    shared_object(
        tmp_path / "bad.so",
        "void _exit(int);\n__attribute__((constructor)) static void start(void) { " + body + " }\n" + MANIFEST_SOURCE,
    )
    said = workshop("--bare", "--with", f"bad={tmp_path}/bad.so", "--output", f"{tmp_path}/out", status=1)
    assert "plugin bad" in said and told in said
    assert os.listdir(tmp_path) == ["bad.so"]


def test_broken_sources_show_the_compiler_and_leave_nothing(workshop, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/bad.c").write_text("int broken = ;\n")
    said = workshop("--bare", f"--with=bad={tmp_path}/bad", "--output", f"{tmp_path}/out", status=1)
    assert "plugin bad: bad.c does not compile" in said and "bad.c:1:14" in said
    assert os.listdir(tmp_path) == ["bad"]


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--with", "respnd"], 'did you mean "respond"?'),
        (["--with", "x=/nonexistent"], "no such file or folder"),
        (["--with", "lib=x"], "is no name of a plugin"),
        (["--with", "respond", "--with", "respond"], "twice"),
        (["--mode", "static"], "expected shared, island or embedded"),
        (["--source", "/"], "is no checkout of Gatewright"),
        (["--output", "/proc"], "no distribution of xbuild"),
        (["new", "a-b", "--language", "c"], "is no name for a plugin"),
        (["new", "respond", "--language", "c"], "is a plugin of Gatewright"),
        (["new", "fine", "--language", "cobol"], "expected one of c, c++"),
        (["new", ".", "--language", "c"], "is no name for a plugin"),
    ],
)
def test_mistakes_are_told(workshop, arguments, told):
    assert told in workshop(*arguments, status=1)


def test_a_file_that_was_put_into_a_distribution_is_not_lost(workshop, copied):
    (copied / "plugins/Caddyfile").write_text("precious")
    said = workshop("--with", "respond", "--output", str(copied), status=1)
    assert "holds plugins/Caddyfile" in said
    assert (copied / "plugins/Caddyfile").read_text() == "precious"


def test_new_does_not_touch_a_folder_that_holds_something(workshop, tmp_path):
    (tmp_path / "mine").write_text("precious")
    said = workshop("new", "fresh", "--language", "c", "--output", str(tmp_path), status=1)
    assert "not empty" in said and os.listdir(tmp_path) == ["mine"]


def test_a_missing_toolchain_is_named(workshop, plugins, tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("cc", "git", "tar"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    environment = {**workshop.environment, "PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    said = workshop("test", plugins["rust"], "--gateway", "/", status=1, env=environment)
    assert "cargo, which builds Rust" in said and "rustup.rs" in said


def test_an_interrupted_build_leaves_nothing(workshop, tmp_path):
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/slow.c").write_text("int slow;\n")
    # A compiler that never ends stands for a long build.
    write_program(tmp_path / "cc", f"touch {tmp_path}/started\nexec sleep 600")
    environment = {**workshop.environment, "CC": str(tmp_path / "cc"), "XBUILD_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(
        [XBUILD, "--bare", f"--with=slow={tmp_path}/slow", "--output", f"{tmp_path}/out"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until((tmp_path / "started").exists, 60, "the compiler")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1 and "interrupted" in said
    assert not list(tmp_path.glob("*out*")) and not list((tmp_path / "cache/built").glob(".*"))


# check and test


def test_check_tells_what_is_wrong(workshop, distribution, tmp_path):
    assert "no errors" in workshop("check", str(distribution / "plugins/greet_rust.so"))
    shared_object(
        tmp_path / "bad.so",
        "int SSL_new(void) { return 0; }\nint helper(void) { return 1; }\nint missing(void);\n"
        "int use(void) { return missing(); }\n" + MANIFEST_SOURCE,
    )
    report = json.loads(workshop("check", str(tmp_path / "bad.so"), "--json", status=1))
    rules = {finding["rule"] for finding in report["findings"] if finding["severity"] == "error"}
    assert {"exports", "imports"} <= rules
    assert any("SSL_new" in finding["message"] for finding in report["findings"])
    (tmp_path / "text.so").write_text("no object")
    assert "no ELF header" in workshop("check", str(tmp_path / "text.so"), status=1)


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("status = http->respond(request, body);", "__builtin_trap();", "signal"),
        ("static void hello_cleanup(void *instance) { free(instance); }",
         "static void hello_cleanup(void *instance) { free(instance); free(instance); }", "signal"),
        ("else if (whole.count != 1)", "else if (whole.count > 99)", "nobody reads"),
        ("gw_view body;", "gw_view body; if (malloc(65536) == NULL) return GW_E_LIMIT;", "memory"),
    ],
)
def test_the_suite_finds_what_is_broken(workshop, plugins, tmp_path, old, new, told):
    broken = tmp_path / "greet_c"
    shutil.copytree(workshop.folder / plugins["c"], broken)
    source = (broken / "hello.c").read_text()
    assert old in source
    (broken / "hello.c").write_text(source.replace(old, new))
    said = workshop("test", str(broken), status=1)
    assert "does not conform" in said and told in said
