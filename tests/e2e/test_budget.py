"""What the observer allows itself: above it detail is shed, visibly, and neither counters nor critical events."""

import contextlib
import pathlib
import re
import subprocess
import sys
import threading
import time
import uuid

import namespaces
import pytest
from cgroups import ROOT, naming_hierarchy
from observer import Observer
from shell import run, wait_until
from wall import nanoseconds

WINDOW = 6
SELDOM = 1.0  # seconds between scrapes: they cost the observer, too
# Each connect to another address, so that no two are equal; as fast as it can, until its input ends. Says how many.
FLOOD = """
import select, socket, sys
done = 0
while done % 64 or not select.select([sys.stdin], [], [], 0)[0]:
    done += 1
    with socket.socket() as s:
        s.connect_ex((f"127.{1 + done // 62500 % 250}.{done // 250 % 250}.{1 + done % 250}", 9))
print(done)
"""


class Flood:
    """Of one namespace, in cgroups of its own like any container: its share of rings and queues goes by them."""

    def __init__(self, netns: str):
        self.folders = [hierarchy / f"nsobs-flood-{uuid.uuid4().hex[:8]}" for hierarchy in (naming_hierarchy(), *v2())]
        for folder in self.folders:
            folder.mkdir()
        joins = "".join(f"echo $$ >{folder}/cgroup.procs; " for folder in self.folders)
        self.process = subprocess.Popen(["sh", "-c", f'{joins}exec ip netns exec "$@"', "sh", netns, sys.executable, "-c", FLOOD],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self) -> int:
        made = int(self.process.communicate(timeout=60)[0])
        for folder in self.folders:
            wait_until(lambda folder=folder: gone(folder), 10, f"{folder} is empty")
        return made


def v2() -> list[pathlib.Path]:
    """The unified hierarchy beside v1."""
    return [ROOT / "unified"] if (ROOT / "unified/cgroup.procs").exists() else []


def gone(folder: pathlib.Path) -> bool:
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


class Neighbour(threading.Thread):
    """Changes a namespace ten times a second, in a net namespace of its own."""

    def __init__(self, netns: str):
        super().__init__(daemon=True)
        self.netns, self.done, self.ending = netns, 0, threading.Event()

    def run(self) -> None:
        while not self.ending.wait(0.1):
            run("ip", "netns", "exec", self.netns, "unshare", "--uts", "true")
            self.done += 1

    def end(self) -> int:
        self.ending.set()
        self.join()
        return self.done


def shed(observer) -> list[dict]:
    return [row["gap"] for row in observer.events("--kind", "gap", "--since", "1h") if row["gap"]["part"] == "detail"]


def level(observer) -> float:
    return observer.scrape().sum("nsobserver_budget_level")


def told(observer, name: str, kind: str) -> int:
    return sum(row["count"] for row in observer.events("--container", name, "--kind", kind, "--since", "1h")
               if kind != "namespace_change" or "uts" in row[kind]["changes"])


def lost(observer, name: str) -> dict[str, float]:
    """Connect failures, by cause."""
    return {labels["cause"]: value for labels, value in
            observer.scrape().matching("nsobserver_container_events_lost_total", container=name, kind="connect_failure")}


def test_what_it_costs_is_measured(observer):
    def measured():
        metrics = observer.scrape()
        costs = {labels["of"]: value for labels, value in metrics.matching("nsobserver_budget_cpu_ratio")}
        assert set(costs) == {"processes", "programs"} and max(costs.values()) < 2, costs
        return all(value > 0 for value in costs.values())

    with namespaces.net_namespace(f"cost-{uuid.uuid4().hex[:6]}") as netns:
        flood = Flood(netns)
        wait_until(measured, 60, "its processes and its programs")
        flood.end()
    metrics = observer.scrape()
    assert metrics.sum("nsobserver_budget_cpu_ratio_max") == 0.02
    assert metrics.sum("nsobserver_program_runs_total") > 0, "the kernel measured for a moment"


def forks_so_far() -> int:
    return int(re.search(r"^processes (\d+)$", pathlib.Path("/proc/stat").read_text(), re.MULTILINE)[1])


