"""systemd-nspawn without systemd: in the cgroup that its unit would have."""

import pathlib
import subprocess

import cgroups
from images import make_copy
from runtimes import SLEEP, Engine
from shell import run, wait_until

ENTER = """
for folder in $1; do echo $$ >"$folder/cgroup.procs"; done
shift
exec "$@"
"""


class Nspawn(Engine):
    runtime = "nspawn"
    cgroups = ("machine.slice",)

    def command(self, name, words) -> list:
        root = self.folder / name
        make_copy(self.images.rootfs, root, 0)
        (root / "usr/lib").mkdir(parents=True)
        (root / "etc/os-release").write_text("ID=busybox\n")
        groups = [h / f"machine.slice/systemd-nspawn@{name}.service" for h in self.hierarchies()]
        for group in groups:
            group.mkdir(parents=True)
            self.stack.callback(cgroups.remove_tree, group)
        return ["sh", "-ec", ENTER, "sh", " ".join(map(str, groups)), "systemd-nspawn", "--quiet",
                "--register=no", "--keep-unit", "--console=pipe", "-M", name, "-D", root,
                "--private-network", *words]

    @staticmethod
    def hierarchies() -> list[pathlib.Path]:
        """As systemd would: controllers that make trouble on v1 when they are entered are left out."""
        return [h for h in cgroups.hierarchies()
                if h == cgroups.ROOT or h.name in ("systemd", "unified", "memory")]

    def start(self, name, *, command=SLEEP, memory=None):
        name = f"{name}-{self.suffix}"
        with (self.folder / f"{name}.log").open("wb") as log:
            monitor = subprocess.Popen(self.command(name, command), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        pid = wait_until(lambda: init_below(monitor.pid) or monitor.poll(), 20, f"the init of {name}")
        assert monitor.poll() is None, pathlib.Path(log.name).read_text()
        container = self.adopt(name, name, pid)
        self.monitors = {**getattr(self, "monitors", {}), name: monitor}
        return container

    def run_once(self, name, *command):
        name = f"{name}-{self.suffix}"
        run(*self.command(name, command), check=False)
        return name

    def exec(self, container, command, check, timeout):
        return run("nsenter", "-t", container.pid, "-a", *command, check=check, timeout=timeout)

    def kill(self, container, name):
        run("kill", f"-{name}", container.pid)

    def remove(self, container):
        run("kill", "-KILL", container.pid, check=False)
        self.monitors[container.name].wait(20)
        self.containers.remove(container)


def init_below(pid: int) -> int | None:
    """The child that is PID 1 of its namespace and runs what it was started for."""
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        folder = pathlib.Path(f"/proc/{child}")
        try:
            fields = (folder / "status").read_text()
            inner = next(line.split()[1:] for line in fields.splitlines() if line.startswith("NSpid:"))
            if len(inner) > 1 and inner[-1] == "1" and not (folder / "comm").read_text().startswith("(sd-"):
                if (folder / "exe").readlink().parts[-1] in ("busybox", "toolbox"):
                    return int(child)
        except (OSError, StopIteration):
            continue
    return None
