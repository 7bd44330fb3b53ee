"""Files of a container that are not what they seem."""

import os

from frame import hostile


def replace(path, make) -> None:
    path.unlink(missing_ok=True)
    make(path)


def resolv_conf(make):
    """`prepare` of a container whose resolv.conf is made by `make`."""
    return lambda root: replace(root / "etc/resolv.conf", make)


@hostile("T8")
def a_fifo(attack):
    attack.start(prepare=resolv_conf(os.mkfifo))
    attack.refused("net", "not a regular file")


@hostile("T3")
def a_link_to_the_canary(attack):
    secret = attack.arena.canary.folder / "secret"
    attack.start(prepare=resolv_conf(lambda path: path.symlink_to(secret)))
    assert attack.record("net")["net"]["resolv_conf"] is None


@hostile("T8")
def ten_gigabytes_of_nothing(attack):
    attack.start(prepare=resolv_conf(lambda path: (path.touch(), os.truncate(path, 10 << 30))))
    attack.refused("net", "longer than")


@hostile("T3", moves=True)
def a_link_that_swings(attack):
    secret = attack.arena.canary.folder / "secret"
    attack.start(f"ln -s /etc/hosts /etc/resolv.conf.next; rm /etc/resolv.conf\n"
                 f"/bin/attacker swing /etc/resolv.conf /etc/hosts ../../../../..{secret} &")
    for _ in range(8):
        attack.record("net")
