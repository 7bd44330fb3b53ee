"""Filesystems that are served by the container itself, and badly."""

from frame import hostile

LOOK_QUICKLY = 1.5  # seconds, by the record itself: nothing was waited for


def fuse_at(folder: str, mode: str) -> str:
    """Script: such a filesystem is mounted there, or the container fails."""
    said = f"/tmp/fuse-{mode}"
    return (f"/bin/attacker fuse {folder} {mode} >{said} &\n"
            f"for i in $(seq 500); do grep -q mounted {said} && break; sleep 0.01; done\n"
            f"grep -q mounted {said} || {{ cat {said}; exit 1; }}")


def overlay_over_fuse(mode: str) -> str:
    return f"{fuse_at('/mnt', mode)}\n/bin/attacker overlay /mnt /etc"


def refuse(attack, kind: str = "net") -> None:
    attack.refused(kind, "may hang")
    not_waited(attack)


def not_waited(attack) -> None:
    assert attack.looks[-1].record["took_ns"] < LOOK_QUICKLY * 1e9, "it waited for the container's filesystem"


@hostile("T9")
def fuse_that_never_begins(attack):
    attack.start(fuse_at("/etc", "init"))
    refuse(attack)


@hostile("T9")
def fuse_that_answers_no_lookup(attack):
    attack.start(fuse_at("/etc", "lookup"))
    refuse(attack)


@hostile("T9")
def fuse_that_answers_no_getattr(attack):
    attack.start(fuse_at("/etc", "getattr"))
    refuse(attack)


@hostile("T9")
def fuse_that_answers_no_open(attack):
    attack.start(fuse_at("/etc", "open"))
    refuse(attack)


@hostile("T9")
def fuse_that_answers_no_read(attack):
    attack.start(fuse_at("/etc", "read"))
    refuse(attack)


@hostile("T9")
def fuse_that_answers_no_statfs(attack):
    attack.start(fuse_at("/mnt", "statfs"))
    attack.record("mnt")
    not_waited(attack)


@hostile("T9")
def fuse_that_drips(attack):
    attack.start(fuse_at("/etc", "drip"))
    refuse(attack)


@hostile("T9")
def fuse_that_dies(attack):
    attack.start(fuse_at("/etc", "die"))
    refuse(attack)


@hostile("T9")
def fuse_behind_a_link(attack):
    attack.start(f"{fuse_at('/mnt', 'lookup')}\nrm /etc/resolv.conf; ln -s /mnt/resolv.conf /etc/resolv.conf")
    refuse(attack)


@hostile("T9")
def fuse_under_a_bind(attack):
    attack.start(f"{fuse_at('/mnt', 'read')}\nmount -o bind /mnt /etc")
    refuse(attack)


@hostile("T9")
def fuse_at_every_place(attack):
    attack.start("\n".join(fuse_at(*one) for one in (
        ("/etc", "lookup"), ("/run", "getattr"), ("/mnt", "statfs"), ("/work", "read"))))
    refuse(attack)


@hostile("T9")
def overlay_over_fuse_that_answers_no_lookup(attack):
    attack.start(overlay_over_fuse("lookup"))
    refuse(attack)


@hostile("T9")
def overlay_over_fuse_that_answers_no_read(attack):
    attack.start(overlay_over_fuse("read"))
    refuse(attack)


@hostile("T9")
def overlay_over_fuse_that_answers_no_statfs(attack):
    attack.start(overlay_over_fuse("statfs"))
    attack.record("mnt")
    not_waited(attack)


@hostile("T9")
def overlays_over_fuse_in_three_containers(attack):
    """As many as would take all places of children that hang; the neighbour is looked into all the same."""
    for number in range(3):
        attack.start(overlay_over_fuse("lookup"), name=f"over{number}-")
    refuse(attack)
    innocent = attack.arena.look("snapshot", attack.arena.innocent.container.name, within=12)
    assert innocent.record["net"]["resolv_conf"]["nameservers"] == ["192.0.2.53"]
