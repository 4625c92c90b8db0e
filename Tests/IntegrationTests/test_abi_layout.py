"""The promise of the plugin ABI: layouts of every target, and that structures only grow."""

import copy
import sys

import pytest

from support.gateway import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import abi_layout  # noqa: E402

pytestmark = pytest.mark.ours("the plugin ABI is ours")


@pytest.mark.parametrize("target", abi_layout.TARGETS)
def test_layouts_are_as_promised(target):
    problems = abi_layout.compare(target)
    assert not problems, "\n".join(problems)


def test_every_target_has_the_same_layout():
    first, *others = [abi_layout.layouts(target) for target in abi_layout.TARGETS]
    assert all(other == first for other in others)


def test_every_structure_is_covered():
    headers = sorted(abi_layout.HEADERS.glob("gateway/**/*.h"))
    assert set(abi_layout.structures(headers)) == set(abi_layout.layouts("x86_64-linux"))


def test_there_is_a_released_layout_to_keep():
    for target in abi_layout.TARGETS:
        assert list((abi_layout.GOLDENS / "released").glob(f"*-{target}.json"))


OLD = {
    "gw_table": {
        "size": 16,
        "members": [["struct_size", 0, "uint32_t"], ["reserved", 4, "uint32_t"], ["a", 8, "void*"]],
    },
    "gw_view": {"size": 16, "members": [["ptr", 0, "uint8_t*"], ["len", 8, "size_t"]]},
}


def changed(change):
    new = copy.deepcopy(OLD)
    change(new)
    return abi_layout.broken(OLD, new)


def grow(name):
    def change(layouts):
        layouts[name]["members"].append(["more", 16, "void*"])
        layouts[name]["size"] = 24

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda new: None,
        grow("gw_table"),
        lambda new: new["gw_table"]["members"].__setitem__(1, ["flags", 4, "uint32_t"]),
        lambda new: new.__setitem__("gw_new", {"size": 8, "members": []}),
    ],
    ids=["nothing", "member at the end", "meaning for a reserve", "new table"],
)
def test_what_a_minor_may_do(change):
    assert changed(change) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new.pop("gw_table"),
        lambda new: new["gw_table"]["members"].pop(),
        lambda new: new["gw_table"]["members"].insert(2, ["b", 8, "void*"]),
        lambda new: new["gw_table"]["members"].__setitem__(2, ["a", 8, "uint64_t"]),
        lambda new: new["gw_table"]["members"].__setitem__(2, ["b", 8, "void*"]),
        lambda new: new["gw_table"]["members"].__setitem__(1, ["flags", 4, "int32_t"]),
        grow("gw_view"),
    ],
    ids=["table gone", "member gone", "inserted", "type", "name", "reserve type", "view grows"],
)
def test_what_no_minor_may_do(change):
    assert changed(change)
