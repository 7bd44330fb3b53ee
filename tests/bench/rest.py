"""What the observer costs while nothing happens."""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import tempfile
import time

import namespaces
from herd import herd
from images import Images
from observer import Observer
from programs import cpu_seconds
from runtimes import engine
from shell import wait_until

CONTAINERS = 200
MANY = 1000
SECONDS = 30


def measure(programs) -> dict:
    """With containers that start while we look on; and with 1,000 that were there first."""
    with contextlib.ExitStack() as stack:
        observer = stack.enter_context(Observer())
        what = start_runc(stack) if shutil.which("runc") else start_namespaces(stack)
        out = {"what": what, "count": CONTAINERS, **at_rest(observer)}
    return out | {"many": with_many(programs)}


def at_rest(observer: Observer) -> dict:
    settle(observer)
    pid = observer.process.pid
    cpu, start = cpu_seconds(pid), time.monotonic()
    time.sleep(SECONDS)
    share = (cpu_seconds(pid) - cpu) / (time.monotonic() - start)
    return {"seconds": SECONDS, "cpu_share": share, "resident_mib": observer.resident_bytes() / 2**20}


def with_many(programs) -> dict:
    """Also how long it takes until all of them are known: by the clock, and of CPU."""
    name = f"herd{os.getpid()}"
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))) / "runc"
        stack.enter_context(herd(programs.herd, MANY, name, root))
        # Its own series would go beyond the budget of series: all are to be counted.
        observer = Observer(f"--runtimes.runc-root={root}", "--metrics.max-series=60000")
        start = time.monotonic()
        stack.enter_context(observer)
        known = sum(labels["container"].startswith(name) for labels, _ in
                    observer.scrape().matching("nsobserver_container_info"))
        seconds, cpu = time.monotonic() - start, cpu_seconds(observer.process.pid)
        return {"count": MANY, "known": known, "start_seconds": seconds, "start_cpu_seconds": cpu,
                **at_rest(observer)}


def start_runc(stack: contextlib.ExitStack) -> str:
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
    runc = stack.enter_context(engine("runc", Images(folder)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: runc.start(f"rest{n}"), range(CONTAINERS)))
    return "runc containers"


def start_namespaces(stack: contextlib.ExitStack) -> str:
    for _ in range(CONTAINERS):
        stack.enter_context(namespaces.unshared("--pid", "--fork", "--net", "--mount", "--uts", "--ipc"))
    return "processes of unshare (runc is not installed)"


def settle(observer: Observer) -> None:
    """Until what the starts caused is worked off: a quarter of a second with next to no work."""
    def quiet():
        before = cpu_seconds(observer.process.pid)
        time.sleep(0.25)
        return cpu_seconds(observer.process.pid) - before <= 0.0125

    wait_until(quiet, 60, "rest")
