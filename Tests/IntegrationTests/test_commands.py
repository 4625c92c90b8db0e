"""The commands beside `run`: their flags, what they print where, and exit statuses like Caddy's."""

import json
import socket

import bcrypt
import pytest

from support.gateway import gateway_environment, run_command

GOOD = 'http://:8080 {\n\trespond "hello" 200\n}\n'
BAD = 'http://:8080 {\n\trespnd "hello" 200\n}\n'


@pytest.fixture
def good(scratch):
    path = scratch / "Caddyfile"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(scratch):
    path = scratch / "bad.caddyfile"
    path.write_text(BAD)
    return path


def test_version(scratch):
    ended = run_command(scratch, "version")
    assert ended.returncode == 0 and any(character.isdigit() for character in ended.stdout)


def test_environ(scratch):
    ended = run_command(scratch, "environ", environment={"SOME_VARIABLE": "some value"})
    assert ended.returncode == 0 and "SOME_VARIABLE=some value" in ended.stdout.splitlines()


def test_no_command_and_help(scratch):
    for arguments in ((), ("help",), ("--help",)):
        ended = run_command(scratch, *arguments)
        assert ended.returncode == 0
        assert all(
            command in ended.stdout for command in ("run", "adapt", "validate", "hash-password")
        )


def test_an_unknown_command(scratch):
    ended = run_command(scratch, "rnu")
    assert ended.returncode == 1 and "rnu" in ended.stderr


def test_an_unknown_flag(scratch, good):
    ended = run_command(scratch, "adapt", "--confg", str(good))
    assert ended.returncode == 1 and "confg" in ended.stderr


def test_adapt(scratch, good):
    ended = run_command(scratch, "adapt", "--config", str(good))
    server = json.loads(ended.stdout)["apps"]["http"]["servers"]["srv0"]
    assert ended.returncode == 0 and server["listen"] == [":8080"]
    assert ended.stdout.strip().count("\n") == 0


def test_adapt_pretty(scratch, good):
    ended = run_command(scratch, "adapt", "--config", str(good), "--pretty")
    assert ended.returncode == 0 and ended.stdout.startswith('{\n\t"apps"')


def test_adapt_reads_the_caddyfile_of_this_folder(scratch, good):
    assert (
        run_command(scratch, "adapt").stdout
        == run_command(scratch, "adapt", "--config", str(good)).stdout
    )


def test_adapt_reads_standard_input(scratch, good):
    piped = run_command(scratch, "adapt", "--config", "-", "--adapter", "caddyfile", text=GOOD)
    assert json.loads(piped.stdout) == json.loads(
        run_command(scratch, "adapt", "--config", str(good)).stdout
    )


def test_adapt_reads_an_envfile(scratch):
    (scratch / "Caddyfile").write_text("http://:{$PORT_OF_FILE} {\n\trespond {$SET_ALREADY}\n}\n")
    (scratch / "variables").write_text("# a comment\nPORT_OF_FILE=9090\nSET_ALREADY=from-file\n")
    ended = run_command(
        scratch, "adapt", "--envfile", "variables", environment={"SET_ALREADY": "kept"}
    )
    assert ended.returncode == 0, ended.stderr
    assert ":9090" in ended.stdout and "kept" in ended.stdout and "from-file" not in ended.stdout


@pytest.mark.parametrize("command", ["adapt", "validate"])
def test_a_bad_config_is_refused(command, scratch, bad):
    ended = run_command(scratch, command, "--config", str(bad))
    assert ended.returncode == 1
    assert "respnd" in ended.stderr and ended.stdout == ""


@pytest.mark.ours("Caddy gives no column, line text or suggestion")
def test_an_error_shows_the_place_and_a_suggestion(scratch, bad):
    message = run_command(scratch, "adapt", "--config", str(bad)).stderr
    assert "bad.caddyfile:2:2:" in message
    assert 'respnd "hello" 200' in message and "^" in message
    assert 'did you mean "respond"?' in message


@pytest.mark.parametrize(
    "command",
    [
        "adapt",
        "validate",
        pytest.param("run", marks=pytest.mark.ours("Caddy says nothing without a terminal")),
    ],
)
def test_a_missing_file(command, scratch):
    ended = run_command(scratch, command, "--config", "nowhere.caddyfile")
    assert ended.returncode == 1 and "nowhere.caddyfile" in ended.stderr + ended.stdout


def test_validate(scratch, good):
    ended = run_command(scratch, "validate", "--config", str(good))
    assert ended.returncode == 0, ended.stderr
    assert "Valid configuration" in ended.stdout


def test_validate_provisions(scratch):
    """A config that adapts but cannot be served is refused: here a certificate is missing."""
    (scratch / "Caddyfile").write_text(
        "https://site.test:8443 {\n\ttls /nowhere/cert.pem /nowhere/key.pem\n\trespond ok\n}\n"
    )
    assert run_command(scratch, "adapt").returncode == 0
    ended = run_command(scratch, "validate", "--config", "Caddyfile")
    assert ended.returncode == 1 and "/nowhere/" in ended.stderr


