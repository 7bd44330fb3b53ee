"""Where faults happen: engines that run, and small deeds in and around their containers."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

from runtimes import Container, engine
from shell import alive, run, terminate, wait_until

STUB = "127.0.0.53"
ABSENT = "203.0.113.9"  # TEST-NET-3: nobody routes it


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:6]}"


class Lab:
    """Engines are started when they are first asked for, and run until the end."""

    def __init__(self, images):
        self.images = images
        self.stack = contextlib.ExitStack()
        self.engines = {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-faults-", dir="/var/tmp"))
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)

    def close(self) -> None:
        self.stack.close()

    def engine(self, runtime: str):
        if runtime not in self.engines:
            self.engines[runtime] = self.stack.enter_context(engine(runtime, self.images))
        return self.engines[runtime]

    def start(self, runtime: str, name: str, *command: str, **options) -> Container:
        """Sleeps, unless a command says otherwise."""
        if command:
            options["command"] = command
        return self.engine(runtime).start(unique(name), **options)

    def inside(self, container: Container, *command: str, kind: str = "-n") -> None:
        """With the host's tools in one of the container's namespaces. This is what `ns-entry` is about,
        so it is done before the fault, and the findings that come of it are not the fault's."""
        run("nsenter", "-t", container.pid, kind, *command)

    def listener(self, address: str, port: int, netns: str | None = None) -> None:
        """A listener of the host's (or of the named net namespace), for the rest of the session."""
        words = [str(self.images.rootfs / "bin/toolbox"), "serve", address, str(port)]
        if netns:
            words = ["nsenter", f"--net=/run/netns/{netns}", "--", *words]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.stack.callback(terminate, process)
        time.sleep(0.2)
        assert process.poll() is None, words

    def nft(self, container: Container, rules: str) -> None:
        run("nsenter", "-t", container.pid, "-n", "nft", "-f", "-", input=rules, stdin=None)

    def sysctl(self, container: Container, name: str, value: str) -> None:
        run("nsenter", "-t", container.pid, "-n", "sysctl", "-qw", f"{name}={value}")


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def address_of(container: Container) -> str:
    text = run("nsenter", "-t", container.pid, "-n", "ip", "-4", "-o", "addr", "show", "scope",
               "global").stdout
    return text.split()[3].partition("/")[0]


def kill_from_host(container: Container, number=signal.SIGKILL) -> None:
    os.kill(container.pid, number)


def wait_end(container: Container) -> None:
    wait_until(lambda: not alive(container.pid), 20, f"the end of {container.name}")


def in_background(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
