"""Filesystems that are served by the container itself, and badly."""

from frame import hostile


def fuse_at(folder: str, mode: str) -> str:
    """Script: such a filesystem is mounted there, or the container fails."""
    return (f"/bin/attacker fuse {folder} {mode} >/tmp/fuse &\n"
            f"for i in $(seq 500); do grep -q mounted /tmp/fuse && break; sleep 0.01; done\n"
            f"grep -q mounted /tmp/fuse || {{ cat /tmp/fuse; exit 1; }}")


@hostile("T9")
def fuse_that_never_begins(attack):
    attack.start(fuse_at("/etc", "init"))
    attack.refused("net", "may hang")


@hostile("T9")
def fuse_that_answers_no_lookup(attack):
    attack.start(fuse_at("/etc", "lookup"))
    attack.refused("net", "may hang")


def overlay_over_fuse(mode: str) -> str:
    return f"{fuse_at('/mnt', mode)}\n/bin/attacker overlay /mnt /etc"


@hostile("T9")
def overlay_over_fuse_that_answers_no_lookup(attack):
    attack.start(overlay_over_fuse("lookup"))
    attack.look("net")


@hostile("T9")
def overlay_over_fuse_that_answers_no_read(attack):
    attack.start(overlay_over_fuse("read"))
    attack.look("net")
