"""Namespaces without a runtime: `ip netns` and unshare. Programs are the image's, on the host's files."""

import subprocess

import namespaces
from runtimes import SLEEP, Engine
from shell import kill_and_wait, run, wait_until


class Plain(Engine):
    def host_command(self, command) -> list:
        return [self.images.rootfs / command[0].lstrip("/"), *command[1:]]

    def start(self, name, *, command=SLEEP, memory=None):
        raise NotImplementedError

    def exec(self, container, command, check, timeout):
        return run("nsenter", "-t", container.pid, "-a", *self.host_command(command), check=check,
                   timeout=timeout)

    def kill(self, container, name):
        run("kill", f"-{name}", container.pid)


class Netns(Plain):
    runtime = "netns"

    def make(self, name) -> str:
        name = f"{name}-{self.suffix}"
        self.stack.enter_context(namespaces.net_namespace(name))
        return name

    def start(self, name, *, command=SLEEP, memory=None):
        name = self.make(name)
        process = subprocess.Popen(["ip", "netns", "exec", name, *self.host_command(command)],
                                   stdin=subprocess.DEVNULL)
        return self.adopt(f"netns {name}", f"net:[{inode(name)}]", process.pid)

    def run_once(self, name, *command):
        name = self.make(name)
        run("ip", "netns", "exec", name, *self.host_command(command), check=False)
        return f"netns {name}"

    def remove(self, container):
        kill_and_wait(container.pid)
        run("ip", "netns", "del", container.name.removeprefix("netns "), check=False)
        self.containers.remove(container)


def inode(name: str) -> int:
    return int(run("stat", "-L", "-c", "%i", f"/run/netns/{name}").stdout)


class Unshare(Plain):
    runtime = "unshare"

    def start(self, name, *, command=SLEEP, memory=None):
        words = self.host_command(command)
        pid = self.stack.enter_context(namespaces.unshared(
            "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", command=[str(w) for w in words]))
        return self.adopt(f"unshare {words[0].name}/{pid}", f"pid:[{namespaces.inodes(pid)['pid']}]", pid)

    def remove(self, container):
        kill_and_wait(container.pid)
        self.containers.remove(container)
