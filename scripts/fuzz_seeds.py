"""Writes seeds for a fuzzer: fuzz_seeds.py CORPUS FILE-OR-FOLDER ...

The messages of a conformance file (.jsonl) become one seed each; other small files are taken whole.
"""

import hashlib
import json
import pathlib
import sys

SEED_BYTES_MAX = 64 << 10


def message(pieces):
    """The bytes of a case's "raw" or "upstream" list; see Tests/Conformance/check_http1.py."""
    parts = [pieces] if isinstance(pieces, str) else pieces
    text = "".join(
        p if isinstance(p, str) else p.get("repeat", "") * min(p.get("times", 0), 100)
        for p in parts
    )
    return text.encode("latin-1")


def seeds(path):
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix in ("", ".caddyfile", ".json") and file.is_file():
                yield from seeds(file)
    elif path.suffix == ".jsonl":
        for line in path.read_text().splitlines():
            case = json.loads(line)
            yield from (message(case[key]) for key in ("raw", "upstream") if case.get(key))
    elif path.exists():
        yield path.read_bytes()


def main(corpus, *sources):
    for source in sources:
        for seed in seeds(pathlib.Path(source)):
            if len(seed) <= SEED_BYTES_MAX:
                (pathlib.Path(corpus) / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main(*sys.argv[1:])
