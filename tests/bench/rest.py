"""What the observer costs while nothing happens."""

import concurrent.futures
import contextlib
import pathlib
import shutil
import tempfile
import time

import namespaces
from images import Images
from observer import Observer
from programs import cpu_seconds
from runtimes import engine
from shell import wait_until

CONTAINERS = 200
SECONDS = 30


def measure() -> dict:
    with contextlib.ExitStack() as stack:
        observer = stack.enter_context(Observer())
        what = start_runc(stack) if shutil.which("runc") else start_namespaces(stack)
        settle(observer)
        pid = observer.process.pid
        cpu, start = cpu_seconds(pid), time.monotonic()
        time.sleep(SECONDS)
        share = (cpu_seconds(pid) - cpu) / (time.monotonic() - start)
        return {"what": what, "count": CONTAINERS, "seconds": SECONDS, "cpu_share": share,
                "resident_mib": observer.resident_bytes() / 2**20}


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
