"""An ordinary user who runs containers of its own, and a mount namespace in which it can everywhere."""

import contextlib
import fcntl
import os
import pathlib
import pwd
import signal
import tempfile

import cgroups
from namespaces import mount_namespace
from shell import remove_folder, run, wait_until

PATH = "/usr/share/docker.io/contrib:/usr/sbin:/usr/bin:/sbin:/bin"

# Devices that only root may open on some machines, and podman's wish for shared mounts.
DEVICES = """
mount --make-rshared /
mknod -m 666 $1/fuse c 10 229
mknod -m 666 $1/tun c 10 200
[ ! -e /dev/fuse ] || mount --bind $1/fuse /dev/fuse
[ ! -e /dev/net/tun ] || mount --bind $1/tun /dev/net/tun
"""


class User:
    """Made when entered, with subordinate ids, a home and a runtime directory; removed when left.

    The name is fixed and guarded by a lock: what a killed run left behind is removed by the next.
    """

    def __init__(self, name: str, *, hide_cgroup2: bool = False):
        self.name = name
        self.hide_cgroup2 = hide_cgroup2 and cgroups.hybrid_with_controllers()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            lock = stack.enter_context(open(f"/run/lock/{self.name}", "w", encoding="ascii"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.delete()
            self.home = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-home-", dir="/var/tmp"))
            stack.callback(remove_folder, self.home)
            run("useradd", "--no-create-home", "--home-dir", self.home, "--shell", "/bin/sh",
                "--comment", "nsobserver end-to-end tests", self.name)
            stack.callback(self.delete)
            self.uid, self.gid = (lambda p: (p.pw_uid, p.pw_gid))(pwd.getpwnam(self.name))
            os.chown(self.home, self.uid, self.gid)
            self.runtime = pathlib.Path(f"/run/user/{self.uid}")
            self.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chown(self.runtime, self.uid, self.gid)
            devices = self.home / ".devices"
            devices.mkdir(mode=0o755)
            script = DEVICES + (cgroups.HIDE if self.hide_cgroup2 else "")
            self.keeper = stack.enter_context(mount_namespace(script, devices))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info) -> None:
        self.stack.close()

    def command(self, *words, **environment) -> list[str]:
        """As this user, in its mount namespace, with nothing of our environment."""
        settings = {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "PATH": PATH,
                    "XDG_RUNTIME_DIR": self.runtime, "TMPDIR": "/var/tmp", **environment}
        return ["nsenter", "-t", str(self.keeper), "-m", f"--wd={self.home}", "setpriv",
                f"--reuid={self.uid}", f"--regid={self.gid}", "--init-groups", "env", "-i",
                *(f"{key}={value}" for key, value in settings.items()), *map(str, words)]

    def delete(self) -> None:
        with contextlib.suppress(KeyError):
            uid = pwd.getpwnam(self.name).pw_uid
            wait_until(lambda: not kill_all(uid), 10, f"the end of the processes of {self.name}")
            remove_folder(pathlib.Path(f"/run/user/{uid}"))
            with contextlib.suppress(OSError):
                os.rmdir("/run/user")  # where systemd runs it is not empty
            run("userdel", self.name, check=False)


def kill_all(uid: int) -> int:
    """Ends the processes of the user; how many there were. Those of its subordinate ids die with their PID 1."""
    killed = 0
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and is_run_by((entry / "status").read_text(), uid):
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
    return killed


def is_run_by(status: str, uid: int) -> bool:
    """By what /proc/PID/status says; a zombie waits for its parent only."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(fields["Uid"].split()[0]) == uid and fields["State"].split()[0] != "Z"
