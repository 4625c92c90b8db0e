"""Starts, watches and stops the program under test, one process per test."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

from .ports import free_port
from .waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("GATEWRIGHT", str(ROOT / ".build/release/gatewright"))
PLUGINS = os.environ.get("GATEWRIGHT_PLUGINS", str(ROOT / ".build/plugins"))

#: True when Caddy stands in for the gateway, to try the tests themselves.
IS_CADDY = os.path.basename(PROGRAM).startswith("caddy")

#: A build with a sanitizer: slower, larger, and its reports fail the test.
SANITIZER = os.environ.get("GATEWRIGHT_SANITIZER", "")

#: Global options of every generated Caddyfile.
GLOBAL_OPTIONS = "admin off\nauto_https off\n"

BAD_LEVELS = {"error", "fatal", "panic"}
CRASH = re.compile(
    r"panic: |Fatal error|Sanitizer|runtime error|Assertion .* failed|Current stack trace"
)


class Gateway:
    """A running gateway with a Caddyfile of its own; create with Gateway(...).start()."""

    def __init__(
        self,
        folder,
        config,
        environment=None,
        name="Caddyfile",
        arguments=(),
        ports=(),
        wrapper=(),
    ):
        """`config` is the text of the configuration, written to `folder`/`name`.

        `ports` are those that it listens on beside the ones in its site addresses; `wrapper` is a
        command that becomes the program, such as prlimit.
        """
        self.folder = pathlib.Path(folder)
        self.config_path = self.folder / name
        self.config_path.write_text(config)
        self.environment = gateway_environment(self.folder, environment)
        self.arguments = list(arguments)
        self.wrapper = list(wrapper)
        self.process = None
        self.lines = []
        self._expected = []
        self._listening = sorted({*listen_ports(config), *ports})
        self._reader = None

    def start(self, seconds=20):
        """Starts the process and returns once every port of the config accepts connections."""
        adapter = [] if self.config_path.suffix == ".json" else ["--adapter", "caddyfile"]
        self.process = subprocess.Popen(
            [*self.wrapper, PROGRAM, "run", "--config", str(self.config_path), *adapter, *self.arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        try:
            for port in self._listening:
                wait_until(lambda: self._accepts(port), seconds, f"listening on port {port}")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log_text()}") from None
        return self

    def _accepts(self, port):
        if self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with status {self.process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # What it logs

    def _read_output(self):
        for line in self.process.stdout:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def log_text(self):
        return "\n".join(self.lines)

    def records(self):
        """Every log record written in JSON so far, oldest first."""
        found = []
        for line in list(self.lines):
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict):
                    found.append(record)
        return found

    def wait_for_log(self, pattern, seconds=5, count=1):
        """Waits until `count` lines of the log match; returns the last of them."""

        def matches():
            lines = [line for line in list(self.lines) if re.search(pattern, line)]
            return lines[-1] if len(lines) >= count else None

        try:
            return wait_until(matches, seconds, f"a log line matching {pattern!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_text()}") from None

    def expect_log(self, *patterns):
        """Records above `warn` that match one of these do not fail the test."""
        self._expected += patterns

    def unexpected_log(self):
        """Records above `warn` and signs of a crash that no test has announced."""
        found = []
        for line in list(self.lines):
            if any(re.search(pattern, line) for pattern in self._expected):
                continue
            if CRASH.search(line) or (log_level(line) in BAD_LEVELS and not IS_CADDY):
                found.append(line)
        return found

    # What it holds

    @property
    def pid(self):
        return self.process.pid

    def open_files(self):
        """How many file descriptors the process has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_kib(self):
        """Resident memory in KiB."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    # Changing and ending it

    def write_config(self, text):
        """Replaces the configuration file in one step; reload() makes it take effect."""
        beside = self.config_path.with_suffix(".new")
        beside.write_text(text)
        os.replace(beside, self.config_path)

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, seconds=20):
        """SIGTERM, then waits; returns the exit status and fails when something is left behind."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=20):
        """Waits for the process to end by itself; returns its exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds} s\n{self.log_text()}") from None
        self._reader.join(5)
        self.process.stdout.close()
        for port in self._listening:
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)), f"port {port} is still open"
        assert not processes_of_session(self.pid), "it left a child process behind"
        return status

    def kill(self):
        """Ends the process at once, for a test that has failed already."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def gateway_environment(folder, extra=None):
    """An environment in which the gateway keeps its state inside the test's folder."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    environment.update(
        GATEWRIGHT_PLUGINS=PLUGINS,
        HOME=str(folder),
        XDG_DATA_HOME=f"{folder}/data",
        XDG_CONFIG_HOME=f"{folder}/config",
    )
    environment.update(extra or {})
    # A sanitized run preloads something of its own.
    preloads = [extra.get("LD_PRELOAD") if extra else None, os.environ.get("LD_PRELOAD")]
    if any(preloads):
        environment["LD_PRELOAD"] = ":".join(filter(None, preloads))
    return environment


def run_command(folder, *arguments, environment=None, text=None, seconds=30):
    """Runs the program with other arguments than `run`; returns the completed process."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=gateway_environment(folder, environment),
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def log_level(line):
    """The level of a log line in JSON or console form, in lower case; None for other text."""
    with contextlib.suppress(ValueError):
        record = json.loads(line)
        return str(record.get("level", "")).lower() if isinstance(record, dict) else None
    console = re.match(r"\S+ \S+\s+(?:\x1b\[\d+m)?([A-Z]+)(?:\x1b\[0m)?\s", line)
    return console[1].lower() if console else None


def listen_ports(config):
    """The ports in a generated Caddyfile's site addresses or in a JSON config."""
    if config.lstrip().startswith('{\n  "'):
        return sorted({int(port) for port in re.findall(r'"listen":\s*\["[^"]*:(\d+)"', config)})
    found = set()
    depth = 0
    for line in config.splitlines():
        if depth == 0:
            found |= {int(port) for port in re.findall(r":(\d{2,5})\b", line.split("{")[0])}
        depth += line.count("{") - line.count("}")
    return sorted(found)


def processes_of_session(session):
    """Processes that still belong to the session that a gateway was started in."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[3]) == session and fields[0] != "Z":
                    found.append(int(entry))
    return found


def site(body, port=None, options=""):
    """A Caddyfile with one plain HTTP site; returns its text and the port."""
    port = port or free_port()
    text = f"{{\n{GLOBAL_OPTIONS}{options}\n}}\n\nhttp://:{port} {{\n{body}\n}}\n"
    return text, port
