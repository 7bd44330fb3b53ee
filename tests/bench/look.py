"""From a failure in a container to the finding that explains it: how long, and how long the look takes.

The end is when another process can read the finding in the timeline, looked for every millisecond;
the begin is the kernel's time of the failure. What is diagnosed is a refused connect to a port that a
listener of the host has, so that host, container and all peers are looked at.
"""

import contextlib
import json
import pathlib
import sqlite3
import statistics
import tempfile
import time

from images import Images
from observer import Observer
from runtimes import engine
from shell import wait_until

FAILURES = 100
CONTAINERS = 10


def measure() -> dict:
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        runc = stack.enter_context(engine("runc", Images(folder)))
        observer = stack.enter_context(Observer())
        webs = [runc.start(f"look{n}") for n in range(CONTAINERS)]
        wait_until(lambda: len(listed(observer, "baseline")) == CONTAINERS, 120, "all baselines")
        database = sqlite3.connect(f"file:{observer.storage}/timeline.db?mode=ro", uri=True)
        stack.callback(database.close)
        latencies = [one_failure(webs[n % CONTAINERS], 20000 + n, database) for n in range(FAILURES)]
        shown = snapshots(observer)
        took = [snapshot["took_ns"] for snapshot in shown if "took_ns" in snapshot]
        assert len(took) == len(shown), [s["errors"] for s in shown if "took_ns" not in s]
    return {"count": FAILURES, "containers": CONTAINERS,
            "median_ms": statistics.median(latencies), "p99_ms": percentile(latencies, 99),
            "look_median_ms": statistics.median(took) / 1e6, "look_p99_ms": percentile(took, 99) / 1e6}


def one_failure(web, port: int, database: sqlite3.Connection) -> float:
    """Milliseconds. The finding's time is that of the failure."""
    before = database.execute("SELECT max(id) FROM findings").fetchone()[0] or 0
    web.exec("/bin/nc", "127.0.0.1", str(port))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        row = database.execute("SELECT time_ns FROM findings WHERE id > ?", (before,)).fetchone()
        if row:
            return (time.time_ns() - row[0]) / 1e6
        time.sleep(0.001)
    raise AssertionError("no finding within 10 s")


def snapshots(observer) -> list[dict]:
    ids = [row["id"] for row in listed(observer, "connect_failure")]
    shown = [json.loads(observer.cli("snapshots", "show", str(i), "-o", "json").stdout) for i in ids]
    return [one[0] for one in shown]


def listed(observer, rule: str) -> list[dict]:
    rows = observer.cli("snapshots", "list", "-o", "jsonl", "--limit", "0").stdout.splitlines()
    return [row for row in map(json.loads, rows) if row["rule"] == rule]


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
