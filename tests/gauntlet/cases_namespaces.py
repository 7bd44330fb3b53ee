"""Namespaces by the thousand, nested, short-lived, and entered by others."""

import pathlib

from cases_filesystems import fuse_at, not_waited
from frame import hostile
from shell import wait_until

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x40000000


@hostile("T14", "T16")
def user_namespaces_one_after_the_other(attack):
    attack.start(f"/bin/attacker spaces {NEWUSER:#x} 500")


@hostile("T14", "T16")
def all_kinds_one_after_the_other(attack):
    attack.start(f"/bin/attacker spaces {NEWUSER | NEWNS | NEWUTS | NEWIPC:#x} 300")


@hostile("T14", "T16", "T25")
def net_namespaces_one_after_the_other(attack):
    attack.start(f"/bin/attacker spaces {NEWUSER | NEWNET:#x} 150")
    held = [path for path in pathlib.Path(f"/proc/{attack.observer.process.pid}/fd").iterdir()
            if path.is_symlink() and "net:[" in str(path.readlink())]
    assert len(held) <= 256


@hostile("T16", "T17")
def five_hundred_that_stay(attack):
    """They are its own: no owners beside it, no series beside its."""
    series = len(attack.observer.scrape().samples["nsobserver_container_info"])
    attack.start(f"/bin/attacker keep {NEWUSER | NEWUTS:#x} 500")
    attack.hostile.poke()
    wait_until(lambda: attack.arena.knows(attack.hostile.name), 10, "it is known")
    assert len(attack.observer.scrape().samples["nsobserver_container_info"]) <= series + 20


@hostile("T16")
def pid_namespaces_in_each_other(attack):
    attack.start("/bin/attacker nest 30 &\nsleep 0.3")
    attack.record("pid")


@hostile("T16")
def unshared_again_and_again(attack):
    """An unshare is told each time; they are the attacker's, and equal ones are one row."""
    attack.start("for i in $(seq 60); do /bin/attacker spaces 0x04000000 20 >/dev/null; done")


@hostile("T6", "T12")
def its_first_process_leaves_its_namespaces(attack):
    """Whoever asks for the container finds its init elsewhere."""
    attack.start(stand="unshare -m -u -i -n /bin/attacker stand 9")


@hostile("T14")
def a_namespace_that_outlives_its_makers(attack):
    attack.start("mkdir /work/n; touch /work/n/net; unshare -n sh -c 'mount -o bind /proc/self/ns/net /work/n/net'")
    attack.record("net")


@hostile("T25")
def mount_namespaces_on_fuse(attack):
    attack.start(f"{fuse_at('/mnt', 'lookup')}\nunshare -m sleep 1000 &\nsleep 0.05")
    attack.record("mnt")
    not_waited(attack)


def floods(flags: int) -> str:
    return "\n".join(f"/bin/attacker unshares 2 {flags:#x} >/tmp/flood{n} &" for n in range(2)) + "\nwait"


@hostile("T15")
def a_flood_of_namespaces(attack):
    """Such events are critical: there is no budget that would hold them back, so they must not fill the ring."""
    attack.start(floods(NEWUTS))


@hostile("T15")
def a_flood_of_refused_namespaces(attack):
    def no_capabilities(spec):
        for group in spec["process"]["capabilities"].values():
            group.clear()
    attack.start(floods(NEWUTS), edit=no_capabilities, prepare=lambda root: (root / "tmp").chmod(0o777))
