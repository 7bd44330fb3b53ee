"""Processes that can't be asked, that are many, or that are gone already."""

import os
import signal
import time

from cases_filesystems import fuse_at, not_waited
from frame import hostile


@hostile("T16")
def a_thousand_processes(attack):
    attack.start("/bin/attacker crowd 1000")
    record = attack.record("pid")
    assert len(record["pid"]["processes"]) <= 512
    assert "/pid/processes" in record["truncated"]


@hostile("T16")
def a_thousand_zombies(attack):
    attack.start("/bin/toolbox zombies 1000 &\nsleep 0.3")
    assert attack.record("pid")["pid"]["zombies"] >= 200


@hostile("T16")
def a_thousand_threads(attack):
    attack.start("/bin/attacker threads 1000 >/tmp/t &\nsleep 0.2")
    attack.record("pid")


@hostile("T13", "T16")
def forks_without_end(attack):
    attack.start("/bin/attacker forks -1 &")
    for _ in range(3):
        attack.record("pid")
        time.sleep(0.1)


@hostile("T13")
def a_leader_that_ended(attack):
    """The container's init is a zombie in /proc, and lives in its other threads."""
    attack.start("/bin/attacker threads 3 >/tmp/t &\nsleep 0.2")
    attack.record()


@hostile("T10")
def stopped_processes(attack):
    attack.start("/bin/attacker crowd 3; for p in $(pidof attacker); do kill -STOP $p; done")
    attack.record("pid")


@hostile("T10")
def traced_processes(attack):
    attack.start("/bin/attacker ptraced >/tmp/t &\nfor i in $(seq 100); do grep -q ready /tmp/t && break; sleep 0.01; done")
    attack.record("pid")


@hostile("T10")
def a_vfork_that_never_returns(attack):
    attack.start("/bin/attacker vfork &\nsleep 0.05")
    attack.record("pid")


@hostile("T10", "T9")
def a_program_on_fuse(attack):
    """It hangs in execve and in a page fault, for the server never reads for it."""
    attack.start(f"{fuse_at('/mnt', 'read')}\n/mnt/program &\ncat /mnt/x >/dev/null &\nsleep 0.05")
    attack.record("pid")
    not_waited(attack)


@hostile("T11", "T18")
def names_of_bytes(attack):
    attack.start("true", stand="/bin/attacker comm 1b5b324aff0a22275c3c7b7df09f98")
    attack.hostile.poke()
    record = attack.record("pid")
    assert any("\N{REPLACEMENT CHARACTER}" in row["comm"] for row in record["pid"]["processes"])


@hostile("T11", "T18")
def arguments_of_a_hundred_kilobytes(attack):
    attack.start("/bin/attacker execs 50")


@hostile("T13")
def an_init_that_is_killed_meanwhile(attack):
    attack.start()
    for number in range(3):
        victim = attack.start(name=f"victim{number}-")
        os.kill(victim.pid, signal.SIGKILL)
        look = attack.arena.look("snapshot", victim.name, within=12)
        assert look.record is not None or look.stderr.strip()


@hostile("T1")
def proc_exe_of_whoever_comes(attack):
    """What CVE-2019-5736 did: it waits for a process of ours to show up inside, to write its program."""
    attack.start("(while true; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in */nsobserver*) echo found >>/tmp/found\n"
                 "echo x >$p/exe ;; esac; done; done) 2>/dev/null &")
    for _ in range(3):
        attack.record()
    assert not (attack.hostile.root / "tmp/found").exists(), "a process of ours was visible inside"


@hostile("T1", "T5")
def nobody_of_ours_inside(attack):
    """While it is looked into, no process of the observer is in a pid, mount or user namespace of it."""
    attack.start()
    attack.record()
    for pid in [attack.observer.process.pid, *children(attack.observer.process.pid)]:
        for kind in ("pid", "mnt", "user"):
            assert os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")


def children(pid: int) -> list[int]:
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as text:
            found += [int(word) for word in text.read().split()]
    return found
