#!/usr/bin/env python3
"""What single operations of the plugin ABI cost, in nanoseconds, beside their targets.

    Benchmarks/operations.py GATEWRIGHT PLUGIN_FOLDER [runs]

A plugin in the gateway measures host calls; calls of configured C functions are measured in a
process of their own. The best of some runs counts: what disturbs only ever adds.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from comparison.processes import PROXY_CORE, wait_for_port

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
FFI = ROOT / "Sources/Plugins/functions/FFI"
PORT = 18710
TARGETS = [
    ("a field by its id", 5),
    ("the path, from memory", 2),
    ("a ticket completed on its loop", 40),
    ("completing one from another thread", 250),
    ("… until the exchange goes on", None),
    ("a C function, plain call", None),
    ("… configured, common signature", 60),
    ("… configured, through libffi", 100),
]


def compile_c(sources, output, *options):
    command = ["cc", "-O2", "-std=gnu17", f"-I{ROOT}/PluginSDK/C/include", *map(str, sources)]
    subprocess.run([*command, *options, "-o", str(output)], check=True)


def host_calls(program, plugins, folder, runs):
    shutil.copytree(plugins, folder / "plugins")
    options = ["-shared", "-fPIC", f"-Wl,--version-script={ROOT}/PluginSDK/C/plugin.map"]
    compile_c([HERE / "hooks/operations.c"], folder / "plugins/operations.so", *options)
    options = "{\n\tadmin off\n\tauto_https off\n}\n"
    (folder / "Caddyfile").write_text(f"{options}http://:{PORT} {{\n\toperations\n}}\n")
    gateway = subprocess.Popen(
        [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
        env={"GATEWRIGHT_PLUGINS": str(folder / "plugins"), "GATEWRIGHT_WORKERS": "1"},
        stderr=(folder / "log").open("w"),
    )
    try:
        wait_for_port(PORT)
        pages = [urllib.request.urlopen(f"http://127.0.0.1:{PORT}/").read() for _ in range(runs)]
    finally:
        gateway.terminate()
        gateway.wait()
    return [min(column) for column in zip(*(map(float, page.split()) for page in pages))]


def function_calls(folder, runs):
    sources = [HERE / "hooks/ffi_cost.c", *FFI.glob("*.c")]
    compile_c(sources, folder / "ffi_cost", f"-I{FFI}/include", "-lffi")
    command = ["taskset", "-c", str(PROXY_CORE), str(folder / "ffi_cost")]
    lines = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(runs)]
    return [min(column) for column in zip(*(map(float, line.split()) for line in lines))]


def main(program, plugins, runs="5"):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        costs = host_calls(program, plugins, folder, int(runs)) + function_calls(folder, int(runs))
    for (what, target), cost in zip(TARGETS, costs):
        print(f"{what:36} {cost:8.1f} ns" + (f", at most {target}" if target else ""))
    return any(target and cost > target for (_, target), cost in zip(TARGETS, costs))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
