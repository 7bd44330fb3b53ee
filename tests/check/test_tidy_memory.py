"""What clang-tidy need not look at again: the same to the last byte, and nothing else."""

import json
import os
import pathlib
import subprocess

import pytest
import tidy_memory

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(small CXX)
add_library(small small.cc)
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(PROJECT)
    (folder / "small.h").write_text("int Small();\n")
    (folder / "small.cc").write_text('#include "small.h"\nint Small() { return 1; }\n')
    return folder


def memory(folder: pathlib.Path, *flags: str) -> tidy_memory.Memory:
    """As a run of its own would have it, after a build."""
    build = folder / "build"
    subprocess.run(["cmake", "-G", "Ninja", "-S", folder, "-B", build, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *flags],
                   check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build], check=True, capture_output=True)
    tidy_memory.digest.cache_clear()
    return tidy_memory.Memory(build, json.loads((build / "compile_commands.json").read_text()))


def test_what_was_good_is_known_until_anything_changes(project):
    source = str(project / "small.cc")
    first = memory(project)
    key = first.key(source)
    assert key is not None and not first.knows(key)
    first.keep(key)
    assert first.knows(key) and memory(project).key(source) == key

    (project / "small.h").write_text("int Small();  // another\n")
    changed = memory(project)
    assert changed.key(source) != key and not changed.knows(changed.key(source)), "a header"
    (project / "small.h").write_text("int Small();\n")
    assert memory(project).knows(key), "as it was"
    assert memory(project, "-DCMAKE_CXX_FLAGS=-O1").key(source) != key, "flags"


def test_other_checks_or_another_clang_tidy_know_nothing(project, monkeypatch):
    source = str(project / "small.cc")
    keys = {memory(project).key(source)}
    monkeypatch.setattr(tidy_memory, "CLANG_TIDY", "/usr/bin/ninja")  # says another version
    keys.add(memory(project).key(source))
    (project / ".clang-tidy").write_text("Checks: none")
    monkeypatch.setattr(tidy_memory.tree, "ROOT", project)
    keys.add(memory(project).key(source))
    assert len(keys) == 3 and None not in keys


def test_what_the_compiler_has_not_read_is_not_known(project):
    unbuilt = memory(project)
    unbuilt.read = {}
    assert unbuilt.key(str(project / "small.cc")) is None
    assert not unbuilt.knows(None)
    unbuilt.keep(None)
    built = memory(project)
    (project / "small.h").unlink()
    assert built.key(str(project / "small.cc")) is None, "a header is gone since"
    assert list(unbuilt.folder.iterdir()) == []


def test_the_oldest_are_forgotten(project, monkeypatch):
    monkeypatch.setattr(tidy_memory, "MOST", 2)
    kept = memory(project)
    for age, name in ((3, "a"), (1, "b"), (2, "c")):
        kept.keep(name)
        os.utime(kept.folder / name, (1000 - age, 1000 - age))
    assert kept.knows("a"), "which makes it the newest"
    kept.forget_the_oldest()
    assert {file.name for file in kept.folder.iterdir()} == {"a", "b"}
