"""Counts the tests in a folder of JUnit files: one closing line, and exit status 1 on trouble.

  count_results.py FOLDER [--selection]

Trouble is a failed test, a skipped one (nothing may be left out silently), or a part of the
suite that ran no test at all (unless only a selection was asked for).
"""

import pathlib
import sys
import xml.etree.ElementTree as ET

PARTS = ("swift", "integration", "conformance", "examples")


def part_of(case, file):
    """The part of the suite that a test belongs to, by its file."""
    if file.startswith("swift"):
        return "swift"
    subject = case.get("classname", "")
    for part in ("conformance", "examples"):
        if part in subject:
            return part
    return "integration"


def main(folder, selection=False):
    counts = {part: 0 for part in PARTS}
    failed, skipped = [], []
    for file in sorted(pathlib.Path(folder).glob("*.xml")):
        for case in ET.parse(file).iter("testcase"):
            name = f"{case.get('classname')} {case.get('name')}"
            counts[part_of(case, file.name)] += 1
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif case.find("skipped") is not None:
                skipped.append(name)
    for title, names in (("failed", failed), ("skipped", skipped)):
        for name in names:
            print(f"   {title}: {name}")
    empty = [part for part in PARTS if counts[part] == 0 and not selection]
    if empty:
        print(f"   ran nothing: {', '.join(empty)}")
    print(f"   ran: {', '.join(f'{counts[part]} {part}' for part in PARTS)}")
    passed = sum(counts.values()) - len(failed) - len(skipped)
    print(f"tests: {passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or skipped or empty or not any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], selection="--selection" in sys.argv))
