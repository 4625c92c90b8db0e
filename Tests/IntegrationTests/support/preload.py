"""Compiles C files into libraries that are preloaded into the gateway."""

import pathlib
import subprocess

SUPPORT = pathlib.Path(__file__).resolve().parents[2] / "Support"


def compile_preload(source, folder):
    """The path of the library made of Tests/Support/`source`, in `folder`."""
    library = folder / (pathlib.Path(source).stem + ".so")
    compile_ = ["cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    subprocess.run([*compile_, str(SUPPORT / source), "-o", str(library)], check=True)
    return library