PROVISIONING_ERRORS = {
    "matcher": (
        ":1 {\n\t@x path_regexp bad [a\n\thandle /a* {\n\t\theader @x A b\n\t}\n}\n",
        '2:21: invalid regular expression "[a": missing ]: [a',
        "\t@x path_regexp bad [a",
    ),
    "nested handler": (
        ":1 {\n\thandle /a {\n\t\theader {\n\t\t\tFoo [b c\n\t\t}\n\t}\n}\n",
        "4:8: plugin header, module http.handlers.headers: create: invalid regular expression",
        "\t\t\tFoo [b c",
    ),
    "missing file": (
        ":1 {\n\treverse_proxy 127.0.0.1:1 {\n\t\ttransport http {\n\t\t\t"
        "tls_trust_pool file /nope/ca.pem\n\t\t}\n\t}\n}\n",
        "4:24: plugin reverse_proxy, module http.handlers.reverse_proxy: provision: ",
        "\t\t\ttls_trust_pool file /nope/ca.pem",
    ),
    "unset credential": (
        ":1 {\n\treverse_proxy 127.0.0.1:1 {\n\t\t"
        'header_up Authorization "Bearer {env.NO_SUCH_KEY}"\n\t}\n}\n',
        "2:2: plugin reverse_proxy, module http.handlers.reverse_proxy: create: "
        "the credential in Authorization is empty",
        "\treverse_proxy 127.0.0.1:1 {",
    ),
    "the same matcher twice": (
        ":1 {\n\t@a path /a\n\t@b path /a\n\trequest_header @a A b\n"
        "\trequest_header @b [c [d e\n}\n",
        "5:23: plugin header",
        "\trequest_header @b [c [d e",
    ),
}


@pytest.mark.parametrize("name", PROVISIONING_ERRORS)
@pytest.mark.parametrize("command", ["validate", "run"])
def test_what_cannot_be_provisioned_shows_its_place(command, scratch, name):
    text, message, line = PROVISIONING_ERRORS[name]
    path = scratch / "wrong.caddyfile"
    path.write_text(text)
    ended = run_command(scratch, command, "--config", str(path))
    assert ended.returncode == 1
    assert f"{path}:{message}" in ended.stderr
    assert f"\n    {line}\n" in ended.stderr


def test_validate_json(scratch, good):
    adapted = run_command(scratch, "adapt", "--config", str(good)).stdout
    (scratch / "config.json").write_text(adapted)
    assert run_command(scratch, "validate", "--config", "config.json").returncode == 0
    (scratch / "config.json").write_text(adapted.replace("static_response", "no_such_handler"))
    ended = run_command(scratch, "validate", "--config", "config.json")
    assert ended.returncode == 1 and "no_such_handler" in ended.stderr


def test_fmt_prints_and_tells_by_its_status(scratch):
    path = scratch / "Caddyfile"
    path.write_text('http://:8080 {\nrespond   "a  b"\n\n\n}\n')
    ended = run_command(scratch, "fmt", str(path))
    assert ended.returncode == 1
    assert ended.stdout == 'http://:8080 {\n\trespond "a  b"\n}\n'
    assert run_command(scratch, "fmt", "--overwrite", str(path)).returncode == 0
    assert path.read_text() == ended.stdout
    assert run_command(scratch, "fmt", str(path)).returncode == 0


def test_fmt_reads_standard_input(scratch):
    ended = run_command(scratch, "fmt", "-", text="a {\nb\n}\n")
    assert ended.stdout == "a {\n\tb\n}\n"


def test_fmt_diff(scratch):
    (scratch / "Caddyfile").write_text("a {\nb\n}\n")
    ended = run_command(scratch, "fmt", "--diff", "Caddyfile")
    assert "- b" in ended.stdout and "+ \tb" in ended.stdout


def test_hash_password(scratch):
    ended = run_command(scratch, "hash-password", "--plaintext", "secret", "--bcrypt-cost", "5")
    assert ended.returncode == 0
    hashed = ended.stdout.strip()
    assert hashed.split("$")[2] == "05" and bcrypt.checkpw(b"secret", hashed.encode())


def test_hash_password_reads_standard_input(scratch):
    hashed = run_command(
        scratch, "hash-password", "--bcrypt-cost", "5", text="secret\n"
    ).stdout.strip()
    assert bcrypt.checkpw(b"secret", hashed.encode())


def test_hash_password_of_nothing(scratch):
    ended = run_command(scratch, "hash-password", "--plaintext", "", text="")
    assert ended.returncode == 1 and ended.stdout.strip() == ""


def test_list_modules(scratch):
    modules = run_command(scratch, "list-modules").stdout.split()
    for module in (
        "http.handlers.headers",
        "http.handlers.authentication",
        "http.handlers.reverse_proxy",
        "http.handlers.static_response",
        "http.handlers.rewrite",
        "http.handlers.vars",
    ):
        assert module in modules


@pytest.mark.ours("Caddy's modules are compiled in")
def test_a_missing_plugin_folder_names_the_missing_directive(scratch, good):
    environment = {"GATEWRIGHT_PLUGINS": str(scratch / "empty")}
    (scratch / "empty").mkdir()
    ended = run_command(scratch, "validate", "--config", str(good), environment=environment)
    assert ended.returncode == 1 and "respond" in ended.stderr


@pytest.mark.ours("Caddy says nothing without a terminal")
def test_run_refuses_a_bad_config(scratch, bad):
    ended = run_command(scratch, "run", "--config", str(bad))
    assert ended.returncode == 1 and "respnd" in ended.stderr


def test_run_refuses_a_port_in_use(scratch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (scratch / "Caddyfile").write_text(
            f"{{\n\tadmin off\n}}\nhttp://:{port} {{\n\tbind 127.0.0.1\n\trespond ok\n}}\n"
        )
        ended = run_command(scratch, "run", "--config", "Caddyfile")
    assert ended.returncode == 1 and str(port) in ended.stderr


def test_the_state_stays_in_the_data_directory(scratch, good):
    """Nothing is written outside XDG_DATA_HOME and XDG_CONFIG_HOME."""
    before = set(scratch.iterdir())
    run_command(scratch, "validate", "--config", str(good))
    environment = gateway_environment(scratch)
    allowed = {environment["XDG_DATA_HOME"], environment["XDG_CONFIG_HOME"]}
    assert {str(path) for path in set(scratch.iterdir()) - before} <= allowed
