"""Real containers for tests, by every runtime alike.

    with engine("podman", images) as podman:
        web = podman.start("web", memory=32 << 20)
        web.exec("/bin/nc", "127.0.0.1", "9")
        web.kill("TERM")

An engine has private roots, and a private net namespace where it has a network. Leaving it ends its
containers and daemons and removes its mounts, namespaces, cgroups and files, also after a failure.
"""

import concurrent.futures
import contextlib
import importlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field

import cgroups
from images import Images
from shell import alive, remove_folder, wait_until

SLEEP = ("/bin/sleep", "1000000")


@dataclass
class Container:
    engine: "Engine"
    name: str  # what people call it, and what the observer has to call it
    id: str
    pid: int  # of its init, in the host's pid namespace
    facts: dict[str, str] = field(default_factory=dict)  # what else is known: image, pod, pod_namespace

    def exec(self, *command, check: bool = False, timeout: float = 30) -> subprocess.CompletedProcess:
        return self.engine.exec(self, command, check, timeout)

    def kill(self, name: str) -> None:
        """By the runtime's own command, to the init: "TERM"."""
        self.engine.kill(self, name)

    def knock(self) -> None:
        """The next connect of a container that runs `toolbox knock`; no engine is asked."""
        self.engine.knock(self)

    def remove(self) -> None:
        """At once, and waits until the init is gone."""
        self.engine.remove(self)
        wait_until(lambda: not alive(self.pid), 20, f"the end of {self.name}")


class Engine:
    """What differs between the runtimes is in the subclasses' start, exec, kill and remove."""

    runtime = ""  # as the observer calls it
    cgroups: tuple[str, ...] = ()  # that it leaves at the top of a hierarchy
    runs_in: str | None = None  # runtime of the owner whose namespaces the engine itself is in

    def __init__(self, images: Images):
        self.images = images
        self.stack = contextlib.ExitStack()
        self.containers: list[Container] = []
        self.hidden = False

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-", dir="/var/tmp"))
            self.suffix = self.folder.name.removeprefix("nsobs-").lower().replace("_", "x")
            stack.callback(remove_folder, self.folder)
            stack.callback(kill_users_of, self.folder)
            stack.enter_context(cgroups.removing(*self.cgroups))
            self.stack = stack
            self.set_up()
            stack.callback(self.remove_containers)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info) -> None:
        self.stack.close()

    def set_up(self) -> None:
        """Starts what must run before a container can; clean-up goes onto self.stack."""

    def remove_containers(self) -> None:
        def remove(container: Container) -> None:
            with contextlib.suppress(Exception):
                container.remove()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(remove, list(self.containers)))

    def start(self, name: str, *, command=SLEEP, memory: int | None = None) -> Container:
        """Detached; returns when its init runs. `memory`: limit in bytes, swap included."""
        raise NotImplementedError

    def run_once(self, name: str, *command) -> str:
        """Runs to its end and removes it; returns the container's name."""
        raise NotImplementedError

    def exec(self, container: Container, command, check: bool, timeout: float):
        raise NotImplementedError

    def kill(self, container: Container, name: str) -> None:
        raise NotImplementedError

    def remove(self, container: Container) -> None:
        raise NotImplementedError

    def knock(self, container: Container) -> None:
        # Right after a start its program may not be there yet, and the kernel spares an init what it does not catch.
        wait_until(lambda: catches(container.pid, signal.SIGUSR1), 10, f"{container.name} catches SIGUSR1")
        os.kill(container.pid, signal.SIGUSR1)

    def daemons(self) -> list[int]:
        """Pids of what manages the containers; none for runtimes that work without."""
        return []

    def sockets(self) -> list[pathlib.Path]:
        """Where clients reach the daemons."""
        return []

    def stop_daemon(self) -> None:
        """SIGSTOP: it hangs. The clean-up continues it."""
        self.stack.callback(self.continue_daemon)
        for pid in self.daemons():
            os.kill(pid, signal.SIGSTOP)

    def continue_daemon(self) -> None:
        for pid in self.daemons():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def without_sockets(self):
        """They are gone from where everybody looks; our own client follows them."""
        self.hidden = True
        moved = [(path, self.hide(path)) for path in self.sockets()]
        try:
            for path, hidden in moved:
                path.rename(hidden)
            yield
        finally:
            self.hidden = False
            for path, hidden in moved:
                if hidden.exists():
                    hidden.rename(path)

    def hide(self, socket: pathlib.Path) -> pathlib.Path:
        return socket.with_name("elsewhere")

    def reach(self, socket: pathlib.Path) -> pathlib.Path:
        """Where the socket is now."""
        return self.hide(socket) if self.hidden else socket

    def adopt(self, name: str, container_id: str, pid: int, **facts: str) -> Container:
        container = Container(self, name, container_id, pid, facts)
        self.containers.append(container)
        return container


def engine(name: str, images: Images) -> Engine:
    """Not entered yet."""
    module, _, cls = ALL[name].partition(":")
    return getattr(importlib.import_module(module), cls)(images)


ENGINES = {
    "runc": "oci:Runc",
    "crun": "oci:Crun",
    "podman": "podman:Podman",
    "docker": "docker:Docker",
    "containerd": "containerd:Containerd",
}

# Those as well that differ from one above in how they are set up, or that can't limit memory or be entered as it can.
ALL = {
    **ENGINES,
    "podman-crun": "podman:PodmanCrun",
    "podman-pod": "podman:PodmanPod",
    "podman-rootless": "rootless_podman:RootlessPodman",
    "podman-rootless-crun": "rootless_podman:RootlessPodmanCrun",
    "docker-rootless": "rootless_docker:RootlessDocker",
    "kubernetes": "cri:Kubernetes",
    "lxc": "lxc:Lxc",
    "lxc-idmapped": "lxc:LxcIdmapped",
    "nspawn": "nspawn:Nspawn",
    "gvisor": "gvisor:Gvisor",
    "netns": "plain:Netns",
    "unshare": "plain:Unshare",
    "crio": "recorded:Crio",
    "kata": "recorded:Kata",
}
# Not the runtime itself, which Debian has not: what it leaves, around a real container.
RECORDED = {"crio": "recorded", "kata": "as documented"}


def catches(pid: int, number: int) -> bool:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return bool(int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16) & 1 << number - 1)


def kill_users_of(folder: pathlib.Path) -> None:
    """Processes that were started with a path of ours: shims, monitors, daemons."""
    needle = str(folder).encode()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if needle in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
