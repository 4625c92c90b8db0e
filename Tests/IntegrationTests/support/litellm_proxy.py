"""A real LiteLLM proxy whose models answer from its own config: no key, no network."""

import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

from .ports import free_port
from .waiting import wait_until

ANSWER = "hello from the mock model"

#: The key that LiteLLM asks for, the one of gateway-bearer.caddyfile.
KEY = "sk-your-secret-api-key"


class LiteLLM:
    """Starts in about ten seconds; one per test run."""

    def __init__(self, folder, behind=None):
        """`behind`: base URL of another endpoint, for the model of that name."""
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        folder = pathlib.Path(folder)
        config = folder / "litellm.yaml"
        config.write_text(
            "model_list:\n  - model_name: mock\n    litellm_params:\n      model: openai/mock\n"
            f"      api_key: none\n      mock_response: {ANSWER}\n"
            + (
                "  - model_name: behind\n    litellm_params:\n      model: openai/tie\n"
                f"      api_key: none\n      api_base: {behind}\n"
                if behind
                else ""
            )
            + f"general_settings:\n  master_key: {KEY}\n"
        )
        self._log = open(folder / "litellm.log", "wb")
        self._process = subprocess.Popen(
            [
                pathlib.Path(sys.executable).parent / "litellm",
                "--config",
                config,
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--telemetry",
                "False",
            ],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        )
        try:
            wait_until(self._alive, 90, f"LiteLLM ready, see {self._log.name}")
        except AssertionError:
            self.stop()
            raise

    def _alive(self):
        assert self._process.poll() is None, f"LiteLLM ended, see {self._log.name}"
        try:
            return urllib.request.urlopen(f"http://{self.address}/health/liveliness", timeout=2)
        except (urllib.error.URLError, OSError):
            return None

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()
