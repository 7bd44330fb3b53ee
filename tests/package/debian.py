"""A bare Debian of the machine's own suite and mirror, and its kernel: made once, kept in ~/.cache/nsobserver/guest."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Callable

from shell import run

SUITE = "bookworm"
KERNEL = "linux-image-cloud-amd64"


def cache() -> pathlib.Path:
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = home / "nsobserver" / "guest"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def made_once(name: str):
    """Yields (the file, whether it is there); one process at a time, so that two runs don't make the same."""
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = cache() / name
        yield path, path.exists()


def sources() -> list[str]:
    """The machine's own lines for Debian, as mmdebstrap takes them."""
    listed = run("apt-get", "indextargets", "--format", "deb $(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages").stdout
    lines = [line for line in listed.splitlines() if line.split()[2].startswith(SUITE)]
    assert lines, f"no mirror of {SUITE} in /etc/apt"
    return sorted(set(lines))


def root_tar(packages: list[str]) -> pathlib.Path:
    """The smallest Debian with these packages, as a tar file."""
    packages = sorted(set(packages))
    key = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    with made_once(f"root-{key}.tar") as (path, there):
        if not there:
            part = path.with_suffix(".part")
            # What nobody reads in a test is left out: it would only cost time.
            lean = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "locale", "info")]
            run("mmdebstrap", "--mode=root", "--format=tar", "--variant=minbase", *lean, f"--include={','.join(packages)}", SUITE, part,
                *sources(), timeout=600)
            part.rename(path)
    return path


def of_kernel(name: str, take: Callable[[pathlib.Path, pathlib.Path], None]) -> pathlib.Path:
    """What `take` makes of Debian's own cloud kernel, the newest that the mirror has: (its package unpacked, the file to make)."""
    needs = run("apt-cache", "depends", KERNEL).stdout.split()
    package = next(word for word in needs if word.startswith("linux-image-") and word != KERNEL)
    with made_once(f"{name}-{package}") as (path, there):
        if not there:
            with tempfile.TemporaryDirectory(dir=cache()) as folder:
                run("apt-get", "-q", "download", package, cwd=folder, timeout=300)
                root = pathlib.Path(folder, "root")
                run("dpkg", "-x", next(pathlib.Path(folder).glob("*.deb")), root)
                part = path.with_suffix(".part")
                take(root, part)
                part.rename(path)
    return path


def kernel() -> pathlib.Path:
    return of_kernel("vmlinuz", lambda root, path: next(root.glob("boot/vmlinuz-*")).rename(path))


def modules() -> pathlib.Path:
    """Those of the kernel's network, as a tar file: what tells of sockets and rules is loaded when somebody asks."""
    def take(root: pathlib.Path, path: pathlib.Path) -> None:
        (version,) = (root / "lib/modules").iterdir()
        names = [file.relative_to(root) for file in (version / "kernel/net", *version.glob("modules.*"))]
        run("tar", "-C", root, "-cf", path, *names, timeout=300)

    return of_kernel("modules", take)


# What the guest has besides the libraries of the package.
IN_GUEST = ["systemd-sysv", "init-system-helpers", "kmod", "runc", "busybox-static", "curl", "procps"]


def base(package: pathlib.Path) -> pathlib.Path:
    """A bare Debian on which dpkg can install this package without a mirror: one for guest, chroot and image."""
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    libraries = [re.split(r"[ (|]", alternative.strip())[0] for alternative in depends.split(",")]
    return root_tar([*IN_GUEST, *libraries])


def kubectl() -> pathlib.Path:
    """One whose Kustomize knows the fields that we use (1.27 on): the machine's own, else that of the next Debian, unpacked.

    The Kustomize in bookworm's kubectl is of 2019 and renders nothing that is written today.
    """
    own = shutil.which("kubectl")
    if own:
        version = json.loads(run(own, "version", "--client", "-o", "json").stdout)["clientVersion"]
        if (int(version["major"]), int(re.match(r"\d+", version["minor"])[0])) >= (1, 27):
            return pathlib.Path(own)
    with made_once("kubectl-trixie") as (path, there):
        if not there:
            with tempfile.TemporaryDirectory(dir=cache()) as name:
                folder = pathlib.Path(name)
                fetch("kubectl", "trixie", folder)
                run("dpkg", "-x", next(folder.glob("*.deb")), folder / "root")
                (folder / "root/usr/bin/kubectl").rename(path)
    return path


def fetch(package: str, suite: str, folder: pathlib.Path) -> None:
    """A package of another suite, from the machine's own mirror; apt's own lists and sources stay as they are."""
    line = next(line for line in sources() if line.split()[2] == SUITE)
    (folder / "sources.list").write_text(line.replace(f" {SUITE} ", f" {suite} ") + "\n")
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # else what is installed here would be preferred
    options = [f"-o{key}={value}" for key, value in {
        "Dir::Etc::SourceList": folder / "sources.list", "Dir::Etc::SourceParts": "/dev/null", "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder, "APT::Sandbox::User": "root", "Dir::State::Status": folder / "status"}.items()]
    run("apt-get", "-q", *options, "update", timeout=300)
    run("apt-get", "-q", *options, "download", package, cwd=folder, timeout=300)
