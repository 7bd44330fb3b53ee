"""Debian's kernels, fetched by an apt configuration of their own: the machine's sources stay as they are.

Names are resolved when asked for, since old versions leave the mirror. What was fetched is kept outside the tree.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass, field

from machines import AMD64, ARM64, Machine

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_AGE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Kernel:
    name: str  # as the tables call it
    suite: str
    package: str  # a regular expression: the newest version that matches is taken
    short: bool = False  # one of the few that every run of the test suite boots
    why: str = ""
    memory_v1: bool = False  # its cgroup v1 has a memory controller
    missing: dict[str, str] = field(default_factory=dict, hash=False)  # source -> why the kernel does not give it
    machine: Machine = AMD64
    functions: bool = True  # False: BPF programs on its functions can't be attached, so syscalls are had by kprobes


IMAGE = r"linux-image-{}-cloud-amd64"
IMAGE_ARM64 = r"linux-image-{}-cloud-arm64"
# arm64 never had these: include/uapi/asm-generic/unistd.h
OLD_CALLS = {f"file_{name}": f"this architecture has no {name}()" for name in ("open", "creat", "mkdir", "unlink", "rmdir", "rename")}
REFUSED = "the kernel refuses it: {} (it needs Linux {})"
OLD_KERNEL = {
    "connect_io_uring": REFUSED.format("Permission denied", "5.19, whose completions say whose they are"),
    "packet_drop": REFUSED.format("Permission denied", "5.18, which says why it drops a packet"),
    "dns_sweep": REFUSED.format("Invalid argument", "5.13, where a program can walk through a map"),
    "dns_answer": "not without dns_sweep", "dns_query": "not without dns_answer",
}
KERNELS = [
    Kernel("5.10.223", "bullseye", IMAGE.format(r"5\.10\.0-\d+"), why="Debian 11 as it was: mark_victim has a pid", memory_v1=True, missing=OLD_KERNEL),
    Kernel("5.10", "bullseye-security", IMAGE.format(r"5\.10\.0-\d+"), True, "Debian 11: mark_victim has a task", memory_v1=True,
           missing=OLD_KERNEL),
    Kernel("6.1", "bookworm-security", IMAGE.format(r"6\.1\.0-\d+"), True, "Debian 12", memory_v1=True),
    Kernel("6.12", "trixie", IMAGE.format(r"6\.12\.\d+\+deb13"), True, "Debian 13"),
    Kernel("6.18", "trixie-backports", IMAGE.format(r"6\.18\.\d+\+deb13"), why="sched_process_exit has one more argument"),
    Kernel("7.x", "trixie-backports", r"linux-binary-7\.\d+\.\d+\+deb13-cloud-amd64", True, "the newest that Debian has"),
    Kernel("arm64-6.1", "bookworm-security", IMAGE_ARM64.format(r"6\.1\.0-\d+"), why="Debian 12; fexit loads there and can't be attached", memory_v1=True,
           missing=OLD_CALLS, machine=ARM64, functions=False),
    Kernel("arm64-6.12", "trixie", IMAGE_ARM64.format(r"6\.12\.\d+\+deb13"), why="Debian 13", missing=OLD_CALLS, machine=ARM64),
]


class FetchError(Exception):
    """A kernel could not be had: the reason is apt's."""


def cache() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "nsobserver" / "vm"


def mirrors() -> tuple[str, str]:
    """The machine's own mirror of Debian and of its security updates."""
    found: dict[bool, str] = {}
    for file in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
        if not file.is_file():
            continue
        for url in re.findall(r"https?://\S+/debian(?:-security)?/?(?=\s)", file.read_text(errors="replace")):
            found["debian-security" in url] = url.rstrip("/")
    if False not in found:
        raise FetchError("no mirror of Debian in /etc/apt")
    return found[False], found.get(True, found[False] + "-security")


def fetch(kernel: Kernel) -> pathlib.Path:
    """The folder that the package is unpacked in; it holds boot/vmlinuz-* and lib/modules."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several runs at a time share what they fetch
        return Apt(folder, kernel.suite, kernel.machine.name).unpacked(kernel)


class Apt:
    def __init__(self, base: pathlib.Path, suite: str, architecture: str):
        self.folder = base / ("apt-" + suite + ("" if architecture == "amd64" else f"-{architecture}"))
        self.architecture = architecture
        for part in ("lists/partial", "archives/partial"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        mirror, security = mirrors()
        line = f"deb [signed-by={KEYRING}] {security if suite.endswith('-security') else mirror} {suite} main\n"
        (self.folder / "sources.list").write_text(line)

    def run(self, *command: str, cwd: pathlib.Path | None = None) -> str:
        options = {
            "Dir::Etc::sourcelist": self.folder / "sources.list", "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": self.folder / "lists", "Dir::Cache": self.folder,
            "Dir::Cache::archives": self.folder / "archives", "Dir::State::status": "/dev/null",
            "APT::Architecture": self.architecture, "APT::Architectures::": self.architecture, "Acquire::Languages": "none",
            "Acquire::Check-Valid-Until": "false", "Acquire::Retries": 3, "APT::Sandbox::User": "root",
        }
        words = [command[0], *(f"-o{name}={value}" for name, value in options.items()), *command[1:]]
        result = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600)
        if result.returncode != 0:
            raise FetchError(f"{' '.join(command)}: {result.stderr.strip() or result.stdout.strip()}")
        return result.stdout

    def update(self) -> None:
        stamp = self.folder / "updated"
        if stamp.exists() and subprocess.run(["find", stamp, "-newermt", f"-{LISTS_AGE_SECONDS} seconds"],
                                             capture_output=True, text=True).stdout:
            return
        try:
            self.run("apt-get", "-q", "update")
        except FetchError as error:
            if not any((self.folder / "lists").glob("*Packages*")):
                raise
            print(f"[vm] {self.folder.name}: by the lists of earlier: {str(error)[-160:]}", flush=True)
            return
        stamp.touch()

    def unpacked(self, kernel: Kernel) -> pathlib.Path:
        """Without the network if the newest version of the lists that we have is there."""
        self.update()
        name = self.newest(kernel.package)
        version = self.run("apt-cache", "show", "--no-all-versions", name).split("Version: ", 1)[1].split("\n", 1)[0]
        target = cache() / f"{name}_{version}".replace(":", "%3a")
        if not target.exists():
            self.unpack(target, [name, *self.modules_of(name)])
        return target

    def newest(self, pattern: str) -> str:
        names = [name for name in self.run("apt-cache", "pkgnames", "linux-").split() if re.fullmatch(pattern, name)]
        if not names:
            raise FetchError(f"no package {pattern} in {self.folder.name}")
        return max(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])

    def modules_of(self, name: str) -> list[str]:
        """The newest kernels have their modules in a package of their own."""
        modules = name.replace("linux-binary-", "linux-modules-")
        return [modules] if modules != name else []

    def unpack(self, target: pathlib.Path, names: list[str]) -> None:
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for name in names:
            self.run("apt-get", "-q", "download", name, cwd=self.folder)
            for archive in self.folder.glob(f"{name}_*.deb"):
                subprocess.run(["dpkg", "-x", archive, partial], check=True)
                archive.unlink()
        partial.rename(target)


def image_of(folder: pathlib.Path) -> pathlib.Path:
    images = [*folder.glob("boot/vmlinuz-*"), *folder.glob("usr/lib/modules/*/vmlinuz"), *folder.glob("lib/modules/*/vmlinuz")]
    if not images:
        raise FetchError(f"no kernel image below {folder}")
    return images[0]
