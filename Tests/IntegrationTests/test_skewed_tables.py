"""Tables of plugins that are older, newer, half filled or damaged: used or refused, never a crash."""

import re

import pytest

from support.gateway import ROOT, run_command, site
from support.plugins import compile_plugin, plugin_folder

pytestmark = pytest.mark.ours("the plugin ABI is ours")

SEEDS = 200


def test_every_skew_is_used_or_refused(scratch, tmp_path):
    folder = plugin_folder(tmp_path / "plugins", "respond")
    compile_plugin(ROOT / "Tests/Fixtures/plugins/skewed.c", folder)
    (scratch / "Caddyfile").write_text(site("skewed\nrespond ok")[0])
    used, refusals = 0, set()
    for seed in range(SEEDS):
        environment = {"GATEWRIGHT_PLUGINS": str(folder), "GW_SKEW": str(seed)}
        ended = run_command(scratch, "validate", environment=environment)
        assert ended.returncode in (0, 1), f"seed {seed}: {ended.returncode}\n{ended.stderr}"
        used += ended.returncode == 0
        refusals |= set(re.findall("plugin skewed.*", ended.stderr))
        assert ended.returncode == 0 or "skewed" in ended.stderr
    # Neither everything nor nothing, and for many reasons.
    assert used > SEEDS // 10
    assert len(refusals) > 15, refusals
