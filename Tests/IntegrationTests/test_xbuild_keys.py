"""When xbuild takes what it has built before, and when it builds again: every input of a build counts."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support.client import fetch
from support.gateway import site
from support.xbuild import LANGUAGES, write_program

pytestmark = pytest.mark.ours("Caddy has xcaddy")


@pytest.fixture
def build(workshop, plugins, tmp_path):
    """build(language, …) makes a gateway of the plugin in tmp_path; whether it was built anew."""

    def make(language, **variables):
        name = plugins[language]
        environment = {**workshop.environment, "XBUILD_CACHE": str(tmp_path / "cache"), **variables}
        said = workshop(
            "--bare", f"--with={name}={tmp_path / name}", "--output", f"{tmp_path}/out", env=environment
        )
        return f"{name}: built" in said

    return make


@pytest.fixture
def sources(workshop, plugins, tmp_path):
    """sources(language) copies that plugin into tmp_path and returns its folder."""

    def copy(language):
        return shutil.copytree(workshop.folder / plugins[language], tmp_path / plugins[language])

    return copy


def include(folder, line):
    source = folder / "hello.c"
    source.write_text(line + "\n" + source.read_text())


def changes(path, text):
    def change():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def test_the_same_input_is_not_built_again(build, sources):
    for language in LANGUAGES:
        sources(language)
        assert build(language) and not build(language), language


def test_a_version_behind_rustup_counts(build, sources, tmp_path):
    sources("rust")
    version = tmp_path / "version"
    version.write_text("")
    real = shutil.which("rustc")
    write_program(tmp_path / "bin/rustc", f'{real} "$@" || exit\nif [ "$1" = -vV ]; then cat {version}; fi')
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert build("rust", PATH=path) and not build("rust", PATH=path)
    version.write_text("another: toolchain\n")
    assert build("rust", PATH=path)


def test_a_version_behind_swiftly_counts(build, sources, tmp_path):
    sources("swift-embedded")
    tag = tmp_path / "tag"
    tag.write_text("one")
    real = shutil.which("swiftc")
    # The program is in a folder of its own, far from the toolchain that it chooses.
    write_program(
        tmp_path / "bin/swiftc",
        f'if [ "$1" = -print-target-info ]; then {real} "$@" | sed "s/swift-[^-]*-RELEASE/swift-$(cat {tag})-RELEASE/"\n'
        f'else exec {real} "$@"; fi',
    )
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert build("swift-embedded", PATH=path) and not build("swift-embedded", PATH=path)
    tag.write_text("two")
    assert build("swift-embedded", PATH=path)


def test_what_links_lead_to_counts(build, sources, tmp_path):
    folder = sources("c")
    changes(tmp_path / "shared/deep/linked.h", "#define LINKED 1\n")()
    (folder / "linked").symlink_to(tmp_path / "shared/deep")
    include(folder, '#include "linked/linked.h"')
    assert build("c") and not build("c")
    changes(tmp_path / "shared/deep/linked.h", "#define LINKED 2\n")()
    assert build("c")


@pytest.mark.parametrize("name", ["target", "build", ".build", "node_modules"])
def test_folders_with_the_names_of_outputs_count(build, sources, name):
    folder = sources("c")
    header = folder / name / "part.h"
    changes(header, "#define PART 1\n")()
    include(folder, f'#include "{name}/part.h"')
    assert build("c") and not build("c")
    changes(header, "#define PART 2\n")()
    assert build("c")


def test_the_output_of_cargo_at_the_root_does_not_count(build, sources):
    folder = sources("rust")
    assert build("rust")
    changes(folder / "target/debug/left", "over")()
    assert not build("rust")
    changes(folder / "src/target/data", "read by a build script")()
    assert build("rust")


def test_packages_of_pkg_config_count(build, sources, tmp_path):
    folder = sources("c")
    header = tmp_path / "system/depth.h"

    def package(version, flags=""):
        changes(
            tmp_path / "pc/depth.pc",
            f"Name: depth\nDescription: a library\nVersion: {version}\nCflags: -I{header.parent} {flags}\n",
        )()

    package("1.0")
    changes(header, "#define DEPTH 1\n")()
    changes(folder / "xbuild.json", '{"pkg_config": ["depth"]}')()
    include(folder, "#include <depth.h>")
    variables = {"PKG_CONFIG_PATH": str(tmp_path / "pc")}
    for change in (lambda: package("1.1"), lambda: package("1.1", "-DMORE"), changes(header, "#define DEPTH 2\n")):
        build("c", **variables)
        assert not build("c", **variables)
        change()
        assert build("c", **variables)


def test_headers_and_libraries_outside_of_the_folder_count(build, sources, tmp_path):
    folder = sources("c")
    changes(tmp_path / "beside/near.h", "int near(void);\n")()
    changes(folder / "xbuild.json", '{"include": ["../beside"], "link": ["../beside/libnear.a"]}')()
    include(folder, "#include <near.h>\nint use_near(void) { return near(); }")

    def library(value):
        source = tmp_path / "near.c"
        source.write_text(f"int near(void) {{ return {value}; }}\n")
        subprocess.run(["cc", "-fPIC", "-c", source, "-o", tmp_path / "near.o"], check=True)
        subprocess.run(["ar", "rcs", tmp_path / "beside/libnear.a", tmp_path / "near.o"], check=True)

    library(1)
    assert build("c") and not build("c")
    changes(tmp_path / "beside/near.h", "int near(void); // changed\n")()
    assert build("c") and not build("c")
    library(2)
    assert build("c") and not build("c")
    assert build("c", CPATH=str(tmp_path))


def test_packages_beside_it_count(build, sources, tmp_path):
    folder = sources("rust")
    manifest = folder / "Cargo.toml"
    manifest.write_text(manifest.read_text() + '\n[dependencies]\nnear = { path = "../near" }\n')
    (folder / "Cargo.lock").unlink()
    changes(tmp_path / "near/Cargo.toml", '[package]\nname = "near"\nversion = "1.0.0"\nedition = "2021"\n')()
    changes(tmp_path / "near/src/lib.rs", "pub const NEAR: u32 = 1;\n")()
    assert build("rust") and not build("rust")
    changes(tmp_path / "near/src/lib.rs", "pub const NEAR: u32 = 2;\n")()
    assert build("rust")


def test_a_cargo_lock_that_the_build_writes_does_not_stay(build, sources):
    folder = sources("rust")
    authors = (folder / "Cargo.lock").read_text()
    (folder / "Cargo.lock").unlink()
    assert build("rust")
    assert not (folder / "Cargo.lock").exists()
    assert not build("rust")
    (folder / "Cargo.lock").write_text(authors)
    assert build("rust") and not build("rust")
    (folder / "Cargo.lock").write_text(authors + "\n# another\n")
    assert build("rust")
    assert (folder / "Cargo.lock").exists()


def test_the_workspace_of_a_crate_counts(build, sources, tmp_path):
    folder = sources("rust")
    (folder / "Cargo.lock").unlink()
    root = tmp_path / "Cargo.toml"
    root.write_text(f'[workspace]\nresolver = "2"\nmembers = ["{folder.name}"]\n')
    assert build("rust") and not build("rust")
    assert not (tmp_path / "Cargo.lock").exists() and not (folder / "Cargo.lock").exists()
    root.write_text(root.read_text() + "\n[profile.release]\nopt-level = 1\n")
    assert build("rust") and not build("rust")
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=tmp_path, check=True)
    lock = tmp_path / "Cargo.lock"
    build("rust")
    lock.write_text(lock.read_text() + "# another\n")
    assert build("rust") and not build("rust")
    assert lock.read_text().endswith("# another\n")


def test_the_host_is_built_again_when_what_it_was_made_from_changes(workshop, tmp_path):
    """The record of the last build is changed instead of a header of the system."""
    stamp = pathlib.Path(workshop.environment["GATEWRIGHT_SOURCE"]) / ".build/xbuild-current.json"
    arguments = ["--bare", "--with=respond", "--output", f"{tmp_path}/out"]
    workshop(*arguments)
    assert "gatewright: built" not in workshop(*arguments)
    made = json.loads(stamp.read_text())
    header = next(path for path in made["outside"] if path.startswith("/usr/include/"))
    made["outside"][header] = "another"
    stamp.write_text(json.dumps(made))
    assert "gatewright: built" in workshop(*arguments)
    assert "gatewright: built" not in workshop(*arguments)


PACKAGE = """// swift-tools-version: 6.2
import PackageDescription

