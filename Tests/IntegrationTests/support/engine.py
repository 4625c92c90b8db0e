"""A container engine of its own for a test run: Podman with runc, without anything of the system's."""

import pathlib
import shutil
import subprocess
import tempfile

from .waiting import wait_until

#: Limits that every machine allows; without them the defaults may be above the machine's own.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]


class Engine:
    """Storage in a folder that goes at the end; names of sockets are short, so it is in /tmp."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gw-engine-"))
        self.socket = self.folder / "podman.sock"
        self.service = None
        self._import_image()

    @property
    def address(self):
        return f"unix://{self.socket}"

    def _command(self, *words):
        storage = ["--root", self.folder / "root", "--runroot", self.folder / "runroot"]
        words = ["podman", *storage, "--runtime", "runc", *words]
        return [str(word) for word in words]

    def podman(self, *words, **options):
        ended = subprocess.run(
            self._command(*words), capture_output=True, timeout=60, check=False, **options
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.decode().strip()

    def _import_image(self):
        tree = self.folder / "tree"
        (tree / "bin").mkdir(parents=True)
        (tree / "tmp").mkdir()
        shutil.copy("/usr/bin/busybox", tree / "bin/busybox")
        for name in ("sh", "httpd", "sleep"):
            (tree / "bin" / name).symlink_to("busybox")
        packed = subprocess.run(
            ["tar", "--create", "--directory", tree, "."], capture_output=True, check=True
        ).stdout
        self.podman("import", "--quiet", "-", "box:1", input=packed)

    def serve(self):
        self.service = subprocess.Popen(
            self._command("system", "service", "--time=0", self.address),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.socket.exists, 20, "the engine's socket")
        return self

    def end_service(self):
        if self.service:
            self.service.terminate()
            self.service.wait(20)
        self.service = None
        self.socket.unlink(missing_ok=True)

    def run(self, name, *options, port=8080, command=None):
        """Starts a container with a web server; its id."""
        command = command or ["httpd", "-f", "-p", port]
        return self.podman("run", "-d", "--name", name, *LIMITS, *options, "box:1", *command)

    def remove(self, *names):
        self.podman("rm", "-f", "-t", "0", *names)

    def remove_all(self):
        # Newest first: one may use the network of an older one.
        for container in self.podman("ps", "--all", "--quiet", "--sort", "created").split()[::-1]:
            self.remove(container)

    def stop(self):
        self.end_service()
        self.remove_all()
        shutil.rmtree(self.folder, ignore_errors=True)
