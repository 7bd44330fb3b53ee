"""Runs clang-tidy over every source of ours, one process a core: prints what it found.

Its own part of tests/run, since it takes as long as a build. Writes JUnit: a case a source. Sources that nothing was found in
are remembered, see tidy_memory.py; --fresh looks at all.
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
from tidy_memory import CLANG_TIDY, Memory

SOURCES = ("userspace", "exporters")


def sources(commands: list[dict]) -> list[str]:
    names = {pathlib.Path(entry["file"]) for entry in commands}
    return sorted(str(name) for name in names
                  if name.is_relative_to(tree.ROOT)
                  and name.relative_to(tree.ROOT).parts[0] in SOURCES)


def check(build: pathlib.Path, source: str, memory: Memory, fresh: bool) -> tuple[str, str]:
    """The source and what clang-tidy has to say: "" is good."""
    key = memory.key(source)
    if not fresh and memory.knows(key):
        return source, ""
    result = subprocess.run([CLANG_TIDY, "--quiet", "-p", str(build), source],
                            cwd=tree.ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        return source, result.stdout + result.stderr
    memory.keep(key)
    return source, ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=tree.ROOT / "build")
    parser.add_argument("--junit", type=pathlib.Path)
    parser.add_argument("--fresh", action="store_true", help="remember nothing of earlier runs")
    options = parser.parse_args()
    commands = json.loads((options.build / "compile_commands.json").read_text())
    memory = Memory(options.build, commands)
    suite = ElementTree.Element("testsuite", name="tidy")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checks = pool.map(lambda s: check(options.build, s, memory, options.fresh), sources(commands))
        for source, complaint in checks:
            case = ElementTree.SubElement(suite, "testcase",
                                          name=str(pathlib.Path(source).relative_to(tree.ROOT)))
            if complaint:
                failed += 1
                ElementTree.SubElement(case, "failure").text = complaint
                print(complaint, flush=True)
    memory.forget_the_oldest()
    if options.junit:
        ElementTree.ElementTree(suite).write(options.junit)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
