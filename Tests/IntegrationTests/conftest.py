"""Fixtures of the integration tests; README.md in this folder tells how to run one of them."""

import os
import pathlib
import socket

import pytest

from support.certificates import Authority
from support.chromium import Chromium
from support.crowds import CrowdUpstream
from support.gateway import IS_CADDY, PROGRAM, Gateway, site
from support.litellm_proxy import LiteLLM
from support.resolver import Resolver, Service
from support.upstreams import Upstream

#: Fixtures that several files share.
pytest_plugins = ["support.xbuild"]


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "ours(why): Caddy cannot do this, left out when it stands in"
    )
    config.addinivalue_line("markers", "soak: minutes long, run by make soak")
    config.addinivalue_line("markers", "speed: measures time, left out under sanitizers")
    if not os.access(PROGRAM, os.X_OK):
        raise pytest.UsageError(
            f"no program to test at {PROGRAM}: run make build or set GATEWRIGHT"
        )


def pytest_collection_modifyitems(config, items):
    """Leaves out what cannot run here, by deselection, so that no result reads as a pass."""

    def belongs(item):
        if IS_CADDY and item.get_closest_marker("ours"):
            return False
        return bool(item.get_closest_marker("soak")) == bool(os.environ.get("GATEWRIGHT_SOAK"))

    kept = [item for item in items if belongs(item)]
    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = kept


@pytest.fixture
def start(tmp_path):
    """start(config text, **options) runs a gateway; every one is stopped and checked at the end."""
    running = []

    def start_gateway(config, **options):
        folder = tmp_path / f"gateway{len(running)}"
        folder.mkdir()
        gateway = Gateway(folder, config, **options)
        running.append(gateway)
        return gateway.start()

    yield start_gateway
    complaints = []
    for gateway in running:
        try:
            if gateway.process.returncode is None:
                status = gateway.stop()
                if status != 0:
                    complaints.append(f"exit status {status} after SIGTERM\n{gateway.log_text()}")
        except AssertionError as error:
            complaints.append(str(error))
        finally:
            gateway.kill()
        complaints += [f"unexpected log record: {line}" for line in gateway.unexpected_log()]
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def serve(start):
    """serve(site body, options=global options) runs one plain site: (gateway, port)."""

    def serve_site(body, options="", **more):
        text, port = site(body, options=options)
        return start(text, **more), port

    return serve_site


@pytest.fixture
def upstream():
    """upstream(handler) starts a scripted server; all are stopped at the end."""
    running = []

    def start_upstream(handler=None, cls=Upstream, **options):
        server = cls(handler, **options) if handler else cls(**options)
        running.append(server)
        return server

    yield start_upstream
    for server in running:
        server.stop()
    failures = [failure for server in running for failure in server.failures]
    assert not failures, failures


@pytest.fixture
def crowd_upstream():
    server = CrowdUpstream()
    yield server
    server.stop()


@pytest.fixture
def resolve(start, tmp_path):
    """resolve(options of llm_resolver) serves names: a Resolver."""

    def serve_names(lines="", cache=None, behind="reverse_proxy {http.vars.upstream}", **more):
        cache = cache or tmp_path / "mappings" / "mappings.json"
        text, port = site(f"llm_resolver {{\n cache_file {cache}\n {lines}\n}}\n{behind}")
        return Resolver(start(text, **more), port, cache)

    return serve_names


@pytest.fixture
def service(tmp_path):
    """service("shop/api") starts a program in that folder; all are stopped at the end."""
    running = []

    def start_service(folder, **options):
        running.append(Service(tmp_path / "code" / folder, **options))
        return running[-1]

    yield start_service
    for program in running:
        program.stop()


@pytest.fixture
def browser(tmp_path):
    """browser() opens a headless Chromium; all are closed at the end."""
    running = []

    def start_browser(*arguments):
        folder = tmp_path / f"chromium{len(running)}"
        folder.mkdir()
        running.append(Chromium(folder, arguments))
        return running[-1]

    yield start_browser
    for each in running:
        each.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def litellm(tmp_path_factory):
    proxy = LiteLLM(tmp_path_factory.mktemp("litellm"))
    yield proxy
    proxy.stop()


@pytest.fixture
def names_are_local(monkeypatch):
    """Every example.com and .test name resolves to this machine, for clients in this process."""
    resolve = socket.getaddrinfo

    def resolve_locally(host, *arguments, **options):
        name = host.decode() if isinstance(host, bytes) else host
        if name and (name.endswith(".example.com") or name.endswith(".test")):
            host = "127.0.0.1"
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_locally)


@pytest.fixture
def scratch(tmp_path):
    """An empty folder for commands that do not serve."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return pathlib.Path(folder)
