"""A headless Chromium, driven over the DevTools protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import urllib.request

from websockets.sync.client import connect

from .waiting import wait_until

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One browser with one page; its profile is in `folder`."""

    def __init__(self, folder, arguments=()):
        assert PROGRAM, "no Chromium: apt-get install chromium"
        self.process = subprocess.Popen(
            [
                PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--disable-background-networking", "--no-first-run", "--remote-debugging-port=0",
                f"--user-data-dir={folder}", *arguments, "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        port_file = folder / "DevToolsActivePort"
        wait_until(lambda: port_file.exists() and port_file.read_text().count("\n"), 30, "Chromium")
        port = port_file.read_text().splitlines()[0]
        listing = f"http://127.0.0.1:{port}/json"

        def page():
            targets = json.load(urllib.request.urlopen(listing, timeout=5))
            return next((t for t in targets if t["type"] == "page"), None)

        self._socket = connect(
            wait_until(page, 10, "a page")["webSocketDebuggerUrl"], max_size=None
        )
        self._ids = itertools.count(1)
        self.events = []
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.events.append(message)

    def open(self, address):
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def run(self, script):
        """The value of an expression, promises included."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, script, seconds=15):
        return wait_until(lambda: self.run(script), seconds, script)

    def text(self):
        return self.run("document.body.innerText")

    def press(self, key, code=0):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code)

    def look(self, path, width=1280, height=800, dark=False):
        """A screenshot."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        image = self.call("Page.captureScreenshot")["data"]
        path.write_bytes(base64.b64decode(image))

    def complaints(self):
        """What the console says of errors, violations of the content policy among them."""
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"].get("text"))
            if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                found.append(event["params"]["entry"]["text"])
        return found

    def stop(self):
        with contextlib.suppress(Exception):
            self._socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
