"""header, respond, redir, error, abort, rewrite, uri, method and vars, from outside."""

import pytest

from support.client import Client, fetch
from support.gateway import run_command, site


@pytest.fixture
def seen(serve, upstream):
    """seen(directives, ...) is the request that reached an upstream behind these directives."""

    def send(directives, **request):
        server = upstream()
        _, port = serve(f"{directives}\nreverse_proxy {server.address}")
        assert fetch(port, **request).status == 200
        return server.next_request()

    return send


@pytest.mark.ours("Caddy passes other spellings of the field on")
@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("request_header -X-User-Id", None),
        ("request_header X-User-Id gateway", "gateway"),
        ("request_header -X-User-*", None),
        ("request_header -X_User_Id", None),
        ("vars v X-User-Id\nrequest_header {http.vars.v} gateway", "gateway"),
    ],
)
def test_a_field_is_changed_in_every_spelling(seen, directive, expected):
    """Backends that read fields the CGI way take X_User_Id for X-User-Id."""
    spellings = ["X-User-Id", "x_user-id", "X_User_Id", "X-USER_ID"]
    request = seen(directive, fields=[(name, "alice") for name in spellings])
    found = [value for name, value in request.fields if "user" in name.lower()]
    assert found == ([expected] if expected else [])


def test_an_error_keeps_its_status_in_its_routes(serve):
    _, port = serve("""error /teapot 418
error /own 418
handle_errors {
    @own path /own
    respond @own "own" 503
    respond "sorry"
}
respond fine""")
    assert fetch(port, target="/teapot").status == 418
    assert fetch(port, target="/own").status == 503
    assert fetch(port).status == 200


def test_header(serve, upstream):
    server = upstream(
        lambda connection: (
            connection.read_request()
            and connection.respond(
                fields=[
                    ("Server", "upstream"),
                    ("X-Old-1", "a"),
                    ("X-Old-2", "b"),
                    ("X-Text", "one two"),
                    ("X-Kept", "k"),
                ]
            )
        )
    )
    _, port = serve(f"""header {{
    -Server
    -X-Old-*
    +X-Added plus
    X-Set set
    X-Text two three
    >X-Late late
}}
header ?X-Kept default
header ?X-Default default
reverse_proxy {server.address}""")
    answer = fetch(port)
    expected = {
        "server": None,
        "x-old-1": None,
        "x-old-2": None,
        "x-added": "plus",
        "x-set": "set",
        "x-kept": "k",
        "x-default": "default",
        "x-text": "one three",
        "x-late": "late",
    }
    assert {name: answer.get(name) for name in expected} == expected


def test_header_with_a_matcher(serve):
    _, port = serve("header /a X-Where a\nrespond ok")
    assert (fetch(port, target="/a").get("x-where"), fetch(port, target="/b").get("x-where")) == (
        "a",
        None,
    )


def test_request_header(seen):
    request = seen(
        "request_header X-Set one\nrequest_header -X-Gone\nrequest_header X-Path {path}",
        target="/a/b",
        fields=[("X-Gone", "1")],
    )
    assert (request.get("x-set"), request.get("x-gone"), request.get("x-path")) == (
        "one",
        None,
        "/a/b",
    )


def test_respond(serve):
    _, port = serve(
        'respond /teapot "short" 418\nrespond /empty 204\nrespond "{method} {path} {query}"'
    )
    assert (fetch(port, target="/teapot").status, fetch(port, target="/teapot").body) == (
        418,
        b"short",
    )
    assert fetch(port, target="/empty").status == 204
    assert fetch(port, "POST", "/x?y=z", body="").body == b"POST /x y=z"


def test_respond_to_head_has_no_body(serve):
    _, port = serve("respond hello")
    with Client(port) as client:
        client.request("HEAD")
        answer = client.read_response("HEAD")
        assert (answer.status, answer.get("content-length")) == (200, "5")
        client.request()
        assert client.read_response().body == b"hello"


def test_abort(serve):
    _, port = serve("abort")
    answer = fetch(port)
    assert answer.status is None and answer.broken


def test_error(serve):
    _, port = serve('error "not here" 404')
    assert fetch(port).status == 404


@pytest.mark.parametrize(
    "code,status", [("", 302), ("301", 301), ("permanent", 301), ("temporary", 302), ("308", 308)]
)
def test_redir(serve, code, status):
    _, port = serve(f"redir * https://{{host}}{{uri}} {code}")
    answer = fetch(port, target="/a?b=c")
    assert (answer.status, answer.get("location")) == (status, "https://gateway.test/a?b=c")


