"""The build for arm64 and its guests, as far as it shows without a compiler or an emulator: tests/vm does the rest."""

import importlib.machinery
import importlib.util
import os
import pathlib
import platform
import re
import subprocess
import sys

import pytest

import tree

sys.path.append(str(tree.ROOT / "tests/vm"))

import kernels  # noqa: E402
from machines import ARM64, Machine  # noqa: E402

SYSROOT = tree.ROOT / "deploy/cross/sysroot"


@pytest.fixture(scope="module")
def sysroot():
    loader = importlib.machinery.SourceFileLoader("sysroot", str(SYSROOT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("sysroot", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def test_every_library_of_the_build_is_in_the_sysroot(sysroot):
    lists = (tree.ROOT / "deploy/install-deps").read_text().split("readonly BUILD=(", 1)[1]
    named = set(re.findall(r"(?<![\w-])(?:lib|zlib1g|nlohmann|prometheus)[\w.+-]*-dev\b", lists))
    missing = named - set(sysroot.packages()) - {name for name in named if name.startswith("libclang")}
    assert len(named) > 20 and missing == set()


def test_only_what_is_for_both_is_in_it(sysroot):
    tools = ("cmake", "g++", "clang", "ccache", "bpftool", "ninja", "npm", "dpkg")
    assert [name for name in sysroot.packages() if name.startswith(tools)] == []


def test_links_stay_inside(sysroot, tmp_path):
    """A compiler that follows libz.so -> /lib/... would be given the host's."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "usr/lib/deep").mkdir(parents=True)
    (tmp_path / "lib/libz.so.1").write_text("of the other machine")
    link, folder, inner = tmp_path / "usr/lib/deep/libz.so", tmp_path / "usr/etc", tmp_path / "lib/libz.so"
    link.symlink_to("/lib/libz.so.1")
    folder.symlink_to("/lib")
    inner.symlink_to("libz.so.1")
    sysroot.keep_links_inside(tmp_path)
    assert os.readlink(link) == "../../../lib/libz.so.1" and link.read_text() == "of the other machine"
    assert folder.resolve() == tmp_path / "lib"
    assert os.readlink(inner) == "libz.so.1"


def test_without_a_sysroot_it_says_what_makes_one(tmp_path):
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(nothing C)\n")
    result = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"--toolchain={tree.ROOT}/deploy/cross/arm64.cmake"],
                            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}, capture_output=True, text=True)
    assert result.returncode != 0
    said = " ".join(result.stderr.split())  # CMake breaks lines
    assert f"no {tmp_path}/cache/nsobserver/cross/arm64: deploy/cross/sysroot arm64 makes it" in said


@pytest.mark.parametrize("architecture", ["", "riscv64"])
def test_another_architecture_is_refused(architecture):
    result = subprocess.run([tree.ROOT / "deploy/cross/build", architecture], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (2, "cross/build: which architecture? There is: arm64\n")


@pytest.mark.parametrize("program", ["/usr/bin/bash", "/usr/bin/git", "/usr/bin/dpkg"])
def test_libraries_are_found_without_running_the_program(program):
    """Tried on programs of this machine, of which ldd tells the truth."""
    here = Machine("here", (), "", "", f"{platform.machine()}-linux-gnu", pathlib.Path("/"))
    here.__dict__["root"] = pathlib.Path("/")
    told = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    expected = {pathlib.Path(path).resolve() for path in re.findall(r"(/\S+) \(0x", told)}
    assert {path.resolve() for path in here.needed_by(pathlib.Path(program)).values()} == expected


def test_what_arm64_lacks_is_what_the_program_says():
    """The guests' expectation, against the names of calls that the daemon is compiled with."""
    code = (tree.ROOT / "userspace/collector/missing_call.cc").read_text()
    named = re.search(r"#ifndef SYS_open\n.*?\{(.*?)\}", code, re.DOTALL)[1]
    calls = re.findall(r'"(\w+)"', named)
    expected = {f"file_{call}": f"this architecture has no {call}()" for call in calls}
    told = {kernel.name: kernel.missing for kernel in kernels.KERNELS if kernel.machine is ARM64}
    assert len(expected) == 6 and told == {"arm64-6.1": expected, "arm64-6.12": expected}
