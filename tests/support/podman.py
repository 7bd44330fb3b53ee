"""podman as root, with private storage, in a private net namespace."""

import contextlib
import json
import os
import resource
import subprocess

import cgroups
from images import IMAGE
from namespaces import mount_namespace, net_namespace
from runtimes import SLEEP, Engine
from shell import run, terminate, wait_until

# A root without CAP_SYS_RESOURCE can't raise limits, and podman tries unless told otherwise.
CONFIG = """
[containers]
default_ulimits = ["nofile=1024:{nofile}", "nproc=1024:1024"]
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
"""


class Podman(Engine):
    runtime = "podman"
    runs_in = "netns"
    low_level = "runc"
    cgroups = ("libpod_parent",)

    def set_up(self):
        config = self.folder / "containers.conf"
        nofile = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        config.write_text(CONFIG.format(nofile=min(nofile, 20000), runtime=self.low_level))
        self.environment = {**os.environ, "CONTAINERS_CONF": str(config)}
        self.net = self.stack.enter_context(net_namespace())
        self.prefix = ("nsenter", f"--net=/run/netns/{self.net}", *self.mounts(), "--", "podman",
                       "--root", self.folder / "root", "--runroot", self.folder / "run",
                       "--tmpdir", self.folder / "tmp")
        self.podman("import", self.images.tar, IMAGE)

    def mounts(self):
        """Options of nsenter for a mount namespace, where another than the host's is needed."""
        return ()

    def podman(self, *words, check=True, timeout=60):
        # conmon leaves a file "oom" where it was started
        return run(*self.prefix, *words, check=check, timeout=timeout, env=self.environment,
                   cwd=self.folder)

    def start(self, name, *, command=SLEEP, memory=None, options=(), image=IMAGE):
        limit = ("--memory", memory, "--memory-swap", memory) if memory else ()
        container_id = self.podman("run", "-d", "--name", name, *limit, *options, image,
                                   *command).stdout.strip()
        return self.adopt(name, container_id, self.pid(container_id), image=IMAGE)

    def run_once(self, name, *command):
        self.podman("run", "--rm", "--name", name, IMAGE, *command, check=False)
        return name

    def pid(self, container_id: str) -> int:
        return json.loads(self.podman("inspect", container_id).stdout)[0]["State"]["Pid"]

    @contextlib.contextmanager
    def service(self):
        """`podman system service`, as a socket unit would run it; yields the socket's path."""
        path = self.folder / "podman.sock"
        process = subprocess.Popen([*map(str, self.prefix), "system", "service", "--time=0", f"unix://{path}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment, cwd=self.folder)
        try:
            wait_until(path.exists, 30, "podman's socket")
            yield path
        finally:
            terminate(process)

    def make_pod(self, name: str) -> None:
        self.podman("pod", "create", "--name", name, "--infra-image", IMAGE,
                    "--infra-command", " ".join(SLEEP))

    def remove_containers(self):
        super().remove_containers()
        self.podman("pod", "rm", "-f", "-t", "0", "-a", check=False)
        self.podman("rm", "-f", "-t", "0", "-a", check=False)

    def commit(self, container, image: str) -> None:
        self.podman("commit", "-q", container.name, image)

    def exec(self, container, command, check, timeout):
        return self.podman("exec", container.name, *command, check=check, timeout=timeout)

    def rename(self, container, name):
        self.podman("rename", container.name, name)
        container.name = name

    def again(self, container):
        """Stopped and started: the same name and id."""
        self.podman("restart", "-t", "0", container.id)
        container.pid = self.pid(container.id)

    def kill(self, container, name):
        self.podman("kill", "--signal", name, container.name)

    def remove(self, container):
        self.podman("rm", "-f", "-t", "0", container.name, check=False)
        self.containers.remove(container)


class PodmanCrun(Podman):
    low_level = "crun"

    def mounts(self):
        if not cgroups.hybrid_with_controllers():
            return ()
        # All commands share the namespace: storage is mounted in it.
        keeper = self.stack.enter_context(mount_namespace("mount --make-rshared /\n" + cgroups.HIDE))
        return (f"--mount=/proc/{keeper}/ns/mnt",)


class PodmanPod(Podman):
    """Each container in a pod of its own."""

    def start(self, name, *, command=SLEEP, memory=None, options=()):
        pod = f"pod-of-{name}"
        self.make_pod(pod)
        container = super().start(name, command=command, memory=memory,
                                  options=(*options, "--pod", pod))
        container.facts["pod"] = pod
        return container

    def remove(self, container):
        super().remove(container)
        self.podman("pod", "rm", "-f", "-t", "0", container.facts["pod"], check=False)
