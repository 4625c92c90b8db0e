"""Exported C functions as placeholders and matchers: types, arguments, crashes, mistakes."""

import json
import signal
import subprocess

import pytest

from support.client import fetch
from support.gateway import ROOT, run_command, site
from support.waiting import wait_until

pytestmark = pytest.mark.ours("Caddy has nothing like it")

SOURCE = ROOT / "Tests/Fixtures/plugins/geo.c"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geo")
    path = folder / "libgeo.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", SOURCE, "-o", path], check=True)
    return path


@pytest.fixture
def evaluate(serve, library):
    """evaluate(lines of the block, text) serves the text; returns a function of target and fields."""

    def evaluate(functions, text):
        body = f'respond `{text}`'
        gateway, port = serve(body, options=f"functions {library} {{\n{functions}\n}}\n")
        return gateway, lambda target="/", **more: fetch(port, target=target, **more)

    return evaluate


@pytest.mark.parametrize(
    "line, expected",
    [
        ("country v:z {remote_host}", "home"),
        ("is_bot v:b {query.a}", "false"),
        ("equal zz:b same same", "true"),
        ("count z:i {query.a}", "5"),
        ("all vziIuUdb:z {query.a} text -7 -8000000000 4000000000 18000000000000000000 1.5 true",
         "v-1-w|text|-7|-8000000000|4000000000|18000000000000000000|1.5|1"),
        ("negative i:i 2147483647", "-2147483647"),
        ("wide I:I -9223372036854775807", "-9223372036854775808"),
        ("more u:u 4294967294", "4294967295"),
        ("most U:U 18446744073709551615", "18446744073709551615"),
        ("half d:d 3", "1.5"),
        ("middle v:v {query.a}", "-1-"),
        ("reversed v:w {query.a}", "w-1-v"),
        ("doubled z:o ab {\nfree give_back\n}", "abab"),
        ("has_request r:b", "true"),
        ("alias z:i four {\nsymbol count\n}", "4"),
    ],
    ids=lambda value: value.split()[0],
)
def test_types(evaluate, line, expected):
    _, get = evaluate(line, "{geo." + line.split()[0] + "}")
    assert get("/?a=v-1-w").body.decode() == expected


def test_a_null_result_is_no_value(evaluate):
    _, get = evaluate("country v:z {query.from}", "<{geo.country}>")
    assert get("/?from=127.0.0.1").body == b"<home>"
    assert get("/?from=10.0.0.1").body == b"<{geo.country}>"


def test_owned_results_are_given_back(evaluate):
    functions = "doubled z:o ab {\nfree give_back\n}\nalive :i"
    _, get = evaluate(functions, "{geo.doubled}{geo.doubled} {geo.alive}")
    assert [get().body for _ in range(3)] == [b"abababab 0"] * 3


def test_matchers(serve, library):
    options = f"functions {library} g {{\nis_bot v:b {{header.User-Agent}}\ncount z:i x\n}}\n"
    body = """
        @bot function g.is_bot
        @named function g.is_bot {query.agent}
        respond @bot bot 403
        respond @named named
        respond people
    """
    _, port = serve(body, options=options)
    assert fetch(port, fields=[("User-Agent", "bot/1")]).status == 403
    assert fetch(port, target="/?agent=bot").body == b"named"
    assert fetch(port, fields=[("User-Agent", "Mozilla")]).body == b"people"


CRASHES = [
    ("segv z:z {query.a}", "", "SIGSEGV"),
    ("abandon z:z {query.a}", "x", "SIGABRT"),
    ("divide i:i 0{query.a}", "", "SIGFPE"),
    ("endless i:i 1", "", "SIGSEGV"),
    ("null_leaf z:b {query.a}", "x", "SIGSEGV"),
    ("broken_pointer :z", "", "SIGSEGV"),
]


@pytest.mark.parametrize("line, argument, name", CRASHES, ids=lambda value: value.split(" ")[0])
def test_a_crash_ends_the_request_and_the_function(evaluate, line, argument, name):
    function = line.split()[0]
    gateway, get = evaluate(f"{line}\ncount z:i abc", "{geo." + function + "}")
    gateway.expect_log("a function crashed")
    if function == "abandon":
        assert get("/?a=y").body == b"fine"
    assert get(f"/?a={argument}").status == 500
    record = json.loads(gateway.wait_for_log("a function crashed"))
    assert record["function"] == f"geo.{function}" and record["signal"] == name
    assert record["library"].endswith("libgeo.so")
    # Poisoned: not called again, and said once. The process goes on.
    assert get(f"/?a={argument}").status == 500
    assert len([line for line in gateway.lines if "a function crashed" in line]) == 1
    gateway.signal(signal.SIGUSR1)
    gateway.wait_for_log('"reloaded"')
    if function == "abandon":
        wait_until(lambda: get("/?a=y").body == b"fine", 5, "a function that is tried again")


def test_other_functions_go_on_after_a_crash(evaluate):
    gateway, get = evaluate("divide i:i {query.by}\ncount z:i abc", "{geo.count} {geo.divide}")
    gateway.expect_log("a function crashed")
    assert get("/?by=2").body == b"3 3"
    assert get("/?by=0").status == 500
    for _ in range(50):
        assert get("/?by=1").status == 500


def test_a_crash_inside_the_allocator_is_not_survived(evaluate):
    gateway, get = evaluate("double_free z:b {query.a}", "{geo.double_free}")
    gateway.expect_log("where it cannot be left", "free\\(\\)", "crash", "SIGABRT")
    assert get("/?a=y").body == b"true"
    assert get("/?a=x").status is None
    assert gateway.process.wait(10) == -signal.SIGABRT
    gateway.wait_for_log("where it cannot be left")


