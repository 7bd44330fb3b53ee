"""A bare Debian of the machine's own suite and mirror, and its kernel: made once, kept in ~/.cache/nsobserver/guest."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import tempfile

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


def kernel() -> pathlib.Path:
    """Debian's own cloud kernel, the newest that the mirror has."""
    needs = run("apt-cache", "depends", KERNEL).stdout.split()
    package = next(word for word in needs if word.startswith("linux-image-") and word != KERNEL)
    with made_once(f"vmlinuz-{package}") as (path, there):
        if not there:
            with tempfile.TemporaryDirectory(dir=cache()) as folder:
                run("apt-get", "-q", "download", package, cwd=folder, timeout=300)
                run("dpkg", "-x", next(pathlib.Path(folder).glob("*.deb")), f"{folder}/root")
                next(pathlib.Path(folder, "root/boot").glob("vmlinuz-*")).rename(path)
    return path


# What the guest has besides the libraries of the package.
IN_GUEST = ["systemd-sysv", "init-system-helpers", "runc", "busybox-static", "curl", "procps"]


def base(package: pathlib.Path) -> pathlib.Path:
    """A bare Debian on which dpkg can install this package without a mirror: one for guest, chroot and image."""
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    libraries = [re.split(r"[ (|]", alternative.strip())[0] for alternative in depends.split(",")]
    return root_tar([*IN_GUEST, *libraries])
