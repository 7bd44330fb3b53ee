"""Runs clang-tidy over every source of ours, one process a core: prints what it found.

Its own part of tests/run, since it takes as long as a build. Writes JUnit: a case a source.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import tree

SOURCES = ("userspace", "exporters")


def sources(build: pathlib.Path) -> list[str]:
    commands = json.loads((build / "compile_commands.json").read_text())
    names = {pathlib.Path(entry["file"]) for entry in commands}
    return sorted(str(name) for name in names
                  if name.is_relative_to(tree.ROOT)
                  and name.relative_to(tree.ROOT).parts[0] in SOURCES)


def check(build: pathlib.Path, source: str) -> tuple[str, str]:
    """The source and what clang-tidy has to say: "" is good."""
    result = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(build), source],
                            cwd=tree.ROOT, capture_output=True, text=True)
    return source, "" if result.returncode == 0 else result.stdout + result.stderr


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=tree.ROOT / "build")
    parser.add_argument("--junit", type=pathlib.Path)
    options = parser.parse_args()
    suite = ElementTree.Element("testsuite", name="tidy")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, complaint in pool.map(lambda s: check(options.build, s), sources(options.build)):
            case = ElementTree.SubElement(suite, "testcase",
                                          name=str(pathlib.Path(source).relative_to(tree.ROOT)))
            if complaint:
                failed += 1
                ElementTree.SubElement(case, "failure").text = complaint
                print(complaint, flush=True)
    if options.junit:
        ElementTree.ElementTree(suite).write(options.junit)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
