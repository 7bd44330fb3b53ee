"""Strings of a container on their way to terminals, logs, SQL, JSON and labels."""

import json

from frame import hostile

EVIL = "1b5d303b7800", "22273b2d2d2044524f50", "3c7363726970743e", "0a0d0909", "fffec080eda080", "c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3", "2e2e2f2e2e2f2e2e", "7b7d5b5d225c75303030"


@hostile("T18")
def programs_named_by_every_trick(attack):
    attack.start("\n".join(f"echo x | /bin/attacker comm {name} >/dev/null &" for name in EVIL))
    for row in attack.record("pid")["pid"]["processes"]:
        row["comm"].encode("utf-8")


@hostile("T18")
def arguments_of_every_byte(attack):
    def prepare(root):
        (root / "work/args").write_bytes(b"".join(b"/bin/true 'a%cb%c'\n" % (n, 255 - n) for n in range(1, 256) if n not in (10, 39, 216, 245)))
    attack.start("sh /work/args 2>/dev/null || true", prepare=prepare)


@hostile("T18")
def unix_sockets_with_tricks_for_names(attack):
    names = ("\x1b[2J", "a'b\\\"c", "--", "%s%n", "\u202egnp.exe", "a" * 100)
    attack.start("\n".join(f"/bin/toolbox unix '/run/{name}' || true" for name in (n.replace("'", "'\\''") for n in names)))
    for row in attack.observer.events("--container", attack.hostile.name):
        json.dumps(row).encode("utf-8")


@hostile("T18")
def a_hostname_of_tricks(attack):
    attack.start("hostname 'a\"b;<i>$(x)'; printf '\\033[2J\\377\\n' >/etc/hostname; echo 127.0.0.1 $(hostname) >>/etc/hosts")
    attack.record("uts")


@hostile("T18", "T4")
def a_working_folder_of_tricks(attack):
    attack.start("d=$(printf '/work/\\033[31m..\\n;rm -rf /'); mkdir -p \"$d\"; cd \"$d\"; cp /bin/toolbox \"./$(printf 'x\\033[0m')\" \n"
                 "./x* unix /nowhere || true")


@hostile("T18")
def files_that_fail_with_tricks_for_names(attack):
    attack.start("for n in $(printf 'a\\033[2J b\\377 ..%%2f'); do cat \"/work/$n\" 2>/dev/null; mkdir \"/proc/$n\" 2>/dev/null; done; true")
