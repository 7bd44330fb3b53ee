"""The architectures of the guests: what emulates them, what programs for them are built by, and where their libraries are."""

import functools
import pathlib
import re
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSROOT = ROOT / "deploy" / "cross" / "sysroot"


@dataclass(frozen=True)
class Machine:
    name: str  # as Debian calls it
    emulator: tuple[str, ...]
    console: str
    elf: str  # as readelf calls it
    triplet: str  # of the cross compiler; empty: the machine's own
    build: pathlib.Path

    @property
    def is_host(self) -> bool:
        return not self.triplet

    @property
    def compiler(self) -> str:
        return f"{self.triplet}-gcc" if self.triplet else "cc"

    @property
    def strip(self) -> str:
        return f"{self.triplet}-strip" if self.triplet else "strip"

    @functools.cached_property
    def root(self) -> pathlib.Path:
        """Where this architecture's Debian is: this machine itself, or one that deploy/cross/sysroot unpacks."""
        if self.is_host:
            return pathlib.Path("/")
        return pathlib.Path(subprocess.run([SYSROOT, self.name], check=True, stdout=subprocess.PIPE, text=True, timeout=900).stdout.strip())

    def program(self, name: str) -> pathlib.Path:
        """A program of Debian by its name alone: it may be in any of these folders."""
        for folder in ("usr/bin", "usr/sbin", "bin", "sbin"):
            if (found := self.root / folder / name).exists():
                return found
        raise FileNotFoundError(f"{name} is not below {self.root}")

    def libraries_of(self, program: pathlib.Path) -> dict[str, pathlib.Path]:
        """By the path that the dynamic linker of the guest will look at."""
        if self.is_host:
            out = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
            return {path: pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", out)}
        return self.needed_by(program)

    def needed_by(self, program: pathlib.Path) -> dict[str, pathlib.Path]:
        """What ldd says, of programs that this machine can't run: everything needed by what is needed."""
        found: dict[str, pathlib.Path] = {}
        todo = [program]
        while todo:
            said = subprocess.run(["readelf", "--wide", "--dynamic", "--program-headers", todo.pop()], check=True, capture_output=True, text=True).stdout
            for interpreter in re.findall(r"program interpreter: (/\S+)\]", said):
                found[interpreter] = self.root / interpreter.lstrip("/")
            for name in re.findall(r"\(NEEDED\).*\[(\S+)\]", said):
                path = self.library(name)
                if str(path) not in found:
                    found[str(path)] = self.root / str(path).lstrip("/")
                    todo.append(found[str(path)])
        return found

    def library(self, name: str) -> pathlib.Path:
        for folder in (f"/lib/{self.triplet}", f"/usr/lib/{self.triplet}", "/lib"):
            path = pathlib.Path(folder, name)
            if (self.root / str(path).lstrip("/")).exists():
                return path
        raise FileNotFoundError(f"{name} is not below {self.root}")


AMD64 = Machine("amd64", ("qemu-system-x86_64", "-M", "pc", "-cpu", "max"), "ttyS0", "X86-64", "", ROOT / "build")
# Without impdef an emulated CPU signs each return address by a slow cipher.
ARM64 = Machine("arm64", ("qemu-system-aarch64", "-M", "virt", "-cpu", "max,pauth-impdef=on"), "ttyAMA0", "AArch64", "aarch64-linux-gnu",
                ROOT / "build-arm64")
