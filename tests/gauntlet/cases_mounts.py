"""Mount tables that lie, that are long, and that never stand still."""

from cases_filesystems import not_waited
from frame import hostile


@hostile("T21")
def two_thousand_mounts(attack):
    attack.start("mkdir /work/m; mount -t tmpfs t /work/m; /bin/attacker mounts /work/m 2500")
    record = attack.record("mnt")
    assert len(record["mnt"]["mounts"]) <= 2000
    assert "/mnt/mounts" in record["truncated"]


@hostile("T21")
def mounts_of_long_names(attack):
    """Each line of the table has four thousand bytes."""
    attack.start("cd /work; for i in $(seq 15); do d=$(printf '%0250d' 7); mkdir $d; cd $d; done\n"
                 "mount -t tmpfs t . ; for i in $(seq 400); do mount -t tmpfs t . || break; done")
    record = attack.record("mnt")
    assert record["mnt"]["mounts"]


@hostile("T21", "T18")
def mounts_with_every_byte(attack):
    attack.start("mkdir \"/work/$(printf 'a\\033[2J\\n\\t\\\\b #\\377')\"\n"
                 "mount -t tmpfs \"$(printf 'src\\033]0;x\\007 - ext4 /dev/sda rw')\" /work/a*")
    record = attack.record("mnt")
    strange = [row for row in record["mnt"]["mounts"] if row["mount_point"].startswith("/work/a")]
    assert [row["fstype"] for row in strange] == ["tmpfs"]


@hostile("T6")
def proc_covered_by_files(attack):
    attack.start("mkdir /work/p; mkdir /work/p/self /work/p/1; echo 7 >/work/p/self/stat; mount -o bind /work/p /proc")
    record = attack.record("pid")
    assert any(row["comm"] == "attacker" for row in record["pid"]["processes"])


@hostile("T6")
def sys_and_cgroup_covered(attack):
    attack.start("mount -t tmpfs t /sys; mkdir -p /sys/fs/cgroup/memory; echo 7 >/sys/fs/cgroup/memory/memory.limit_in_bytes")
    assert attack.record("cgroup")["cgroup"].get("memory", {}).get("limit_bytes") != 7


@hostile("T6")
def a_root_that_is_covered(attack):
    attack.start("mount -t tmpfs t /etc; echo nameserver 192.0.2.44 >/etc/resolv.conf")
    assert attack.record("net")["net"]["resolv_conf"]["nameservers"] == ["192.0.2.44"]


@hostile("T6")
def a_root_that_was_left(attack):
    attack.start("mount -t tmpfs t /mnt; mkdir -p /mnt/bin /mnt/etc /mnt/old; mount -o bind /bin /mnt/bin\n"
                 "echo nameserver 192.0.2.45 >/mnt/etc/resolv.conf; cd /mnt; pivot_root . old; umount -l /old",
                 stand="chroot . /bin/attacker stand 9")
    assert attack.record("net")["net"]["resolv_conf"]["nameservers"] == ["192.0.2.45"]


@hostile("T3", "T6")
def a_chroot_that_was_left(attack):
    attack.start("mkdir -p /work/jail/bin /work/jail/etc; mount -o bind /bin /work/jail/bin",
                 stand="chroot /work/jail /bin/attacker stand 9")
    assert attack.record("net")["net"]["resolv_conf"] is None


@hostile("T21", moves=True)
def mounts_that_come_and_go(attack):
    attack.start("/bin/attacker remount /etc &\n/bin/attacker remount /mnt &")
    for _ in range(5):
        attack.record("net", "mnt")


@hostile("T9", "T25")
def detached_mounts(attack):
    attack.start("mount -t tmpfs t /mnt; cd /mnt; umount -l /mnt; mount -t tmpfs t /etc; cd /etc; umount -l /etc")
    attack.record("mnt")


@hostile("T9")
def an_overlay_of_its_own(attack):
    attack.start("mkdir /work/u /work/w; mount -t tmpfs t /work; mkdir /work/l /work/u /work/w\n"
                 "mount -t overlay o -o lowerdir=/etc:/work/l /etc")
    attack.refused("net", "may hang")
    not_waited(attack)


@hostile("T1", "T6")
def an_overlay_that_names_a_folder_of_the_host(attack):
    """The upper folder of / as the kernel tells it is text of the container's."""
    canary = attack.arena.canary.folder
    attack.start(f"mkdir -p {canary}; mount -t tmpfs t /mnt; mkdir -p /mnt/w /mnt/r; mount -t tmpfs t {canary}\n"
                 f"mkdir {canary}/u {canary}/w; mount -t overlay o -o lowerdir=/,upperdir={canary}/u,workdir={canary}/w /mnt/r\n"
                 "mount -o bind /bin /mnt/r/bin", stand="chroot /mnt/r /bin/attacker stand 9")
    attack.record("mnt")