@pytest.mark.parametrize(
    "line, target, status",
    [
        ("too_long :z", "/", 500),
        ("reversed v:w {query.a} {\nsize 2\n}", "/?a=abc", 500),
        ("count z:i {query.a}", "/?a=%00", 400),
        ("negative i:i {query.a}", "/?a=2147483648", 400),
        ("negative i:i {query.a}", "/?a=x", 400),
        ("half d:d {query.a}", "/?a=1x", 400),
    ],
)
def test_what_does_not_fit_fails_the_request(evaluate, line, target, status):
    gateway, get = evaluate(line, "{geo." + line.split()[0] + "}")
    gateway.expect_log("a function gave more than")
    assert get(target).status == status


@pytest.mark.parametrize(
    "functions, expected",
    [
        ("country v {remote_host}", 'signature "v" of country is not valid'),
        ("country q:z {remote_host}", "has q as a parameter, expected one of v z i I u U d b r"),
        ("country v:q {remote_host}", "has q as a result, expected one of v z i I u U d b w o"),
        ("country v:z", "country takes 1 arguments (v), found 0"),
        ("country v:z a b", "country takes 1 arguments (v), found 2"),
        ("country vvvvvvvvv:z a b c d e f g h i", "has 9 parameters, at most 8"),
        ("countri v:z a", "exports no function countri"),
        ("value :i", "exports no function value"),
        ("doubled z:o a", "gives a result o, but free is missing"),
        ("doubled z:o a {\nfree nothing\n}", "exports no function nothing"),
        ("count z:i a {\nfree give_back\n}", "has free, which only a result o needs"),
        ("count z:i a {\nsize 0\n}", "size is 0, expected 1 to 65536"),
        ("count z:i a {\nsise 9\n}", 'did you mean "size"?'),
        ("count z:i a\ncount z:i b", "function count is given twice"),
        ("", "functions has no block with functions"),
    ],
)
def test_mistakes_are_named(scratch, library, functions, expected):
    text, _ = site("respond ok", options=f"functions {library} {{\n{functions}\n}}\n")
    (scratch / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate")
    assert ended.returncode == 1
    assert expected in ended.stderr, ended.stderr


@pytest.mark.parametrize(
    "body, expected",
    [
        ("respond {geo.cuont}", "not bound to a function of that name, known are geo.count"),
        ("@x function geo.cuont\nrespond @x yes", "no function geo.cuont is declared"),
        ("@x function geo.count a b\nrespond @x yes", "takes 1 arguments (z), found 2"),
        ("@x function\nrespond @x yes", "function needs the name of a function"),
    ],
)
def test_mistakes_in_uses_are_named(scratch, library, body, expected):
    text, _ = site(body, options=f"functions {library} {{\ncount z:i a\n}}\n")
    (scratch / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate")
    assert ended.returncode == 1
    assert expected in ended.stderr, ended.stderr


def other_machine(library):
    data = bytearray(library.read_bytes())
    data[18] = 0xB7 if data[18] != 0xB7 else 0x3E
    return bytes(data)


@pytest.mark.parametrize(
    "content, mode, expected",
    [
        (None, 0o644, "cannot be read: No such file or directory"),
        (lambda library: b"no library", 0o644, "is not a shared object"),
        (other_machine, 0o644, "is made for another architecture (aarch64, expected x86-64)"),
        (lambda library: library.read_bytes(), 0o666, "is writable by everybody"),
        (lambda library: library.read_bytes()[:9000], 0o644, "is truncated"),
    ],
    ids=["missing", "text", "machine", "writable", "cut"],
)
def test_a_library_that_cannot_be_used_is_named(scratch, library, content, mode, expected):
    path = scratch / "other.so"
    if content is not None:
        path.write_bytes(content(library))
        path.chmod(mode)
    text, _ = site("respond ok", options="functions ./other.so {\ncount z:i a\n}\n")
    (scratch / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate")
    assert ended.returncode == 1
    assert f"library ./other.so {expected}" in ended.stderr, ended.stderr


def test_relative_paths_count_from_the_configuration(scratch, library):
    folder = scratch / "conf"
    folder.mkdir()
    (folder / "libgeo.so").write_bytes(library.read_bytes())
    text, _ = site("respond {geo.count}", options="functions ./libgeo.so {\ncount z:i a\n}\n")
    (folder / "Caddyfile").write_text(text)
    ended = run_command(scratch, "validate", "--config", "conf/Caddyfile")
    assert ended.returncode == 0, ended.stderr


def test_the_json_is_as_documented(scratch, library):
    options = "functions ./libgeo.so geo {\nreversed v:w {host} {\nsize 64\n}\n}\n"
    text, _ = site("@x function geo.reversed a\nrespond @x yes", options=options)
    (scratch / "Caddyfile").write_text(text)
    http = json.loads(run_command(scratch, "adapt").stdout)["apps"]["http"]
    assert http["placeholders"] == [
        {
            "provider": "functions",
            "library": "./libgeo.so",
            "name": "geo",
            "functions": [
                {
                    "name": "reversed",
                    "signature": "v:w",
                    "arguments": ["{http.request.host}"],
                    "size": 64,
                }
            ],
        }
    ]
    match = http["servers"]["srv0"]["routes"][0]["match"]
    assert match == [{"function": {"name": "geo.reversed", "arguments": ["a"]}}]
