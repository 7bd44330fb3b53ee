"""Lives of containers one after the other: what the daemon holds is flat, and the slopes are printed.

NSOBS_SOAK_LIVES (2,000) is how many; 100,000 is the long form. The lives are those of tests/support/churn.c: owners of
namespaces with a cgroup as docker's, each with a failed connect, and more of them than the daemon may track.
"""

import json
import os
import pathlib
import re
import subprocess
import time
import uuid

import cgroups
from arena import standing
from observer import Observer
from shell import run, wait_until

CHURN = pathlib.Path(__file__).resolve().parents[1] / "support/churn.c"
LIVES = int(os.environ.get("NSOBS_SOAK_LIVES", "2000"))
SECONDS = int(os.environ.get("NSOBS_SOAK_SECONDS", "90"))
STEPS = 8
MAX_BYTES_A_LIFE = 2048  # once as many are remembered as may be; see the options below


def map_entries(pid: int) -> int:
    """Keys in all hash maps of the programs that this process holds."""
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
        if "hash" in shown["type"]:
            dumped = subprocess.run(["bpftool", "-j", "map", "dump", "id", number], capture_output=True, text=True, check=False)
            total += dumped.stdout.count('"key"')
    return total


def forget(observer) -> None:
    """The dead are forgotten after their tombstone, and their counters once they were shown."""
    for _ in range(3):
        time.sleep(2.5)
        observer.scrape()


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


def test_a_soak_is_flat(tmp_path, capsys):
    churn = tmp_path / "churn"
    run("cc", "-O1", "-o", churn, CHURN)
    prefix = f"/nsobs-soak-{uuid.uuid4().hex[:8]}"
    folder = cgroups.naming_hierarchy() / f"nsobs-soak-{os.getpid()}"
    # Small limits, so that the tables are full before the first measure and stay so.
    with Observer("--containers.max=200", "--containers.tombstone=5s", "--metrics.max-series=1000") as observer:
        points = []
        folder.mkdir()
        try:
            lived = 0
            for step in range(STEPS + 2):
                done = json.loads(run(churn, LIVES // STEPS, SECONDS // STEPS, f"{prefix}{step}", folder,
                                      timeout=SECONDS + 60).stdout)
                lived += done["owners"]
                wait_until(lambda: observer.scrape().sum("nsobserver_events_lost_total") == 0, 10, "nothing lost")
                forget(observer)
                if step >= 2:  # the first two fill the tables
                    held = standing(observer)
                    points.append((lived, held, map_entries(observer.process.pid),
                                   len(observer.scrape().text.splitlines())))
        finally:
            cgroups.remove_tree(folder)
        last = standing(observer)
    slopes = {
        "bytes": slope([(x, held.resident) for x, held, _, _ in points]),
        "fds": slope([(x, held.fds) for x, held, _, _ in points]),
        "threads": slope([(x, held.threads) for x, held, _, _ in points]),
        "map entries": slope([(x, entries) for x, _, entries, _ in points]),
        "lines of a scrape": slope([(x, lines) for x, _, _, lines in points]),
    }
    figures = {"lives": lived, "slopes": {key: round(value, 4) for key, value in slopes.items()},
               "map_entries": [entries for _, _, entries, _ in points], "resident_mib": last.resident >> 20}
    if path := os.environ.get("NSOBS_SOAK_FIGURES"):
        pathlib.Path(path).write_text(json.dumps(figures))
    with capsys.disabled():
        print(f"\nafter {lived} lives, growth by life: {figures['slopes']}; {last}; map entries {figures['map_entries']}")
    assert slopes["bytes"] <= MAX_BYTES_A_LIFE
    assert abs(slopes["fds"]) < 0.01 and abs(slopes["threads"]) < 0.001
    assert slopes["map entries"] < 0.5, "keys stay in the kernel's maps"
