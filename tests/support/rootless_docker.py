"""Docker of an ordinary user: dockerd under rootlesskit, no cgroup of its own, state in the user's folders."""

import json
import subprocess

from images import IMAGE
from rootless import User
from runtimes import SLEEP, Engine
from shell import run, terminate, wait_until


class RootlessDocker(Engine):
    runtime = "docker"

    def set_up(self):
        self.user = self.stack.enter_context(User("nsobs-docker"))
        self.socket = self.user.runtime / "docker.sock"
        log = self.stack.enter_context((self.folder / "log").open("wb"))
        self.daemon = subprocess.Popen(
            self.user.command("dockerd-rootless.sh", "--exec-opt", "native.cgroupdriver=cgroupfs"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stack.callback(terminate, self.daemon, 20)
        wait_until(lambda: self.daemon.poll() is not None or self.docker("info", check=False).returncode == 0,
                   60, f"rootless dockerd; see {log.name}", interval=0.2)
        assert self.daemon.poll() is None, (self.folder / "log").read_text()
        with self.images.tar.open("rb") as tar:
            self.docker("import", "-", IMAGE, stdin=tar)

    def docker(self, *words, check=True, timeout=60, **options):
        return run(*self.user.command("docker", *words, DOCKER_HOST=f"unix://{self.reach(self.socket)}"),
                   check=check, timeout=timeout, **options)

    def daemons(self):
        files = (self.user.runtime / "docker.pid", self.user.runtime / "docker/containerd/containerd.pid")
        return [int(file.read_text()) for file in files if file.exists()]

    def sockets(self):
        return [self.socket]

    def start(self, name, *, command=SLEEP, memory=None, options=()):
        container_id = self.docker("run", "-d", "--name", name, *options, IMAGE, *command).stdout.strip()
        pid = json.loads(self.docker("inspect", container_id).stdout)[0]["State"]["Pid"]
        return self.adopt(name, container_id, pid, image=IMAGE)

    def run_once(self, name, *command):
        self.docker("run", "--rm", "--name", name, IMAGE, *command, check=False)
        return name

    def exec(self, container, command, check, timeout):
        return self.docker("exec", container.name, *command, check=check, timeout=timeout)

    def kill(self, container, name):
        self.docker("kill", "--signal", name, container.name)

    def remove(self, container):
        self.docker("rm", "-f", container.name, check=False)
        self.containers.remove(container)
