"""Names of upstreams are looked up apart from other blocking work."""

import contextlib
import pathlib

import pytest

from support.client import Client, fetch
from support.preload import compile_preload
from support.waiting import wait_until

#: "alice", "wonderland", at the lowest cost.
HASH = "$2a$04$HIL.fg98fgRE.TKVpHLipu3.EE.nzIbRkvvZwYL.1GeraGCnr7OUy"
NAMES = 30

pytestmark = pytest.mark.ours("Caddy's resolver is not the system's")


@pytest.fixture
def hanging(tmp_path):
    """Environment of a gateway whose look-ups of *.hangs.test hang, and the end of that."""
    release = tmp_path / "release"
    library = compile_preload("Resolver/hanging_resolver.c", tmp_path)
    return {"LD_PRELOAD": str(library), "HANGING_RESOLVER": str(release)}, release


def ask(stack, port, name):
    """A request whose upstream has that name, on a connection of its own."""
    client = stack.enter_context(Client(port, seconds=20))
    client.request(target="/named", fields=[("X-Upstream", name)])
    return client


def threads_named(pid, name):
    """How many threads of a process have that name."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum((task / "comm").read_text().strip() == name for task in tasks)


SITE = """
handle /named {
    reverse_proxy {http.request.header.X-Upstream}:%(port)d {
        transport http {
            dial_timeout 15s
        }
    }
}
basic_auth /login {
    alice %(hash)s
}
respond /login "in"
"""


def test_a_resolver_that_hangs_holds_up_no_login(serve, upstream, hanging):
    environment, release = hanging
    server = upstream()
    body = SITE % {"port": server.port, "hash": HASH}
    gateway, port = serve(body, environment=environment)
    with contextlib.ExitStack() as stack:
        clients = [ask(stack, port, f"n{number}.hangs.test") for number in range(NAMES)]
        wait_until(lambda: threads_named(gateway.pid, "gw-lookup") == 8, 5, "look-ups")
        # "alice:wonderland"
        login = [("Authorization", "Basic YWxpY2U6d29uZGVybGFuZA==")]
        answer = fetch(port, target="/login", fields=login)
        assert (answer.status, answer.body) == (200, b"in")
        release.touch()
        assert [client.read_response().status for client in clients] == [200] * NAMES


def test_requests_for_one_name_share_a_lookup(serve, upstream, hanging):
    environment, release = hanging
    server = upstream()
    body = SITE % {"port": server.port, "hash": HASH}
    gateway, port = serve(body, environment={**environment, "GATEWRIGHT_WORKERS": "4"})
    with contextlib.ExitStack() as stack:
        clients = [ask(stack, port, "one.hangs.test") for _ in range(40)]
        other = ask(stack, port, "localhost")
        assert other.read_response().status == 200
        assert threads_named(gateway.pid, "gw-lookup") <= 2
        release.touch()
        assert [client.read_response().status for client in clients] == [200] * 40