def test_what_names_come_from_is_not_shed_and_nobody_for_it():
    """Programs that begin and end on the host, many a second: above the budget, and no limit of bulk events would save any."""
    with Observer("--budget.cpu-percent=1", f"--budget.cpu-window={WINDOW}s") as observer:
        storm = [subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"]) for _ in range(2)]
        try:
            wait_until(lambda: observer.scrape().sum("nsobserver_budget_cpu_ratio") > 0.01, 60, "above the budget", SELDOM)
            ending, forks = time.monotonic() + 3 * WINDOW, forks_so_far()
            while time.monotonic() < ending:
                assert level(observer) == 0
                time.sleep(SELDOM)
            assert forks_so_far() - forks > 200 * 3 * WINDOW, "a storm"
        finally:
            for one in storm:
                one.kill()
                one.wait()
        metrics = observer.scrape()
        assert metrics.sum("nsobserver_budget_cpu_ratio") > 0.01, "it was above it all the while"
        assert metrics.sum("nsobserver_events_lost_total", cause="budget") == 0


def test_a_flood_sheds_its_own_detail_alone():
    with Observer("--budget.cpu-percent=1", f"--budget.cpu-window={WINDOW}s") as observer, \
            namespaces.net_namespace(f"flood-{uuid.uuid4().hex[:6]}") as loud, \
            namespaces.net_namespace(f"calm-{uuid.uuid4().hex[:6]}") as calm:
        assert level(observer) == 0
        loud_name, calm_name = f"netns {loud}", f"netns {calm}"
        begun_ns = time.time_ns()
        neighbour = Neighbour(calm)
        neighbour.start()
        flood = Flood(loud)
        try:
            wait_until(lambda: level(observer) > 0, 120, "shedding", SELDOM)
            wait_until(lambda: lost(observer, loud_name).get("budget", 0) > 0, 60, "losses", SELDOM)
        finally:
            made = flood.end()
        ended_ns = time.time_ns()
        wait_until(lambda: level(observer) == 0, 120, "all detail again", SELDOM)
        rows = wait_until(lambda: shed(observer), 20, "the gap")
        changes = neighbour.end()

        assert {(row["cause"], row["part"]) for row in rows} == {("cpu_budget", "detail")}
        assert begun_ns < nanoseconds(rows[0]["from"]) < ended_ns, "not before the flood"
        assert "of a core was used, 1.0 % is allowed" in rows[0]["reason"], rows
        metrics = observer.scrape()
        lasted = sum(nanoseconds(row["to"]) - nanoseconds(row["from"]) for row in rows) / 1e9
        assert metrics.sum("nsobserver_budget_shed_seconds_total") == pytest.approx(lasted, abs=0.5)

        # Counted exactly, and of what was made all is told or lost.
        def accounted():
            return told(observer, loud_name, "connect_failure") + sum(lost(observer, loud_name).values()) == made
        assert metrics.sum("nsobserver_connect_failures_total", container=loud_name, errno="ECONNREFUSED") == made
        wait_until(accounted, 60, "each is told or lost", SELDOM)

        # The neighbour's are all there, and nothing of its was lost.
        assert observer.scrape().sum("nsobserver_container_events_lost_total", container=calm_name) == 0
        wait_until(lambda: told(observer, calm_name, "namespace_change") == changes, 30, "the neighbour's changes")

        # And it is over: what comes now is kept, each. So few that they are no reason to begin again.
        wait_until(lambda: level(observer) == 0, 60, "no shedding", SELDOM)
        before, lost_before = told(observer, loud_name, "connect_failure"), lost(observer, loud_name)
        made = Flood(loud).end()
        wait_until(lambda: told(observer, loud_name, "connect_failure") == before + made, 60, f"{made} more rows", SELDOM)
        assert lost(observer, loud_name) == lost_before


def test_without_a_limit_nothing_is_shed():
    with Observer("--budget.cpu-percent=0", f"--budget.cpu-window={WINDOW}s") as observer, \
            namespaces.net_namespace(f"flood-{uuid.uuid4().hex[:6]}") as loud:
        flood = Flood(loud)
        time.sleep(2 * WINDOW)
        flood.end()
        metrics = observer.scrape()
        assert metrics.sum("nsobserver_budget_cpu_ratio") > 0.01, "it cost something"
        assert metrics.sum("nsobserver_budget_shed_seconds_total") == 0 and shed(observer) == []
