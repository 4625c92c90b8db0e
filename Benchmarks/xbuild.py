#!/usr/bin/env python3
"""How long xbuild takes when it has built before: ready-made plugins, and Swift plugins of which each has changed.

    Benchmarks/xbuild.py XBUILD [rounds]

Ready-made: three shared objects are put into a distribution. Warm caches: three plugins from
`xbuild new --language swift` that were built before; a line of each is changed, so that each is
compiled and linked again, over an SDK that is built. The host is current in both cases. Prints the
median and the slowest of the rounds; fails when a median is above 2 s or 30 s.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

READY_SECONDS_MAX = 2
WARM_SECONDS_MAX = 30
NAMES = ["first", "second", "third"]


class Workshop:
    """xbuild in a folder of its own, with a cache of its own."""

    def __init__(self, xbuild, folder):
        self.xbuild = xbuild
        self.folder = pathlib.Path(folder)
        self.environment = dict(os.environ, XBUILD_CACHE=f"{folder}/cache")

    def run(self, *arguments):
        """Seconds of one run."""
        begun = time.perf_counter()
        ended = subprocess.run(
            [self.xbuild, *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )
        seconds = time.perf_counter() - begun
        if ended.returncode != 0:
            raise SystemExit(f"xbuild {' '.join(arguments)}\n{ended.stderr}")
        return seconds


def change(path, round_number):
    """One more line in the plugin's source: it has to be compiled again."""
    with open(path, "a") as source:
        source.write(f"private let round{round_number} = {round_number}\n")


def main(xbuild, rounds):
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(os.path.abspath(xbuild), folder)
        for name in NAMES:
            workshop.run("new", name, "--language", "swift")
        sources = [f"--with={name}={name}" for name in NAMES]
        cold = workshop.run(*sources, "--output", "made")
        warm = []
        for index in range(rounds):
            for name in NAMES:
                change(next((workshop.folder / name).glob("*.swift")), index)
            warm.append(workshop.run(*sources, "--output", "made"))
        shutil.copytree(workshop.folder / "made/plugins", workshop.folder / "ready")
        files = [f"--with={name}=ready/{name}.so" for name in NAMES]
        ready = [workshop.run("--bare", *files, "--output", "other") for _ in range(rounds)]
    print(f"xbuild, three Swift plugins from empty caches: {cold:.1f} s")
    status = 0
    for what, seconds, bound in (
        ("three ready-made plugins", ready, READY_SECONDS_MAX),
        ("three changed Swift plugins from warm caches", warm, WARM_SECONDS_MAX),
    ):
        median = statistics.median(seconds)
        print(f"xbuild, {what}: {median:.1f} s, at most {max(seconds):.1f} s (bound {bound} s)")
        status |= median > bound
    return status


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3))
