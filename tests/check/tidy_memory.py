"""What clang-tidy found nothing in, kept from run to run as a compiler's cache keeps objects: a source that is the same
to the last header, with the same flags, checks and clang-tidy, needs no second look. Complaints are never kept.
"""

import functools
import hashlib
import os
import pathlib
import shlex
import subprocess

import tree

CLANG_TIDY = "clang-tidy-19"
MOST = 4000  # files; the oldest go


def folder() -> pathlib.Path:
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "nsobserver/tidy"


class Memory:
    def __init__(self, build: pathlib.Path, commands: list[dict]):
        self.folder = folder()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.commands = {entry["file"]: entry for entry in commands}
        self.read = dependencies(build)
        version = subprocess.run([CLANG_TIDY, "--version"], check=True, capture_output=True, text=True).stdout
        self.same_for_all = version + (tree.ROOT / ".clang-tidy").read_text()

    def key(self, source: str) -> str | None:
        """Of all that clang-tidy would see; None: not known, so look."""
        entry = self.commands[source]
        words = shlex.split(entry["command"])
        read = self.read.get(words[words.index("-o") + 1])
        if not read or source not in read or not all(map(os.path.exists, read)):
            return None
        whole = hashlib.sha256(self.same_for_all.encode())
        for text in (entry["command"], *sorted(f"{name} {digest(name)}" for name in read)):
            whole.update(text.replace(str(tree.ROOT), "").encode() + b"\0")  # clones share it
        return whole.hexdigest()

    def knows(self, key: str | None) -> bool:
        if key is None or not (self.folder / key).exists():
            return False
        os.utime(self.folder / key)
        return True

    def keep(self, key: str | None) -> None:
        if key is not None:
            (self.folder / key).touch()

    def forget_the_oldest(self) -> None:
        files = sorted(self.folder.iterdir(), key=lambda file: file.stat().st_mtime)
        for file in files[:-MOST]:
            file.unlink(missing_ok=True)


@functools.cache
def digest(name: str) -> str:
    return hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest()


@functools.cache
def absolute(build: pathlib.Path, name: str) -> str:
    return str((build / name).resolve())  # relative ones lie in the build


def dependencies(build: pathlib.Path) -> dict[str, set[str]]:
    """By object: what the compiler read for it, as ninja noted it."""
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True, capture_output=True, text=True).stdout
    out: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in listing.splitlines():
        if line.startswith("    "):
            current.add(absolute(build, line[4:]))
        elif ": #deps " in line:
            current = set()
            if line.endswith("(VALID)"):
                out[line.partition(":")[0]] = current
    return out
