"""The checking host: what a plugin does against the contract is reported by plugin, call and rule."""

import re

import pytest

from support.client import fetch
from support.gateway import site
from support.plugins import fixture_plugins

pytestmark = pytest.mark.ours("Caddy has no such plugins")

#: Refused, and so reported, in every mode: what the plugin does, the call, a part of the rule.
ALWAYS = [
    ("respond-twice", "gw.http/1 respond", "respond has given the whole answer"),
    ("response-again", "gw.http/1 response", "called after respond"),
    ("respond-first", "gw.http/1 respond", "response comes first"),
    ("write-first", "gw.http/1 write", "start comes first"),
    ("start-twice", "gw.http/1 start", "start was called"),
    ("write-after-end", "gw.http/1 write", "ended with GW_WRITE_END"),
    ("emit-early", "gw.http/1 emit", "inside body hooks only"),
]

#: Found by the checking host.
CHECKED = [
    ("null-view", "gw.http/1 set_uri", "a view is memory"),
    ("bad-uri", "gw.http/1 set_uri", "an argument is not valid"),
    ("bad-status", "gw.http/1 response", "200 to 599"),
    ("bad-pool", "gw.upstream/1 attach", "a handle is one that lives"),
    ("loop-field-id", "gw.http/1 field_id", r"\[config\] only"),
    ("bad-scope", "gw.work/1 submit", "the scope is one of a living instance"),
    ("bad-worker", "gw.loop/1 post", "one of worker_count"),
    ("no-ticket", "gw.loop/1 resume", "0 is no ticket"),
    ("late-uri", "gw.http/1 set_uri", "used after on_complete"),
    ("late-field", "gw.http/1 field_add_named", "after its end"),
    ("late-attach", "gw.upstream/1 replayable", "used after on_complete"),
    ("pool-field", "gw.http/1 field_add_named", r"\[loop\] only.*the work pool"),
    ("pool-respond", "gw.http/1 response", r"\[loop\] only.*the work pool"),
    ("pool-attach", "gw.upstream/1 attach", r"\[loop\] only.*the work pool"),
    ("pool-call", "gw.client/1 call", r"\[loop\] only.*the work pool"),
    ("pool-cancel", "gw.client/1 cancel", r"\[loop\] only.*the work pool"),
    ("pool-submit", "gw.work/1 submit", r"\[loop\] \[config\].*the work pool"),
    ("pool-timer", "gw.loop/1 timer_start", r"\[loop\] \[config\].*the work pool"),
    ("pool-verdict", "gw.loop/1 resume", "only NEXT, LEAVE and negative"),
]


@pytest.fixture(scope="module")
def breaches(tmp_path_factory):
    return fixture_plugins(tmp_path_factory.mktemp("plugins"), "breach")


@pytest.fixture
def serve_breach(start, breaches):
    def serve(word, checks, body="respond ok"):
        text, port = site(f"route {{\nbreach {word}\n{body}\n}}")
        gateway = start(text, environment={**breaches, "GATEWRIGHT_CHECK": "1" if checks else "0"})
        gateway.expect_log("broke the contract")
        return gateway, port

    return serve


def reported(gateway, call, rule):
    gateway.wait_for_log("broke the contract")
    for record in gateway.records():
        if record.get("msg") == "plugin broke the contract" and record.get("call") == call:
            assert re.search(rule, record["rule"]), record
            return record.get("module") or record["plugin"]
    raise AssertionError(gateway.log_text())


@pytest.mark.parametrize("checks", [False, True], ids=["plain", "checking"])
@pytest.mark.parametrize("word, call, rule", ALWAYS, ids=[word for word, _, _ in ALWAYS])
def test_refused_calls_are_reported(serve_breach, word, call, rule, checks):
    gateway, port = serve_breach(word, checks)
    response = fetch(port)
    assert response.status == 200
    assert response.body in (b"one", b"ok")
    assert reported(gateway, call, rule) == "http.handlers.breach"


@pytest.mark.parametrize("word, call, rule", CHECKED, ids=[word for word, _, _ in CHECKED])
def test_the_checking_host_reports(serve_breach, word, call, rule):
    gateway, port = serve_breach(word, True)
    assert fetch(port).status == 200
    subject = reported(gateway, call, rule)
    # What names neither a request nor a scope that lives is nobody's, on a worker.
    is_anonymous = word in ("loop-field-id", "bad-scope", "bad-worker", "no-ticket")
    assert subject == ("unknown plugin" if is_anonymous else "http.handlers.breach")


@pytest.mark.parametrize("checks, found", [(True, "poisoned"), (False, "plausible")])
@pytest.mark.parametrize("word", ["stale-base", "stale-chunk"])
def test_stale_views_hold_no_plausible_bytes(serve_breach, upstream, word, checks, found):
    server = upstream()
    gateway, port = serve_breach(word, checks, f"reverse_proxy {server.address}")
    assert fetch(port, "POST", body=b"body").status == 200
    gateway.wait_for_log("breach: p")
    assert found in gateway.wait_for_log("breach: p")


def test_a_well_behaved_chain_has_nothing_to_report(start, upstream, breaches):
    server = upstream()
    text, port = site(
        "header X-Served yes\nrequest_header X-Seen yes\nuri strip_prefix /api\n"
        f"vars answer {{uri}}\nreverse_proxy {server.address} {{\n"
        "header_down X-Down {http.vars.answer}\n}"
    )
    gateway = start(text, environment={**breaches, "GATEWRIGHT_CHECK": "1"})
    for size in (0, 10, 100_000):
        response = fetch(port, "POST", "/api/x", body=b"b" * size)
        assert response.status == 200
        assert (response.get("X-Served"), response.get("X-Down")) == ("yes", "/api/x")
    assert "broke the contract" not in gateway.log_text()
