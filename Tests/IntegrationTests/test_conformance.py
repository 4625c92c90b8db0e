"""The conformance corpora of Tests/Conformance, run by their own checkers."""

import json
import pathlib
import subprocess
import sys

import pytest

from support.gateway import PROGRAM, ROOT, gateway_environment
from support.ports import free_port

FOLDER = ROOT / "Tests/Conformance"

#: Cases of Caddy's corpus that need directives which do not exist here yet.
EXPECTED_MISSING = FOLDER / "adapt-expected-missing.txt"


@pytest.mark.ours("no other proxy passes whole")
@pytest.mark.parametrize("mode", ["rfc", "strict"])
def test_http1(serve, mode, tmp_path):
    recorder, report = free_port(), tmp_path / "results.json"
    gateway, port = serve(f"reverse_proxy 127.0.0.1:{recorder}")
    gateway.expect_log(str(recorder), '"status":')
    subprocess.run(
        [
            sys.executable,
            FOLDER / "check_http1.py",
            f"127.0.0.1:{port}",
            "--upstream-port",
            str(recorder),
            "--json",
            report,
            *(["--strict"] if mode == "strict" else []),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    results = json.loads(report.read_text())
    failed = [f"{case['id']}: {'; '.join(case['why'])}" for case in results if not case["ok"]]
    assert len(results) > 150
    assert not failed, f"{len(failed)} of {len(results)} failed\n" + "\n".join(failed)


def expected_missing():
    lines = EXPECTED_MISSING.read_text().splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


@pytest.mark.ours("Caddy lacks the test modules of its own corpus, and passes the other 91")
def test_adapt(tmp_path, record_property):
    """Every case passes but those in the list, and every case in the list still fails."""
    report = tmp_path / "report.tsv"
    subprocess.run(
        [
            sys.executable,
            FOLDER / "check_adapt.py",
            "--cmd",
            f"{PROGRAM} adapt --adapter caddyfile --config {{file}}",
            "--report",
            report,
            FOLDER / "adapt",
        ],
        capture_output=True,
        text=True,
        timeout=600,
        env=gateway_environment(tmp_path),
    )
    rows = [line.split("\t") for line in report.read_text().splitlines()]
    failed = {name: detail for name, result, detail in rows if result == "fail"}
    record_property("adapt_passed", len(rows) - len(failed))
    print(f"adapt: {len(rows) - len(failed)} of {len(rows)} pass")
    missing = expected_missing()
    worse = [f"{name}: {failed[name]}" for name in sorted(failed) if name not in missing]
    assert len(rows) == 97
    assert not worse, f"{len(worse)} that should pass\n" + "\n".join(worse)
    better = sorted(missing - set(failed))
    assert not better, f"take these out of {EXPECTED_MISSING.name}, they pass: {better}"


def test_the_list_names_cases_that_exist():
    names = {path.stem for path in pathlib.Path(FOLDER / "adapt").glob("*.caddyfile")}
    assert expected_missing() <= names


@pytest.mark.ours("the directive is ours")
def test_resolver(resolve):
    """At least 90 % of the names right, at most 2 % wrong, by names alone."""
    resolver = resolve()
    ended = subprocess.run(
        [
            sys.executable,
            FOLDER / "check_resolver.py",
            "--url",
            f"http://127.0.0.1:{resolver.port}/_api/resolve",
            FOLDER / "resolver/cases.jsonl",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert resolver.mappings() == {}
