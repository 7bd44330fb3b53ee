"""Layout and size of the sources."""

import re
import subprocess

import tree

MAX_LINES = 450

# Longer than MAX_LINES, each with its reason.
LONG_FILES = {
    "LICENSE": "the text of the licence",
    "bpf/event_abi.h": "the only header that both sides share: every record and key, nothing else",
    "tests/golden/diagnosis/summaries.txt": "what is said in every case, in one list to be read",
}


def test_cpp_is_formatted():
    sources = tree.files("*.cc", "*.h", "*.c")
    assert sources
    result = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *map(str, sources)],
                            cwd=tree.ROOT, capture_output=True, text=True)
    wrong = {line.split(":")[0] for line in result.stderr.splitlines() if ": error: " in line}
    assert (result.returncode, sorted(wrong)) == (0, []), "clang-format-19 -i puts it right"


def test_shell_scripts_pass_shellcheck():
    scripts = [path for path in tree.files()
               if path.suffix == ".sh" or tree.first_line(path).startswith(("#!/bin/bash", "#!/bin/sh"))]
    assert scripts
    result = subprocess.run(["shellcheck", "-x", *map(str, scripts)], cwd=tree.ROOT,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_python_compiles():
    for path in tree.files("*.py"):
        compile((tree.ROOT / path).read_bytes(), str(path), "exec")


def test_files_are_short():
    long = {}
    for path in tree.files("*.cc", "*.h", "*.c", "*.py", "*.sh", "*.txt", "tests/run", "deploy/*"):
        lines = len((tree.ROOT / path).read_bytes().splitlines())
        if lines > MAX_LINES and str(path) not in LONG_FILES:
            long[str(path)] = lines
    assert long == {}


def test_loops_hold_what_they_go_over():
    """`for (x : maker()->list())`: what maker() gave is gone before the first turn."""
    dangling = re.compile(r"for \([^;]*? : [^;{]*?\)->\w+\(\)\) ", re.DOTALL)
    wrong = [f"{path}: {match.group()}" for path in tree.files("userspace/*.cc", "exporters/*.cc", "tests/*.cc")
             for match in dangling.finditer((tree.ROOT / path).read_text())]
    assert wrong == []


def test_headers_have_one_guard():
    """Ours say #pragma once; event_abi.h is C as well."""
    wrong = [str(path) for path in tree.files("userspace/*.h", "exporters/*.h", "tests/*.h")
             if (tree.ROOT / path).read_text().count("#pragma once\n") != 1]
    assert wrong == []
