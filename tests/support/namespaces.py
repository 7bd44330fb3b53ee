"""Namespaces of tests: private net namespaces, and what /proc says of a process's eight."""

import contextlib
import os
import pathlib
import subprocess
import uuid

from shell import run, terminate, wait_until

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def inodes(pid: int | str = "self") -> dict[str, int]:
    """What `stat -L /proc/PID/ns/*` says, for all eight kinds."""
    return {kind: os.stat(f"/proc/{pid}/ns/{kind}").st_ino for kind in KINDS}


def ns_pid(pid: int) -> int:
    """The innermost pid."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    raise AssertionError(f"/proc/{pid}/status has no NSpid")


@contextlib.contextmanager
def net_namespace(name: str | None = None):
    """A net namespace with lo up, under /run/netns; yields its name."""
    name = name or f"nsobs-{uuid.uuid4().hex[:8]}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "del", name, check=False)


@contextlib.contextmanager
def mount_namespace(script: str, *words):
    """A private mount namespace in which a shell ran `script` (with `words` as $1..); yields the pid that keeps it.

    Enter it with `nsenter -t PID -m`: absolute paths, as the working directory is lost.
    """
    keeper = subprocess.Popen(
        ["unshare", "-m", "--propagation", "private", "sh", "-ec",
         f"{script}\necho ready\nexec sleep 1000000 >/dev/null", "sh", *map(str, words)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert keeper.stdout.readline(), f"failed in a mount namespace: {script}"
        yield keeper.pid
    finally:
        terminate(keeper)
        keeper.stdout.close()


def loopback_up(pid: int) -> None:
    """Not every runtime does that for a container without a network."""
    run("nsenter", "-t", pid, "-n", "ip", "link", "set", "lo", "up")


@contextlib.contextmanager
def unshared(*flags: str, command=("sleep", "1000000")):
    """`unshare FLAGS COMMAND`; yields the pid of COMMAND, also when --fork is one of the flags."""
    process = subprocess.Popen(["unshare", *flags, *command], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield wait_until(lambda: _command_of(process, os.path.basename(command[0]), "--fork" in flags), 10,
                         f"{command[0]} under unshare")
    finally:
        for child in _children(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, 9)  # PID 1 of its namespace ignores anything softer
        terminate(process)


def _children(pid: int) -> list[int]:
    try:
        return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _command_of(process: subprocess.Popen, name: str, forked: bool) -> int | None:
    for pid in _children(process.pid) if forked else [process.pid]:
        with contextlib.suppress(FileNotFoundError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name:
                return pid
    return None
