"""What kind of cgroup mounts this machine has, and removal of what tests left in them."""

import contextlib
import os
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")
# crun refuses a cgroup2 with controllers beside v1: it gets a mount namespace that has none.
HIDE = "mount -t tmpfs none /sys/fs/cgroup/unified"


def hybrid_with_controllers() -> bool:
    """v1 controllers and a cgroup2 that has some too: crun refuses to run there."""
    controllers = ROOT / "unified/cgroup.controllers"
    return controllers.exists() and controllers.read_text().strip() != ""


def has_swap_limit() -> bool:
    return (ROOT / "memory/memory.memsw.limit_in_bytes").exists()


def hierarchies() -> list[pathlib.Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def naming_hierarchy() -> pathlib.Path:
    """Where a cgroup says which container it is: v2, or v1's memory beside a v2 without controllers."""
    return ROOT if (ROOT / "cgroup.controllers").exists() else ROOT / "memory"


def remove_tree(folder: pathlib.Path) -> None:
    """Depth first; a cgroup with processes stays."""
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)


@contextlib.contextmanager
def removing(*names: str):
    """Cgroups of these names at the top of any hierarchy go, if they were not there before."""
    candidates = [h / name for h in hierarchies() for name in names]
    ours = [path for path in candidates if not path.exists()]
    try:
        yield
    finally:
        for path in ours:
            if path.exists():
                remove_tree(path)


def memory_cgroup(pid: int) -> pathlib.Path:
    """Folder of the memory cgroup of a process."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return ROOT / "memory" / path.lstrip("/")
        if controllers == "" and (ROOT / "cgroup.controllers").exists():
            return ROOT / path.lstrip("/")
    raise AssertionError("no memory cgroup")
