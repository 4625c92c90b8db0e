"""Counts the heap allocations of a gateway from outside, through a library preloaded into it."""

import collections
import functools
import mmap
import pathlib
import re
import struct
import subprocess

from .preload import compile_preload


class AllocationCounter:
    """Compiles the library into `folder`; give `environment` to the gateway."""

    def __init__(self, folder):
        library = compile_preload("Allocations/count_allocations.c", folder)
        self.path = folder / "allocations"
        self.environment = {"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": str(self.path)}

    def total(self):
        """Allocations since the gateway was started."""
        return struct.unpack("q", self.path.read_bytes()[:8])[0]

    def show_next(self, count):
        """Has the next allocations written down."""
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 16) as counters:
            counters[8:16] = struct.pack("q", count)

    def traces(self):
        """Where the allocations asked for by show_next happened, most frequent first."""
        found = collections.Counter()
        for trace in pathlib.Path(f"{self.path}.traces").read_text().split("-- ")[1:]:
            size, *frames = trace.splitlines()
            found["\n".join([size, *map(function_name, frames[2:16])])] += 1
        return "\n".join(f"{count} times {trace}\n" for trace, count in found.most_common(10))


@functools.cache
def function_name(frame):
    """The function of one line of backtrace_symbols_fd, in Swift's words where it is Swift."""
    path, symbol, offset = re.match(r"([^(]*)(?:\(([^+)]*)\+?(0x[0-9a-f]+)?\))?", frame).groups()
    if not symbol and offset:
        words = subprocess.run(
            ["addr2line", "-f", "-e", path, offset], capture_output=True, text=True
        )
        symbol = words.stdout.split("\n")[0]
    name = subprocess.run(
        ["swift", "demangle", "--compact", "--simplified", symbol or "?"],
        capture_output=True,
        text=True,
    )
    return f"    {name.stdout.strip() or symbol} in {pathlib.Path(path).name}"
