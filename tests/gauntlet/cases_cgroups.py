"""Cgroups that claim to be somebody else's, and many of them."""

import contextlib
import os
import pathlib

import cgroups
from frame import hostile
from shell import wait_until


def own_cgroup(attack) -> pathlib.Path:
    return cgroups.memory_cgroup(attack.hostile.pid)


@contextlib.contextmanager
def below(attack, *names: str):
    """A cgroup below the attacker's, as it could make it through a cgroup mount of its own."""
    made = []
    try:
        folder = own_cgroup(attack)
        for name in names:
            folder = folder / name
            folder.mkdir()
            made.append(folder)
        yield folder
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                for pid in (folder / "cgroup.procs").read_text().split():
                    (made[0].parent / "cgroup.procs").write_text(pid)
                folder.rmdir()


def is_still_itself(attack) -> None:
    """What it does in there is its own, whatever the cgroup is called."""
    before = {row["id"] for row in attack.observer.events("--container", attack.hostile.name)}
    attack.hostile.poke()
    wait_until(lambda: attack.hostile.answers() >= 1, 5, "a connect")

    def new():
        return [row for row in attack.observer.events("--kind", "connect_failure", "--since", "30s")
                if row["connect_failure"]["port"] == 9 and row["id"] not in before
                and row["process"]["pid"] == attack.hostile.pid]

    rows = wait_until(new, 10, "the row", interval=0.1)
    innocent = attack.arena.innocent.container.name
    for container in (row["container"] for row in rows):
        if container is not None and container["name"] != attack.hostile.name:
            # A container in a container is a guess, and says so; it is never one of the host's.
            assert not container["certain"] and container["name"] != innocent, f"it is called {container}"


@hostile("T15", "T17")
def in_a_cgroup_named_as_the_neighbour(attack):
    attack.start()
    with below(attack, attack.arena.innocent.container.container.id) as folder:
        (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        is_still_itself(attack)


@hostile("T15", "T17")
def in_a_cgroup_named_as_a_docker_container(attack):
    attack.start()
    with below(attack, "docker", "ab" * 32) as folder:
        (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        is_still_itself(attack)


@hostile("T15", "T17")
def in_a_cgroup_named_as_a_pod(attack):
    attack.start()
    with below(attack, "kubepods", "pod12345678-1234-1234-1234-123456789abc", "cd" * 32) as folder:
        (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        is_still_itself(attack)


@hostile("T18")
def in_a_cgroup_of_bytes(attack):
    attack.start()
    with below(attack, "\x1b[2J\t\"'<b>\udcff") as folder:
        (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        is_still_itself(attack)


@hostile("T16", "T17")
def three_hundred_cgroups(attack):
    attack.start()
    infos = len(attack.observer.scrape().samples["nsobserver_container_info"])
    folder = own_cgroup(attack) / "many"
    folder.mkdir()
    try:
        for n in range(300):
            (folder / f"docker-{n:064x}.scope").mkdir()
        assert len(attack.observer.scrape().samples["nsobserver_container_info"]) < infos + 50
        attack.record("cgroup")
    finally:
        cgroups.remove_tree(folder)


@hostile("T16")
def cgroups_thirty_deep(attack):
    attack.start()
    with below(attack, *(["d" * 100] * 30)) as folder:
        (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        is_still_itself(attack)
        attack.record("cgroup")


@hostile("T17")
def a_cgroup_that_vanishes_under_the_look(attack):
    attack.start()
    for _ in range(4):
        with below(attack, "gone") as folder:
            (folder / "cgroup.procs").write_text(str(attack.hostile.pid))
        attack.record("cgroup")


@hostile("T15")
def out_of_memory_again_and_again(attack):
    """Each victim is counted and told, and is the attacker's."""
    attack.start(memory=24 << 20)

    def killed():
        return attack.observer.scrape().sum("nsobserver_oom_kills_total", container=attack.hostile.name)

    wait_until(lambda: attack.arena.knows(attack.hostile.name), 10, "it is known")
    before = killed()
    for _ in range(3):
        attack.engine.run_in(attack.hostile, "/bin/toolbox", "memory", "200")
    wait_until(lambda: killed() == before + 3, 10, "three kills are counted", interval=0.1)
