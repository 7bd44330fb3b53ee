"""Lives of containers one after the other: what the daemon holds is flat once its tables are full, and the slopes are printed.

The first 24,000 lives fill the tables; NSOBS_SOAK_LIVES (24,000) is how many are measured after them. The long form:
NSOBS_SOAK_LIVES=100000 tests/run gauntlet -- -k soak. The lives are those of tests/support/churn.c: owners of namespaces, each
with a failed connect of its own, one in sixteen in a cgroup as docker's, and more of them than the daemon may track.
"""

import json
import os
import pathlib
import re
import uuid
from dataclasses import dataclass

import cgroups
from arena import balanced, standing
from observer import Observer
from shell import run, wait_until

CHURN = pathlib.Path(__file__).resolve().parents[1] / "support/churn.c"
LIVES = int(os.environ.get("NSOBS_SOAK_LIVES", "24000"))
WARM_UP, STEPS = 24_000, 6
# Bounds of the slopes, by life.
MAX_BYTES = 512
# Keys of owners that no scrape has ever known stay in the kernel's counters, until these are full and count without a name.
MAX_COUNTER_KEYS = 0.2
# Small, so that all other tables are full after the warm-up.
OPTIONS = ("--containers.max=50", "--containers.tombstone=1s", "--metrics.max-series=500", "--anomaly.per-minute=30")
TABLES = ("nsobserver_containers", "nsobserver_container_series", "nsobserver_finding_active")
PATIENCE = 60  # seconds
LIFE_TAKES = 0.05  # seconds, at most: some fifty times what it does on a machine at rest


@dataclass
class Held:
    """By the daemon, after so many lives."""
    lives: int
    bytes: int
    fds: int
    threads: int
    children: int
    map_entries: int
    counter_keys: int
    table_rows: int
    scrape_lines: int


def map_entries(pid: int) -> int:
    """Keys in the kernel's hash maps that this process holds, the counters left out, and those that forget by themselves (LRU)."""
    numbers = set()
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            found = re.search(r"^map_id:\t(\d+)$", entry.read_text(), re.MULTILINE)
        except OSError:
            continue
        if found:
            numbers.add(found[1])
    total = 0
    for number in sorted(numbers):
        shown = json.loads(run("bpftool", "-j", "map", "show", "id", number).stdout)
        if shown["type"] == "hash" and shown["name"] != "counters":
            total += run("bpftool", "-j", "map", "dump", "id", number, check=False).stdout.count('"key"')
    return total


def measure(observer: Observer, lives: int) -> Held:
    held, metrics = standing(observer), balanced(observer)
    return Held(lives, held.resident, held.fds, held.threads, held.children, map_entries(observer.process.pid),
                int(metrics.sum("nsobserver_kernel_map_entries")), int(sum(metrics.sum(name) for name in TABLES)), len(metrics.text.splitlines()))


def at_rest(observer: Observer) -> None:
    """All that came is written."""
    wait_until(lambda: balanced(observer).sum("nsobserver_queue_length") == 0, PATIENCE, "the queues are empty", interval=0.2)


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


def live(observer: Observer, churn: pathlib.Path) -> list[Held]:
    """The daemon's holdings after the warm-up and after each step."""
    prefix = f"/nsobs-soak-{uuid.uuid4().hex[:8]}"
    folder = cgroups.naming_hierarchy() / f"nsobs-soak-{os.getpid()}"
    points, lived = [], 0
    folder.mkdir()
    try:
        for step, lives in enumerate([WARM_UP] + [LIVES // STEPS] * STEPS):
            limit = int(lives * LIFE_TAKES) + 10
            done = json.loads(run(churn, lives, limit, f"{prefix}{step}", folder, timeout=limit + PATIENCE).stdout)
            assert (done["owners"], done["failed"]) == (lives, 0), done
            lived += lives
            at_rest(observer)
            points.append(measure(observer, lived))
    finally:
        cgroups.remove_tree(folder)
    return points


def test_a_soak_is_flat(tmp_path, capsys):
    churn = tmp_path / "churn"
    run("cc", "-O1", "-o", churn, CHURN)
    with Observer(*OPTIONS) as observer:
        points = live(observer, churn)
        assert observer.process.poll() is None, f"the daemon ended:\n{observer.log.read_text()[-4000:]}"
        metrics = balanced(observer)
    slopes = {name: round(slope([(p.lives, getattr(p, name)) for p in points]), 5)
              for name in ("bytes", "fds", "threads", "children", "map_entries", "counter_keys", "table_rows", "scrape_lines")}
    figures = {"lives": points[-1].lives, "slopes": slopes, "resident_mib": points[-1].bytes >> 20,
               "lost": metrics.sum("nsobserver_events_lost_total")}
    if path := os.environ.get("NSOBS_SOAK_FIGURES"):
        pathlib.Path(path).write_text(json.dumps(figures))
    with capsys.disabled():
        print(f"\nsoak: {figures}\nfrom {points[0]}\nto {points[-1]}")
    assert slopes["bytes"] <= MAX_BYTES
    assert abs(slopes["fds"]) < 0.001 and abs(slopes["threads"]) < 0.001 and abs(slopes["children"]) < 0.001
    assert slopes["map_entries"] < 0.01, "keys stay in the kernel's maps"
    assert slopes["table_rows"] < 0.01 and slopes["scrape_lines"] < 0.02
    assert slopes["counter_keys"] < MAX_COUNTER_KEYS and points[-1].counter_keys <= metrics.sum("nsobserver_kernel_map_entries_max")
