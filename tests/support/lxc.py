"""LXC: a name is an id; no engine, a monitor for each container."""

import os
import subprocess

from images import make_copy
from runtimes import SLEEP, Engine
from shell import run

CONFIG = """
lxc.uts.name = {name}
lxc.rootfs.path = dir:{rootfs}
lxc.net.0.type = empty
lxc.net.0.flags = up
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc:mixed sys:ro
lxc.tty.max = 0
lxc.pty.max = 4
lxc.init.cmd = {command}
"""
FIRST_ID, IDS = 2_000_000, 65536


class Lxc(Engine):
    runtime = "lxc"
    cgroups = ("lxc.pivot",)
    prefix: tuple[str, ...] = ()
    owner = 0  # of the files

    def set_up(self):
        os.chmod(self.folder, 0o711)
        self.path = self.folder / "lxc"
        self.path.mkdir(mode=0o711)

    def lxc(self, command, *words, check=True, timeout=60, **options):
        return run(*self.prefix, f"lxc-{command}", "-P", self.path, *words, check=check, timeout=timeout,
                   **options)

    def config(self, name, command) -> str:
        return CONFIG.format(name=name, rootfs=self.path / name / "rootfs", command=" ".join(command))

    def create(self, name, command) -> str:
        """The name that it really has: cgroups of LXC stand at the top, so the name must be ours alone."""
        name = f"{name}-{self.suffix}"
        folder = self.path / name
        folder.mkdir(mode=0o755)
        make_copy(self.images.rootfs, folder / "rootfs", self.owner)
        (folder / "config").write_text(self.config(name, command))
        return name

    def start(self, name, *, command=SLEEP, memory=None):
        name = self.create(name, command)
        return self.adopt(name, name, self.run_detached(name))

    def run_detached(self, name) -> int:
        # The monitor keeps our standard output.
        self.lxc("start", "-d", "-n", name, "-o", self.folder / "log", stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)
        return int(self.lxc("info", "-n", name, "-p", "-H").stdout)

    def again(self, container):
        """Stopped and started: the same name."""
        self.lxc("stop", "-k", "-n", container.id)
        container.pid = self.run_detached(container.id)

    def run_once(self, name, *command):
        """By a script in the root file system: LXC's command line knows no quoting."""
        name = self.create(name, ("/bin/sh", "/script"))
        script = self.path / name / "rootfs/script"
        script.write_text(command[-1] if command[0] == "/bin/sh" else " ".join(command))
        self.lxc("start", "-F", "-n", name, check=False)
        return name

    def exec(self, container, command, check, timeout):
        return self.lxc("attach", "-n", container.id, "--", *command, check=check, timeout=timeout)

    def kill(self, container, name):
        run("kill", f"-{name}", container.pid)

    def remove(self, container):
        self.lxc("stop", "-k", "-n", container.id, check=False)
        self.containers.remove(container)


class LxcIdmapped(Lxc):
    owner = FIRST_ID
    # root has no subordinate ids of its own on a fresh machine
    prefix = ("unshare", "-m", "--propagation", "private", "sh", "-ec",
              f"""mount -t tmpfs none /mnt
                  echo root:{FIRST_ID}:{IDS} >/mnt/sub
                  mount --bind /mnt/sub /etc/subuid
                  mount --bind /mnt/sub /etc/subgid
                  umount -l /mnt
                  exec "$@" """, "sh")

    def config(self, name, command):
        return super().config(name, command) + \
            "".join(f"lxc.idmap = {kind} 0 {FIRST_ID} {IDS}\n" for kind in "ug")
