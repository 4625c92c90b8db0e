#!/usr/bin/env python3
"""Layouts of the ABI's structures for every target, compared with what was promised.

    scripts/abi_layout.py            compares, exits with 1 and says what differs
    scripts/abi_layout.py --update   writes PluginSDK/C/layout/TARGET.json anew
    scripts/abi_layout.py --release  freezes them as PluginSDK/C/layout/released/MINOR-TARGET.json

The compiler is asked for sizes and offsets; nothing is run, so a target needs no system headers.
Every released minor has to be a prefix of today's: structures end later, and nothing else changes.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEADERS = ROOT / "PluginSDK/C/include"
GOLDENS = ROOT / "PluginSDK/C/layout"
TARGETS = {
    "x86_64-linux": "x86_64-unknown-linux-gnu",
    "arm64-linux": "aarch64-unknown-linux-gnu",
    "arm64-macos": "arm64-apple-macos15",
}
#: What freestanding C has, so that no target's system headers are needed.
STAND_INS = {
    "stddef.h": "typedef __SIZE_TYPE__ size_t;\n#define NULL ((void *)0)\n"
    "#define offsetof(type, member) __builtin_offsetof(type, member)\n",
    "stdint.h": "".join(
        f"typedef __INT{n}_TYPE__ int{n}_t;\ntypedef __UINT{n}_TYPE__ uint{n}_t;\n"
        for n in (8, 16, 32, 64)
    )
    + "typedef __UINTPTR_TYPE__ uintptr_t;\n#define UINT64_MAX __UINT64_MAX__\n"
    "#define UINT32_MAX __UINT32_MAX__\n",
}
#: Structures that carry no size: they never change at all.
FIXED = {"gw_view", "gw_ref", "gw_field", "gw_log_field", "gw_token", "gw_client_field"}
#: Parts of other structures, or arrays of them: likewise.
FIXED |= {"gw_fields"}


def dump(triple, folder):
    """The record layouts that clang prints for the public headers."""
    clang = shutil.which("clang")
    assert clang, "clang is missing: it comes with the Swift toolchain"
    for name, text in STAND_INS.items():
        (folder / name).write_text(text)
    names = sorted(HEADERS.glob("gateway/**/*.h"))
    source = "".join(f'#include "{name.relative_to(HEADERS)}"\n' for name in names)
    source += "".join(f"int use_{n}[sizeof({n})];\n" for n in structures(names))
    return subprocess.run(
        [clang, f"--target={triple}", "-std=c17", "-nostdinc", "-isystem", str(folder)]
        + [f"-I{HEADERS}", "-Xclang", "-fdump-record-layouts-complete", "-fsyntax-only"]
        + ["-x", "c", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def structures(headers):
    """Names of the structures that the headers define."""
    text = "".join(header.read_text() for header in headers)
    return sorted(set(re.findall(r"^typedef struct (gw_\w+) \{", text, re.MULTILINE)))


def read(text):
    """{structure: {size, members: [[name, offset, type]]}} of a dump."""
    layouts = {}
    for block in text.split("*** Dumping AST Record Layout")[1:]:
        head = re.search(r"^\s*0 \| (?:struct )?(gw_\w+)", block, re.MULTILINE)
        size = re.search(r"\[sizeof=(\d+)", block)
        if not head or not size:
            continue
        # Members of the structure itself are indented by three columns, nested ones by more.
        rows = re.findall(r"^\s*(\d+) \|   (\S.*?) (\w+)$", block, re.MULTILINE)
        members = [[name, int(offset), plain(kind)] for offset, kind, name in rows]
        layouts[head[1]] = {"size": int(size[1]), "members": members}
    return layouts


def plain(kind):
    """A type without what does not concern the layout."""
    kind = re.sub(r"\b(_Nullable|_Nonnull|const|struct)\b", "", kind)
    return re.sub(r"\s+", " ", kind).replace(" *", "*").strip()


def layouts(target):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return read(dump(TARGETS[target], pathlib.Path(folder)))


def broken(old, new):
    """What of an older layout today's one does not keep."""
    problems = []
    for name, before in old.items():
        now = new.get(name)
        if now is None:
            problems.append(f"{name} is gone")
            continue
        if now["size"] < before["size"] or (name in FIXED and now != before):
            problems.append(f"{name} has {now['size']} bytes, had {before['size']}")
        for index, member in enumerate(before["members"]):
            found = now["members"][index] if index < len(now["members"]) else "nothing"
            if found != member and not is_renamed_reserve(member, found):
                problems.append(f"{name}: {member} became {found}")
    return problems


def is_renamed_reserve(before, now):
    """A reserved member may get a meaning where it stands: it was zero so far."""
    return before[0].startswith("reserved") and before[1:] == now[1:]


def minor():
    text = (HEADERS / "gateway/plugin.h").read_text()
    return int(re.search(r"#define GW_ABI_MINOR (\d+)", text)[1])


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"  {json.dumps(name)}: {json.dumps(value[name])}" for name in sorted(value)]
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def compare(target):
    today = layouts(target)
    golden = GOLDENS / f"{target}.json"
    problems = []
    if not golden.is_file() or json.loads(golden.read_text()) != today:
        problems.append(
            f"{golden.relative_to(ROOT)} is not what the headers say: if the change only adds, "
            "run scripts/abi_layout.py --update"
        )
    for released in sorted((GOLDENS / "released").glob(f"*-{target}.json")):
        for problem in broken(json.loads(released.read_text()), today):
            problems.append(f"{released.name}: {problem}; a released layout is a promise")
    return problems


def main(arguments):
    for target in TARGETS:
        if arguments == ["--update"]:
            write(GOLDENS / f"{target}.json", layouts(target))
        if arguments == ["--release"]:
            write(GOLDENS / f"released/1.{minor()}-{target}.json", layouts(target))
    problems = [problem for target in TARGETS for problem in compare(target)]
    print("\n".join(problems) or f"layouts of ABI 1.{minor()} are as promised")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
