"""Running commands and waiting for conditions: what every other helper stands on."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


class CommandFailed(AssertionError):
    pass


def run(*command, timeout: float = 60, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Output as text. A failure shows what the command said."""
    words = [str(word) for word in command]
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    result = subprocess.run(words, timeout=timeout, text=True, **options)
    if check and result.returncode != 0:
        raise CommandFailed(f"{' '.join(words)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def wait_until(condition, timeout: float, what: str, interval: float = 0.01):
    """The first true value of `condition`, or an assertion that tells what did not come."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}; last: {value!r}")
        time.sleep(interval)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as stat:  # a program may call itself anything
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def terminate(process: subprocess.Popen, patience: float = 10) -> None:
    """SIGTERM, and SIGKILL when that does not help."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def kill_and_wait(pid: int, timeout: float = 10) -> None:
    """For processes that are not our children."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), timeout, f"the end of process {pid}")


def remove_folder(folder: pathlib.Path) -> None:
    """With the mounts below it, deepest first."""
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        run("umount", "-l", mount, check=False)
    shutil.rmtree(folder, ignore_errors=True)