@pytest.mark.parametrize(
    "directive,target,expected",
    [
        ("rewrite /new", "/old", "/new"),
        ("rewrite /new", "/old?a=b", "/new?a=b"),
        ("rewrite /new?c=d", "/old?a=b", "/new?c=d"),
        ("rewrite * /prefix{uri}", "/old?a=b", "/prefix/old?a=b"),
        ("rewrite /only/* /new", "/other", "/other"),
        ("uri strip_prefix /api", "/api/v1/models", "/v1/models"),
        ("uri strip_suffix .json", "/models.json", "/models"),
        ("uri replace /a/ /b/", "/a/a/x", "/b/a/x"),
        (r"uri path_regexp /v\d+/ /v9/", "/v1/models", "/v9/models"),
    ],
)
def test_rewrite_and_uri(seen, directive, target, expected):
    assert (
        seen(directive.replace("rewrite /new", "rewrite * /new"), target=target).target == expected
    )


def test_uri_replace_takes_every_occurrence(seen):
    assert seen("uri replace b c", target="/abab").target == "/acac"


def test_method(seen):
    assert seen("method PUT", method="POST", body="x").method == "PUT"


def test_vars(serve):
    _, port = serve('vars model large\nvars /small model small\nrespond "{vars.model}"')
    assert (fetch(port, target="/").body, fetch(port, target="/small").body) == (b"large", b"small")


MATCHERS = {
    "path": (
        "path /a /b/*",
        [dict(target="/a"), dict(target="/b/c")],
        [dict(target="/a/b"), dict(target="/c")],
    ),
    "method": ("method GET POST", [dict(), dict(method="POST", body="")], [dict(method="DELETE")]),
    "host": (
        "host *.one.test two.test",
        [dict(host="x.one.test"), dict(host="TWO.test:80")],
        [dict(host="one.test")],
    ),
    "header": (
        "header X-Key a*",
        [dict(fields=[("x-key", "abc")])],
        [dict(), dict(fields=[("X-Key", "ba")])],
    ),
    "absent header": ("header !X-Key", [dict()], [dict(fields=[("X-Key", "")])]),
    "query": (
        "query a=1 b=*",
        [dict(target="/?a=1&b=2")],
        [dict(target="/?a=2&b=2"), dict(target="/")],
    ),
    "protocol": ("protocol http", [dict()], []),
    "remote_ip": ("remote_ip 127.0.0.0/8", [dict()], []),
    "not": ("not path /a*", [dict(target="/b")], [dict(target="/a")]),
    "path_regexp": (r"path_regexp ^/v(\d)/", [dict(target="/v1/x")], [dict(target="/vx/")]),
    "expression of two": (
        "path /a*\n method GET",
        [dict(target="/a")],
        [dict(target="/a", method="POST", body="")],
    ),
}


@pytest.mark.parametrize("name", MATCHERS)
def test_matchers(serve, name):
    matcher, hits, misses = MATCHERS[name]
    _, port = serve(f"@m {{\n {matcher}\n}}\nrespond @m hit\nrespond miss 404")
    assert [fetch(port, **request).status for request in hits] == [200] * len(hits)
    assert [fetch(port, **request).status for request in misses] == [404] * len(misses)


def test_the_first_handle_that_matches_wins(serve):
    _, port = serve(
        'handle_path /api/* {\n respond "api {uri}"\n}\nhandle /api {\n respond exact\n}\n'
        "handle {\n respond rest\n}"
    )
    assert fetch(port, target="/api/x?y=1").body == b"api /x?y=1"
    assert fetch(port, target="/api").body == b"exact"
    assert fetch(port, target="/other").body == b"rest"


def test_route_keeps_the_written_order(serve):
    _, port = serve('route {\n respond /a first\n rewrite * /b\n respond "{path}"\n}')
    assert (fetch(port, target="/a").body, fetch(port, target="/x").body) == (b"first", b"/b")


def test_pipelined_requests_are_answered_in_order(serve):
    _, port = serve('respond "{path}"')
    with Client(port) as client:
        client.send(
            "".join(f"GET /{number} HTTP/1.1\r\nHost: gateway.test\r\n\r\n" for number in range(50))
        )
        assert [client.read_response().body for _ in range(50)] == [
            b"/%d" % number for number in range(50)
        ]


@pytest.mark.ours("Caddy takes an empty credential")
def test_an_empty_credential_for_the_upstream_is_refused(tmp_path):
    text, _ = site('request_header Authorization "Bearer {$NO_SUCH_KEY}"\nrespond "in"')
    (tmp_path / "Caddyfile").write_text(text)
    result = run_command(tmp_path, "validate", "--config", "Caddyfile")
    assert result.returncode == 1
    assert "the credential in Authorization is empty" in result.stderr
