"""A scrape of many series: the observer's CPU, against what reading its map and writing the text alone cost."""

import contextlib
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.request

from herd import herd, signals
from observer import Observer
from programs import cpu_seconds, figures
from rest import settle
from shell import wait_until

SIGNALS = 20  # a series of each container for each; it has as many others
CONTAINERS = (25, 250, 1000)


def measure(programs, rounds: int) -> list[dict]:
    return [of(programs, containers, rounds) for containers in CONTAINERS]


def of(programs, containers: int, rounds: int) -> dict:
    name = f"herd{os.getpid()}"
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))) / "runc"
        processes = stack.enter_context(herd(programs.herd, containers, name, root))
        observer = stack.enter_context(Observer(f"--runtimes.runc-root={root}", "--metrics.max-series=60000",
                                                "--budget.cpu-percent=0"))
        wait_until(lambda: named(observer.scrape(), name) == containers, 30, "all containers are known")
        signals(processes, SIGNALS)
        wait_until(lambda: series(observer.scrape(), name) == SIGNALS * containers, 30, "all series")
        settle(observer)
        pages, took, spent = [], [], []
        for _ in range(rounds):
            time.sleep(0.2)
            cpu, start = busy(observer), time.monotonic()
            pages.append(urllib.request.urlopen(f"{observer.url}/metrics", timeout=10).read())
            took.append(time.monotonic() - start)
            spent.append(busy(observer) - cpu)
        bare = figures(subprocess.run([programs.scrape, str(rounds)], input=pages[-1], check=True,
                                      stdout=subprocess.PIPE).stdout.decode())
    cpu_us = statistics.median(spent) * 1e6
    return {"containers": containers, "series": int(bare["samples"]), "keys": int(bare["keys"]),
            "bytes": len(pages[-1]), "cpu_us": cpu_us, "bare_us": bare["microseconds"],
            "ratio": cpu_us / bare["microseconds"], "wall_ms": statistics.median(took) * 1e3}


def named(page, name: str) -> int:
    return sum(labels["container"].startswith(name) for labels, _ in page.matching("nsobserver_container_info"))


def series(page, name: str) -> int:
    return sum(labels["container"].startswith(name) and labels["result"] == "ignored"
               for labels, _ in page.matching("nsobserver_signals_total"))


def busy(observer: Observer) -> float:
    """CPU seconds of the daemon and of the processes that work for it."""
    own = observer.process.pid
    children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
    return sum(cpu_seconds(pid) for pid in (own, *map(int, children)))
