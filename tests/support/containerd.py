"""containerd of our own, driven by ctr: a name is an id, and there is no network but lo."""

import contextlib
import pathlib
import subprocess
import uuid

from images import IMAGE
from runtimes import SLEEP, Engine
from shell import run, terminate, wait_until

CONFIG = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/containerd.sock"
"""


RUNC_ROOT = pathlib.Path("/run/containerd/runc")  # wherever containerd's own state is


def remove_if_empty(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


class Containerd(Engine):
    runtime = "containerd"

    def __init__(self, images):
        super().__init__(images)
        self.namespace = f"nsobs-{uuid.uuid4().hex[:6]}"
        self.cgroups = (self.namespace,)

    def set_up(self):
        self.socket = self.folder / "containerd.sock"
        config = self.folder / "config.toml"
        config.write_text(CONFIG.format(folder=self.folder))
        log = self.stack.enter_context((self.folder / "log").open("wb"))
        self.daemon = subprocess.Popen(["containerd", "--config", config], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        self.stack.callback(remove_if_empty, RUNC_ROOT / self.namespace)
        self.stack.callback(terminate, self.daemon)
        wait_until(lambda: self.ctr("version", check=False).returncode == 0, 30, "containerd")
        self.ctr("images", "import", self.images.oci)

    def ctr(self, *words, check=True, timeout=60, **options):
        return run("ctr", "--address", self.reach(self.socket), "--namespace", self.namespace,
                   *words, check=check, timeout=timeout, **options)

    def daemons(self):
        return [self.daemon.pid]

    def sockets(self):
        return [self.socket]

    def start(self, name, *, command=SLEEP, memory=None, options=(), known_as=None):
        """`known_as`: the name, where annotations give it one besides its id."""
        container_id = f"{name}-{self.suffix}"
        limit = ("--memory-limit", memory) if memory else ()
        self.ctr("run", "-d", "--null-io", *limit, *options, IMAGE, container_id, *command)
        for line in self.ctr("tasks", "list").stdout.splitlines():
            if line.split()[0] == container_id:
                return self.adopt(known_as or container_id, container_id, int(line.split()[1]))
        raise AssertionError(f"{container_id} has no task")

    def run_once(self, name, *command):
        container_id = f"{name}-{self.suffix}"
        self.ctr("run", "--rm", "--null-io", IMAGE, container_id, *command, check=False)
        return container_id

    def exec(self, container, command, check, timeout):
        return self.ctr("tasks", "exec", "--exec-id", uuid.uuid4().hex[:12], container.id, *command,
                        check=check, timeout=timeout)

    def kill(self, container, name):
        self.ctr("tasks", "kill", "--signal", f"SIG{name}", container.id)

    def remove(self, container):
        self.ctr("tasks", "delete", "--force", container.id, check=False)
        self.ctr("containers", "delete", container.id, check=False)
        self.containers.remove(container)
