"""Containers that may do what hostile ones do: a root of their own, FUSE, mounts, with or without a user namespace.

What a container says on its standard output stands in a file of the host's; one byte written to its standard
input makes it do what it stands for (attacker.c: stand, innocent).
"""

import contextlib
import os
import pathlib
import subprocess
import time
from dataclasses import dataclass

from oci import Crun, Runc
from runtimes import Container
from shell import alive, run, wait_until

FIRST_ID = 300_000  # what root of a user namespace is on the host
CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_MKNOD", "CAP_SETUID", "CAP_SETGID",
                "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SYS_PTRACE", "CAP_SYS_CHROOT", "CAP_IPC_LOCK")


@dataclass
class Hostile:
    """One container; its files before it starts are made on the host, below `root`."""
    container: Container
    root: pathlib.Path
    output: pathlib.Path
    stdin: int

    @property
    def name(self) -> str:
        return self.container.name

    @property
    def pid(self) -> int:
        return self.container.pid

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def answers(self) -> int:
        """Bytes that came back for those of poke()."""
        return self.output.read_bytes().count(b"\x01")

    def poke(self) -> None:
        os.write(self.stdin, b"\x01")


def edit_for(root: pathlib.Path, programs: pathlib.Path, fuse: pathlib.Path, user_namespace: bool, more):
    def edit(spec):
        linux = spec["linux"]
        spec["root"] = {"path": str(root), "readonly": False}
        spec["mounts"] += [
            {"destination": "/bin", "type": "bind", "source": str(programs), "options": ["bind", "ro"]},
            {"destination": "/dev/fuse", "type": "bind", "source": str(fuse), "options": ["bind", "rw"]}]
        linux["resources"]["devices"] = [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
        for group in spec["process"]["capabilities"].values():
            group += [name for name in CAPABILITIES if name not in group]
        if user_namespace:
            ids = [{"containerID": 0, "hostID": FIRST_ID, "size": 65536}]
            linux["namespaces"].append({"type": "user"})
            linux.update(uidMappings=ids, gidMappings=ids)
        more(spec)
    return edit


class HostileMixin:
    """For Runc and Crun alike."""

    def set_up(self):
        super().set_up()
        self.folder.chmod(0o755)
        self.fuse = self.folder / "fuse"
        run("mknod", "-m", "666", self.fuse, "c", "10", "229")
        self.streams: dict[str, tuple[int, pathlib.Path]] = {}
        self.writers: set[int] = set()
        self.stack.callback(lambda: [self.close_writer(fd) for fd in list(self.writers)])

    def make_root(self, name: str, owner: int) -> pathlib.Path:
        root = self.folder / f"root-{name}"
        for folder in ("bin", "etc", "proc", "sys", "dev", "tmp", "run", "mnt", "work"):
            (root / folder).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        (root / "etc/resolv.conf").write_text("nameserver 192.0.2.53\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        for path in (root, *root.rglob("*")):
            os.chown(path, owner, owner, follow_symlinks=False)
        return root

    def start_hostile(self, name: str, script: str, *, port: int, user_namespace: bool = False,
                      prepare=lambda root: None, edit=lambda spec: None, stand: str | None = None,
                      memory: int | None = None) -> Hostile:
        """`script` runs as its first program and must end; then it stands, and says so."""
        root = self.make_root(name, FIRST_ID if user_namespace else 0)
        prepare(root)
        command = ("/bin/sh", "-c", f"{script}\necho standing\nexec {stand or f'/bin/attacker stand {port}'}")
        container_id, bundle = self.bundle(
            name, command, memory, edit_for(root, self.images.rootfs / "bin", self.fuse, user_namespace, edit))
        reader, writer = os.pipe()
        output = bundle / "output"
        self.streams[container_id] = (reader, output)
        self.writers.add(writer)
        try:
            pid = self.run_detached(container_id, bundle)
        finally:
            os.close(reader)
        hostile = Hostile(self.adopt(container_id, container_id, pid), root, output, writer)
        wait_until(lambda: "standing" in hostile.said() or not alive(pid), 60, f"{name} stands")
        assert "standing" in hostile.said(), hostile.said()
        return hostile

    def run_detached(self, container_id, bundle) -> int:
        reader, output = self.streams[container_id]
        log = bundle / "log"
        with output.open("wb") as out:
            result = run(*self.program, "--log", log, "run", "-d", "--bundle", bundle, "--pid-file",
                         bundle / "pid", container_id, check=False, stdin=reader, stdout=out, stderr=out)
        assert result.returncode == 0, log.read_text() + output.read_text()
        return int((bundle / "pid").read_text())

    def run_in(self, hostile: Hostile, *command) -> int:
        """One more program in the container, to its end; its exit code."""
        return hostile.container.exec(*command).returncode

    def close_writer(self, fd: int) -> None:
        if fd in self.writers:
            self.writers.remove(fd)
            os.close(fd)

    def end(self, hostile: Hostile) -> None:
        """The container and its files."""
        self.close_writer(hostile.stdin)
        with contextlib.suppress(AssertionError, subprocess.SubprocessError):
            hostile.container.remove()
        deadline = time.monotonic() + 10
        while subprocess.run(["rm", "-rf", hostile.root, hostile.output.parent], stderr=subprocess.DEVNULL,
                             check=False).returncode != 0 and time.monotonic() < deadline:
            time.sleep(0.1)


class HostileRunc(HostileMixin, Runc):
    pass


class HostileCrun(HostileMixin, Crun):
    pass


ENGINES = {"runc": HostileRunc, "crun": HostileCrun}
