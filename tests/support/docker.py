"""Docker: a dockerd of our own (with its own containerd) in a private net namespace."""

import json
import os
import subprocess

from images import IMAGE
from namespaces import net_namespace
from runtimes import SLEEP, Engine
from shell import run, terminate, wait_until


class Docker(Engine):
    runtime = "docker"
    runs_in = "netns"
    cgroups = ("docker",)

    def set_up(self):
        self.net = self.stack.enter_context(net_namespace())
        self.socket = self.folder / "docker.sock"
        log = self.stack.enter_context((self.folder / "log").open("wb"))
        self.daemon = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.net}", "--", "dockerd",
             "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
             "-H", f"unix://{self.socket}", "-p", self.folder / "docker.pid",
             "--exec-opt", "native.cgroupdriver=cgroupfs"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stack.callback(terminate, self.daemon, 20)
        wait_until(lambda: self.daemon.poll() is not None or self.docker("info", check=False).returncode == 0,
                   30, f"dockerd; see {log.name}")
        assert self.daemon.poll() is None, (self.folder / "log").read_text()
        self.docker("import", self.images.tar, IMAGE)

    def docker(self, *words, check=True, timeout=60):
        return run("docker", *words, check=check, timeout=timeout, env={
            **os.environ, "DOCKER_HOST": f"unix://{self.reach(self.socket)}",
            "DOCKER_CONFIG": str(self.folder)})

    def start(self, name, *, command=SLEEP, memory=None, options=(), image=IMAGE):
        limit = ("--memory", memory, "--memory-swap", memory) if memory else ()
        container_id = self.docker("run", "-d", "--name", name, *limit, *options, image,
                                   *command).stdout.strip()
        return self.adopt(name, container_id, self.pid(container_id), image=IMAGE)

    def pid(self, container_id: str) -> int:
        return json.loads(self.docker("inspect", container_id).stdout)[0]["State"]["Pid"]

    def run_once(self, name, *command):
        self.docker("run", "--rm", "--name", name, IMAGE, *command, check=False)
        return name

    def exec_behind(self, container, *command):
        """By the runtime that docker uses: also while dockerd hangs."""
        return run("runc", "--root", self.folder / "exec/runtime-runc/moby", "exec", container.id,
                   *command, check=False)

    def daemons(self):
        """dockerd and its containerd."""
        files = (self.folder / "docker.pid", self.folder / "exec/containerd/containerd.pid")
        return [int(file.read_text()) for file in files if file.exists()]

    def sockets(self):
        return [self.socket]

    def commit(self, container, image: str) -> None:
        self.docker("commit", container.name, image)

    def exec(self, container, command, check, timeout):
        return self.docker("exec", container.name, *command, check=check, timeout=timeout)

    def rename(self, container, name):
        self.docker("rename", container.name, name)
        container.name = name

    def again(self, container):
        """Stopped and started: the same name and id."""
        self.docker("restart", "-t", "0", container.id)
        container.pid = self.pid(container.id)

    def kill(self, container, name):
        self.docker("kill", "--signal", name, container.name)

    def remove(self, container):
        self.docker("rm", "-f", container.name, check=False)
        self.containers.remove(container)
