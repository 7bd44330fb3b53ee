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

import cgroups
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

    def host_folder(self) -> pathlib.Path:
        """An empty one that containers' users may look into."""
        folder = self.folder / unique("volume")
        folder.mkdir(mode=0o755)
        return folder

    def volume(self, runtime: str, source, destination: str) -> dict:
        """Arguments of start() that mount a folder of the host."""
        if runtime != "runc":
            return {"options": ("-v", f"{source}:{destination}")}
        return {"edit": lambda spec: spec["mounts"].append(
            {"destination": destination, "source": str(source), "type": "bind",
             "options": ["rbind", "rprivate"]})}

    def tmpfs(self, folder: pathlib.Path) -> None:
        run("mount", "-t", "tmpfs", "none", folder)
        self.stack.callback(run, "umount", "-l", folder, check=False)

    def bind(self, source, target: pathlib.Path) -> None:
        target.touch()
        run("mount", "--bind", source, target)
        self.stack.callback(run, "umount", "-l", target, check=False)

    def deaf_folder(self) -> pathlib.Path:
        """A FUSE file system whose server never says what is in it."""
        folder = self.host_folder()
        words = [str(self.images.rootfs / "bin/toolbox"), "deaf", str(folder)]
        self.stack.callback(run, "umount", "-l", folder, check=False)
        server = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        self.stack.callback(terminate, server)  # before anything else: who waits for it is let go
        wait_until(lambda: os.path.ismount(folder), 10, f"FUSE at {folder}")
        return folder

    def limited_cgroup(self, limit_bytes: int) -> str:
        """A memory cgroup like a pod's, to put containers below; its path in the hierarchy."""
        name = unique("nsobs-pod")
        self.stack.enter_context(cgroups.removing(name))
        memory = cgroups.ROOT / "memory"
        unified = not memory.exists()
        at = (cgroups.ROOT if unified else memory) / name
        at.mkdir()
        if unified:
            (at / "cgroup.subtree_control").write_text("+memory")
        (at / ("memory.max" if unified else "memory.limit_in_bytes")).write_text(str(limit_bytes))
        if cgroups.has_swap_limit():
            (at / "memory.memsw.limit_in_bytes").write_text(str(limit_bytes))
        return f"/{name}"

    def in_cgroup(self, runtime: str, parent: str) -> dict:
        if runtime != "runc":
            return {"options": ("--cgroup-parent", parent)}
        return {"edit": lambda spec: spec["linux"].update(cgroupsPath=f"{parent}/{unique('c')}")}

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


def gateway_of(container: Container) -> str:
    """The address of its engine's bridge."""
    text = run("nsenter", "-t", container.pid, "-n", "ip", "-4", "route", "show", "default").stdout
    return text.split()[2]


def serving(address: str, port: int) -> tuple[str, ...]:
    return "/bin/toolbox", "serve", address, str(port)


def in_user_namespace(lab: Lab, runtime: str) -> dict:
    """Root inside is uid 100000 outside, with every capability of its own user namespace."""
    if runtime != "runc":
        return {"options": ("--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536", "--network",
                            "none", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined")}
    rootfs = lab.host_folder() / "rootfs"  # the way to it is open to everybody
    lab.folder.chmod(0o755)
    shutil.copytree(lab.images.rootfs, rootfs, symlinks=True)

    def edit(spec):
        ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        spec["root"]["path"] = str(rootfs)
        spec["linux"]["namespaces"].append({"type": "user"})
        spec["linux"].update(uidMappings=ids, gidMappings=ids)
        for group in spec["process"]["capabilities"].values():
            group.append("CAP_SYS_ADMIN")

    return {"edit": edit}


def proc_of_the_host(runtime: str) -> dict:
    if runtime != "runc":
        return {"options": ("-v", "/proc:/proc")}

    def edit(spec):
        for mount in spec["mounts"]:
            if mount["destination"] == "/proc":
                mount.update(type="bind", source="/proc", options=["rbind"])

    return {"edit": edit}


def kill_from_host(container: Container, number=signal.SIGKILL) -> None:
    os.kill(container.pid, number)


def wait_end(container: Container) -> None:
    wait_until(lambda: not alive(container.pid), 20, f"the end of {container.name}")


def in_background(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
