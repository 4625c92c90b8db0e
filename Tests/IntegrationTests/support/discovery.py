"""A gateway with the plugin that shows what the service discovery/1 gives."""

import json

from .client import fetch
from .gateway import site
from .plugins import fixture_plugins
from .waiting import wait_until


class Listing:
    """What one gateway discovers."""

    def __init__(self, start, folder, **environment):
        folder.mkdir(exist_ok=True)
        # Engines of the machine that runs the tests stay out of it.
        environment = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), **environment}
        environment.update(fixture_plugins(folder, "discovery_list"))
        text, self.port = site("discovery_list")
        self.gateway = start(text, environment=environment)

    def get(self, target="/"):
        answer = fetch(self.port, target=target)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def on_port(self, port, target="/"):
        """The processes that listen on a port, after a look."""
        return [
            each
            for each in self.get(target)["candidates"]
            if each["kind"] == "process" and each["port"] == port
        ]

    def process(self, port, target="/"):
        """The one process on a port, as soon as it is there."""
        found = wait_until(lambda: self.on_port(port, target), 10, f"a process on {port}")
        assert len(found) == 1, found
        return found[0]

    def container(self, name, port=None, target="/now"):
        """One port of a container as the engine's events tell it; None when it is not there."""
        for each in self.get(target)["candidates"]:
            if each["name"] == name and port in (None, each["port"]):
                return each
        return None

    def expect_container(self, name, port=None):
        return wait_until(lambda: self.container(name, port), 20, f"container {name}")
