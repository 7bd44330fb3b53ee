"""podman of an ordinary user: no cgroup of its own, state in the user's folders."""

import json

from images import IMAGE
from rootless import User
from runtimes import SLEEP, Engine
from shell import run

STORAGE = """
[storage]
driver = "overlay"
"""
CONFIG = """
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
"""


class RootlessPodman(Engine):
    runtime = "podman"
    low_level = "runc"
    user_name = "nsobs-podman"

    def set_up(self):
        self.user = self.stack.enter_context(User(self.user_name, hide_cgroup2=self.low_level == "crun"))
        settings = self.user.home / ".config/containers"
        run(*self.user.command("mkdir", "-p", settings))
        (settings / "storage.conf").write_text(STORAGE)
        (settings / "containers.conf").write_text(CONFIG.format(runtime=self.low_level))
        with self.images.tar.open("rb") as tar:
            self.podman("import", "-", IMAGE, stdin=tar)

    def podman(self, *words, check=True, timeout=60, **options):
        return run(*self.user.command("podman", *words), check=check, timeout=timeout, **options)

    def start(self, name, *, command=SLEEP, memory=None, options=()):
        container_id = self.podman("run", "-d", "--name", name, *options, IMAGE, *command).stdout.strip()
        pid = json.loads(self.podman("inspect", container_id).stdout)[0]["State"]["Pid"]
        return self.adopt(name, container_id, pid, image=IMAGE)

    def run_once(self, name, *command):
        self.podman("run", "--rm", "--name", name, IMAGE, *command, check=False)
        return name

    def exec(self, container, command, check, timeout):
        return self.podman("exec", container.name, *command, check=check, timeout=timeout)

    def kill(self, container, name):
        self.podman("kill", "--signal", name, container.name)

    def remove_containers(self):
        self.podman("rm", "-f", "-t", "0", "-a", check=False)

    def remove(self, container):
        self.podman("rm", "-f", "-t", "0", container.name, check=False)
        self.containers.remove(container)


class RootlessPodmanCrun(RootlessPodman):
    low_level = "crun"
    user_name = "nsobs-podcrun"
