"""Plugins that the tests build: with the headers, a compiler, and nothing else."""

import pathlib
import shutil
import subprocess

from .gateway import PLUGINS, ROOT

HEADERS = ROOT / "PluginSDK/C/include"
FIXTURES = ROOT / "Tests/Fixtures/plugins"
SYMBOLS = ROOT / "PluginSDK/C/plugin.map"


def compile_plugin(source, folder, *options):
    """Compiles one C file into `folder` as a plugin of the file's name; returns the file."""
    source = pathlib.Path(source)
    output = pathlib.Path(folder) / f"{source.stem}.so"
    subprocess.run(
        ["cc", "-std=c17", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
        + [f"-I{HEADERS}", f"-Wl,--version-script={SYMBOLS}", *options]
        + ["-o", str(output), str(source)],
        check=True,
    )
    return output


def fixture_plugins(folder, *names):
    """Builds plugins of Tests/Fixtures/plugins; the environment that finds them and all others."""
    for name in names:
        compile_plugin(FIXTURES / f"{name}.c", folder)
    return {"GATEWRIGHT_PLUGINS": f"{folder}:{PLUGINS}"}


def plugin_folder(folder, *names):
    """A folder with these plugins of the build, to put more into."""
    folder.mkdir()
    for name in names:
        shutil.copy(pathlib.Path(PLUGINS) / f"{name}.so", folder)
    return folder
