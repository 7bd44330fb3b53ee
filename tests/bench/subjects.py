"""What is attached while the load runs: a name and a context manager each."""

import contextlib
import functools
import os
import pathlib
import shutil
import subprocess
import time

from observer import Observer
from programs import until_stdin_ends
from shell import terminate, wait_until

NOTHING, CONTROL, EMPTY, OURS, OURS_WITHOUT_SYSCALLS = (
    "nothing", "control", "empty", "ours", "ours-nosys")

# What both scripts have in common is the events: those of ours that the load provokes.
COUNT = """
tracepoint:signal:signal_generate { @signals[args->pid, args->sig, args->result] = count(); }
tracepoint:signal:signal_deliver { @delivered[pid, args->sig] = count(); }
tracepoint:sock:inet_sock_set_state /args->protocol == 6 && args->oldstate == 2/
    { @tcp[args->newstate] = count(); }
tracepoint:syscalls:sys_exit_connect { @connect[pid, args->ret] = count(); }
tracepoint:syscalls:sys_exit_setns { @setns[pid, args->ret] = count(); }
tracepoint:syscalls:sys_exit_unshare { @unshare[pid, args->ret] = count(); }
"""
PRINT = """
tracepoint:signal:signal_generate
    { printf("signal %d %s %d %d %d\\n", pid, comm, args->pid, args->sig, args->result); }
tracepoint:signal:signal_deliver { printf("deliver %d %s %d\\n", pid, comm, args->sig); }
tracepoint:sock:inet_sock_set_state /args->protocol == 6 && args->oldstate == 2/
    { printf("tcp %d %s %d %d\\n", pid, comm, args->dport, args->newstate); }
tracepoint:syscalls:sys_exit_connect { printf("connect %d %s %d\\n", pid, comm, args->ret); }
tracepoint:syscalls:sys_exit_setns { printf("setns %d %s %d\\n", pid, comm, args->ret); }
tracepoint:syscalls:sys_exit_unshare { printf("unshare %d %s %d\\n", pid, comm, args->ret); }
"""
READY = 'interval:ms:500 { if (@ready == 0) { @ready = 1; printf("ready\\n"); } }\n'

# Of libbpf-tools (a Debian package): programs of one job, compiled ahead, that print each event.
TOOLS = ("sigsnoop", "tcpstates")

# Tracers want tracefs: they get one of their own, the host's mounts stay as they are.
WITH_TRACEFS = ("unshare", "--mount", "--propagation", "private", "sh", "-c",
                'mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing; '
                'exec "$@"', "sh")


@contextlib.contextmanager
def bpftrace(script: str):
    output = pathlib.Path("/dev/shm") / f"nsobs-bench-{time.monotonic_ns()}"
    try:
        with output.open("wb") as sink:
            process = subprocess.Popen([*WITH_TRACEFS, "bpftrace", "-q", "-e", script + READY],
                                       stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
        try:
            wait_until(lambda: process.poll() is not None or b"ready\n" in output.read_bytes()[:4096],
                       60, "bpftrace")
            if process.poll() is not None:
                raise RuntimeError(f"bpftrace: {output.read_text()}")
            time.sleep(0.5)  # it does not say when the last of its probes is attached
            yield
        finally:
            terminate(process)
    finally:
        output.unlink()


@contextlib.contextmanager
def tool(path: str):
    process = subprocess.Popen([*WITH_TRACEFS, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)  # it does not say when it is attached
        if process.poll() is not None:
            raise RuntimeError(f"{path} ended with {process.returncode}")
        yield
    finally:
        terminate(process)


def find_tool(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")


def choose(programs, peers: list[str]) -> dict:
    """Name -> what makes the context manager; in the order of the first round."""
    available = {"bpftrace-count": COUNT, "bpftrace-print": PRINT}
    chosen = {
        NOTHING: contextlib.nullcontext,
        EMPTY: functools.partial(until_stdin_ends, programs.empty),
        OURS: Observer,
        OURS_WITHOUT_SYSCALLS: functools.partial(Observer, "--probes.syscall-hooks=off"),
    }
    for name in peers:
        if name in TOOLS:
            if path := find_tool(name):
                chosen[name] = functools.partial(tool, path)
            else:
                print(f"{name}: skipped, libbpf-tools is not installed")
            continue
        if name not in available:
            raise SystemExit(f"tests/bench/run: no peer is called {name}: {', '.join([*available, *TOOLS])}")
        if not shutil.which("bpftrace"):
            print(f"{name}: skipped, bpftrace is not installed")
            continue
        chosen[name] = functools.partial(bpftrace, available[name])
    chosen[CONTROL] = contextlib.nullcontext
    return chosen