let sdk = Context.environment["GATEWRIGHT_SDK"] ?? ""
let package = Package(
    name: "greet_embedded",
    products: [.library(name: "greet_embedded", type: .dynamic, targets: ["greet_embedded"])],
    dependencies: [
        .package(name: "PluginSDK", path: sdk), .package(url: "file://WORDS", from: "1.0.0"),
        .package(path: "../near"),
    ],
    targets: [
        .target(
            name: "greet_manifest", dependencies: [.product(name: "CGateway", package: "PluginSDK")],
            path: "Manifest", exclude: ["manifest.json"], publicHeadersPath: ".",
            cSettings: [.unsafeFlags(["-std=c23"])]),
        .target(
            name: "greet_embedded",
            dependencies: [
                "greet_manifest", .product(name: "CGateway", package: "PluginSDK"),
                .product(name: "Words", package: "words"), .product(name: "Near", package: "near"),
            ], path: "Sources"),
    ])
"""


def library_package(folder, name):
    changes(
        folder / "Package.swift",
        f'// swift-tools-version: 6.2\nimport PackageDescription\nlet package = Package(name: "{name.lower()}",\n'
        f'products: [.library(name: "{name}", targets: ["{name}"])], targets: [.target(name: "{name}")])\n',
    )()
    changes(folder / f"Sources/{name}/Text.swift", f'public func text{name}() -> Int {{ 1 }}\n')()


@pytest.fixture
def swift_package(workshop, plugins, tmp_path):
    """The plugin in Embedded Swift as a package, with a package out of git and one beside it."""
    folder = tmp_path / "greet_embedded"
    template = workshop.folder / plugins["swift-embedded"]
    library_package(tmp_path / "words", "Words")
    library_package(tmp_path / "near", "Near")
    git = ["git", "-C", tmp_path / "words", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["tag", "1.0.0"]):
        subprocess.run([*git, *arguments], check=True)
    changes(folder / "Package.swift", PACKAGE.replace("WORDS", f"{tmp_path}/words"))()
    changes(folder / "Manifest/manifest.json", (template / "manifest.json").read_text())()
    manifest = workshop.folder / plugins["swift"] / "Manifest/manifest.c"
    changes(folder / "Manifest/manifest.c", manifest.read_text())()
    (source,) = template.glob("*.swift")
    changes(
        folder / "Sources/Greet.swift",
        "import Near\nimport Words\nfunc both() -> Int { textNear() + textWords() }\n" + source.read_text(),
    )()
    return folder


def test_swift_packages_with_packages(workshop, swift_package, run_distribution, tmp_path):
    environment = {**workshop.environment, "XBUILD_CACHE": str(tmp_path / "cache")}
    arguments = ["--bare", f"--with=greet_embedded={swift_package}", "--mode", "embedded", "--output", f"{tmp_path}/out"]

    def built():
        return "greet_embedded: built" in workshop(*arguments, env=environment)

    assert built()
    assert not (swift_package / "Package.resolved").exists()
    assert not built()
    changes(tmp_path / "near/Sources/Near/More.swift", "public func more() -> Int { 2 }\n")()
    assert built() and not built()
    (kept,) = (tmp_path / "cache/scratch").glob("greet_embedded-*/Package.resolved")
    shutil.copy(kept, swift_package)
    assert built() and not built()
    assert (swift_package / "Package.resolved").read_text() == kept.read_text()
    config, port = site('route {\n greet_embedded "hi"\n}')
    run_distribution(tmp_path / "out", config, port)
    assert b"hi" in fetch(port).body
    # The author's lock is obeyed, never mended.
    stale = re.sub(r'"pins" : \[.*\]', '"pins" : []', kept.read_text(), flags=re.DOTALL)
    assert stale != kept.read_text()
    (swift_package / "Package.resolved").write_text(stale)
    environment["XBUILD_CACHE"] = str(tmp_path / "other-cache")
    assert "out-of-date resolved file" in workshop(*arguments, env=environment, status=1)
    assert (swift_package / "Package.resolved").read_text() == stale
