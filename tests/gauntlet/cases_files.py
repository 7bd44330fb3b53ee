"""Files of a container that are not what they seem."""

import os
import socket

from frame import hostile


def replace(path, make) -> None:
    path.unlink(missing_ok=True)
    make(path)


def resolv_conf(make):
    """`prepare` of a container whose resolv.conf is made by `make`."""
    return lambda root: replace(root / "etc/resolv.conf", make)


def written(data: bytes):
    return resolv_conf(lambda path: path.write_bytes(data))


def listen_at(path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        folder = os.open(path.parent, os.O_PATH)
        one.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


@hostile("T8")
def a_fifo(attack):
    attack.start(prepare=resolv_conf(os.mkfifo))
    attack.refused("net", "not a regular file")


@hostile("T8")
def a_socket(attack):
    attack.start(prepare=resolv_conf(listen_at))
    attack.refused("net", "not a regular file")


@hostile("T8")
def a_folder(attack):
    attack.start(prepare=resolv_conf(os.mkdir))
    attack.refused("net", "not a regular file")


@hostile("T8", user_namespaces=(False,))
def an_endless_device(attack):
    attack.start(prepare=resolv_conf(lambda path: os.mknod(path, 0o20666, os.makedev(1, 5))))
    attack.refused("net", "not a regular file")


@hostile("T8", user_namespaces=(False,))
def a_terminal(attack):
    attack.start(prepare=resolv_conf(lambda path: os.mknod(path, 0o20666, os.makedev(5, 2))))
    attack.refused("net", "not a regular file")


@hostile("T8")
def ten_gigabytes_of_nothing(attack):
    attack.start(prepare=resolv_conf(lambda path: (path.touch(), os.truncate(path, 10 << 30))))
    attack.refused("net", "longer than")


@hostile("T8")
def one_line_of_a_megabyte(attack):
    attack.start(prepare=written(b"nameserver " + b"1" * (1 << 20)))
    attack.refused("net", "longer than")


@hostile("T8")
def as_long_as_may_be(attack):
    attack.start(prepare=written((b"nameserver 192.0.2.1\n" * 4000)[:64 << 10]))
    assert len(attack.record("net")["net"]["resolv_conf"]["nameservers"]) < 100


@hostile("T8", moves=True)
def a_file_that_grows(attack):
    attack.start("rm /etc/hosts; /bin/attacker grow /etc/hosts &")
    for _ in range(3):
        attack.record("net")


@hostile("T8", "T18")
def every_byte_in_resolv_conf(attack):
    attack.start(prepare=written(b"nameserver " + bytes(range(256)) + b"\nsearch \x1b[2J\x00\xff\n"))
    attack.record("net")


@hostile("T8", "T18")
def every_byte_in_hosts(attack):
    attack.start(prepare=lambda root: (root / "etc/hosts").write_bytes(
        b"".join(b"192.0.2.%d \x1b]0;x\x07%c\xed\xa0\x80\n" % (n % 250, n) for n in range(256))))
    assert len(attack.record("net")["net"]["hosts"]) <= 64


@hostile("T3")
def a_link_to_the_canary(attack):
    secret = attack.arena.canary.folder / "secret"
    attack.start(prepare=resolv_conf(lambda path: path.symlink_to(secret)))
    assert attack.record("net")["net"]["resolv_conf"] is None


@hostile("T3", "T4")
def a_link_up_and_out(attack):
    secret = attack.arena.canary.folder / "secret"
    attack.start(prepare=resolv_conf(lambda path: path.symlink_to("../" * 40 + str(secret))))
    assert attack.record("net")["net"]["resolv_conf"] is None


@hostile("T3", "T6")
def links_through_proc(attack):
    secret = attack.arena.canary.folder / "secret"
    for number, way in enumerate(("/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/proc/self/fd/3")):
        attack.start(name=f"way{number}-", prepare=resolv_conf(lambda path, to=way: path.symlink_to(f"{to}{secret}")))
    assert attack.record("net")["net"]["resolv_conf"] is None
    for one in attack.others:
        look = attack.arena.look("snapshot", one.name, "--ns", "net", within=12)
        assert look.record["net"]["resolv_conf"] is None


@hostile("T3")
def links_in_a_ring(attack):
    attack.start(prepare=resolv_conf(lambda path: path.symlink_to("resolv.conf")))
    attack.refused("net", "levels of symbolic links")


@hostile("T3")
def links_that_multiply(attack):
    def prepare(root):
        for n in range(40):
            (root / f"tmp/l{n}").symlink_to("/".join([f"/tmp/l{n + 1}"] * 3))
        replace(root / "etc/resolv.conf", lambda path: path.symlink_to("/tmp/l0"))
    attack.start(prepare=prepare)
    assert attack.record("net")["net"]["resolv_conf"] is None


@hostile("T3", moves=True)
def a_link_that_swings(attack):
    secret = attack.arena.canary.folder / "secret"
    attack.start(f"rm /etc/resolv.conf\n/bin/attacker swing /etc/resolv.conf /etc/hosts ../../../../..{secret} &")
    for _ in range(8):
        attack.record("net")


@hostile("T3", moves=True)
def a_folder_that_is_exchanged(attack):
    secret = attack.arena.canary.folder
    attack.start(f"ln -s ../../../../../..{secret} /work/out; mkdir /work/in; echo nameserver 192.0.2.9 >/work/in/secret\n"
                 "ln -sf /work/in/secret /etc/resolv.conf\n/bin/attacker exchange /work/in /work/out &")
    for _ in range(8):
        attack.record("net")


@hostile("T4", "T18")
def names_of_all_bytes(attack):
    attack.start("mkdir /work/names; /bin/attacker names /work/names")


@hostile("T4")
def a_path_of_a_thousand_folders(attack):
    attack.start("cd /work; for i in $(seq 300); do mkdir dddddddddd; cd dddddddddd; done\n"
                 "echo nameserver 192.0.2.7 >x; cd /; rm /etc/resolv.conf\n"
                 "ln -s /work/$(for i in $(seq 300); do echo -n dddddddddd/; done)x /etc/resolv.conf")
    attack.record("net")


@hostile("T2")
def libraries_of_its_own(attack):
    def prepare(root):
        (root / "etc/ld.so.preload").write_text("/lib/evil.so\n")
        (root / "etc/nsswitch.conf").write_text("hosts: evil\npasswd: evil\n")
        (root / "etc/gai.conf").write_text("precedence ::1/128 0\n")
        for folder in ("lib", "lib64", "usr/lib/x86_64-linux-gnu/gconv"):
            (root / folder).mkdir(parents=True)
            for name in ("evil.so", "libnss_evil.so.2", "libc.so.6", "gconv-modules"):
                (root / folder / name).write_bytes(b"\x7fELF evil")
    attack.start(prepare=prepare)
    held = attack.observer.process.pid
    maps = open(f"/proc/{held}/maps").read()
    attack.record()
    assert "evil" not in open(f"/proc/{held}/maps").read() and "evil" not in maps
